package client

import (
	"cmp"
	"context"
	"fmt"
	"mime"
	"net/http"
	"slices"
	"strings"

	"github.com/portkey-integration/portkey-integration-go/contract"
)

// Validation says what to do with a response that violates the contract.
type Validation uint8

const (
	// ValidationStrict returns a [*ValidationError] and no result.
	ValidationStrict Validation = iota
	// ValidationReport returns the result with every property that can be decoded. Its Report lists the violations.
	ValidationReport
	// ValidationOff does not check responses. [Integration.Report] still does when it is called.
	ValidationOff
)

var validationNames = []string{"strict", "report", "off"}

// String returns "strict", "report" or "off".
func (v Validation) String() string {
	if int(v) < len(validationNames) {
		return validationNames[v]
	}
	return fmt.Sprintf("Validation(%d)", v)
}

// UnmarshalText accepts "strict", "report" and "off".
func (v *Validation) UnmarshalText(text []byte) error {
	i := slices.Index(validationNames, string(text))
	if i < 0 {
		return fmt.Errorf("got %q, want one of %s", printable(string(text)), strings.Join(validationNames, ", "))
	}
	*v = Validation(i)
	return nil
}

// MarshalText returns what UnmarshalText accepts.
func (v Validation) MarshalText() ([]byte, error) { return []byte(v.String()), nil }

// result returns what the call returns for a complete response.
func (c *Client) result(ctx context.Context, slug string, x *exchange) (*Integration, error) {
	if x.response.StatusCode != http.StatusOK {
		return nil, x.apiError()
	}
	source := &source{
		body:         x.body,
		sent:         x.sent,
		wrongContent: !isJSON(x.response.Header),
		asked:        slug,
	}
	if c.validation == ValidationOff {
		return x.decoded(ctx, source, decode)
	}
	conforms, drifts := contract.Known(x.body)
	if conforms && !source.wrongContent && c.reportHandler == nil {
		return x.decoded(ctx, source, decode)
	}
	integration, decodeErr := x.decoded(ctx, source, decodeWhatFits)
	if conforms && !drifts && len(source.findings(integration)) == 0 {
		return integration, decodeErr
	}
	report, err := source.check(ctx, integration, c.reportHandler == nil)
	if ctx.Err() != nil {
		return nil, x.failure(ctx, ctx.Err())
	}
	if err != nil {
		return nil, decodeErr // Not JSON.
	}
	if c.reportHandler != nil && len(report.Violations)+len(report.Drift) > 0 {
		c.reportHandler(ctx, report)
	}
	if c.validation == ValidationStrict && !report.Conforms() {
		return nil, &ValidationError{ResponseInfo: x.info(), Report: report}
	}
	return integration, decodeErr
}

// decoded returns the integration in a response, decoded with decode.
func (x *exchange) decoded(ctx context.Context, s *source, decode decoder) (*Integration, error) {
	integration := &Integration{source: s}
	err := decode(ctx, s.body, &integration.Integration)
	switch {
	case err != nil && ctx.Err() != nil:
		return nil, x.failure(ctx, ctx.Err())
	case err != nil:
		return nil, &DecodeError{ResponseInfo: x.info(), DecodeError: *contract.NewDecodeError(s.body, err, s.redact())}
	}
	return integration, nil
}

// decoder is decode or decodeWhatFits.
type decoder = func(ctx context.Context, body []byte, to any) error

// isJSON reports whether the header Content-Type is application/json.
func isJSON(header http.Header) bool {
	text := header.Get("Content-Type")
	if text == "application/json" || text == "application/json; charset=utf-8" {
		return true // Almost every response has one of these; save the parsing.
	}
	mediaType, _, _ := mime.ParseMediaType(text)
	return mediaType == "application/json"
}

// source is what an integration was read from.
type source struct {
	body         []byte
	sent         *sent        // Nil if nothing was sent.
	wrongContent bool         // Content-Type is not application/json.
	asked        string       // The slug that was requested, if any.
	report       atomicReport // Nil until the body is checked.
}

// redact returns a function that redacts what was sent; nil if nothing was sent.
func (s *source) redact() func(string) string {
	if s.sent == nil {
		return nil
	}
	return s.sent.secrets().redact
}

// check makes the report. It does not keep one of violations only that found none: drift may be missing from it.
func (s *source) check(ctx context.Context, i *Integration, violationsOnly bool) (Report, error) {
	report, err := contract.Checker{Redact: s.redact(), ViolationsOnly: violationsOnly}.Check(ctx, http.StatusOK, s.body)
	if err != nil {
		return Report{}, err
	}
	for _, f := range s.findings(i) {
		to, more := &report.Violations, &report.MoreViolations
		if f.Keyword == keywordIdentity {
			to, more = &report.Drift, &report.MoreDrift
		}
		if len(*to) == contract.MaxFindings {
			*to = (*to)[:contract.MaxFindings-1]
			*more++
		}
		*to = append(*to, f)
		slices.SortStableFunc(*to, func(a, b Finding) int { return cmp.Compare(a.Pointer, b.Pointer) })
	}
	if !violationsOnly || !report.Conforms() {
		s.report.Store(&report)
	}
	return report, nil
}

const (
	keywordContent  = "content"  // OpenAPI's name for the media types of a response.
	keywordIdentity = "identity" // Not a schema keyword: the response is about another integration.
)

// findings returns the findings that do not follow from the body alone.
func (s *source) findings(i *Integration) (list []Finding) {
	if s.wrongContent {
		list = append(list, Finding{Keyword: keywordContent, Reason: "the header Content-Type is not application/json"})
	}
	if s.asked != "" && i != nil && s.asked != i.Slug && !strings.EqualFold(s.asked, i.ID) {
		list = append(list, Finding{
			Pointer: "/slug",
			Keyword: keywordIdentity,
			Reason:  "the response is about another integration than the one asked for",
		})
	}
	return list
}

// unchecked returns the report of an integration whose body was not checked.
func unchecked(reason string) Report {
	return Report{Violations: []Finding{{Keyword: "body", Reason: reason}}, Drift: []Finding{}}
}
