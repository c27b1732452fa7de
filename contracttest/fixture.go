package contracttest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"strconv"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/portkey-integration/portkey-integration-go/client"
)

// MaxFixtureBytes is the maximum size of a fixture's file, in bytes.
const MaxFixtureBytes = maxBody

// A Fixture is a response that a [Server] serves: an example of the contract, possibly changed, or one of your own.
type Fixture struct {
	Name        string // of an example, such as "openai-production" or "rate-limited"
	Summary     string // of an example: one line that describes it
	Status      int    // HTTP status code; 0 means 200
	ContentType string // "" means application/json
	Body        []byte
}

// With returns a copy of the fixture with the value at a JSON Pointer (RFC 6901) set. The value may be anything that
// marshals to JSON. It replaces the existing value, adds a property to an object or, with the index "-", appends an
// item to an array. The rest of the body is unchanged. With panics if the parent of the location does not exist or the
// value cannot be marshaled.
//
// A response should describe the requested integration, so use With("/slug", slug) on an example that is served under
// another slug.
func (f Fixture) With(pointer string, value any) Fixture {
	b, err := marshal(value)
	if err == nil {
		f.Body, err = patch(f.Body, pointer, b)
	}
	if err != nil {
		panic(fmt.Sprintf("contracttest: Fixture.With(%q): %v", pointer, err))
	}
	return f
}

// Without returns a copy of the fixture without the property or item at a JSON Pointer. It panics if there is none.
func (f Fixture) Without(pointer string) Fixture {
	var err error
	if f.Body, err = patch(f.Body, pointer, nil); err != nil {
		panic(fmt.Sprintf("contracttest: Fixture.Without(%q): %v", pointer, err))
	}
	return f
}

// A File is the path of a file that contains the body of a fixture, of at most [MaxFixtureBytes]. It is read when the
// server is created, and again on the first request after it has changed. If the new content cannot be served, the
// server keeps the old one and logs the reason (see [WithLogger]).
type File string

// WithFixture serves a response under a slug and, if its body has an id, under that id too. It replaces an example of
// the same name. At the end of a test, a [Server] reports a fixture that was never requested.
//
// The fixture is a [Fixture]; a [File]; JSON as []byte, [json.RawMessage] or string; a [client.Integration], which is
// served as it was received; or any other value that marshals to JSON, such as a gen.Integration or a map. A fixture
// that violates the contract is refused with its violations.
func WithFixture(slug string, fixture any) ServerOption {
	return func(h *Handler) error { return h.catalog.addFixture(slug, fixture, false) }
}

// WithBrokenFixture is [WithFixture] for a fixture that violates the contract on purpose. It need not be JSON. A
// fixture that conforms is refused, because the test would not test what it is meant to.
func WithBrokenFixture(slug string, fixture any) ServerOption {
	return func(h *Handler) error { return h.catalog.addFixture(slug, fixture, true) }
}

// newFixture converts an argument of WithFixture to a Fixture.
func newFixture(from any) (f Fixture, err error) {
	switch v := from.(type) {
	case Fixture:
		f = v
	case File:
		f.Body, err = v.read()
	case []byte:
		f.Body = v
	case json.RawMessage:
		f.Body = v
	case string:
		f.Body = []byte(v)
	case *client.Integration:
		if v == nil {
			return f, errors.New("it is a nil *client.Integration")
		}
		f.Body = v.RawJSON()
	default:
		if f.Body, err = marshal(from); err != nil {
			return f, fmt.Errorf("it does not marshal: %w", err)
		}
	}
	f.Body = bytes.Clone(f.Body)
	if f.Status == 0 {
		f.Status = http.StatusOK
	}
	if f.ContentType == "" {
		f.ContentType = jsonType
	}
	return f, err
}

// check returns why a fixture cannot be served. A broken fixture must violate the contract.
func (f Fixture) check(broken bool) error {
	report, err := checkBody(context.Background(), f.Status, f.ContentType, f.Body, redactor(nil))
	switch {
	case err != nil:
		return err
	case broken && report.Conforms():
		return errors.New("it is declared broken, but conforms to the contract")
	case !broken && !report.Conforms():
		return fmt.Errorf("it violates the contract; to serve it all the same, declare it broken:%s", list(report.Violations))
	}
	return nil
}

func (f File) read() ([]byte, error) {
	info, err := os.Stat(string(f))
	if err != nil {
		return nil, withoutPath(err)
	}
	if !info.Mode().IsRegular() { // A pipe could block, and a device may have no end.
		return nil, errors.New("it is not a regular file")
	}
	file, err := os.Open(string(f))
	if err != nil {
		return nil, withoutPath(err)
	}
	defer file.Close()
	body, err := io.ReadAll(io.LimitReader(file, MaxFixtureBytes+1))
	if err != nil {
		return nil, withoutPath(err)
	}
	if len(body) > MaxFixtureBytes {
		return nil, fmt.Errorf("it is larger than %d MiB", MaxFixtureBytes>>20)
	}
	return body, nil
}

// withoutPath removes the path from an error, for messages that already name the file.
func withoutPath(err error) error {
	if e, ok := errors.AsType[*fs.PathError](err); ok {
		return e.Err
	}
	return err
}

// patch returns a copy of a JSON value with the value at a pointer set or, if with is nil, removed.
func patch(value jsontext.Value, pointer string, with jsontext.Value) (jsontext.Value, error) {
	p := jsontext.Pointer(pointer)
	if !p.IsValid() {
		return nil, errors.New("not a JSON Pointer")
	}
	var path []string
	for token := range p.Tokens() {
		path = append(path, token)
	}
	if len(path) == 0 && with == nil {
		return nil, errors.New("nothing would be left")
	}
	return patchAt(value, path, with)
}

func patchAt(value jsontext.Value, path []string, with jsontext.Value) (jsontext.Value, error) {
	if len(path) == 0 {
		return with, nil
	}
	kind, parts, err := split(value)
	if err != nil {
		return nil, err
	}
	at := -1
	for i, part := range parts {
		if part.name == path[0] {
			at = i
		}
	}
	last := len(path) == 1
	switch {
	case at < 0 && last && with != nil && (kind == '{' || path[0] == "-"):
		parts = append(parts, part{path[0], with})
	case at < 0:
		return nil, fmt.Errorf("there is no %q", path[0])
	case last && with == nil:
		parts = append(parts[:at], parts[at+1:]...)
	default:
		if parts[at].value, err = patchAt(parts[at].value, path[1:], with); err != nil {
			return nil, err
		}
	}
	return join(kind, parts)
}

// A part is a property of an object, or an item of an array with its index as name.
type part struct {
	name  string
	value jsontext.Value
}

// split returns the parts of an object or array. Values keep their spelling.
func split(value jsontext.Value) (jsontext.Kind, []part, error) {
	d := jsontext.NewDecoder(bytes.NewReader(value))
	kind := d.PeekKind()
	if kind != '{' && kind != '[' {
		return kind, nil, errors.New("there is no object or array that leads to it")
	}
	if _, err := d.ReadToken(); err != nil {
		return kind, nil, err
	}
	var parts []part
	for d.PeekKind() != '}' && d.PeekKind() != ']' {
		p := part{name: strconv.Itoa(len(parts))}
		if kind == '{' {
			name, err := d.ReadToken()
			if err != nil {
				return kind, nil, err
			}
			p.name = name.String()
		}
		v, err := d.ReadValue()
		if err != nil {
			return kind, nil, err
		}
		p.value = v.Clone()
		parts = append(parts, p)
	}
	return kind, parts, nil
}

func join(kind jsontext.Kind, parts []part) (jsontext.Value, error) {
	b := []byte{byte(kind)}
	for i, p := range parts {
		if i > 0 {
			b = append(b, ',')
		}
		if kind == '{' {
			var err error
			if b, err = jsontext.AppendQuote(b, p.name); err != nil {
				return nil, err
			}
			b = append(b, ':')
		}
		b = append(b, p.value...)
	}
	return append(b, byte(kind)+2), nil // '}' and ']' come two after '{' and '['
}

// checkSlug checks a slug against its schema in the contract.
func checkSlug(slug string) error {
	schema := operation().Parameters.GetByInAndName(openapi3.ParameterInPath, "slug").Schema.Value
	if err := schema.VisitJSON(slug, openapi3.DisableSchemaErrorDetails()); err != nil {
		return errors.New("slug: " + reason(err))
	}
	return nil
}

// list formats findings, one on each line.
func list(findings []client.Finding) string {
	var b strings.Builder
	for _, f := range findings {
		b.WriteString("\n\t" + f.String())
	}
	return b.String()
}
