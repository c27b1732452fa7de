package main

import (
	"bytes"
	"fmt"

	"github.com/go-json-experiment/json/jsontext"
	"go.yaml.in/yaml/v4"
)

// tree is a JSON value as YAML has it, members in their order and numbers as they are spelled.
func tree(value []byte) (*yaml.Node, error) {
	return readTree(jsontext.NewDecoder(bytes.NewReader(value)))
}

func readTree(in *jsontext.Decoder) (*yaml.Node, error) {
	token, err := in.ReadToken()
	if err != nil {
		return nil, err
	}
	node := &yaml.Node{Kind: yaml.ScalarNode, Value: token.String()}
	switch token.Kind() {
	case 'n':
		node.Tag = "!!null"
	case 't', 'f':
		node.Tag = "!!bool"
	case '"':
		// Encode quotes what YAML 1.1 takes for something else, such as yes and 1:20; SetString does not.
		err = node.Encode(node.Value)
	case '0':
		// No tag: a plain scalar that looks like a number is one.
	case '{', '[':
		node = &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map"}
		if token.Kind() == '[' {
			node.Kind, node.Tag = yaml.SequenceNode, "!!seq"
		}
		for in.PeekKind() != '}' && in.PeekKind() != ']' {
			child, err := readTree(in)
			if err != nil {
				return nil, err
			}
			node.Content = append(node.Content, child)
		}
		if len(node.Content) == 0 {
			node.Style = yaml.FlowStyle
		}
		_, err = in.ReadToken()
	}
	return node, err
}

// writeJSON is the way back, for any YAML that JSON can say.
func writeJSON(to *jsontext.Encoder, node *yaml.Node) error {
	switch node.Kind {
	case yaml.DocumentNode:
		return writeJSON(to, node.Content[0])
	case yaml.AliasNode:
		return writeJSON(to, node.Alias)
	case yaml.MappingNode, yaml.SequenceNode:
		begin, end := jsontext.BeginObject, jsontext.EndObject
		if node.Kind == yaml.SequenceNode {
			begin, end = jsontext.BeginArray, jsontext.EndArray
		}
		if err := to.WriteToken(begin); err != nil {
			return err
		}
		for i, child := range node.Content {
			if node.Kind == yaml.MappingNode && i%2 == 0 { // A name is a string, whatever it looks like: 200 is "200".
				child = &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: child.Value}
			}
			if err := writeJSON(to, child); err != nil {
				return err
			}
		}
		return to.WriteToken(end)
	}
	switch node.ShortTag() {
	case "!!null":
		return to.WriteToken(jsontext.Null)
	case "!!bool":
		var b bool
		if err := node.Decode(&b); err != nil {
			return err
		}
		return to.WriteToken(jsontext.Bool(b))
	case "!!int", "!!float":
		if err := to.WriteValue(jsontext.Value(node.Value)); err != nil {
			return fmt.Errorf("line %d: %q is no number in JSON: %w", node.Line, node.Value, err)
		}
		return nil
	}
	return to.WriteToken(jsontext.String(node.Value))
}

func (a *app) printJSON(value jsontext.Value, indent bool) error {
	if indent {
		if err := value.Indent(jsontext.PreserveRawStrings(true), jsontext.WithIndent("  ")); err != nil {
			return err
		}
	}
	if _, err := a.out.Write(value); err != nil {
		return err
	}
	if value[len(value)-1] != '\n' {
		return a.out.WriteByte('\n')
	}
	return nil
}

// printYAML writes a JSON value as one document, separated from the one before it.
func (a *app) printYAML(value []byte, separate bool) error {
	node, err := tree(value)
	if err != nil {
		return err
	}
	text, err := yaml.Dump(node)
	if err != nil {
		return err
	}
	if separate {
		text = append([]byte("---\n"), text...)
	}
	_, err = a.out.Write(text)
	return err
}
