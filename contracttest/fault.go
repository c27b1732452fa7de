package contracttest

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

// AnySlug stands for every slug in [WithFault], [Handler.SetFault] and [Server.SetFault]. Faults of a slug's own come first.
const AnySlug = "*"

// UnmaskedSecret is the secret that [Fault.UnmaskedSecret] puts into an answer. A test can look for it where it must
// not appear, such as in a log.
const UnmaskedSecret = "sk-contracttest-unmasked-secret-4f1c"

// A Fault is a way for the server to misbehave once a request has passed its checks.
//
// Times, Delay, Header and RetryAfter combine with everything. Status, Code and Message make an error; Body, HTML,
// Redirect, UnmaskedSecret and Drift say what is answered instead of the integration, and exclude each other; Hang,
// Reset, Truncate and Stall say how the answer is broken off, and exclude each other too.
type Fault struct {
	Times int // number of requests it strikes; 0 for all of them

	Delay      time.Duration // time before the answer
	Header     http.Header   // headers to set; a nil value removes the header
	RetryAfter string        // the Retry-After header: seconds, an HTTP date, or nonsense

	Status  int    // status of the answer; without another body, an error of the API's main shape is sent
	Code    string // code of the error, for example "AB06"; by default that of the contract's example of the status
	Message string // message of the error; by default that of the contract's example of the status

	Body           []byte // body of the answer, as it is; empty but not nil for none
	HTML           bool   // a gateway's page, with status 502 unless Status says otherwise
	Redirect       string // URL of a redirect, with status 302 unless Status says otherwise
	UnmaskedSecret bool   // the integration with its secrets unmasked, each as [UnmaskedSecret]
	Drift          bool   // the integration with a property and a value that the contract does not know

	Hang     bool // no answer until the client gives up or the server closes
	Reset    bool // connection reset before the answer; on a reused connection net/http tries once more by itself
	Truncate bool // connection closed in the middle of the body
	Stall    bool // half the body, then nothing until the client gives up or the server closes
}

// WithFault makes requests for a slug, or for [AnySlug], meet faults: in the order given, each as many times as it
// says, then none.
func WithFault(slug string, faults ...Fault) ServerOption {
	return func(h *Handler) error { return h.SetFault(slug, faults...) }
}

// SetFault replaces the faults of a slug, also while the server runs. Without faults, it ends those there are.
func (h *Handler) SetFault(slug string, faults ...Fault) error {
	if slug != AnySlug {
		if err := checkSlug(slug); err != nil {
			return fmt.Errorf("fault of %q: %w", slug, err)
		}
	}
	for i, f := range faults {
		if err := f.check(); err != nil {
			return fmt.Errorf("fault %d of %q: %w", i, slug, err)
		}
	}
	h.faults.set(slug, faults)
	return nil
}

func (f Fault) check() error {
	var errs []error
	if f.Times < 0 {
		errs = append(errs, errors.New("field Times is negative"))
	}
	if f.Status != 0 && (f.Status < 200 || f.Status > 999) {
		errs = append(errs, fmt.Errorf("field Status is %d, not one that ends an exchange, 200 to 999", f.Status))
	}
	if count(f.Body != nil, f.HTML, f.Redirect != "", f.UnmaskedSecret, f.Drift, f.Code != "" || f.Message != "") > 1 {
		errs = append(errs, errors.New("want one of Body, HTML, Redirect, UnmaskedSecret, Drift, and an error's Code and Message"))
	}
	if count(f.Hang, f.Reset, f.Truncate, f.Stall) > 1 {
		errs = append(errs, errors.New("want one of Hang, Reset, Truncate, Stall"))
	}
	return errors.Join(errs...)
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

// change makes of an answer the one that the fault wants.
func (f Fault) change(a answer) answer {
	switch {
	case f.Body != nil:
		a.body = f.Body
	case f.HTML:
		a = errorAnswer("bad-gateway-page")
	case f.Redirect != "":
		a = answer{status: http.StatusFound, header: http.Header{"Location": {f.Redirect}}}
	case f.UnmaskedSecret:
		a.body = edit(a.body, unmask)
	case f.Drift:
		a.body = edit(a.body, drift)
	case f.Status != 0 || f.Code != "" || f.Message != "":
		a = f.failure()
	}
	if f.Status != 0 {
		a.status = f.Status
	}
	a.header = maps.Clone(a.header)
	if f.RetryAfter != "" {
		a.header.Set("Retry-After", f.RetryAfter)
	}
	for name, values := range f.Header {
		a.header[http.CanonicalHeaderKey(name)] = values
	}
	return a
}

// failure is the contract's example of the status, or an error with the fault's own code and message.
func (f Fault) failure() answer {
	if f.Code == "" && f.Message == "" {
		for _, e := range loadExamples() {
			if e.Status == f.Status && e.Status != http.StatusOK && e.ContentType == jsonType {
				return errorAnswer(e.Name)
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

// edit changes a body that is a JSON object, and leaves another alone.
func edit(body []byte, change func(map[string]any)) []byte {
	var object map[string]any
	if json.Unmarshal(body, &object) != nil || object == nil {
		return body
	}
	change(object)
	edited, err := marshal(object)
	if err != nil {
		return body
	}
	return edited
}

func unmask(integration map[string]any) {
	integration["key"] = UnmaskedSecret
	configuration, _ := integration["configurations"].(map[string]any)
	for name := range maps.Clone(configuration) {
		if plain, ok := strings.CutPrefix(name, "masked_"); ok {
			configuration[plain] = UnmaskedSecret
		}
	}
}

func drift(integration map[string]any) {
	integration["contracttest_drift"] = true
	integration["status"] = "contracttest_drift"
}

// deliver sends an answer, broken off as the fault wants. It panics with http.ErrAbortHandler to have net/http close
// the connection in the middle of an answer.
func (f Fault) deliver(w http.ResponseWriter, a answer, done <-chan struct{}) {
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
	maps.Copy(w.Header(), a.header)
	if len(a.body) > 0 {
		w.Header().Set("Content-Length", strconv.Itoa(len(a.body)))
	}
	w.WriteHeader(a.status)
	if f.Truncate || f.Stall {
		_, _ = w.Write(a.body[:len(a.body)/2])
		_ = http.NewResponseController(w).Flush()
		if f.Stall {
			<-done
		}
		panic(http.ErrAbortHandler)
	}
	_, _ = w.Write(a.body)
}

// reset closes the connection with a TCP reset where the writer allows it.
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

// faults are what is left to strike, by slug.
type faults struct {
	mu   sync.Mutex
	left map[string][]Fault
}

func (s *faults) set(slug string, faults []Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.left == nil {
		s.left = map[string][]Fault{}
	}
	s.left[slug] = append([]Fault(nil), faults...)
}

// next is the fault that a request for the slug meets, the zero Fault for none.
func (s *faults) next(slug string) Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, name := range []string{slug, AnySlug} {
		queue := s.left[name]
		if len(queue) == 0 {
			continue
		}
		f := queue[0]
		switch {
		case f.Times == 1:
			s.left[name] = queue[1:]
		case f.Times > 1:
			queue[0].Times--
		}
		return f
	}
	return Fault{}
}
