package contracttest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/portkey-integration/portkey-integration-go/client"
	"github.com/portkey-integration/portkey-integration-go/internal/text"
)

// DefaultAPIKey is the key that a server takes unless [WithAPIKey] names another. It is no secret.
const DefaultAPIKey = "pk-contracttest"

// DefaultPathPrefix is the path of the API on a server unless [WithPathPrefix] names another. Real control planes have
// one, and a client that loses it fails here as it would there.
const DefaultPathPrefix = "/v1"

// A ServerOption configures a [Server] or a [Handler].
type ServerOption func(*Handler) error

// WithAPIKey sets the key that the server takes.
func WithAPIKey(key string) ServerOption {
	return func(h *Handler) error {
		if key == "" {
			return errors.New("the API key is empty")
		}
		if strings.ContainsFunc(key, func(r rune) bool { return r <= ' ' || r > '~' }) {
			return errors.New("the API key cannot be sent in a header: want printable ASCII characters without spaces")
		}
		h.apiKey = key
		return nil
	}
}

var plainSegment = regexp.MustCompile(`^[A-Za-z0-9._~-]+$`)

// WithPathPrefix sets the path of the API, for example "/api/v1".
func WithPathPrefix(prefix string) ServerOption {
	return func(h *Handler) error {
		prefix = strings.TrimRight(prefix, "/")
		if prefix != "" && !strings.HasPrefix(prefix, "/") {
			return fmt.Errorf("the path prefix %q does not begin with /", prefix)
		}
		for segment := range strings.SplitSeq(strings.TrimPrefix(prefix, "/"), "/") {
			// Clients tidy or escape what is not plain, and would never get here.
			if prefix != "" && !plainSegment.MatchString(segment) || segment == "." || segment == ".." {
				return fmt.Errorf("the path prefix %q is not a plain path: want letters, digits and -._~ between slashes", prefix)
			}
		}
		h.prefix = prefix
		return nil
	}
}

// WithInvalidRequestsAllowed keeps a [Server] from failing its test when a request violates the contract, for tests that
// send such requests on purpose. They are recorded, and get the API's own errors.
func WithInvalidRequestsAllowed() ServerOption {
	return func(h *Handler) error { h.invalidAllowed = true; return nil }
}

// WithUnusedAllowed keeps a [Server] from failing its test when a fixture is never requested or a fault strikes too
// seldom, for servers that several tests share.
func WithUnusedAllowed() ServerOption {
	return func(h *Handler) error { h.unusedAllowed = true; return nil }
}

// WithRequestFunc calls f with each request before its response is sent. Calls may be concurrent.
func WithRequestFunc(f func(Request)) ServerOption {
	return func(h *Handler) error { h.observers = append(h.observers, f); return nil }
}

// WithLogger logs each request once its response is sent, with its problems, and what becomes of a [File] that changes.
// Requests that violate the contract are warnings. No query, header or body is logged.
func WithLogger(logger *slog.Logger) ServerOption {
	return func(h *Handler) error {
		if logger == nil {
			return errors.New("the logger is nil")
		}
		h.logger = logger
		return nil
	}
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

// NewServer starts a server, which is closed when the test ends. Its responses are those of a [Handler]. It reports with
// tb.Errorf a request that violates the contract and, at the end of a test that has not failed before, a fixture that was
// never requested and a fault that struck too seldom; with tb.Fatalf a wrong option, such as a fixture that violates the
// contract.
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
	tb.Cleanup(s.end)
	return s
}

// NewClient returns a client of the server, configured further by opts. Its idle connections are closed with the server.
func (s *Server) NewClient(tb testing.TB, opts ...client.Option) *client.Client {
	tb.Helper()
	opts = append([]client.Option{
		client.WithBaseURL(s.URL), client.WithAPIKey(s.apiKey), client.WithHTTPClient(s.Client()),
	}, opts...)
	c, err := client.New(opts...)
	if err != nil {
		tb.Fatalf("contracttest: %v", err)
	}
	return c
}

// Client returns an HTTP client for the server, whose idle connections are closed with it.
func (s *Server) Client() *http.Client { return s.server.Client() }

// APIKey returns the key that the server takes.
func (s *Server) APIKey() string { return s.apiKey }

// Requests returns the requests since the server started or [Server.ResetRequests] was called, in the order of their
// arrival.
func (s *Server) Requests() []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.requests)
}

// ResetRequests forgets the requests so far, for the next part of a test.
func (s *Server) ResetRequests() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests = nil
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

func (s *Server) end() {
	s.Close()
	if s.unusedAllowed || s.tb.Failed() || s.tb.Skipped() {
		return
	}
	for _, unused := range s.Unused() {
		s.tb.Errorf("contracttest: %s", unused)
	}
}

func (s *Server) record(r Request) {
	s.mu.Lock()
	s.requests = append(s.requests, r)
	s.mu.Unlock()
	if !s.invalidAllowed {
		for _, problem := range r.Problems {
			s.tb.Errorf("contracttest: the request %s %s violates the contract: %s", r.Method, r.Path, problem)
		}
	}
}

// A Handler is a fake control plane as an [http.Handler]. Under its path prefix it serves GET /integrations/{slug}:
//
//   - the contract's named examples by name and by id, errors included: GET /v1/integrations/rate-limited gets status
//     code 429 and the example of that name;
//   - the fixtures of [WithFixture] by slug and by id;
//   - 404 with the API's own error for another slug.
//
// The key is taken in the header x-portkey-api-key or, in its absence, as Authorization: Bearer; without it or with
// another the status code is 401. A parameter that violates the contract, one that it does not know included, gets 400,
// another method than GET or HEAD 405. Every response carries a trace id, numbered from 1.
//
// A server around it should set ReadHeaderTimeout and MaxHeaderBytes; writing a response is bounded by the Handler
// itself, since a fault may delay it as long as it says.
type Handler struct {
	apiKey         string
	prefix         string
	invalidAllowed bool
	unusedAllowed  bool
	observers      []func(Request)
	logger         *slog.Logger
	catalog        *catalog
	faults         faults
	traces         atomic.Int64
	closed         context.Context
	close          context.CancelFunc
}

// NewHandler returns a handler that serves the contract's named examples and what the options add.
func NewHandler(opts ...ServerOption) (*Handler, error) {
	h := &Handler{
		apiKey:  DefaultAPIKey,
		prefix:  DefaultPathPrefix,
		logger:  slog.New(slog.DiscardHandler),
		catalog: newCatalog(),
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

// Unused describes the fixtures that were never requested and the faults that struck too seldom.
func (h *Handler) Unused() []string { return append(h.catalog.unused(), h.faults.unused()...) }

// ServeHTTP implements [http.Handler].
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Body != nil && r.ContentLength != 0 {
		discard(w, r)
	}
	record, problems := h.check(r)
	response, fault := h.respond(record, problems)
	record.Status = response.status
	if fault.Hang || fault.Reset {
		record.Status = 0
	}
	record.Fault = fault.String()
	record.TraceID = fmt.Sprintf("00000000-0000-4000-8000-%012d", h.traces.Add(1))
	for _, observe := range h.observers {
		observe(record)
	}
	defer h.log(record)
	w.Header().Set(traceHeader, record.TraceID)
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	defer context.AfterFunc(h.closed, cancel)()
	fault.deliver(w, response, ctx.Done())
}

// discard reads a body that nobody wants, since net/http would wait for it before it responds, and for as long as it
// takes. One that does not end soon ends the connection.
func discard(w http.ResponseWriter, r *http.Request) {
	control := http.NewResponseController(w)
	_ = control.SetReadDeadline(time.Now().Add(time.Second))
	if _, err := io.CopyN(io.Discard, r.Body, 256<<10); err != io.EOF {
		w.Header().Set("Connection", "close")
		return
	}
	_ = control.SetReadDeadline(time.Time{})
}

// log tells of a request that is over, also when a fault ended it with a panic.
func (h *Handler) log(r Request) {
	level, message := slog.LevelInfo, "request"
	if len(r.Problems) > 0 {
		level, message = slog.LevelWarn, "request violates the contract"
	}
	attributes := []any{
		"method", text.Line(r.Method, 20), "path", text.Line(r.Path, 300), "status", r.Status,
		"duration_ms", float64(time.Since(r.Time).Microseconds()) / 1000, "trace_id", r.TraceID,
	}
	if r.Fault != "" {
		attributes = append(attributes, "fault", r.Fault)
	}
	if len(r.Problems) > 0 {
		attributes = append(attributes, "problems", r.Problems)
	}
	h.logger.Log(context.Background(), level, message, attributes...)
}
