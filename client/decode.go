package client

import (
	"context"
	"errors"
	"io"
	"reflect"
	"strconv"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/portkey-integration/portkey-integration-go/contract"
)

// decode unmarshals a body. The type can hold whatever the contract accepts.
func decode(ctx context.Context, body []byte, to any) error {
	return decodeWith(ctx, body, to, asTheContract)
}

// decodeWhatFits is decode, except that it leaves a value that does not have the documented type at zero. Each such
// value is a violation, so that a check reports it.
func decodeWhatFits(ctx context.Context, body []byte, to any) error {
	return decodeWith(ctx, body, to, whatFits)
}

// decodeWith decodes without option and, only if that fails, again with it: the option is slow and rarely needed.
func decodeWith(ctx context.Context, body []byte, to any, option json.Options) error {
	if unmarshalBody(ctx, body, to) == nil {
		return nil
	}
	reflect.ValueOf(to).Elem().SetZero()
	return unmarshalBody(ctx, body, to, option)
}

// unmarshalBody is json.Unmarshal, except that for a large body it ends with ctx.
func unmarshalBody(ctx context.Context, body []byte, to any, opts ...json.Options) error {
	const atOnce = 256 << 10
	if len(body) <= atOnce {
		return json.Unmarshal(body, to, opts...)
	}
	return json.UnmarshalRead(&contextReader{ctx, body}, to, opts...)
}

// contextReader reads body in chunks, until ctx ends.
type contextReader struct {
	ctx  context.Context
	body []byte
}

func (r *contextReader) Read(p []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	if len(r.body) == 0 {
		return 0, io.EOF
	}
	const part = 64 << 10
	n := copy(p[:min(len(p), part)], r.body)
	r.body = r.body[n:]
	return n, nil
}

var (
	asTheContract = json.WithUnmarshalers(json.UnmarshalFromFunc(func(d *jsontext.Decoder, to any) error {
		return unmarshal(d, reflect.ValueOf(to).Elem(), false)
	}))
	whatFits = json.WithUnmarshalers(json.UnmarshalFromFunc(func(d *jsontext.Decoder, to any) error {
		return unmarshal(d, reflect.ValueOf(to).Elem(), true)
	}))
)

var errMisfit = errors.New("the value does not fit")

// unmarshal decodes numbers and times as the contract defines them, which is not how package json does: 1.0 and 1e2 are
// integers, a leap second is a time. It leaves everything else to package json by returning errors.ErrUnsupported. A
// value that does not fit is an error or, if skip is set, becomes the zero value.
func unmarshal(d *jsontext.Decoder, to reflect.Value, skip bool) error {
	typ := to.Type()
	if typ.Kind() == reflect.Pointer {
		typ = typ.Elem()
	}
	kind := d.PeekKind()
	if kind == 'n' {
		return errors.ErrUnsupported
	}
	var parse func(jsontext.Value) (any, error)
	fits := true
	switch k := typ.Kind(); {
	case typ == reflect.TypeFor[time.Time]():
		fits, parse = kind == '"', parseTime
	case k == reflect.Int64:
		fits, parse = kind == '0', parseInteger
	case k == reflect.Float64:
		fits, parse = kind == '0', parseNumber
	case k == reflect.String:
		fits = kind == '"'
	case k == reflect.Bool:
		fits = kind == 't' || kind == 'f'
	case k == reflect.Struct || k == reflect.Map:
		fits = kind == '{'
	case k == reflect.Slice && typ.Elem().Kind() != reflect.Uint8: // Bytes are raw JSON.
		fits = kind == '['
	}
	if fits && parse == nil || !fits && !skip || d.StackDepth() == 0 {
		return errors.ErrUnsupported
	}
	raw, err := d.ReadValue()
	if err != nil {
		return err
	}
	var value any
	if fits {
		value, err = parse(raw)
	}
	switch {
	case fits && err == nil && to.Kind() == reflect.Pointer:
		to.Set(reflect.New(typ))
		to.Elem().Set(reflect.ValueOf(value))
	case fits && err == nil:
		to.Set(reflect.ValueOf(value))
	case skip:
		to.SetZero()
	default:
		return errMisfit
	}
	return nil
}

func parseTime(raw jsontext.Value) (any, error) {
	text, err := jsontext.AppendUnquote(nil, raw)
	if err != nil {
		return nil, err
	}
	return contract.ParseTime(string(text))
}

func parseNumber(raw jsontext.Value) (any, error) { return strconv.ParseFloat(string(raw), 64) }

func parseInteger(raw jsontext.Value) (any, error) { return contract.ParseInteger(string(raw)) }
