package contracttest

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

// DefaultAPIKey is the key that a server takes unless [WithAPIKey] names another. It is no secret.
const DefaultAPIKey = "pk-contracttest"

// DefaultPathPrefix is the path under which a server answers unless [WithPathPrefix] names another. Real control planes
// have one, and a client that loses it fails here as it would there.
const DefaultPathPrefix = "/v1"

// A ServerOption configures a [Server] or a [Handler].
type ServerOption func(*Handler) error

// WithAPIKey sets the key that the server takes.
func WithAPIKey(key string) ServerOption {
	return func(h *Handler) error {
		if key == "" {
			return errors.New("WithAPIKey: the key is empty")
		}
		h.apiKey = key
		return nil
	}
}

// WithPathPrefix sets the path under which the server answers, for example "/api/v1".
func WithPathPrefix(prefix string) ServerOption {
	return func(h *Handler) error {
		prefix = strings.TrimSuffix(prefix, "/")
		if prefix != "" && !strings.HasPrefix(prefix, "/") {
			return fmt.Errorf("WithPathPrefix: %q does not begin with /", prefix)
		}
		h.prefix = prefix
		return nil
	}
}

// WithInvalidRequestsAllowed keeps a [Server] from failing its test when a request breaks the contract, for tests that
// send such requests on purpose. They are recorded, and answered with the API's own errors.
func WithInvalidRequestsAllowed() ServerOption {
	return func(h *Handler) error { h.tolerant = true; return nil }
}

// WithRequestFunc calls f with each request before it is answered, for example to log it. Calls may be concurrent.
func WithRequestFunc(f func(Request)) ServerOption {
	return func(h *Handler) error { h.observers = append(h.observers, f); return nil }
}

// A Server is a fake control plane for tests. It listens on the loopback interface, obeys the contract, and fails the
// test when a request does not.
type Server struct {
	*Handler

	URL string // base URL for clients, path prefix included, for example http://127.0.0.1:40321/v1

	tb     testing.TB
	server *httptest.Server

	mu       sync.Mutex
	requests []Request
}

// NewServer starts a server, which is closed when the test ends. Its answers are those of a [Handler]. A request that
// breaks the contract is reported with tb.Errorf; a wrong option, such as a fixture that breaks it, with tb.Fatalf.
func NewServer(tb testing.TB, opts ...ServerOption) *Server {
	tb.Helper()
	s := &Server{tb: tb}
	h, err := NewHandler(append(slices.Clip(opts), WithRequestFunc(s.record))...)
	if err != nil {
		tb.Fatalf("contracttest: %v", err)
	}
	s.Handler = h
	s.server = httptest.NewServer(h)
	s.URL = s.server.URL + h.prefix
	tb.Cleanup(s.Close)
	return s
}

// Client returns an HTTP client for the server, whose idle connections are closed with it.
func (s *Server) Client() *http.Client { return s.server.Client() }

// APIKey returns the key that the server takes.
func (s *Server) APIKey() string { return s.apiKey }

// Requests returns the requests so far, in the order of their arrival.
func (s *Server) Requests() []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.requests)
}

// SetFault replaces the faults of a slug, also while the server runs. Without faults, it ends those there are. A fault
// that contradicts itself is reported with tb.Fatalf.
func (s *Server) SetFault(slug string, faults ...Fault) {
	s.tb.Helper()
	if err := s.Handler.SetFault(slug, faults...); err != nil {
		s.tb.Fatalf("contracttest: %v", err)
	}
}

// Close ends what hangs and stops the server. It may be called more than once.
func (s *Server) Close() {
	s.Handler.Close()
	s.server.Close()
}

func (s *Server) record(r Request) {
	s.mu.Lock()
	s.requests = append(s.requests, r)
	s.mu.Unlock()
	if !s.tolerant {
		for _, problem := range r.Problems {
			s.tb.Errorf("contracttest: the request %s %s breaks the contract: %s", r.Method, r.Path, problem)
		}
	}
}

// A Handler is a fake control plane as an [http.Handler]. Under its path prefix it serves GET /integrations/{slug}:
//
//   - the contract's named examples by name and by id, errors included: GET /v1/integrations/rate-limited answers 429
//     with the example of that name;
//   - the fixtures of [WithFixture] by slug and by id;
//   - 404 with the API's own error for another slug.
//
// The key is taken in the header x-portkey-api-key or, in its absence, as Authorization: Bearer; without it or with
// another the answer is 401. A parameter that breaks the contract, one that it does not know included, is answered with
// 400, another method than GET or HEAD with 405. Every answer carries a trace id, numbered from 1.
type Handler struct {
	apiKey    string
	prefix    string
	tolerant  bool
	observers []func(Request)
	named     map[string]answer // by slug
	slugs     map[string]string // by id
	faults    faults
	traces    atomic.Int64
	closed    context.Context
	close     context.CancelFunc
}

// NewHandler returns a handler that serves the contract's named examples and what the options add.
func NewHandler(opts ...ServerOption) (*Handler, error) {
	h := &Handler{
		apiKey: DefaultAPIKey,
		prefix: DefaultPathPrefix,
		named:  map[string]answer{},
		slugs:  map[string]string{},
	}
	for _, e := range loadExamples() {
		if e.Status == http.StatusOK {
			h.serve(e.Name, e.Body)
		} else {
			h.named[e.Name] = errorAnswer(e.Name)
		}
	}
	var errs []error
	for _, opt := range opts {
		if opt == nil {
			errs = append(errs, errors.New("an option is nil"))
			continue
		}
		errs = append(errs, opt(h))
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	h.closed, h.close = context.WithCancel(context.Background())
	return h, nil
}

// Close ends the requests that a fault keeps hanging, now and from now on. It may be called more than once.
func (h *Handler) Close() { h.close() }

// ServeHTTP implements [http.Handler].
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	record, problems := h.check(r)
	answer, fault := h.answer(record, problems)
	record.Status = answer.status
	if fault.Hang || fault.Reset {
		record.Status = 0
	}
	for _, observe := range h.observers {
		observe(record)
	}
	w.Header().Set(traceHeader, fmt.Sprintf("00000000-0000-4000-8000-%012d", h.traces.Add(1)))
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	defer context.AfterFunc(h.closed, cancel)()
	fault.deliver(w, answer, ctx.Done())
}
