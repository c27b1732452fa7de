package main

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
	"go.yaml.in/yaml/v4"
)

// The size of indented output grows with the square of the depth. Beyond these limits, which no real integration
// approaches, JSON is printed on one line, and YAML as the same line, since JSON is a subset of YAML.
const (
	maxIndented = 24       // Levels of nesting.
	maxYAML     = 64 << 10 // Bytes: encoding YAML takes seconds for each MiB.
)

// depth returns how deeply a JSON value is nested.
func depth(value []byte) int {
	most, now, inString, escaped := 0, 0, false, false
	for _, c := range value {
		switch {
		case escaped:
			escaped = false
		case inString && c == '\\':
			escaped = true
		case c == '"':
			inString = !inString
		case inString:
		case c == '{' || c == '[':
			now++
			most = max(most, now)
		case c == '}' || c == ']':
			now--
		}
	}
	return most
}

// tree converts JSON to YAML, with properties in their order and numbers as they are spelled.
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
		// Encode quotes strings that are other types in YAML 1.1, such as yes and 1:20; SetString does not.
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

// writeJSON converts YAML that JSON can represent. Errors do not quote the document.
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
				if child.Kind == yaml.AliasNode {
					child = child.Alias
				}
				if child.Kind != yaml.ScalarNode {
					return fmt.Errorf("line %d: the name of a property is not a scalar", child.Line)
				}
				if err := to.WriteToken(jsontext.String(child.Value)); err != nil {
					return err
				}
				continue
			}
			if err := writeJSON(to, child); err != nil {
				return err
			}
		}
		return to.WriteToken(end)
	}
	// JSON numbers are copied: YAML's resolver accepts other spellings and has a limited range.
	if number := jsontext.Value(node.Value); node.Style == 0 && number.Kind() == '0' && number.IsValid() {
		return to.WriteValue(number)
	}
	switch node.ShortTag() {
	case "!!null":
		return to.WriteToken(jsontext.Null)
	case "!!bool":
		var b bool
		if err := node.Decode(&b); err != nil {
			return fmt.Errorf("line %d: not a boolean", node.Line)
		}
		return to.WriteToken(jsontext.Bool(b))
	case "!!int", "!!float":
		return fmt.Errorf("line %d: the number has a form that JSON does not have", node.Line)
	}
	return to.WriteToken(jsontext.String(node.Value))
}

// printJSON writes a JSON value and a line break, indented unless it is nested too deeply.
func (a *app) printJSON(value jsontext.Value, indent bool) error {
	if indent && depth(value) <= maxIndented {
		if err := value.Indent(jsontext.PreserveRawStrings(true), jsontext.WithIndent("  ")); err != nil {
			return err
		}
	}
	if _, err := a.out.Write(escapeUnsafe(value)); err != nil {
		return err
	}
	if value[len(value)-1] != '\n' {
		return a.out.WriteByte('\n')
	}
	return nil
}

// escapeUnsafe escapes the characters in JSON that are unsafe for a terminal. They occur in strings only, so the value
// is the same.
func escapeUnsafe(value []byte) []byte {
	if bytes.IndexFunc(value, isUnsafe) < 0 {
		return value
	}
	escaped := make([]byte, 0, len(value)+len(value)/8)
	for len(value) > 0 {
		r, n := utf8.DecodeRune(value)
		switch {
		case !isUnsafe(r):
			escaped = append(escaped, value[:n]...)
		case r > 0xffff:
			high, low := utf16.EncodeRune(r)
			escaped = fmt.Appendf(escaped, `\u%04x\u%04x`, high, low)
		default:
			escaped = fmt.Appendf(escaped, `\u%04x`, r)
		}
		value = value[n:]
	}
	return escaped
}

// isUnsafe reports whether a character of JSON or YAML is neither printable nor a line break or tab between tokens.
func isUnsafe(r rune) bool { return !unicode.IsPrint(r) && r != '\n' && r != '\t' && r != '\r' }

// printYAML writes a JSON value as a YAML document, after a separator if separate is set.
func (a *app) printYAML(value []byte, separate bool) error {
	if separate {
		_, _ = a.out.WriteString("---\n")
	}
	if len(value) > maxYAML || depth(value) > maxIndented {
		return a.printJSON(value, false)
	}
	node, err := tree(value)
	if err != nil {
		return err
	}
	// Without Unicode, non-ASCII characters are escaped.
	text, err := yaml.Dump(node, yaml.WithUnicode(!holdsUnsafe(node)))
	if err != nil {
		return err
	}
	_, err = a.out.Write(text)
	return err
}

// holdsUnsafe reports whether a string in a value has a character that is unsafe for a terminal.
func holdsUnsafe(node *yaml.Node) bool {
	return strings.ContainsFunc(node.Value, isUnsafe) || slices.ContainsFunc(node.Content, holdsUnsafe)
}
