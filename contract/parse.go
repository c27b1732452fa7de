package contract

import (
	"bytes"
	"context"
	stdjson "encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"sync"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// DecodeError reports a body that is not JSON according to RFC 8259: a syntax error, data after the end, more than
// 10,000 levels of nesting, invalid UTF-8, or a name that occurs twice in an object.
type DecodeError struct {
	Offset  int64  // Where in the body, in bytes.
	Pointer string // Where in the value, as a JSON Pointer; bounded as in a [Finding].
	Reason  string // What is wrong. It does not quote the body.
}

// Error says what is wrong and where.
func (e *DecodeError) Error() string {
	if e.Pointer == "" {
		return fmt.Sprintf("%s (at byte %d)", e.Reason, e.Offset)
	}
	return fmt.Sprintf("%s (at byte %d, in %q)", e.Reason, e.Offset, e.Pointer)
}

// parser decodes a body into the values that kin-openapi checks. Values that the schema says nothing about are skipped,
// so that they take no memory.
type parser struct {
	ctx     context.Context
	names   map[string]name // See document.
	decoder *jsontext.Decoder
	values  int
	// doubtful is set if only the walk can decide whether the body conforms: a float64 may not represent a number
	// exactly, or a property may be a secret.
	doubtful bool
}

// name is one of the document's properties.
type name struct {
	text      string // Reused for each body, to save an allocation.
	writeOnly bool   // A secret in at least one schema.
}

// decoders reuses the memory that a decoder needs to find duplicate names.
var decoders = sync.Pool{New: func() any { return new(jsontext.Decoder) }}

// parse also reports whether the value is doubtful (see parser).
func parse(ctx context.Context, d *document, n *node, body []byte) (value any, doubtful bool, err error) {
	p := parser{ctx: ctx, names: d.names, decoder: decoders.Get().(*jsontext.Decoder)}
	p.decoder.Reset(bytes.NewBuffer(body))
	value, err = p.parse(n)
	p.decoder.Reset(noBody) // Releases the body.
	decoders.Put(p.decoder)
	return value, p.doubtful, err
}

var noBody = strings.NewReader("")

func (p *parser) parse(n *node) (any, error) {
	value, err := p.value(n)
	if err != nil {
		return nil, err
	}
	if _, err := p.decoder.ReadToken(); err != io.EOF {
		return nil, &jsontext.SyntacticError{ByteOffset: p.decoder.InputOffset(), Err: errors.New("data after the end")}
	}
	return value, nil
}

func (p *parser) value(n *node) (any, error) {
	if p.values++; p.values%1024 == 0 && p.ctx.Err() != nil {
		return nil, p.ctx.Err()
	}
	kind := p.decoder.PeekKind()
	if n.isOpaque() && kind != 'n' {
		return skipped, p.decoder.SkipValue()
	}
	switch kind {
	case '"':
		if n.typed {
			return "", p.decoder.SkipValue()
		}
	case '{':
		return p.object(n)
	case '[':
		return p.array(n)
	case '0':
		return p.number()
	}
	token, err := p.decoder.ReadToken()
	if err != nil {
		return nil, err
	}
	switch kind {
	case '"':
		return token.String(), nil
	case 't', 'f':
		return token.Bool(), nil
	}
	return nil, nil
}

// skipped stands for a skipped value other than null. Of the types that AnyValue allows, an empty array costs
// kin-openapi the least.
var skipped any = []any{}

func (p *parser) object(n *node) (any, error) {
	if _, err := p.decoder.ReadToken(); err != nil {
		return nil, err
	}
	object := map[string]any{}
	for p.decoder.PeekKind() != '}' {
		name, err := p.name()
		if err != nil {
			return nil, err
		}
		value, err := p.value(n.child(name.text))
		if err != nil {
			return nil, err
		}
		object[name.text] = value
		p.doubtful = p.doubtful || name.writeOnly && value != nil
	}
	_, err := p.decoder.ReadToken()
	return object, err
}

func (p *parser) name() (name, error) {
	raw, err := p.decoder.ReadValue()
	if err != nil {
		return name{}, err
	}
	quoted := raw[1 : len(raw)-1]
	if known, ok := p.names[string(quoted)]; ok {
		return known, nil
	}
	if bytes.IndexByte(quoted, '\\') < 0 {
		return name{text: string(quoted)}, nil
	}
	unquoted, err := jsontext.AppendUnquote(nil, raw)
	if known, ok := p.names[string(unquoted)]; ok {
		return known, err
	}
	return name{text: string(unquoted)}, err
}

func (p *parser) array(n *node) (any, error) {
	if _, err := p.decoder.ReadToken(); err != nil {
		return nil, err
	}
	array := []any{}
	for p.decoder.PeekKind() != ']' {
		item, err := p.value(n.item())
		if err != nil {
			return nil, err
		}
		array = append(array, item)
	}
	_, err := p.decoder.ReadToken()
	return array, err
}

// number returns a float64, or the digits of a number that a float64 may not represent exactly (see exact).
func (p *parser) number() (any, error) {
	raw, err := p.decoder.ReadValue()
	if err != nil {
		return nil, err
	}
	f, err := strconv.ParseFloat(string(raw), 64)
	if err != nil || math.Abs(f) >= exact {
		p.doubtful = true
		return stdjson.Number(raw), nil
	}
	return f, nil
}

// exact is the bound below which a float64 represents every integer exactly: 2^53.
const exact = 1 << 53

var errNotInteger = errors.New("not an integer of 64 bits")

// ParseInteger parses a number of the document's format int64. 1.0 and 1e2 are integers; a number that an int64 cannot
// represent exactly is an error.
func ParseInteger(s string) (int64, error) {
	if n, err := strconv.ParseInt(s, 10, 64); err == nil {
		return n, nil
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil || f != math.Trunc(f) || f < -1<<63 || f >= 1<<63 {
		return 0, errNotInteger
	}
	n := int64(f)
	if math.Abs(f) >= exact && significant(s) != significant(strconv.FormatInt(n, 10)) {
		return 0, errNotInteger
	}
	return n, nil
}

// significant returns the digits of a number without sign, point, exponent, and leading and trailing zeros. Two numbers
// that round to the same float64 are equal if their significant digits are.
func significant(number string) string {
	if i := strings.IndexAny(number, "eE"); i >= 0 {
		number = number[:i]
	}
	return strings.Trim(strings.Replace(strings.TrimPrefix(number, "-"), ".", "", 1), "0")
}

// isDouble reports whether number loses nothing as the float64 f: its digits are those of f, either all of them or the
// fewest that identify f.
func isDouble(number string, f float64) bool {
	digits := significant(number)
	return digits == significant(strconv.FormatFloat(f, 'f', -1, 64)) || digits == significant(strconv.FormatFloat(f, 'f', 0, 64))
}

// NewDecodeError converts an error that package json or jsontext returned for body into a DecodeError, which does not
// quote the body. redact, if not nil, is applied to the names in the pointer.
func NewDecodeError(body []byte, err error, redact func(string) string) *DecodeError {
	e := &DecodeError{Reason: "the body is not valid JSON"}
	var (
		syntactic *jsontext.SyntacticError
		semantic  *json.SemanticError
	)
	switch {
	case errors.As(err, &syntactic):
		e.Offset, e.Pointer = syntactic.ByteOffset, ReadablePointer(syntactic.JSONPointer, redact)
	case errors.As(err, &semantic):
		e.Offset, e.Pointer = semantic.ByteOffset, ReadablePointer(semantic.JSONPointer, redact)
		e.Reason = "the value does not have the documented type"
	}
	switch {
	case len(body) == 0:
		e.Reason = "the body is empty"
	case errors.Is(err, jsontext.ErrDuplicateName):
		e.Reason = "a name occurs twice in an object"
	case errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF):
		e.Reason = "the body ends too early"
	}
	return e
}
