package client

import (
	"errors"
	"io"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/portkey-integration/portkey-integration-go/gen"
)

// parse decodes a body into the values that kin-openapi checks.
func parse(status int, body []byte) (any, error) {
	var value any
	if err := json.Unmarshal(body, &value); err != nil {
		return nil, decodeError(status, body, err)
	}
	return value, nil
}

// lenient decodes what JSON Schema accepts and Go's types do not.
var lenient = json.WithUnmarshalers(json.JoinUnmarshalers(
	json.UnmarshalFromFunc(unmarshalInteger),
	json.UnmarshalFromFunc(unmarshalTime),
))

// unmarshalInteger takes 1.0 and 1e2 for the integers that they are.
func unmarshalInteger(d *jsontext.Decoder, to *int64) error {
	if d.PeekKind() != '0' {
		return errors.ErrUnsupported
	}
	raw, err := d.ReadValue()
	if err != nil {
		return err
	}
	if n, err := strconv.ParseInt(string(raw), 10, 64); err == nil {
		*to = n
		return nil
	}
	f, err := strconv.ParseFloat(string(raw), 64)
	switch {
	case err != nil || f != math.Trunc(f) || f > 1<<63 || f < -1<<63:
		return errors.New("want an integer")
	case f == 1<<63: // As a float64, the largest int64 is this.
		*to = math.MaxInt64
	default:
		*to = int64(f)
	}
	return nil
}

// unmarshalTime takes a leap second (RFC 3339, section 5.6), which package time does not, for the second after it.
func unmarshalTime(d *jsontext.Decoder, to *time.Time) error {
	if d.PeekKind() != '"' {
		return errors.ErrUnsupported
	}
	token, err := d.ReadToken()
	if err != nil {
		return err
	}
	text := token.String()
	if *to, err = time.Parse(time.RFC3339, text); err == nil {
		return nil
	}
	const seconds = len("2006-01-02T15:04:")
	if len(text) > seconds+2 && text[seconds:seconds+2] == "60" {
		if *to, err = time.Parse(time.RFC3339, text[:seconds]+"59"+text[seconds+2:]); err == nil {
			*to = to.Add(time.Second)
			return nil
		}
	}
	return errors.New("want a date-time")
}

// decode gives a body its type.
func decode(status int, body []byte, to *gen.Integration) error {
	err := json.Unmarshal(body, to)
	if err != nil {
		*to = gen.Integration{}
		err = json.Unmarshal(body, to, lenient) // Slower, and rarely needed.
	}
	if err != nil {
		return decodeError(status, body, err)
	}
	return nil
}

// decodeWhatFits decodes a body that breaks the contract: members that have no place in the type are left out. Each of
// them is a violation, so none is lost from sight.
func decodeWhatFits(status int, body []byte, value any, to *gen.Integration) error {
	for {
		*to = gen.Integration{}
		err := json.Unmarshal(body, to, lenient)
		var semantic *json.SemanticError
		if !errors.As(err, &semantic) || semantic.JSONPointer == "" {
			if err != nil {
				return decodeError(status, body, err)
			}
			return nil
		}
		if value, err = without(value, strings.Split(string(semantic.JSONPointer)[1:], "/")); err != nil {
			return decodeError(status, body, semantic)
		}
		if body, err = json.Marshal(value); err != nil {
			return decodeError(status, body, semantic)
		}
	}
}

// without is value less what the path leads to. An item of an array becomes null, so that the others keep their place.
func without(value any, path []string) (any, error) {
	token := strings.NewReplacer("~1", "/", "~0", "~").Replace(path[0])
	var err error
	switch v := value.(type) {
	case map[string]any:
		child, ok := v[token]
		if !ok {
			break
		}
		if len(path) == 1 {
			delete(v, token)
			return v, nil
		}
		v[token], err = without(child, path[1:])
		return v, err
	case []any:
		i, convErr := strconv.Atoi(token)
		if convErr != nil || i >= len(v) || v[i] == nil {
			break
		}
		if len(path) == 1 {
			v[i] = nil
			return v, nil
		}
		v[i], err = without(v[i], path[1:])
		return v, err
	}
	return nil, errors.New("no such place")
}

// decodeError tells what is wrong without quoting: the errors of package json hold pieces of the body.
func decodeError(status int, body []byte, err error) *DecodeError {
	e := &DecodeError{StatusCode: status, Reason: "it is not valid JSON", Body: keep(body)}
	var (
		syntactic *jsontext.SyntacticError
		semantic  *json.SemanticError
	)
	switch {
	case len(body) == 0:
		e.Reason = "it is empty"
	case errors.As(err, &syntactic):
		e.Offset, e.Pointer = syntactic.ByteOffset, string(syntactic.JSONPointer)
		switch {
		case errors.Is(err, jsontext.ErrDuplicateName):
			e.Reason = "a name occurs twice in an object"
		case errors.Is(err, io.ErrUnexpectedEOF):
			e.Reason = "it ends too early"
		}
	case errors.As(err, &semantic):
		e.Offset, e.Pointer = semantic.ByteOffset, string(semantic.JSONPointer)
		e.Reason = "the value does not fit"
		if semantic.GoType != nil {
			e.Reason += " a " + semantic.GoType.String()
		}
	case errors.Is(err, io.ErrUnexpectedEOF) || err == io.EOF:
		e.Reason = "it ends too early"
	}
	return e
}
