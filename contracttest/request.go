package contracttest

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"

	"github.com/portkey-integration/portkey-integration-go/internal/text"
)

// A Request is a request that a server received. It contains no credentials.
type Request struct {
	Time       time.Time
	Method     string
	Path       string      // as sent, with escapes and the path prefix, without the query; [Redacted] replaces a key in it
	Slug       string      // unescaped; empty if the path is not …/integrations/{slug}
	Query      url.Values  // the parameters that are in the contract
	Header     http.Header // without those that may contain credentials
	HasAPIKey  bool        // whether it had a key, valid or not
	Authorized bool        // whether the key was valid
	Status     int         // status code of the response; 0 if a fault prevented it
	TraceID    string      // of the response
	Fault      string      // the fault that was applied, as [Fault.String] describes it; "" for none
	Problems   []string    // how the request violates the contract, without values of parameters; at most 20
}

// maxProblems limits the problems reported for one request.
const maxProblems = 20

// A problem is a violation of the contract by a request, with the status code of the error response.
type problem struct {
	status  int
	message string
}

func (p problem) response() response {
	switch p.status {
	case http.StatusUnauthorized:
		return exampleResponse("unauthorized")
	case http.StatusNotFound:
		return newError(p.status, "AB02", p.message)
	case http.StatusMethodNotAllowed:
		return newError(p.status, "", p.message).with("Allow", "GET, HEAD")
	default:
		return newError(http.StatusBadRequest, "AB01", p.message)
	}
}

// check checks a request against the contract. The first problem determines the response.
func (h *Handler) check(r *http.Request) (Request, []problem) {
	var problems []problem
	add := func(status int, format string, args ...any) {
		problems = append(problems, problem{status, fmt.Sprintf(format, args...)})
	}

	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		add(http.StatusMethodNotAllowed, "method %s: want GET (or HEAD)", text.Line(r.Method, 20))
	}
	slug, ok := operationSlug(r.URL.EscapedPath(), h.prefix)
	if !ok {
		add(http.StatusNotFound, "path: want %s%s", h.prefix, pathTemplate)
	}
	key, present := credentials(r.Header)
	if !present {
		add(http.StatusUnauthorized, "no key: want the header x-portkey-api-key, or Authorization: Bearer")
	}
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		add(http.StatusBadRequest, "query: not a well-formed query string")
	}
	if ok {
		for _, message := range checkParameters(r, slug, query) {
			add(http.StatusBadRequest, "%s", message)
		}
	}
	if r.ContentLength != 0 {
		add(http.StatusBadRequest, "body: the operation takes none")
	}

	if len(problems) > maxProblems {
		problems = problems[:maxProblems]
	}
	record := Request{
		Time:       time.Now(),
		Method:     r.Method,
		Path:       redactor(nil, key)(r.URL.EscapedPath()),
		Slug:       slug,
		Query:      url.Values{},
		Header:     withoutCredentials(r.Header),
		HasAPIKey:  present,
		Authorized: key == h.apiKey,
	}
	for _, p := range operation().Parameters {
		if values, ok := query[p.Value.Name]; ok && p.Value.In == openapi3.ParameterInQuery {
			record.Query[p.Value.Name] = values
		}
	}
	for _, p := range problems {
		record.Problems = append(record.Problems, p.message)
	}
	return record, problems
}

// operationSlug returns the slug in a path of the operation: a single non-empty segment.
func operationSlug(escapedPath, prefix string) (string, bool) {
	segment, ok := strings.CutPrefix(escapedPath, prefix+pathStart)
	if !ok || segment == "" || strings.Contains(segment, "/") {
		return "", false
	}
	slug, err := url.PathUnescape(segment)
	return slug, err == nil
}

// checkParameters returns how the parameters violate the contract.
func checkParameters(r *http.Request, slug string, query url.Values) []string {
	var found []string
	known := map[string]bool{}
	input := &openapi3filter.RequestValidationInput{
		Request:     r,
		PathParams:  map[string]string{"slug": slug},
		QueryParams: query,
		Route:       &routers.Route{Spec: loadContract(), Operation: operation()},
		Options: &openapi3filter.Options{
			SchemaValidationOptions: []openapi3.SchemaValidationOption{openapi3.DisableSchemaErrorDetails()},
		},
	}
	for _, ref := range operation().Parameters {
		p := ref.Value
		if p.In == openapi3.ParameterInQuery {
			known[p.Name] = true
			if len(query[p.Name]) > 1 {
				found = append(found, fmt.Sprintf("%s parameter %s: given %d times", p.In, p.Name, len(query[p.Name])))
				continue
			}
		}
		if err := openapi3filter.ValidateParameter(r.Context(), input, p); err != nil {
			found = append(found, fmt.Sprintf("%s parameter %s: %s", p.In, p.Name, reason(err)))
		}
	}
	for name := range query {
		if !known[name] {
			found = append(found, fmt.Sprintf("query parameter %s: not in the contract", text.Line(name, 60)))
		}
	}
	slices.Sort(found)
	return found
}

// reason returns the part of a validation error that contains no value.
func reason(err error) string {
	if broken, ok := errors.AsType[*openapi3.SchemaError](err); ok {
		return broken.Reason
	}
	return "does not match the contract"
}

// credentials returns the key of a request. As in the API, x-portkey-api-key has precedence over Authorization.
func credentials(header http.Header) (key string, present bool) {
	if key := header.Get("x-portkey-api-key"); key != "" {
		return key, true
	}
	scheme, token, _ := strings.Cut(header.Get("Authorization"), " ")
	return strings.TrimSpace(token), strings.EqualFold(scheme, "Bearer") && strings.TrimSpace(token) != ""
}

// withoutCredentials returns a copy of the headers without those whose names suggest a secret.
func withoutCredentials(header http.Header) http.Header {
	kept := header.Clone()
	for name := range kept {
		for _, word := range []string{"auth", "cookie", "key", "token", "secret", "password", "credential"} {
			if strings.Contains(strings.ToLower(name), word) {
				delete(kept, name)
			}
		}
	}
	return kept
}
