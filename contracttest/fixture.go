package contracttest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/portkey-integration/portkey-integration-go/client"
	"github.com/portkey-integration/portkey-integration-go/contract"
)

// WithFixture serves an integration of one's own under a slug, and under the id in it. It takes the place of a named
// example of the same name.
//
// A fixture is a [gen.Integration] or a pointer to one, JSON as []byte, [json.RawMessage] or string, a
// [client.Integration] that was retrieved before (served as it was received), or anything else that marshals to JSON,
// such as a map. A fixture that breaks the contract is refused, with findings.
//
// [gen.Integration]: https://pkg.go.dev/github.com/portkey-integration/portkey-integration-go/gen#Integration
func WithFixture(slug string, fixture any) ServerOption {
	return func(h *Handler) error {
		body, err := fixtureBody(slug, fixture)
		if err != nil {
			return err
		}
		report, err := contract.Check(http.StatusOK, body)
		if err != nil {
			return fmt.Errorf("fixture %q is not an answer: %w", slug, err)
		}
		if !report.Conforms() {
			return fmt.Errorf("fixture %q breaks the contract (WithBrokenFixture serves it all the same):%s", slug, list(report.Violations))
		}
		h.serve(slug, body)
		return nil
	}
}

// WithBrokenFixture is [WithFixture] for a fixture that is meant to break the contract. It need not be JSON. A fixture
// that conforms is refused: a test that relies on its being broken would prove nothing.
func WithBrokenFixture(slug string, fixture any) ServerOption {
	return func(h *Handler) error {
		body, err := fixtureBody(slug, fixture)
		if err != nil {
			return err
		}
		if report, err := contract.Check(http.StatusOK, body); err == nil && report.Conforms() {
			return fmt.Errorf("fixture %q conforms to the contract: serve it with WithFixture", slug)
		}
		h.serve(slug, body)
		return nil
	}
}

func fixtureBody(slug string, fixture any) ([]byte, error) {
	if err := checkSlug(slug); err != nil {
		return nil, fmt.Errorf("fixture %q: %w", slug, err)
	}
	switch v := fixture.(type) {
	case []byte:
		return bytes.Clone(v), nil
	case json.RawMessage:
		return bytes.Clone(v), nil
	case string:
		return []byte(v), nil
	case *client.Integration:
		if v == nil {
			return nil, fmt.Errorf("fixture %q is a nil *client.Integration", slug)
		}
		return bytes.Clone(v.RawJSON()), nil
	}
	body, err := marshal(fixture)
	if err != nil {
		return nil, fmt.Errorf("fixture %q does not marshal: %w", slug, err)
	}
	return body, nil
}

// checkSlug says what is wrong with a slug by the contract's rules.
func checkSlug(slug string) error {
	schema := operation().Parameters.GetByInAndName(openapi3.ParameterInPath, "slug").Schema.Value
	if err := schema.VisitJSON(slug, openapi3.DisableSchemaErrorDetails()); err != nil {
		return errors.New("slug: " + reason(err))
	}
	return nil
}

// list puts findings on lines of their own.
func list(findings []client.Finding) string {
	var b strings.Builder
	for _, f := range findings {
		b.WriteString("\n\t" + f.String())
	}
	return b.String()
}
