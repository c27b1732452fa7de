package contracttest

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"sync"

	"go.yaml.in/yaml/v4"

	portkeyintegration "github.com/portkey-integration/portkey-integration-go"
)

// Example returns the contract's example with that name, such as "rich" or "rate-limited". Change it with
// [Fixture.With] and serve it with [WithFixture]. It panics if there is no such example.
func Example(name string) Fixture {
	for _, e := range loadExamples() {
		if e.Name == name {
			return e.clone()
		}
	}
	panic(fmt.Sprintf("contracttest: the contract has no example %q", name))
}

// Examples returns the contract's named examples in the order of the document, integrations first, then errors. Their
// Status is always set. A [Server] serves each under its name.
func Examples() []Fixture {
	examples := slices.Clone(loadExamples())
	for i := range examples {
		examples[i] = examples[i].clone()
	}
	return examples
}

func (f Fixture) clone() Fixture {
	f.Body = bytes.Clone(f.Body)
	return f
}

var loadExamples = sync.OnceValue(func() []Fixture {
	var examples []Fixture
	line := map[string]int{}
	var document yaml.Node
	if err := yaml.Unmarshal([]byte(portkeyintegration.Contract()), &document); err != nil {
		panic("contracttest: the embedded contract: " + err.Error())
	}
	written := member(document.Content[0], "components", "examples")
	for code, response := range operation().Responses.Map() {
		status, err := strconv.Atoi(code)
		if err != nil {
			continue // "default" or a range such as 4XX: no single status code to serve
		}
		for contentType, media := range response.Value.Content {
			for name, example := range media.Examples {
				line[name] = example.Value.Origin.Key.Line
				examples = append(examples, Fixture{
					Name:        name,
					Summary:     example.Value.Summary,
					Status:      status,
					ContentType: contentType,
					Body:        exampleBody(contentType, example.Value.Value, member(written, name, "value")),
				})
			}
		}
	}
	slices.SortFunc(examples, func(a, b Fixture) int { return cmp.Compare(line[a.Name], line[b.Name]) })
	return examples
})

func exampleBody(contentType string, value any, written *yaml.Node) []byte {
	if text, ok := value.(string); ok && contentType != jsonType {
		return []byte(text)
	}
	body, err := appendInOrder(nil, value, written)
	if err != nil {
		panic("contracttest: an example of the embedded contract: " + err.Error())
	}
	return body
}

// member returns the value at a path of property names, or nil if there is none.
func member(object *yaml.Node, path ...string) *yaml.Node {
	for _, name := range path {
		var child *yaml.Node
		for i := 0; object != nil && i+1 < len(object.Content); i += 2 {
			if object.Content[i].Value == name {
				child = object.Content[i+1]
			}
		}
		object = child
	}
	return object
}

// appendInOrder appends value as JSON, with the properties of objects in the order of written, its YAML node.
func appendInOrder(b []byte, value any, written *yaml.Node) (_ []byte, err error) {
	if written == nil {
		written = &yaml.Node{} // It is not in components: use marshal's order.
	}
	switch v := value.(type) {
	case map[string]any:
		if len(written.Content) != 2*len(v) {
			break
		}
		b = append(b, '{')
		for i := 0; i < len(written.Content); i += 2 {
			name := written.Content[i].Value
			if i > 0 {
				b = append(b, ',')
			}
			if b, err = appendInOrder(b, name, nil); err != nil {
				return nil, err
			}
			if b, err = appendInOrder(append(b, ':'), v[name], written.Content[i+1]); err != nil {
				return nil, err
			}
		}
		return append(b, '}'), nil
	case []any:
		if len(written.Content) != len(v) {
			break
		}
		b = append(b, '[')
		for i, item := range v {
			if i > 0 {
				b = append(b, ',')
			}
			if b, err = appendInOrder(b, item, written.Content[i]); err != nil {
				return nil, err
			}
		}
		return append(b, ']'), nil
	}
	text, err := marshal(value)
	return append(b, text...), err
}

// marshal is json.Marshal without HTML escapes, which no control plane sends.
func marshal(value any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(value); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}
