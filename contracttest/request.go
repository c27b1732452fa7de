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
	Path       string      // as sent, with escapes and the path prefix, without the query; a key in it is replaced
	Slug       string      // unescaped; empty if the path is not …/integrations/{slug}
	Query      url.Values  // the parameters that the contract has
	Header     http.Header // without those that contain credentials
	HasAPIKey  bool        // whether it had a key, right or wrong
	Authorized bool        // whether the key was right
	Status     int         // status code of the response; 0 if a fault prevented it
	TraceID    string      // of the response
	Fault      string      // the fault that was applied, as [Fault.String] describes it; "" for none
	Problems   []string    // how the request violates the contract, without values of parameters; at most 20
}

// maxProblems bounds what is told of one request.
const maxProblems = 20

// A problem is a way in which a request violates the contract, and the status code of the error that it gets.
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

// check holds a request against the contract. The problem that decides the response comes first.
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

// operationSlug is the slug in a path of the operation: one segment, not empty.
func operationSlug(escapedPath, prefix string) (string, bool) {
	segment, ok := strings.CutPrefix(escapedPath, prefix+pathStart)
	if !ok || segment == "" || strings.Contains(segment, "/") {
		return "", false
	}
	slug, err := url.PathUnescape(segment)
	return slug, err == nil
}

// checkParameters says which parameters break the contract, and how.
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

// reason is the part of a validator's error that holds no value.
func reason(err error) string {
	if broken, ok := errors.AsType[*openapi3.SchemaError](err); ok {
		return broken.Reason
	}
	return "does not match the contract"
}

// credentials finds the key of a request as the API does: the header of its own first.
func credentials(header http.Header) (key string, present bool) {
	if key := header.Get("x-portkey-api-key"); key != "" {
		return key, true
	}
	scheme, token, _ := strings.Cut(header.Get("Authorization"), " ")
	return strings.TrimSpace(token), strings.EqualFold(scheme, "Bearer") && strings.TrimSpace(token) != ""
}

// withoutCredentials copies headers, less those that by name may carry a secret.
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
