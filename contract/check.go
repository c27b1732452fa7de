package contract

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/portkey-integration/portkey-integration-go/gen"
)

const statusOK = http.StatusOK

// ErrUndocumentedStatus is the error that [Check] wraps for a status code that the contract does not document.
var ErrUndocumentedStatus = errors.New("the contract documents no such status code")

// Check compares the body of a response with the contract: with the schema Integration for status code 200, and with
// the error schema for other status codes. It returns a [*DecodeError] if the body is not JSON, and an error that wraps
// [ErrUndocumentedStatus] if the contract does not document the status code.
func Check(status int, body []byte) (Report, error) {
	return Checker{}.Check(context.Background(), status, body)
}

// Checker is [Check] with options. The zero value has none.
type Checker struct {
	// Redact, if not nil, is applied to each string of the body that the report repeats: id, slug, provider, and the
	// names in pointers. It is applied before the string is truncated or escaped, and is meant to remove credentials
	// that a server sent back.
	Redact func(string) string
	// ViolationsOnly leaves Drift empty for a body that conforms, which saves searching for it.
	ViolationsOnly bool
}

// Check is [Check] with the checker's options. It returns ctx.Err() if ctx ends before the check does.
func (c Checker) Check(ctx context.Context, status int, body []byte) (Report, error) {
	d := load()
	schema := d.responses[status]
	if schema == nil {
		return Report{}, fmt.Errorf("status code %d: %w", status, ErrUndocumentedStatus)
	}
	value, doubtful, err := parse(ctx, d, schema, body)
	switch {
	case err != nil && err == ctx.Err():
		return Report{}, err
	case err != nil:
		return Report{}, NewDecodeError(body, err, c.Redact)
	}
	w := walk{ctx: ctx, redact: c.Redact}
	if status == statusOK {
		w.name(value)
	}
	w.violating = doubtful || !conforms(schema, value, len(body))
	walked := w.violating || !c.ViolationsOnly
	if walked {
		w.visit(schema, value, true)
	}
	if w.err == nil {
		w.err = ctx.Err()
	}
	if w.err != nil {
		return Report{}, w.err
	}
	report := w.report()
	if status == statusOK && report.Conforms() {
		d.remember(body, !walked || len(report.Drift) > 0)
	}
	return report, nil
}

// oneCall is the size, in bytes, up to which kin-openapi checks a body in one call, which a context cannot cancel.
// Larger bodies are checked value by value (see walk).
const oneCall = 256 << 10

// conforms reports whether kin-openapi accepts value. For a large body it returns false, so that the walk decides.
//
// It does not set openapi3.VisitAsResponse, which matters only for writeOnly and takes half of the time: kin-openapi
// then sorts the property names of each schema for each object. Instead, parse marks a body with a writeOnly property
// as doubtful.
func conforms(n *node, value any, size int) bool {
	return size <= oneCall && n.schema.VisitJSON(value, yesOrNo...) == nil
}

var (
	byTheDocument = []openapi3.SchemaValidationOption{
		openapi3.DisableSchemaErrorDetails(),
		openapi3.WithStringFormatValidators(formats),
		openapi3.WithIntegerFormatValidators(map[string]openapi3.IntegerFormatValidator{
			"int64": openapi3.NewCallbackValidator(func(int64) error { return nil }), // kin-openapi checks the range before.
		}),
		openapi3.WithNumberFormatValidators(map[string]openapi3.NumberFormatValidator{
			"double": openapi3.NewCallbackValidator(func(float64) error { return nil }),
		}),
	}
	yesOrNo        = slices.Concat(byTheDocument, []openapi3.SchemaValidationOption{openapi3.FailFast()})
	everyViolation = slices.Concat(byTheDocument, []openapi3.SchemaValidationOption{openapi3.VisitAsResponse(), openapi3.MultiErrors()})
)

// name sets what identifies the integration: names and provider.
func (w *walk) name(value any) {
	object, _ := value.(map[string]any)
	configurations, _ := object["configurations"].(map[string]any)
	providerID, _ := object["ai_provider_id"].(string)
	id, _ := object["id"].(string)
	slug, _ := object["slug"].(string)
	w.provider = gen.ProviderOf(providerID, slices.Collect(maps.Keys(configurations)))
	w.names = Report{
		ID:       readable(id, maxID, w.redact),
		Slug:     readable(slug, maxID, w.redact),
		Provider: gen.Provider(readable(string(w.provider), maxID, w.redact)),
	}
}
