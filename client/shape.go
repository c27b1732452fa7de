package client

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"math"
	"reflect"
	"slices"
	"strconv"
	"sync"
	"unicode/utf8"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/go-json-experiment/json/jsontext"
)

// bounds are numbers with which the contract compares. Values of the same rank compare the same with each of them.
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

// distinctions are all that a schema can tell of an answer: its names, the kinds of its values, and of each value on
// which side it is of every bound, format and list of values that the schema has anywhere. The sum of these is the shape
// of an answer. Answers of one shape fit the schema all or none, so kin-openapi is asked once for each shape. A control
// plane has few: a list of a thousand deployments has the shape of a list of two.
type distinctions struct {
	words   map[string]uint16 // Names of properties, and values of strings, numbered.
	numbers bounds            // Of minimum and maximum.
	lengths bounds            // Of strings.
	counts  bounds            // Of items and properties.
	// complete is false where a schema has a keyword that these do not cover. Then there are no shapes.
	complete bool
	visited  map[*openapi3.Schema]bool
}

func newDistinctions(s *openapi3.Schema) distinctions {
	d := distinctions{words: map[string]uint16{}, complete: true, visited: map[*openapi3.Schema]bool{}}
	d.add(s)
	d.visited = nil
	if max(len(d.numbers), len(d.lengths), len(d.counts)) > math.MaxUint8/2 {
		d.complete = false // A rank has a byte.
	}
	return d
}

func (d *distinctions) addWord(text string) {
	if _, ok := d.words[text]; !ok {
		d.words[text] = uint16(len(d.words))
	}
}

func (d *distinctions) add(s *openapi3.Schema) {
	if d.visited[s] {
		return
	}
	d.visited[s] = true
	understood := openapi3.Schema{
		Type: s.Type, Format: s.Format, Enum: s.Enum, Nullable: s.Nullable, ReadOnly: s.ReadOnly, WriteOnly: s.WriteOnly,
		Min: s.Min, Max: s.Max, ExclusiveMin: s.ExclusiveMin, ExclusiveMax: s.ExclusiveMax,
		MinLength: s.MinLength, MaxLength: s.MaxLength, Items: s.Items, MinItems: s.MinItems, MaxItems: s.MaxItems,
		Properties: s.Properties, Required: s.Required, AdditionalProperties: s.AdditionalProperties,
		MinProps: s.MinProps, MaxProps: s.MaxProps, AllOf: s.AllOf, AnyOf: s.AnyOf, OneOf: s.OneOf, Not: s.Not,
		// These say nothing of a value.
		Title: s.Title, Description: s.Description, Default: s.Default, Example: s.Example, Deprecated: s.Deprecated,
		ExternalDocs: s.ExternalDocs, Extensions: s.Extensions, Origin: s.Origin,
	}
	if !reflect.DeepEqual(&understood, s) {
		d.complete = false
	}
	switch s.Format {
	case "", "uuid", "date-time", "double", "int64":
	default:
		d.complete = false
	}
	for _, value := range slices.Concat(s.Enum, extensibleEnum(s)) {
		if text, ok := value.(string); ok {
			d.addWord(text)
		} else {
			d.complete = false
		}
	}
	for name, property := range s.Properties {
		d.addWord(name)
		d.add(property.Value)
	}
	for _, name := range s.Required {
		d.addWord(name)
	}
	for _, bound := range []*float64{s.Min, s.Max} {
		if bound != nil {
			d.numbers.add(*bound)
		}
	}
	d.lengths.add(float64(s.MinLength))
	d.counts.add(float64(s.MinItems))
	d.counts.add(float64(s.MinProps))
	for _, of := range []struct {
		bounds *bounds
		bound  *uint64
	}{{&d.lengths, s.MaxLength}, {&d.counts, s.MaxItems}, {&d.counts, s.MaxProps}} {
		if of.bound != nil {
			of.bounds.add(float64(*of.bound))
		}
	}
	for _, ref := range slices.Concat(s.AllOf, s.AnyOf, s.OneOf, openapi3.SchemaRefs{s.Not, s.Items, s.AdditionalProperties.Schema}) {
		if ref != nil {
			d.add(ref.Value)
		}
	}
}

func extensibleEnum(s *openapi3.Schema) []any {
	values, _ := s.Extensions["x-extensible-enum"].([]any)
	return values
}

// shaper finds the shape of a body.
type shaper struct {
	*distinctions
	decoder jsontext.Decoder
	source  bytes.Buffer
	text    []byte // Of a string with escapes.
	starts  []int  // Where in out the members of the collections around are that were put.
	out     []byte // What the shape is the sum of: for each token a byte of its kind, then as many as that kind has.
}

// duplicates are for the decoding into a type to refuse, which comes next.
var duplicates = jsontext.AllowDuplicateNames(true)

var shapers = sync.Pool{New: func() any { return new(shaper) }}

// shapeOf returns the shape of a body, and false where it has none: it is not JSON, or it has a number that a float64
// may not tell from others.
func (d *distinctions) shapeOf(body []byte) (sum, bool) {
	if !d.complete {
		return sum{}, false
	}
	s := shapers.Get().(*shaper)
	defer shapers.Put(s)
	s.distinctions, s.out = d, s.out[:0]
	s.source = *bytes.NewBuffer(body)
	s.decoder.Reset(&s.source, duplicates)
	ok := s.value()
	s.source = bytes.Buffer{}
	return sha256.Sum256(s.out), ok
}

func (s *shaper) put(b ...byte) { s.out = append(s.out, b...) }

func (s *shaper) value() bool {
	switch kind := s.decoder.PeekKind(); kind {
	case '{', '[':
		return s.collection(kind)
	case '"':
		return s.string(false)
	case '0':
		return s.number()
	default:
		s.put(byte(kind))
		_, err := s.decoder.ReadToken()
		return err == nil
	}
}

// collection is an object or an array. Of members or items with the same shape, the first tells all.
func (s *shaper) collection(kind jsontext.Kind) bool {
	s.put(byte(kind))
	if _, err := s.decoder.ReadToken(); err != nil {
		return false
	}
	outer := len(s.starts)
	defer func() { s.starts = s.starts[:outer] }()
	for count := 0; ; count++ {
		switch s.decoder.PeekKind() {
		case '}', ']':
			s.put('.', s.counts.rank(float64(count)))
			_, err := s.decoder.ReadToken()
			return err == nil
		}
		start := len(s.out)
		if kind == '{' && !s.string(true) || !s.value() {
			return false
		}
		switch {
		case s.out[start] == '"' && kind == '{': // A name of the contract, which is there once.
		case s.repeats(outer, start):
			s.out = s.out[:start]
		default:
			s.starts = append(s.starts, start)
		}
	}
}

// repeats reports whether what was put since start was put before, for one of the last few members of the collection.
func (s *shaper) repeats(outer, start int) bool {
	const few = 8
	end := start
	for i := len(s.starts) - 1; i >= outer && i >= len(s.starts)-few; i-- {
		if bytes.Equal(s.out[s.starts[i]:end], s.out[start:]) {
			return true
		}
		end = s.starts[i]
	}
	return false
}

func (s *shaper) string(name bool) bool {
	raw, err := s.decoder.ReadValue()
	if err != nil {
		return false
	}
	text := raw[1 : len(raw)-1]
	if bytes.IndexByte(text, '\\') >= 0 {
		if s.text, err = jsontext.AppendUnquote(s.text[:0], raw); err != nil {
			return false
		}
		text = s.text
	}
	if number, ok := s.words[string(text)]; ok {
		s.out = binary.BigEndian.AppendUint16(append(s.out, '"'), number)
		return true
	}
	if name {
		s.put('?')
		return true
	}
	var format byte
	switch {
	case isUUID(text):
		format = 'u'
	case len(text) >= len("2006-01-02T15:04:05Z") && text[4] == '-' && checkDateTime(string(text)) == nil:
		format = 'd'
	}
	s.put('s', format, s.lengths.rank(float64(utf8.RuneCount(text))))
	return true
}

func (s *shaper) number() bool {
	raw, err := s.decoder.ReadValue()
	if err != nil {
		return false
	}
	f, err := strconv.ParseFloat(string(raw), 64)
	if err != nil || math.Abs(f) > 1<<53 {
		return false
	}
	kind := byte('0')
	if f == math.Trunc(f) {
		kind = '1'
	}
	s.put(kind, s.numbers.rank(f))
	return true
}
