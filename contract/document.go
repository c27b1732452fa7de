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

// document is the OpenAPI document, made ready to check responses. All that it knows is read from the document.
type document struct {
	responses map[int]*node   // The schema of each status code's JSON.
	names     map[string]name // Of its properties.
	shapes    shapes          // Of integrations.
	cache     cache
}

// load parses the embedded document on first use. It panics where the document is not one, which the tests rule out.
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
		d.responses[statusOK].properties[name].typed = false // The report names them.
	}
	d.shapes = newShapes(d.responses[statusOK])
	return d
})

// Prepare parses the document in the background, so that the first check does not wait for it. It returns immediately;
// further calls do nothing.
var Prepare = sync.OnceFunc(func() { go load() })

// withoutExamples drops the examples, of which a check needs none and which are half the work of parsing the document.
func withoutExamples(document string) []byte {
	kept := make([]byte, 0, len(document))
	dropping := len(document) // The indentation of the block that is dropped; where none is, more than any line has.
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

// node is a schema with what it takes to go through a value by hand: to find every violation, each at its place, and
// the drift. It goes down the keywords properties, additionalProperties, items and allOf; what is below another keyword
// is kin-openapi's alone.
type node struct {
	schema *openapi3.Schema
	own    *openapi3.Schema // The schema without what node goes down into.
	plain  bool             // Own compares a value with nothing but a type.
	typed  bool             // And so does all else that reads the value.
	opaque bool             // The schema accepts any value.
	deep   bool             // The schema has a keyword that n does not go down into, such as oneOf.
	inner  *inner           // What such keywords look at; nil where that may be everything.
	// documentation is the schema's x-documented without required; nil where there is nothing else.
	documentation *openapi3.Schema
	required      []string         // That of x-documented.
	known         []string         // The x-extensible-enum.
	provider      gen.Provider     // The first of the x-ai-provider-ids; empty where the schema is for every provider.
	members       []*node          // allOf.
	properties    map[string]*node // Those of the members too.
	items         *node
	additional    *node // additionalProperties.
}

// anything is the node of a value about which only kin-openapi knows what it has to be.
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
			c.node(alternative.Value) // For the names of its properties.
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

// shallow is s without what node goes down into. Of its properties only those stay that must not be in a response.
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

// fragment is what the vendor documents of a value beyond the schema.
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
	f.Nullable = true // Whether null is allowed is the schema's to say.
	return f
}

func list(s *openapi3.Schema, extension string) []any {
	values, _ := s.Extensions[extension].([]any)
	return values
}

// isOpaque reports whether the schema accepts any value: it says nothing of what is inside.
func (n *node) isOpaque() bool { return n == nil || n.opaque }

// acceptsAny reports whether s accepts a value of any type: it has no keyword that compares, or a oneOf of all types.
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

// outside is s without properties, without items, and without additionalProperties where that allows all.
func outside(s *openapi3.Schema) *openapi3.Schema {
	o := *s
	o.Properties, o.Required, o.Items = nil, nil, nil
	if all := o.AdditionalProperties.Has; all != nil && *all {
		o.AdditionalProperties = openapi3.AdditionalProperties{}
	}
	return &o
}

// isPlain reports whether s has no keyword that compares a value with something but type.
func isPlain(s *openapi3.Schema) bool {
	return !s.Type.Is("integer") && reflect.DeepEqual(s, &openapi3.Schema{
		Type: s.Type, Nullable: s.Nullable, WriteOnly: s.WriteOnly, ReadOnly: s.ReadOnly,
		Description: s.Description, Extensions: s.Extensions, Example: s.Example, Origin: s.Origin,
	})
}

// names lists the names of an object in a fixed order.
func names[V any](object map[string]V) []string {
	list := slices.AppendSeq(make([]string, 0, len(object)), maps.Keys(object))
	slices.Sort(list)
	return list
}

// below are the schemas of the keywords that a node does not go down into.
func below(s *openapi3.Schema) openapi3.SchemaRefs {
	all := slices.Concat(s.OneOf, s.AnyOf)
	if s.Not != nil {
		all = append(all, s.Not)
	}
	return all
}

// inner is what such schemas look at inside of a value.
type inner struct {
	names map[string]bool // Properties.
	items bool
}

// innerOf returns nil where one of the schemas has more than a type, properties and items of its own.
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

// child is the node of a property; nil where the schema says nothing of it.
func (n *node) child(name string) *node {
	switch {
	case n.properties[name] != nil:
		return n.properties[name]
	case n.additional == nil && n.deep && (n.inner == nil || n.inner.names[name]):
		return anything
	}
	return n.additional
}

// item is the node of the items of an array; nil where the schema says nothing of them.
func (n *node) item() *node {
	if n.items == nil && n.deep && (n.inner == nil || n.inner.items) {
		return anything
	}
	return n.items
}
