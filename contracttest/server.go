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

// DefaultAPIKey is the key that a server accepts unless [WithAPIKey] sets another. It is not a secret.
const DefaultAPIKey = "pk-contracttest"

// DefaultPathPrefix is the path in front of /integrations unless [WithPathPrefix] sets another. Real control planes
// have such a prefix, so a client that drops it fails here as it would there.
const DefaultPathPrefix = "/v1"

// A ServerOption configures a [Server] or a [Handler].
type ServerOption func(*Handler) error

// WithAPIKey sets the key that the server accepts.
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
			// Clients clean or escape other segments, so that no request would match.
			if prefix != "" && !plainSegment.MatchString(segment) || segment == "." || segment == ".." {
				return fmt.Errorf("the path prefix %q is not a plain path: want letters, digits and -._~ between slashes", prefix)
			}
		}
		h.prefix = prefix
		return nil
	}
}

// WithInvalidRequestsAllowed is for tests that send invalid requests on purpose: the [Server] does not fail the test
// because of them. They are recorded, and the response is an error of the API.
func WithInvalidRequestsAllowed() ServerOption {
	return func(h *Handler) error { h.invalidAllowed = true; return nil }
}

// WithUnusedAllowed is for servers that several tests share: the [Server] does not fail the test because a fixture was
// never requested or a fault was applied too few times.
func WithUnusedAllowed() ServerOption {
	return func(h *Handler) error { h.unusedAllowed = true; return nil }
}

// WithRequestFunc calls f with each request before its response is sent. Calls may be concurrent.
func WithRequestFunc(f func(Request)) ServerOption {
	return func(h *Handler) error { h.observers = append(h.observers, f); return nil }
}

// WithLogger logs each request and its problems after the response was sent, and each reload of a [File]. Requests that
// violate the contract are logged as warnings. Queries, headers and bodies are not logged.
func WithLogger(logger *slog.Logger) ServerOption {
	return func(h *Handler) error {
		if logger == nil {
			return errors.New("the logger is nil")
		}
		h.logger = logger
		return nil
	}
}

// A Server is a fake control plane for tests. It listens on the loopback interface, follows the contract, and fails the
// test if a request does not.
type Server struct {
	*Handler

	URL string // base URL for clients, path prefix included, for example http://127.0.0.1:40321/v1

	tb     testing.TB
	server *httptest.Server

	mu       sync.Mutex
	requests []Request
}

// NewServer starts a server, which is closed when the test ends. Its responses are those of a [Handler].
//
// It calls tb.Errorf for each request that violates the contract and, if the test has not failed at its end, for each
// fixture that was never requested and each fault that was applied too few times. It calls tb.Fatalf for an invalid
// option, such as a fixture that violates the contract.
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

// NewClient returns a client for the server with the given options. Its idle connections are closed with the server.
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

// Client returns an HTTP client for the server. Its idle connections are closed with the server.
func (s *Server) Client() *http.Client { return s.server.Client() }

// APIKey returns the key that the server accepts.
func (s *Server) APIKey() string { return s.apiKey }

// Requests returns the requests received since the server started or [Server.ResetRequests] was called, in order of
// arrival.
func (s *Server) Requests() []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.requests)
}

// ResetRequests discards the requests received so far.
func (s *Server) ResetRequests() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests = nil
}

// SetFault replaces the faults of a slug; without faults, it removes them. It may be called while the server is
// running. It calls tb.Fatalf if a fault contradicts itself or can never be applied.
func (s *Server) SetFault(slug string, faults ...Fault) {
	s.tb.Helper()
	if err := s.Handler.SetFault(slug, faults...); err != nil {
		s.tb.Fatalf("contracttest: %v", err)
	}
}

// Close ends requests that a fault keeps waiting and stops the server. It may be called more than once.
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

// A Handler is a fake control plane as an [http.Handler]. Under its path prefix it serves GET and HEAD
// /integrations/{slug}:
//
//   - the contract's named examples by name and by id, errors included: GET /v1/integrations/rate-limited has status
//     code 429 and the example of that name;
//   - the fixtures of [WithFixture] by slug and by id;
//   - for any other slug, 404 and an error of the API.
//
// It accepts the key in the header x-portkey-api-key or, if that is absent, in Authorization: Bearer. Without a key or
// with another one, the status code is 401. An unknown parameter or one that violates the contract leads to 400, and a
// method other than GET and HEAD to 405. Every response has a trace id; they are numbered from 1.
//
// An http.Server that uses it should set ReadHeaderTimeout and MaxHeaderBytes. It needs no WriteTimeout, which would
// break faults with a long delay: the Handler limits the time for writing a response itself.
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

// NewHandler returns a handler with the contract's named examples and the given options.
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

// Close ends requests that a fault keeps waiting, and makes later ones end at once. It may be called more than once.
func (h *Handler) Close() { h.close() }

// Unused describes the fixtures that were never requested and the faults that were applied too few times.
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

// discard reads an unwanted request body, since net/http would wait for it indefinitely before responding. If the body
// does not end soon, the connection is closed after the response.
func discard(w http.ResponseWriter, r *http.Request) {
	control := http.NewResponseController(w)
	_ = control.SetReadDeadline(time.Now().Add(time.Second))
	if _, err := io.CopyN(io.Discard, r.Body, 256<<10); err != io.EOF {
		w.Header().Set("Connection", "close")
		return
	}
	_ = control.SetReadDeadline(time.Time{})
}

// log logs a request. It is deferred, since a fault may end the request with a panic.
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
