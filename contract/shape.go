package contract

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"io"
	"math"
	"reflect"
	"slices"
	"strconv"
	"sync"
	"unicode/utf8"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/go-json-experiment/json/jsontext"
)

// shapes computes the shape of an integration's body: everything that the contract can distinguish. A shape consists of
// the property names that the contract knows, the types of the values and, for values of which the contract asserts
// more than the type, how each compares with every bound, length, format and enumerated value that the schema or its
// x-documented has anywhere. Bodies of one shape all conform or all do not, and likewise for drift, so that it is
// enough to check one of them. A control plane sends few shapes: a list of a thousand deployments has the shape of a
// list of two.
type shapes struct {
	root    *node
	words   map[string]uint16 // Property names and enumerated values of the contract, numbered.
	numbers bounds            // minimum and maximum
	lengths bounds            // minLength and maxLength
	counts  bounds            // minItems, maxItems, minProperties and maxProperties
	// complete is false if the schema has a keyword that these fields do not cover. Then no body has a shape.
	complete bool
	visited  map[*node]bool
}

// bounds are numbers that the contract compares values with, sorted. Values of one rank compare alike with all of them.
type bounds []float64

func (b bounds) rank(value float64) byte {
	i, equal := slices.BinarySearch(b, value)
	if equal {
		return byte(2*i + 1)
	}
	return byte(2 * i)
}

func (b *bounds) add(value float64) {
	if i, found := slices.BinarySearch(*b, value); !found {
		*b = slices.Insert(*b, i, value)
	}
}

func newShapes(root *node) shapes {
	s := shapes{root: root, words: map[string]uint16{}, complete: true, visited: map[*node]bool{}}
	s.addNode(root)
	s.visited = nil
	if max(len(s.numbers), len(s.lengths), len(s.counts)) > math.MaxUint8/2 {
		s.complete = false // A rank must fit into a byte.
	}
	return s
}

func (s *shapes) addWord(text string) {
	if _, ok := s.words[text]; !ok {
		s.words[text] = uint16(len(s.words))
	}
}

func (s *shapes) addNode(n *node) {
	if n == nil || s.visited[n] {
		return
	}
	s.visited[n] = true
	if n.opaque {
		return
	}
	s.addSchema(n.own)
	if n.documentation != nil {
		s.addSchema(n.documentation)
	}
	for _, text := range slices.Concat(n.known, n.required, providerIDs(n)) {
		s.addWord(text)
	}
	for name, property := range n.properties {
		s.addWord(name)
		s.addNode(property)
	}
	for _, m := range n.members {
		s.addNode(m)
	}
	s.addNode(n.items)
	s.addNode(n.additional)
}

func providerIDs(n *node) (ids []string) {
	for _, id := range list(n.schema, "x-ai-provider-ids") {
		ids = append(ids, id.(string))
	}
	return ids
}

// addSchema adds the names and bounds in k. It resets s.complete if k has an assertion that s does not cover.
func (s *shapes) addSchema(k *openapi3.Schema) {
	covered := openapi3.Schema{
		Type: k.Type, Format: k.Format, Nullable: k.Nullable, ReadOnly: k.ReadOnly, WriteOnly: k.WriteOnly,
		Min: k.Min, Max: k.Max, MinLength: k.MinLength, MaxLength: k.MaxLength, MinItems: k.MinItems, MaxItems: k.MaxItems,
		MinProps: k.MinProps, MaxProps: k.MaxProps, Properties: k.Properties, Required: k.Required,
		Items: k.Items, AdditionalProperties: k.AdditionalProperties, OneOf: k.OneOf, Not: k.Not,
		// These are annotations.
		Title: k.Title, Description: k.Description, Example: k.Example, Deprecated: k.Deprecated,
		ExternalDocs: k.ExternalDocs, Extensions: k.Extensions, Origin: k.Origin,
	}
	if !reflect.DeepEqual(&covered, k) || !slices.Contains([]string{"", "uuid", "date-time", "double", "int64"}, k.Format) {
		s.complete = false
	}
	for name, property := range k.Properties {
		s.addWord(name)
		s.addSchema(property.Value)
	}
	for _, name := range k.Required {
		s.addWord(name)
	}
	for _, ref := range slices.Concat(k.OneOf, openapi3.SchemaRefs{k.Items, k.AdditionalProperties.Schema, k.Not}) {
		if ref != nil {
			s.addSchema(ref.Value)
		}
	}
	for _, bound := range []*float64{k.Min, k.Max} {
		if bound != nil {
			s.numbers.add(*bound)
		}
	}
	s.lengths.add(float64(k.MinLength))
	s.counts.add(float64(k.MinItems))
	s.counts.add(float64(k.MinProps))
	for _, of := range []struct {
		bounds *bounds
		bound  *uint64
	}{{&s.lengths, k.MaxLength}, {&s.counts, k.MaxItems}, {&s.counts, k.MaxProps}} {
		if of.bound != nil {
			of.bounds.add(float64(*of.bound))
		}
	}
}

// outline writes the shape of one body to out.
type outline struct {
	*shapes
	decoder jsontext.Decoder
	source  bytes.Buffer
	text    []byte // The last string, unquoted.
	escaped []byte // The buffer for text if the string has escapes.
	starts  []int  // Offsets in out of the parts that the enclosing objects and arrays have so far.
	out     []byte // For each value a byte for its kind, then the bytes that this kind has.

	// The last body and its result: a body that Known does not find is checked and then remembered.
	body, shape sum
	ok          bool
}

var outlines = sync.Pool{New: func() any { return new(outline) }}

// duplicates are left to the decoding into a type, which follows and rejects them.
var duplicates = jsontext.AllowDuplicateNames(true)

// of returns the sum of the shape of body, whose own sum is bodySum. It returns false if the body has no shape: it is
// not JSON, or has a number that a float64 may not represent exactly (see exact).
func (s *shapes) of(body []byte, bodySum sum) (sum, bool) {
	if !s.complete {
		return sum{}, false
	}
	o := outlines.Get().(*outline)
	defer outlines.Put(o)
	if o.body == bodySum {
		return o.shape, o.ok
	}
	o.shapes, o.out, o.starts = s, o.out[:0], o.starts[:0]
	o.source = *bytes.NewBuffer(body)
	o.decoder.Reset(&o.source, duplicates)
	o.ok = o.value(s.root)
	if o.ok {
		_, err := o.decoder.ReadToken()
		o.ok = err == io.EOF
	}
	o.source, o.text = bytes.Buffer{}, nil
	o.body, o.shape = bodySum, sha256.Sum256(o.out)
	return o.shape, o.ok
}

func (o *outline) put(b ...byte) { o.out = append(o.out, b...) }

func (o *outline) value(n *node) bool {
	kind := o.decoder.PeekKind()
	if n.isOpaque() && kind != 'n' {
		o.put('*')
		return o.decoder.SkipValue() == nil
	}
	switch kind {
	case '{', '[':
		return o.collection(n, kind)
	case '"':
		if n.typed {
			o.put('y') // Not 't', which stands for true. Without a byte, [true, "a"] would look like [true, true].
			return o.decoder.SkipValue() == nil
		}
		return o.string(false)
	case '0':
		return o.number()
	default:
		o.put(byte(kind))
		_, err := o.decoder.ReadToken()
		return err == nil
	}
}

// collection writes an object or an array. Its parts are items or properties; repeated ones are written once.
func (o *outline) collection(n *node, kind jsontext.Kind) bool {
	o.put(byte(kind))
	if _, err := o.decoder.ReadToken(); err != nil {
		return false
	}
	outer := len(o.starts)
	defer func() { o.starts = o.starts[:outer] }()
	for count := 0; ; count++ {
		switch o.decoder.PeekKind() {
		case '}', ']':
			o.put('.', o.counts.rank(float64(count)))
			_, err := o.decoder.ReadToken()
			return err == nil
		}
		start := len(o.out)
		child := n.item()
		if kind == '{' {
			if !o.string(true) {
				return false
			}
			child = n.child(string(o.text))
		}
		if !o.value(child) {
			return false
		}
		switch {
		case kind == '{' && o.out[start] == '"': // A name of the contract, which occurs once.
		case o.repeats(outer, start):
			o.out = o.out[:start]
		default:
			o.starts = append(o.starts, start)
		}
	}
}

// repeats reports whether the part that begins at start equals one of the last few parts.
func (o *outline) repeats(outer, start int) bool {
	const few = 8
	end := start
	for i := len(o.starts) - 1; i >= outer && i >= len(o.starts)-few; i-- {
		if bytes.Equal(o.out[o.starts[i]:end], o.out[start:]) {
			return true
		}
		end = o.starts[i]
	}
	return false
}

// string writes a property name or a string, which it leaves in o.text.
func (o *outline) string(name bool) bool {
	raw, err := o.decoder.ReadValue()
	if err != nil {
		return false
	}
	if o.text = raw[1 : len(raw)-1]; bytes.IndexByte(o.text, '\\') >= 0 {
		if o.escaped, err = jsontext.AppendUnquote(o.escaped[:0], raw); err != nil {
			return false
		}
		o.text = o.escaped
	}
	if number, ok := o.words[string(o.text)]; ok {
		o.out = binary.BigEndian.AppendUint16(append(o.out, '"'), number)
		return true
	}
	if name {
		o.put('?')
		return true
	}
	o.put('s', o.format(), o.lengths.rank(float64(utf8.RuneCount(o.text))))
	return true
}

func (o *outline) format() byte {
	switch {
	case isUUID(o.text):
		return 'u'
	case bytes.HasPrefix(o.text, []byte("<")) && bytes.HasSuffix(o.text, []byte(">")):
		return 'p' // A placeholder: as ai_provider_id, it lets the configuration decide the provider (see gen.ProviderOf).
	case len(o.text) >= len("2006-01-02T15:04:05Z") && o.text[4] == '-':
		if _, err := ParseTime(string(o.text)); err == nil {
			return 'd'
		}
	}
	return 0
}

func (o *outline) number() bool {
	raw, err := o.decoder.ReadValue()
	if err != nil {
		return false
	}
	f, err := strconv.ParseFloat(string(raw), 64)
	if err != nil || math.Abs(f) >= exact {
		return false
	}
	kind := byte('0')
	if f == math.Trunc(f) {
		kind = '1'
	}
	o.put(kind, o.numbers.rank(f))
	return true
}
