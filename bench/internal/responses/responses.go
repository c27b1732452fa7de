// Package responses makes the bodies that the server sends: the contract's named examples with other ids and names,
// grown to a size.
package responses

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strconv"

	"go.yaml.in/yaml/v3"

	portkeyintegration "github.com/portkey-integration/portkey-integration-go"
)

// Make makes n integrations that take turns through all the named examples, each at least size bytes long, members in
// the order of the examples. They are seeded: the same in every process. Of the kind "violating" each has an
// unmasked secret, which decoding into a struct survives; of the kind "novel" each has another order of members.
func Make(kind string, n, size int) ([][]byte, error) {
	named, err := examples()
	if err != nil {
		return nil, err
	}
	r := rand.New(rand.NewPCG(1, uint64(size)))
	var bodies [][]byte
	for i := range n {
		in := clone(named[i%len(named)])
		set(in, text(uuid(r)), "id")
		set(in, text(uuid(r)), "organisation_id")
		set(in, text(fmt.Sprintf("integration-%04d", i)), "slug")
		set(in, text(fmt.Sprintf("Integration %04d", i)), "name")
		grow(in, size, r)
		switch kind {
		case "violating":
			b := breaches[i%len(breaches)]
			set(in, parse(b.value), b.path...)
		case "novel":
			r.Shuffle(len(in.Content)/2, func(i, j int) {
				for of := range 2 { // The name, then the value.
					in.Content[2*i+of], in.Content[2*j+of] = in.Content[2*j+of], in.Content[2*i+of]
				}
			})
		}
		bodies = append(bodies, appendJSON(nil, in))
	}
	return bodies, nil
}

var breaches = []struct {
	value string
	path  []string
}{
	{"sk-unmasked", []string{"key"}},
	{"{aws_secret_access_key: unmasked}", []string{"configurations"}},
	{"{azure_entra_client_secret: unmasked, openai_project: p}", []string{"configurations"}},
	{"{oracle_private_key: unmasked}", []string{"configurations"}},
	{"{masked_vertex_service_account_json: {private_key: unmasked}}", []string{"configurations"}},
}

// grow adds what grows in real responses, deployments of Azure OpenAI and prices of additional units, up to a size.
func grow(in *yaml.Node, size int, r *rand.Rand) {
	have := len(appendJSON(nil, in))
	if have >= size {
		return
	}
	units := mapping(in, "pricing_adjustments", "multiplier", "additional_units")
	deployments := get(in, "configurations", "azure_deployment_config")
	for i := 0; have < size; i++ {
		if deployments != nil && i%2 == 0 {
			d := &yaml.Node{Kind: yaml.MappingNode, Content: []*yaml.Node{
				text("azure_api_version"), text("2024-10-21"),
				text("azure_deployment_name"), text(fmt.Sprintf("gpt-4o-%04x", r.IntN(1<<16))),
				text("azure_model_slug"), text("gpt-4o"),
				text("alias"), text(fmt.Sprintf("gpt-4o-%d", i)),
				text("is_default"), {Kind: yaml.ScalarNode, Tag: "!!bool", Value: "false"},
			}}
			deployments.Content = append(deployments.Content, d)
			have += len(appendJSON(nil, d)) + 1
			continue
		}
		factor := &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!null", Value: "null"}
		if i%8 != 0 {
			factor = &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!float", Value: fmt.Sprintf("%.2f", 4*r.Float64())}
		}
		unit := text(fmt.Sprintf("unit_%06x_%d", r.IntN(1<<24), i))
		units.Content = append(units.Content, unit, factor)
		have += len(unit.Value) + len(`"":1.25,`)
	}
}

// examples returns the named integrations of the contract.
func examples() ([]*yaml.Node, error) {
	var doc yaml.Node
	if err := yaml.Unmarshal([]byte(portkeyintegration.Contract()), &doc); err != nil {
		return nil, err
	}
	var found []*yaml.Node
	all := get(doc.Content[0], "components", "examples")
	for i := 1; i < len(all.Content); i += 2 {
		if v := get(all.Content[i], "value"); get(v, "ai_provider_id") != nil {
			found = append(found, v)
		}
	}
	return found, nil
}

func uuid(r *rand.Rand) string {
	a, b := r.Uint64(), r.Uint64()
	return fmt.Sprintf("%08x-%04x-4%03x-8%03x-%012x", uint32(a), uint16(a>>32), a>>52, b>>52, b&(1<<48-1))
}

// The rest is a tree of YAML nodes as a JSON value whose members keep their order.

func get(n *yaml.Node, path ...string) *yaml.Node {
	for _, key := range path {
		var child *yaml.Node
		if n.Kind == yaml.MappingNode {
			for i := 0; i < len(n.Content); i += 2 {
				if n.Content[i].Value == key {
					child = n.Content[i+1]
				}
			}
		}
		if child == nil {
			return nil
		}
		n = child
	}
	return n
}

// mapping returns the object at a path, made where there is none.
func mapping(n *yaml.Node, path ...string) *yaml.Node {
	for _, key := range path {
		child := get(n, key)
		if child == nil {
			child = &yaml.Node{}
			n.Content = append(n.Content, text(key), child)
		}
		if child.Kind != yaml.MappingNode {
			*child = yaml.Node{Kind: yaml.MappingNode}
		}
		n = child
	}
	return n
}

func set(n *yaml.Node, value *yaml.Node, path ...string) {
	last := len(path) - 1
	n = mapping(n, path[:last]...)
	if child := get(n, path[last]); child != nil {
		*child = *value
		return
	}
	n.Content = append(n.Content, text(path[last]), value)
}

func text(s string) *yaml.Node { return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: s} }

func parse(s string) *yaml.Node {
	var n yaml.Node
	if err := yaml.Unmarshal([]byte(s), &n); err != nil {
		panic(err) // unreachable: this file's own values
	}
	return n.Content[0]
}

func clone(n *yaml.Node) *yaml.Node {
	c := *n
	c.Content = nil
	for _, child := range n.Content {
		c.Content = append(c.Content, clone(child))
	}
	return &c
}

func appendJSON(b []byte, n *yaml.Node) []byte {
	switch n.Kind {
	case yaml.ScalarNode:
		var v any
		if n.Tag == "!!str" {
			v = n.Value
		} else if err := n.Decode(&v); err != nil {
			panic(err) // unreachable: the contract is valid YAML
		}
		literal, err := json.Marshal(v)
		if err != nil {
			panic(err) // unreachable: a scalar
		}
		return append(b, literal...)
	case yaml.SequenceNode:
		b = append(b, '[')
		for i, child := range n.Content {
			if i > 0 {
				b = append(b, ',')
			}
			b = appendJSON(b, child)
		}
		return append(b, ']')
	default:
		b = append(b, '{')
		for i := 0; i < len(n.Content); i += 2 {
			if i > 0 {
				b = append(b, ',')
			}
			b = strconv.AppendQuote(b, n.Content[i].Value)
			b = append(b, ':')
			b = appendJSON(b, n.Content[i+1])
		}
		return append(b, '}')
	}
}
