package contracttest

import (
	"bytes"
	"cmp"
	"encoding/json"
	"slices"
	"strconv"
	"sync"
)

// An Example is a named answer of the contract.
type Example struct {
	Name        string // as in the contract's components, for example "openai-production" or "rate-limited"
	Summary     string // one line for people
	Status      int    // the HTTP status it belongs to
	ContentType string // application/json, or text/html for a gateway's page
	Body        []byte
}

// Examples returns the contract's named examples in the order of the document: answers first, then errors. A [Server]
// serves each under its name.
func Examples() []Example {
	examples := slices.Clone(loadExamples())
	for i := range examples {
		examples[i].Body = bytes.Clone(examples[i].Body)
	}
	return examples
}

var loadExamples = sync.OnceValue(func() []Example {
	var examples []Example
	line := map[string]int{}
	for code, response := range operation().Responses.Map() {
		status, err := strconv.Atoi(code)
		if err != nil {
			continue // "default" or a range such as 4XX: no one status to serve
		}
		for contentType, media := range response.Value.Content {
			for name, example := range media.Examples {
				line[name] = example.Value.Origin.Key.Line
				examples = append(examples, Example{
					Name:        name,
					Summary:     example.Value.Summary,
					Status:      status,
					ContentType: contentType,
					Body:        exampleBody(contentType, example.Value.Value),
				})
			}
		}
	}
	slices.SortFunc(examples, func(a, b Example) int { return cmp.Compare(line[a.Name], line[b.Name]) })
	return examples
})

func exampleBody(contentType string, value any) []byte {
	if text, ok := value.(string); ok && contentType != jsonType {
		return []byte(text)
	}
	body, err := marshal(value)
	if err != nil {
		panic("contracttest: an example of the embedded contract: " + err.Error())
	}
	return body
}

// marshal is json.Marshal without the escapes for HTML, which no control plane sends.
func marshal(value any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(value); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}
