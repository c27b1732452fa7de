package main

import (
	"bytes"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/portkey-integration/portkey-integration-go/internal/text"
)

// Limits of the text output, whatever a server sends. The JSON output is complete.
const (
	maxCell    = 1000  // Characters of a string.
	maxColumn  = 255   // Characters of a table cell: no slug is longer.
	maxLabel   = 60    // Characters of a label.
	maxRows    = 200   // Rows of a group, items of an array, properties of an object.
	maxColumns = 12    // Columns of a table.
	maxDepth   = 8     // Levels of a value.
	maxNodes   = 20000 // Values in all.
)

const (
	none     = "none"
	ellipsis = "…"
)

// An outline is the part of a JSON value that the text output shows.
type outline struct {
	kind  jsontext.Kind
	text  string     // Of a scalar.
	names []string   // Of the properties of an object.
	items []*outline // The values of an object or an array.
	more  int        // Number of values left out.
}

// outlineOf parses a value. Anything beyond the limits is skipped and uses no memory.
func outlineOf(value []byte) (*outline, error) {
	left := maxNodes
	return readOutline(jsontext.NewDecoder(bytes.NewReader(value)), 0, &left)
}

func readOutline(in *jsontext.Decoder, level int, left *int) (*outline, error) {
	*left--
	o := &outline{kind: in.PeekKind()}
	if o.kind != '{' && o.kind != '[' {
		token, err := in.ReadToken()
		if err == nil {
			o.text = text.Line(token.String(), maxCell)
		}
		return o, err
	}
	if level == maxDepth {
		o.more = 1
		return o, in.SkipValue()
	}
	if _, err := in.ReadToken(); err != nil {
		return nil, err
	}
	for in.PeekKind() != '}' && in.PeekKind() != ']' {
		name := ""
		if o.kind == '{' {
			token, err := in.ReadToken()
			if err != nil {
				return nil, err
			}
			name = token.String()
		}
		if len(o.items) >= maxRows || *left <= 0 {
			o.more++
			if err := in.SkipValue(); err != nil {
				return nil, err
			}
			continue
		}
		item, err := readOutline(in, level+1, left)
		if err != nil {
			return nil, err
		}
		o.items = append(o.items, item)
		if o.kind == '{' {
			o.names = append(o.names, text.Line(name, maxLabel))
		}
	}
	_, err := in.ReadToken()
	return o, err
}

// member returns the value of a property, or nil if there is none.
func (o *outline) member(name string) *outline {
	if o == nil {
		return nil
	}
	for i, n := range o.names {
		if n == name {
			return o.items[i]
		}
	}
	return nil
}

func (o *outline) isNull() bool { return o == nil || o.kind == 'n' }

// isFlatObject reports whether o is a non-empty object of scalars, none of which is left out.
func (o *outline) isFlatObject() bool {
	return o.kind == '{' && len(o.items) > 0 && o.more == 0 &&
		all(o.items, func(item *outline) bool { return item.kind != '{' && item.kind != '[' })
}

// inline returns the value on one line.
func (o *outline) inline() string {
	var b strings.Builder
	o.writeInline(&b)
	return text.Line(b.String(), maxCell)
}

func (o *outline) writeInline(b *strings.Builder) {
	switch {
	case b.Len() > 4*maxCell: // The rest will be cut off.
		return
	case o.isNull():
		b.WriteString(none)
	case o.kind != '{' && o.kind != '[':
		b.WriteString(o.text)
	case len(o.items) == 0 && o.more == 0:
		b.WriteString(none)
	}
	if o == nil {
		return
	}
	for i, item := range o.items {
		if i > 0 {
			b.WriteString(", ")
		}
		if o.kind == '{' {
			b.WriteString(o.names[i] + "=")
		}
		item.writeInline(b)
	}
	if o.more > 0 {
		if len(o.items) > 0 {
			b.WriteString(", ")
		}
		b.WriteString(ellipsis)
	}
}
