package contracttest

import (
	"maps"
	"net/http"

	"github.com/portkey-integration/portkey-integration-go/gen"
)

const (
	jsonType    = "application/json"
	traceHeader = "X-Portkey-Trace-Id"
)

// A response is a response to send. Its header and body are shared between requests and must not be modified.
type response struct {
	status int
	header http.Header
	body   []byte
}

func (f Fixture) response() response {
	return response{f.Status, http.Header{"Content-Type": {f.ContentType}}, f.Body}
}

// with returns the response with a header set.
func (r response) with(name, value string) response {
	r.header = maps.Clone(r.header)
	r.header.Set(name, value)
	return r
}

// respond returns the response to a request, as changed by its fault, and the fault.
func (h *Handler) respond(request Request, problems []problem) (response, Fault) {
	if len(problems) > 0 {
		return problems[0].response(), Fault{}
	}
	if !request.Authorized {
		return exampleResponse("unauthorized"), Fault{}
	}
	slug, r, ok := h.catalog.find(request.Slug, h.logger)
	if !ok {
		r = exampleResponse("not-found")
	}
	fault := h.faults.next(slug)
	return fault.change(r), fault
}

// exampleResponse returns the contract's example with that name.
func exampleResponse(name string) response { return Example(name).response() }

// newError returns an error in the API's main shape, with the message under data.
func newError(status int, code, message string) response {
	data := gen.ErrorData{Message: message, ErrorCode: code}
	success := false
	body, err := marshal(gen.ErrorResponse{Success: &success, Data: &data})
	if err != nil {
		panic(err) // strings and a boolean always marshal
	}
	return Fixture{Status: status, ContentType: jsonType, Body: body}.response()
}
