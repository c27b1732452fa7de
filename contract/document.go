package contract

import (
	stdjson "encoding/json"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/getkin/kin-openapi/openapi3"

	portkeyintegration "github.com/portkey-integration/portkey-integration-go"
	"github.com/portkey-integration/portkey-integration-go/gen"
)

// document is the OpenAPI document, compiled for checking responses.
type document struct {
	responses map[int]*node   // Response schemas, by status code.
	names     map[string]name // All property names in them.
	shapes    shapes          // Of bodies with status code 200.
	cache     cache
}

// load parses the embedded document on first use. It panics if the document is invalid, which the tests rule out.
var load = sync.OnceValue(func() *document {
	parsed, err := openapi3.NewLoader().LoadFromData(withoutExamples(portkeyintegration.Contract()))
	if err != nil {
		panic(err)
	}
	d := &document{responses: map[int]*node{}, names: map[string]name{}}
	c := compiler{}
	for status, response := range parsed.Paths.Value("/integrations/{slug}").Get.Responses.Map() {
		if code, err := strconv.Atoi(status); err == nil {
			d.responses[code] = c.node(response.Value.Content["application/json"].Schema.Value)
		}
	}
	for _, n := range c {
		n.typed = n.plain && n.documentation == nil && n.known == nil
		for text, property := range n.properties {
			d.names[text] = name{text, d.names[text].writeOnly || property.schema.WriteOnly}
		}
	}
	for _, name := range []string{"id", "slug", "ai_provider_id"} {
		d.responses[statusOK].properties[name].typed = false // The report repeats their values.
	}
	d.shapes = newShapes(d.responses[statusOK])
	return d
})

// Prepare parses the document in the background, so that the first check does not wait for it. It returns immediately;
// further calls do nothing.
var Prepare = sync.OnceFunc(func() { go load() })

// withoutExamples drops the examples: checks do not need them, and they are half the cost of parsing the document.
func withoutExamples(document string) []byte {
	kept := make([]byte, 0, len(document))
	dropping := len(document) // The indentation of the block being dropped; if there is none, more than any line has.
	for line := range strings.Lines(document) {
		text := strings.TrimLeft(line, " ")
		indent := len(line) - len(text)
		if text == "\n" || indent > dropping {
			continue
		}
		dropping = len(document)
		if text == "examples:\n" {
			dropping = indent
			continue
		}
		kept = append(kept, line...)
	}
	return kept
}

// node is a schema compiled for visiting a value (see walk). It descends into the keywords properties,
// additionalProperties, items and allOf; the subschemas of other keywords are left to kin-openapi.
type node struct {
	schema *openapi3.Schema
	own    *openapi3.Schema // The schema without the keywords that node descends into.
	plain  bool             // own asserts nothing but a type.
	typed  bool             // Nothing but the type of a value matters: its content need not be read.
	opaque bool             // The schema accepts any value.
	deep   bool             // The schema has a keyword that node does not descend into, such as oneOf.
	inner  *inner           // What such keywords look at; nil if that may be everything.
	// documentation is the schema's x-documented without required; nil if it has nothing else.
	documentation *openapi3.Schema
	required      []string         // Of x-documented.
	known         []string         // x-extensible-enum.
	provider      gen.Provider     // The first of the x-ai-provider-ids; empty if the schema is for every provider.
	members       []*node          // allOf.
	properties    map[string]*node // Including those of the members.
	items         *node
	additional    *node // additionalProperties.
}

// anything is the node of a value that only kin-openapi checks.
var anything = &node{schema: &openapi3.Schema{}, deep: true}

type compiler map[*openapi3.Schema]*node

func (c compiler) node(s *openapi3.Schema) *node {
	if n := c[s]; n != nil {
		return n
	}
	n := &node{schema: s, own: shallow(s), properties: map[string]*node{}}
	c[s] = n
	n.plain, n.opaque = isPlain(n.own), acceptsAny(s)
	if n.documentation = fragment(s); n.documentation != nil {
		n.required, n.documentation.Required = n.documentation.Required, nil
		if reflect.DeepEqual(n.documentation, &openapi3.Schema{Nullable: true}) {
			n.documentation = nil
		}
	}
	for _, v := range list(s, "x-extensible-enum") {
		n.known = append(n.known, v.(string))
	}
	if ids := list(s, "x-ai-provider-ids"); len(ids) > 0 {
		n.provider = gen.Provider(ids[0].(string))
	}
	for _, member := range s.AllOf {
		m := c.node(member.Value)
		n.members = append(n.members, m)
		maps.Copy(n.properties, m.properties)
	}
	for name, property := range s.Properties {
		n.properties[name] = c.node(property.Value)
	}
	if deeper := below(s); !n.opaque && len(deeper) > 0 {
		n.deep, n.inner = true, innerOf(deeper)
		for _, alternative := range deeper {
			c.node(alternative.Value) // For its property names.
		}
	}
	if s.Items != nil {
		n.items = c.node(s.Items.Value)
	}
	if s.AdditionalProperties.Schema != nil {
		n.additional = c.node(s.AdditionalProperties.Schema.Value)
	}
	return n
}

// shallow returns s without the keywords that node descends into. Of the properties, it keeps the writeOnly ones, which
// must not be in a response.
func shallow(s *openapi3.Schema) *openapi3.Schema {
	own := *s
	own.AllOf, own.Items, own.AdditionalProperties, own.Properties = nil, nil, openapi3.AdditionalProperties{}, nil
	for name, property := range s.Properties {
		if property.Value.WriteOnly {
			if own.Properties == nil {
				own.Properties = openapi3.Schemas{}
			}
			own.Properties[name] = openapi3.NewSchemaRef("", &openapi3.Schema{WriteOnly: true, Nullable: true})
		}
	}
	return &own
}

// fragment returns x-documented, what the vendor documents beyond the schema; nil if there is none.
func fragment(s *openapi3.Schema) *openapi3.Schema {
	x, ok := s.Extensions["x-documented"]
	if !ok {
		return nil
	}
	text, err := stdjson.Marshal(x)
	if err != nil {
		panic(err)
	}
	f := new(openapi3.Schema)
	if err := f.UnmarshalJSON(text); err != nil {
		panic(err)
	}
	f.Nullable = true // The schema decides whether null is allowed.
	return f
}

func list(s *openapi3.Schema, extension string) []any {
	values, _ := s.Extensions[extension].([]any)
	return values
}

// isOpaque reports whether the schema, if there is one, accepts any value.
func (n *node) isOpaque() bool { return n == nil || n.opaque }

// acceptsAny reports whether s accepts any value: it is nil, asserts nothing, or is a oneOf of all types.
func acceptsAny(s *openapi3.Schema) bool {
	if s == nil || len(s.Properties) == 0 && isPlain(s) && s.Type == nil {
		return true
	}
	types := []string{"array", "boolean", "number", "object", "string"}
	for _, alternative := range s.OneOf {
		a := alternative.Value
		rest := slices.DeleteFunc(slices.Clone(types), a.Type.Is)
		if len(rest) == len(types) || len(a.Properties) > 0 || !isPlain(outside(a)) || a.Items != nil && !acceptsAny(a.Items.Value) {
			return false
		}
		types = rest
	}
	return len(types) == 0
}

// outside returns s without properties, required and items, and without additionalProperties if that is true.
func outside(s *openapi3.Schema) *openapi3.Schema {
	o := *s
	o.Properties, o.Required, o.Items = nil, nil, nil
	if all := o.AdditionalProperties.Has; all != nil && *all {
		o.AdditionalProperties = openapi3.AdditionalProperties{}
	}
	return &o
}

// isPlain reports whether s asserts nothing but a type, other than integer, which depends on a number's value.
func isPlain(s *openapi3.Schema) bool {
	return !s.Type.Is("integer") && reflect.DeepEqual(s, &openapi3.Schema{
		Type: s.Type, Nullable: s.Nullable, WriteOnly: s.WriteOnly, ReadOnly: s.ReadOnly,
		Description: s.Description, Extensions: s.Extensions, Example: s.Example, Origin: s.Origin,
	})
}

// names returns the names of an object, sorted.
func names[V any](object map[string]V) []string {
	list := slices.AppendSeq(make([]string, 0, len(object)), maps.Keys(object))
	slices.Sort(list)
	return list
}

// below returns the subschemas that a node does not descend into.
func below(s *openapi3.Schema) openapi3.SchemaRefs {
	all := slices.Concat(s.OneOf, s.AnyOf)
	if s.Not != nil {
		all = append(all, s.Not)
	}
	return all
}

// inner is what such subschemas look at inside a value.
type inner struct {
	names map[string]bool // Properties.
	items bool
}

// innerOf returns nil if one of the schemas asserts more than type, properties, required and items.
func innerOf(schemas openapi3.SchemaRefs) *inner {
	in := &inner{names: map[string]bool{}}
	for _, ref := range schemas {
		s := ref.Value
		if !isPlain(outside(s)) {
			return nil
		}
		for name := range s.Properties {
			in.names[name] = true
		}
		in.items = in.items || s.Items != nil && !acceptsAny(s.Items.Value)
	}
	return in
}

// child returns the node of a property; nil if the schema says nothing about it.
func (n *node) child(name string) *node {
	switch {
	case n.properties[name] != nil:
		return n.properties[name]
	case n.additional == nil && n.deep && (n.inner == nil || n.inner.names[name]):
		return anything
	}
	return n.additional
}

// item returns the node of an array's items; nil if the schema says nothing about them.
func (n *node) item() *node {
	if n.items == nil && n.deep && (n.inner == nil || n.inner.items) {
		return anything
	}
	return n.items
}
