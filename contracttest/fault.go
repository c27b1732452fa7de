package contracttest

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

// AnySlug stands for every slug in [WithFault], [Handler.SetFault] and [Server.SetFault]. The faults of a request's own
// slug are applied first.
const AnySlug = "*"

// UnmaskedSecret is the secret that [Fault.UnmaskedSecret] puts into a response. A test can search for it where it must
// not appear, such as in a log.
const UnmaskedSecret = "sk-contracttest-unmasked-secret-4f1c"

// A Fault makes the server misbehave for a request that is otherwise valid. [ParseFault] creates one from text.
//
// Times, Probability and Delay combine with every fault, and Header and RetryAfter with every fault that sends a
// response. Status, Code and Message describe an error. At most one of Body, HTML, Redirect, UnmaskedSecret and Drift,
// which replace the response, may be set, and none of them with Code or Message. At most one of Hang, Reset, Truncate
// and Stall, which interrupt the exchange, may be set.
type Fault struct {
	Times       int     // number of requests to apply the fault to; 0 means no limit
	Probability float64 // of applying the fault to a request, above 0 and up to 1; 0 means 1

	Delay      time.Duration // wait before the response
	Header     http.Header   // headers to set; a nil value removes the header
	RetryAfter string        // the Retry-After header: seconds, an HTTP date, or an invalid value

	Status  int    // status code; unless another body is set, an error is sent: the contract's example for it, if any
	Code    string // error code, for example "AB06"; if Code or Message is set, the contract's example is not used
	Message string // error message; if only Code is set, the text of the status code, which is 500 by default

	Body           []byte // body of the response, sent unchanged; non-nil and empty for an empty body
	HTML           bool   // a gateway's HTML error page, with status code 502 unless Status is set
	Redirect       string // URL of a redirect, with status code 302 unless Status is set
	UnmaskedSecret bool   // the integration with its secrets unmasked, each set to [UnmaskedSecret]
	Drift          bool   // the integration with a property and a value that the contract does not have

	Hang     bool // no response until the client gives up or the server is closed
	Reset    bool // connection reset before the response; net/http retries by itself if the connection was reused
	Truncate bool // connection closed in the middle of the body
	Stall    bool // half of the body, then nothing until the client gives up or the server is closed
}

// WithFault adds faults for requests with a slug, or for all requests with [AnySlug]. Each request gets the first fault
// that has not been applied Times times yet, subject to its Probability. At the end of a test, a [Server] reports a
// fault that was applied fewer than Times times or never; if its Probability is below 1, one attempt is enough.
func WithFault(slug string, faults ...Fault) ServerOption {
	return func(h *Handler) error { return h.faults.set(slug, faults, true) }
}

// SetFault replaces the faults of a slug; without faults, it removes them. It may be called while the server is
// running. It returns an error if a fault contradicts itself or can never be applied, and then changes nothing.
func (h *Handler) SetFault(slug string, faults ...Fault) error {
	return h.faults.set(slug, faults, false)
}

// check returns an error if the fault is invalid or contradicts itself.
func (f Fault) check() error {
	var errs []error
	refuse := func(wrong bool, format string, args ...any) {
		if wrong {
			errs = append(errs, fmt.Errorf(format, args...))
		}
	}
	refuse(f.Times < 0, "times is negative")
	refuse(!(f.Probability >= 0 && f.Probability <= 1), "probability is not between 0 and 1")
	refuse(f.Delay < 0, "delay is negative")
	refuse(f.Status != 0 && (f.Status < 200 || f.Status > 999), "status is %d, not a status code from 200 to 999", f.Status)

	other := count(f.Body != nil, f.HTML, f.Redirect != "", f.UnmaskedSecret, f.Drift, f.Code != "" || f.Message != "")
	refuse(other > 1, "want one of body, HTML, redirect, unmasked secret, drift, and an error's code and message")
	refuse(count(f.Hang, f.Reset, f.Truncate, f.Stall) > 1, "want one of hang, reset, truncate, stall")
	refuse((f.Hang || f.Reset) && (other > 0 || f.Status != 0 || len(f.Header) > 0 || f.RetryAfter != ""),
		"hang and reset send no response, so none can be described")
	empty := f.Body != nil && len(f.Body) == 0 || f.Redirect != ""
	refuse((f.Truncate || f.Stall) && empty, "truncate and stall need a body to break off")
	refuse(f.bodiless() && (other > 0 && f.Redirect == "" && !empty || f.Truncate || f.Stall),
		"a response with status code %d has no body, so none can be described or broken off", f.Status)
	refuse(slices.ContainsFunc(slices.Concat(slices.Collect(maps.Values(f.Header))...), unsendable), "a header has a value that cannot be sent")
	refuse(unsendable(f.RetryAfter), "retry-after has a value that cannot be sent")
	return errors.Join(errs...)
}

// bodiless reports whether responses with the fault's status code have no body.
func (f Fault) bodiless() bool {
	return f.Status == http.StatusNoContent || f.Status == http.StatusNotModified
}

// unsendable reports whether net/http cannot send a header value unchanged.
func unsendable(value string) bool {
	return strings.ContainsFunc(value, func(r rune) bool { return r < ' ' && r != '\t' || r == '\x7f' })
}

func count(set ...bool) int {
	n := 0
	for _, b := range set {
		if b {
			n++
		}
	}
	return n
}

// change returns the response as changed by the fault.
func (f Fault) change(r response) response {
	switch {
	case f.Body != nil:
		r.body = f.Body
	case f.HTML:
		r = exampleResponse("bad-gateway-page")
	case f.Redirect != "":
		r = response{status: http.StatusFound, header: http.Header{"Location": {f.Redirect}}}
	case f.UnmaskedSecret:
		r.body = unmask(r.body)
	case f.Drift:
		r.body = set(set(r.body, "/contracttest_drift", true), "/status", "contracttest_drift")
	case f.Status != 0 || f.Code != "" || f.Message != "":
		r = f.failure()
	}
	if f.Status != 0 {
		r.status = f.Status
	}
	r.header = maps.Clone(r.header)
	if f.bodiless() {
		r.body = nil
		r.header.Del("Content-Type")
	}
	if f.RetryAfter != "" {
		r.header.Set("Retry-After", f.RetryAfter)
	}
	for name, values := range f.Header {
		r.header[http.CanonicalHeaderKey(name)] = values
	}
	return r
}

// failure returns the contract's example for the status code, or an error with the fault's own code and message.
func (f Fault) failure() response {
	if f.Code == "" && f.Message == "" {
		for _, e := range loadExamples() {
			if e.Status == f.Status && e.Status != http.StatusOK && e.ContentType == jsonType {
				return e.response()
			}
		}
	}
	status := f.Status
	if status == 0 {
		status = http.StatusInternalServerError
	}
	message := f.Message
	if message == "" {
		message = http.StatusText(status)
	}
	return newError(status, f.Code, message)
}

func unmask(body []byte) []byte {
	var integration struct{ Configurations map[string]any }
	_ = json.Unmarshal(body, &integration) // after an error, there are no configurations to change
	body = set(body, "/key", UnmaskedSecret)
	for _, name := range slices.Sorted(maps.Keys(integration.Configurations)) {
		if plain, ok := strings.CutPrefix(name, "masked_"); ok {
			body = set(body, jsontext.Pointer("/configurations").AppendToken(plain), UnmaskedSecret)
		}
	}
	return body
}

// set sets a property of a JSON object. It returns any other body unchanged.
func set(body []byte, pointer jsontext.Pointer, value any) []byte {
	with, err := marshal(value)
	if err != nil {
		return body
	}
	if changed, err := patch(body, string(pointer), with); err == nil {
		return changed
	}
	return body
}

// sending is the time limit for writing a response.
const sending = 30 * time.Second

// deliver sends a response, interrupted as the fault says. It panics with http.ErrAbortHandler to make net/http close
// the connection in the middle of a response.
func (f Fault) deliver(w http.ResponseWriter, r response, done <-chan struct{}) {
	if f.Delay > 0 {
		timer := time.NewTimer(f.Delay)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-done:
			panic(http.ErrAbortHandler)
		}
	}
	switch {
	case f.Hang:
		<-done
		panic(http.ErrAbortHandler)
	case f.Reset:
		reset(w)
		panic(http.ErrAbortHandler)
	}
	control := http.NewResponseController(w)
	_ = control.SetWriteDeadline(time.Now().Add(sending)) // Not every writer supports deadlines.
	maps.Copy(w.Header(), r.header)
	if len(r.body) > 0 {
		w.Header().Set("Content-Length", strconv.Itoa(len(r.body)))
	}
	w.WriteHeader(r.status)
	if f.Truncate || f.Stall {
		_, _ = w.Write(r.body[:len(r.body)/2])
		_ = control.Flush()
		if f.Stall {
			<-done
		}
		panic(http.ErrAbortHandler)
	}
	_, _ = w.Write(r.body)
}

// reset closes the connection with a TCP reset, if the writer can be hijacked.
func reset(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return // the abort that follows closes the connection
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = conn.Close()
}

// faults has the faults of each slug.
type faults struct {
	mu     sync.Mutex
	bySlug map[string][]*pendingFault
}

type pendingFault struct {
	Fault
	met    bool // whether a request could have got it, subject to its probability
	struck int  // number of requests that got it
}

func (f *pendingFault) spent() bool { return f.Times > 0 && f.struck == f.Times }

// endless reports whether every request gets the fault, so that later faults are never applied.
func (f *pendingFault) endless() bool {
	return f.Times == 0 && (f.Probability == 0 || f.Probability == 1)
}

// set replaces the faults of a slug or adds to them.
func (s *faults) set(slug string, list []Fault, add bool) error {
	if slug != AnySlug {
		if err := checkSlug(slug); err != nil {
			return fmt.Errorf("fault of %q: %w", slug, err)
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	var pending []*pendingFault
	if add {
		pending = slices.Clone(s.bySlug[slug])
	}
	for _, f := range list {
		n := len(pending)
		if err := f.check(); err != nil {
			return fmt.Errorf("fault %d of %q: %w", n+1, slug, err)
		}
		if n > 0 && pending[n-1].endless() {
			return fmt.Errorf("fault %d of %q is never applied: the one before it is applied to every request", n+1, slug)
		}
		pending = append(pending, &pendingFault{Fault: f})
	}
	if s.bySlug == nil {
		s.bySlug = map[string][]*pendingFault{}
	}
	s.bySlug[slug] = pending
	return nil
}

// next returns the fault to apply to a request for the slug, or the zero Fault.
func (s *faults) next(slug string) Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, name := range []string{slug, AnySlug} {
		for _, f := range s.bySlug[name] {
			if f.spent() {
				continue
			}
			f.met = true
			if f.Probability == 0 || rand.Float64() < f.Probability {
				f.struck++
				return f.Fault
			}
		}
	}
	return Fault{}
}

// unused describes the faults that were applied too few times. A fault with a probability below 1 is used once a
// request could have got it.
func (s *faults) unused() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var found []string
	for _, slug := range slices.Sorted(maps.Keys(s.bySlug)) {
		for _, f := range s.bySlug[slug] {
			want := max(f.Times, 1)
			if f.struck >= want || f.met && f.Probability > 0 && f.Probability < 1 {
				continue
			}
			found = append(found, fmt.Sprintf("fault %s of %q was applied %d of %d times", f, slug, f.struck, want))
		}
	}
	return found
}
