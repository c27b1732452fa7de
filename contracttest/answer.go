package contracttest

import (
	"encoding/json"
	"net/http"

	"github.com/portkey-integration/portkey-integration-go/gen"
)

const (
	jsonType    = "application/json"
	traceHeader = "X-Portkey-Trace-Id"
)

// An answer is what the server is about to send. Its parts are shared between requests and never changed in place.
type answer struct {
	status int
	header http.Header
	body   []byte
}

// answer chooses the answer to a request and the fault that befalls it.
func (h *Handler) answer(request Request, problems []problem) (answer, Fault) {
	if len(problems) > 0 {
		return problems[0].answer(), Fault{}
	}
	if !request.Authorized {
		return errorAnswer("unauthorized"), Fault{}
	}
	slug := request.Slug
	if named, ok := h.slugs[slug]; ok {
		slug = named
	}
	a, ok := h.named[slug]
	if !ok {
		a = errorAnswer("not-found")
	}
	fault := h.faults.next(slug)
	return fault.change(a), fault
}

// serve makes a body the answer for a slug and for the id in it, in place of an earlier one.
func (h *Handler) serve(slug string, body []byte) {
	for id, named := range h.slugs {
		if named == slug {
			delete(h.slugs, id)
		}
	}
	h.named[slug] = answer{http.StatusOK, http.Header{"Content-Type": {jsonType}}, body}
	var integration struct{ ID string }
	if json.Unmarshal(body, &integration) == nil && integration.ID != "" {
		h.slugs[integration.ID] = slug
	}
}

// errorAnswer is the contract's error example of that name.
func errorAnswer(name string) answer {
	for _, e := range loadExamples() {
		if e.Name == name {
			return answer{e.Status, http.Header{"Content-Type": {e.ContentType}}, e.Body}
		}
	}
	panic("contracttest: the contract has no example " + name)
}

// newError is an error in the API's main shape.
func newError(status int, code, message string) answer {
	data := gen.ErrorData{Message: message, ErrorCode: code}
	success := false
	body, err := marshal(gen.ErrorResponse{Success: &success, Data: &data})
	if err != nil {
		panic(err) // strings and a boolean always marshal
	}
	return answer{status, http.Header{"Content-Type": {jsonType}}, body}
}
