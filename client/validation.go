package client

import (
	"cmp"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

// Validation is what happens to an answer that breaks the contract.
type Validation uint8

const (
	// ValidationStrict returns a [*ValidationError] and no result.
	ValidationStrict Validation = iota
	// ValidationReport returns the result, with all that can be decoded, and says in its Report what is wrong.
	ValidationReport
	// ValidationOff does not look.
	ValidationOff
)

var validationNames = []string{"strict", "report", "off"}

func (v Validation) String() string {
	if int(v) < len(validationNames) {
		return validationNames[v]
	}
	return fmt.Sprintf("Validation(%d)", v)
}

// UnmarshalText reads "strict", "report" or "off".
func (v *Validation) UnmarshalText(text []byte) error {
	i := slices.Index(validationNames, string(text))
	if i < 0 {
		return fmt.Errorf("%q is not one of %s", text, strings.Join(validationNames, ", "))
	}
	*v = Validation(i)
	return nil
}

// MarshalText writes what UnmarshalText reads.
func (v Validation) MarshalText() ([]byte, error) { return []byte(v.String()), nil }

// Report is what a check of an answer against the contract found.
type Report struct {
	// Provider is the provider of the integration; empty for the answer to a failed request.
	Provider Provider `json:"provider,omitempty"`
	// Violations break the contract: something is missing, of a wrong type, out of range, of a bad format, or a secret
	// that is not masked.
	Violations []Finding `json:"violations"`
	// Drift is more than the contract knows: a property that it does not name, or a value outside an
	// x-extensible-enum. It is never an error; it says that the contract has grown.
	Drift []Finding `json:"drift"`
}

// Conforms reports whether there is no violation. Drift does not count.
func (r Report) Conforms() bool { return len(r.Violations) == 0 }

// Finding is one place where an answer and the contract differ. It never holds a value of the answer.
type Finding struct {
	Pointer string `json:"pointer"` // Where, as a JSON Pointer (RFC 6901); "" is the whole body.
	Keyword string `json:"keyword"` // The keyword of the schema that says so, for example "required" or "writeOnly".
	Reason  string `json:"reason"`
}

func (f Finding) String() string {
	return fmt.Sprintf("%s: %s", cmp.Or(f.Pointer, "the body"), f.Reason)
}

// ErrUndocumentedStatus is returned by [Check] for a status that the contract does not document.
var ErrUndocumentedStatus = errors.New("the contract documents no such status")

// Check compares the body of an answer with the contract: for status 200 with the schema Integration, for others with
// the schema of that error. It returns a [*DecodeError] for a body that is not JSON (RFC 8259, with no duplicate names
// and valid UTF-8), and [ErrUndocumentedStatus].
func Check(status int, body []byte) (Report, error) {
	if status == http.StatusOK {
		c, err := checkIntegration(body)
		if err != nil {
			return Report{}, err
		}
		return c.report(), nil
	}
	value, err := parse(status, body)
	if err != nil {
		return Report{}, err
	}
	contract := loadContract()
	schema := contract.errors[status]
	if schema == nil {
		return Report{}, fmt.Errorf("status %d: %w", status, ErrUndocumentedStatus)
	}
	c := &checked{body: body, value: value, schema: schema}
	if err := schema.VisitJSON(value, contract.all...); err != nil {
		c.violations = findings(err)
	}
	return c.report(), nil
}

// checked is an answer that was compared with the contract.
type checked struct {
	body       []byte
	value      any // What the body holds.
	provider   Provider
	schema     *openapi3.Schema // The schema that the value was compared with.
	violations []Finding
	drift      []Finding // Nil until it was looked for.
}

func checkIntegration(body []byte) (*checked, error) {
	value, err := parse(http.StatusOK, body)
	if err != nil {
		return nil, err
	}
	c := &checked{body: body, value: value}
	c.verdict(loadContract())
	return c, nil
}

// hasContentType reports whether the header Content-Type is the contract's.
func hasContentType(header http.Header) bool {
	text := header.Get("Content-Type")
	if text == "application/json" || text == "application/json; charset=utf-8" {
		return true // What almost every answer has, without parsing it.
	}
	mediaType, _, _ := mime.ParseMediaType(text)
	return mediaType == "application/json"
}

// verdict compares the value with the document's schema of an integration. It does so by way of the member that the
// configuration is meant to be: if the answer fits with that member, then it fits the document, whose union the member
// is part of. The document's own schema is asked where that does not settle it.
func (c *checked) verdict(k *contract) {
	object, _ := c.value.(map[string]any)
	providerID, _ := object["ai_provider_id"].(string)
	configurations, _ := object["configurations"].(map[string]any)
	provider := k.byProviderID[providerID]
	candidate := configurationOf(k, providerID, configurations)
	c.schema = candidate.answer
	c.provider = providerOf(k, providerID, candidate)
	if len(configurations) == 0 {
		candidate = k.configurations[len(k.configurations)-1]
	}
	// The guards in allOf ask no more of a provider's own configuration than its schema does, nothing of an empty one,
	// and nothing where the provider is unknown.
	guarded := provider != nil && provider != candidate && len(configurations) > 0
	if !guarded && candidate.answer.VisitJSON(c.value, k.first...) == nil {
		return
	}
	// What is wrong outside of configurations is so whatever the member. Of the rest the document's own schema is the
	// judge, slow as a union is to say no; where it says no, one of the schemas says why.
	c.explain(k, candidate.answer)
	if !slices.ContainsFunc(c.violations, outsideConfigurations) && k.integration.VisitJSON(c.value, k.first...) == nil {
		c.violations = nil
		return
	}
	if len(c.violations) == 0 && provider != nil {
		c.explain(k, provider.answer)
	}
	if len(c.violations) == 0 {
		c.explain(k, k.integration)
	}
}

func (c *checked) explain(k *contract, schema *openapi3.Schema) {
	c.schema = schema
	if err := schema.VisitJSON(c.value, k.all...); err != nil {
		c.violations = findings(err)
	}
}

func outsideConfigurations(f Finding) bool {
	return !strings.HasPrefix(f.Pointer+"/", "/configurations/")
}

func (c *checked) report() Report {
	c.findDrift()
	r := Report{Provider: c.provider, Violations: c.violations, Drift: c.drift}
	if r.Violations == nil {
		r.Violations = []Finding{}
	}
	return r
}

// findDrift looks for drift, once: most callers never ask.
func (c *checked) findDrift() {
	if c.drift != nil {
		return
	}
	d := drift{contract: loadContract(), findings: []Finding{}}
	d.walk(c.schema, c.value, "")
	c.drift = d.findings
}

// findings turns kin-openapi's errors into ours. Its own texts are left out: they can quote the value.
func findings(err error) []Finding {
	var list []Finding
	var collect func(error)
	collect = func(err error) {
		switch e := err.(type) {
		case openapi3.MultiError:
			for _, err := range e {
				collect(err)
			}
		case *openapi3.SchemaError:
			if nested := (openapi3.MultiError)(nil); e.SchemaField == "allOf" && errors.As(e.Origin, &nested) {
				collect(nested)
				return
			}
			list = append(list, Finding{Pointer: pointer(e.JSONPointer()), Keyword: e.SchemaField, Reason: reason(e)})
		default:
			list = append(list, Finding{Reason: "the value cannot be checked"})
		}
	}
	collect(err)
	slices.SortFunc(list, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(a.Pointer, b.Pointer), cmp.Compare(a.Keyword, b.Keyword))
	})
	return slices.Compact(list)
}

// reason says what the schema wants, and of the value no more than its type.
func reason(e *openapi3.SchemaError) string {
	s := e.Schema
	switch e.SchemaField {
	case "required":
		return "a required property is missing"
	case "type":
		return fmt.Sprintf("want %s, got %s", strings.Join(s.Type.Slice(), " or "), kindOf(e.Value))
	case "nullable":
		return "null is not allowed"
	case "enum":
		return fmt.Sprintf("want one of %v", s.Enum)
	case "format":
		return fmt.Sprintf("want the format %s", s.Format)
	case "pattern":
		return fmt.Sprintf("want a match of %s", s.Pattern)
	case "minimum":
		return fmt.Sprintf("want at least %v", *s.Min)
	case "maximum":
		return fmt.Sprintf("want at most %v", *s.Max)
	case "minLength":
		return fmt.Sprintf("want at least %d characters", s.MinLength)
	case "maxLength":
		return fmt.Sprintf("want at most %d characters", *s.MaxLength)
	case "minItems":
		return fmt.Sprintf("want at least %d items", s.MinItems)
	case "maxItems":
		return fmt.Sprintf("want at most %d items", *s.MaxItems)
	case "writeOnly":
		return "a secret must not be in an answer, only its masked form may"
	case "not":
		if d := s.Not.Value.Description; d != "" {
			return strings.TrimSuffix(d, ".")
		}
		return "the property belongs to the configuration of another provider"
	case "anyOf":
		return "no alternative of the schema fits"
	}
	return "the schema does not allow it"
}

func kindOf(value any) string {
	switch value.(type) {
	case nil:
		return "null"
	case bool:
		return "boolean"
	case float64:
		return "number"
	case string:
		return "string"
	case []any:
		return "array"
	}
	return "object"
}

var pointerEscaper = strings.NewReplacer("~", "~0", "/", "~1")

func pointer(path []string) string {
	var b strings.Builder
	for _, token := range path {
		b.WriteString("/" + pointerEscaper.Replace(token))
	}
	return b.String()
}
