package client_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/portkey-integration/portkey-integration-go/client"
)

// counted starts a server and counts the connections that it has accepted and those that are open.
func counted(t testing.TB, handler http.HandlerFunc, opts ...func(*httptest.Server)) (s *httptest.Server, accepted, open *atomic.Int64) {
	t.Helper()
	accepted, open = new(atomic.Int64), new(atomic.Int64)
	s = httptest.NewUnstartedServer(handler)
	s.Config.ErrorLog = quietLog
	s.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		switch state {
		case http.StateNew:
			accepted.Add(1)
			open.Add(1)
		case http.StateClosed, http.StateHijacked:
			open.Add(-1)
		}
	}
	start := (*httptest.Server).Start
	for _, opt := range opts {
		opt(s)
		start = (*httptest.Server).StartTLS
	}
	start(s)
	t.Cleanup(s.Close)
	return s, accepted, open
}

func http2(s *httptest.Server) { s.EnableHTTP2 = true }

// A connection is reused whatever the outcome of the last call, because a body is read to its end, within bounds.
func TestConnectionsAreReusedAfterErrors(t *testing.T) {
	for name, respond := range map[string]func(http.ResponseWriter){
		"200":                              func(w http.ResponseWriter) { writeIntegration(w, "some-slug") },
		"violation":                        func(w http.ResponseWriter) { _, _ = io.WriteString(w, "{}") },
		"no JSON":                          func(w http.ResponseWriter) { _, _ = io.WriteString(w, "<html>") },
		"404":                              func(w http.ResponseWriter) { w.WriteHeader(404); _, _ = io.WriteString(w, `{"message":"m"}`) },
		"404 without a body":               func(w http.ResponseWriter) { w.WriteHeader(404) },
		"204":                              func(w http.ResponseWriter) { w.WriteHeader(204) },
		"502, tried again":                 func(w http.ResponseWriter) { w.WriteHeader(502); _, _ = io.WriteString(w, strings.Repeat("x", 4000)) },
		"502 of 60 kilobytes, tried again": func(w http.ResponseWriter) { w.WriteHeader(502); _, _ = io.WriteString(w, strings.Repeat("x", 60<<10)) },
		"400 of 60 kilobytes": func(w http.ResponseWriter) {
			w.WriteHeader(400)
			_, _ = io.WriteString(w, strings.Repeat("x", 60<<10))
		},
		"redirect elsewhere": func(w http.ResponseWriter) { w.Header().Set("Location", "https://evil.example"); w.WriteHeader(302) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, accepted, _ := counted(t, func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Retry-After", "0")
				respond(w)
			})
			c := newClient(t, s.URL)
			for range 5 {
				_, _ = retrieve(c)
			}
			if n := accepted.Load(); n != 1 {
				t.Errorf("got %d connections for five calls, want 1", n)
			}
		})
	}
}

// The client stops reading an endless error body, at the price of the connection.
func TestEndlessErrorBody(t *testing.T) {
	const enough = 64 << 20 // More than the buffers of a connection.
	ended := make(chan int)
	c := newClient(t, serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(404)
		sent := 0
		for chunk := make([]byte, 32<<10); sent < enough; sent += len(chunk) {
			if _, err := w.Write(chunk); err != nil {
				break
			}
		}
		ended <- sent
	}))
	_, err := retrieve(c)
	if e := as[*client.APIError](t, err); e.StatusCode != 404 || len(e.Body) != 64<<10 {
		t.Errorf("got %v with %d bytes", e, len(e.Body))
	}
	if sent := <-ended; sent >= enough {
		t.Errorf("got %d bytes read, want an end", sent)
	}
}

// A failed call does not close the idle connections of others.
func TestFailureKeepsTheConnectionsOfOthers(t *testing.T) {
	shared := &http.Client{Transport: http.DefaultTransport.(*http.Transport).Clone()}
	s, accepted, _ := counted(t, func(w http.ResponseWriter, _ *http.Request) { writeIntegration(w, "some-slug") })
	fine := newClient(t, s.URL, client.WithHTTPClient(shared))
	baseURL, _ := refused(t, nil)
	failing := newClient(t, baseURL, client.WithHTTPClient(shared), client.WithMaxRetries(0))
	for range 3 {
		if _, err := retrieve(fine); err != nil {
			t.Fatal(err)
		}
		if _, err := retrieve(failing); err == nil {
			t.Fatal("got no error, want one")
		}
	}
	if n := accepted.Load(); n != 1 {
		t.Errorf("got %d connections, want 1", n)
	}
}

// The default transport keeps a connection for each of many concurrent calls; that of net/http would keep two.
func TestDefaultTransportKeepsConnections(t *testing.T) {
	const calls = 500
	var together sync.WaitGroup
	s, accepted, _ := counted(t, func(w http.ResponseWriter, _ *http.Request) {
		together.Done()
		together.Wait() // So that each call needs its own connection.
		writeIntegration(w, "some-slug")
	})
	c := newClient(t, s.URL)
	for range 3 {
		together.Add(calls)
		var all sync.WaitGroup
		for range calls {
			all.Go(func() {
				if _, err := retrieve(c); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
	}
	if n := accepted.Load(); n != calls {
		t.Errorf("three rounds of %d calls: got %d connections, want one for each call of a round", calls, n)
	}
}

// The default transport uses HTTP/2 if the server does: one connection for all calls.
func TestDefaultTransportSpeaksHTTP2(t *testing.T) {
	s, accepted, _ := counted(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Proto", r.Proto)
		writeIntegration(w, "some-slug")
	}, http2)
	trust(t, s)
	c := newClient(t, s.URL)
	var first *http.Response
	if _, err := retrieve(c, client.WithResponse(&first)); err != nil || first.Header.Get("X-Proto") != "HTTP/2.0" {
		t.Fatalf("got %v", err)
	}
	var all sync.WaitGroup
	for range 50 {
		all.Go(func() {
			if _, err := retrieve(c); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if n := accepted.Load(); n != 1 {
		t.Errorf("got %d connections for 51 calls, want 1", n)
	}
}

// trust makes the default transport trust the server's certificate for the rest of the test.
func trust(t *testing.T, s *httptest.Server) {
	t.Helper()
	before := http.DefaultTransport
	t.Cleanup(func() { http.DefaultTransport = before })
	tr := before.(*http.Transport).Clone()
	roots := x509.NewCertPool()
	roots.AddCert(s.Certificate())
	tr.TLSClientConfig = &tls.Config{RootCAs: roots}
	http.DefaultTransport = tr
}

// If a program replaces http.DefaultTransport, for example for tracing, a Client uses the replacement.
func TestReplacedDefaultTransportIsUsed(t *testing.T) {
	before := http.DefaultTransport
	t.Cleanup(func() { http.DefaultTransport = before })
	used := false
	http.DefaultTransport = transport(func(*http.Request) (*http.Response, error) {
		used = true
		return respond(200, nil, integrationBody("some-slug"))
	})
	if _, err := retrieve(newClient(t, "https://cp.example/v1")); err != nil || !used {
		t.Errorf("got the transport used: %t, %v, want it used", used, err)
	}
}

// The timeout is per attempt. That of the option takes precedence over the http.Client's, and that over the default.
func TestTimeoutIsPerAttempt(t *testing.T) {
	for _, test := range []struct {
		want, own time.Duration
		opts      []client.Option
	}{
		{30 * time.Second, 0, nil},
		{time.Hour, time.Hour, nil},
		{time.Minute, time.Hour, []client.Option{client.WithTimeout(time.Minute)}},
		{0, time.Hour, []client.Option{client.WithTimeout(0)}},
	} {
		synctest.Test(t, func(t *testing.T) {
			var got []time.Duration
			base := &http.Client{Timeout: test.own, Transport: transport(func(r *http.Request) (*http.Response, error) {
				deadline, ok := r.Context().Deadline()
				if !ok {
					deadline = time.Now()
				}
				got = append(got, time.Until(deadline))
				return respond(503, http.Header{"Retry-After": {"0"}}, "")
			})}
			_, _ = retrieve(newClient(t, "https://cp.example/v1", append(test.opts, client.WithHTTPClient(base))...))
			if want := []time.Duration{test.want, test.want, test.want}; !slices.Equal(got, want) {
				t.Errorf("got attempts of %v, want %v", got, want)
			}
		})
	}
}

// A base URL may have characters that are escaped.
func TestEscapedBaseURL(t *testing.T) {
	got := ""
	c := newClient(t, "https://cp.example/a%2Fb%20c/v1", over(func(r *http.Request) (*http.Response, error) {
		got = r.URL.EscapedPath()
		return respond(200, http.Header{"Content-Type": {"application/json"}}, integrationBody("some-slug"))
	}))
	if _, err := retrieve(c); err != nil {
		t.Fatal(err)
	}
	if want := "/a%2Fb%20c/v1/integrations/some-slug"; got != want {
		t.Errorf("got the path %s, want %s", got, want)
	}
}

// proxy tunnels CONNECT requests to target, whatever their host, answers others with an integration, and records what
// it sees of each.
type proxy struct {
	*httptest.Server
	mu   sync.Mutex
	seen []string
}

func newProxy(t testing.TB, target string) *proxy {
	t.Helper()
	p := &proxy{}
	p.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.mu.Lock()
		p.seen = append(p.seen, fmt.Sprint(r.Method, " ", r.RequestURI, " ", r.Header))
		p.mu.Unlock()
		if r.Method != http.MethodConnect {
			writeIntegration(w, "through-the-proxy")
			return
		}
		there, err := net.Dial("tcp", target)
		if err != nil {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		defer there.Close()
		here, buffered, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		defer here.Close()
		_, _ = io.WriteString(here, "HTTP/1.1 200 OK\r\n\r\n")
		go func(from *bufio.ReadWriter) { _, _ = io.Copy(there, from) }(buffered)
		_, _ = io.Copy(here, there)
	}))
	t.Cleanup(p.Close)
	return p
}

// requests returns the requests since it was last called.
func (p *proxy) requests() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	seen := p.seen
	p.seen = nil
	return seen
}

// Through a proxy of the caller's transport, https is tunnelled: the proxy sees the host and none of our headers.
func TestProxyOfTheCaller(t *testing.T) {
	s := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("X-Portkey-Api-Key") != theKey {
			t.Error("got no key, want it")
		}
		writeIntegration(w, "behind-the-proxy")
	}))
	defer s.Close()
	p := newProxy(t, s.Listener.Addr().String())
	proxyURL, err := url.Parse(p.URL)
	if err != nil {
		t.Fatal(err)
	}
	tr := s.Client().Transport.(*http.Transport).Clone()
	tr.Proxy = http.ProxyURL(proxyURL)
	in, err := retrieve(newClient(t, "https://example.com/v1", client.WithHTTPClient(&http.Client{Transport: tr})))
	if err != nil || in.Slug != "behind-the-proxy" {
		t.Fatal(err)
	}
	seen := p.requests()
	if len(seen) != 1 || !strings.HasPrefix(seen[0], "CONNECT example.com:443 ") {
		t.Errorf("got %d requests at the proxy, want one CONNECT", len(seen))
	}
	expectNone(t, "what the proxy saw", strings.Join(seen, " "), allSecrets()...)
}

// A process reads the environment's proxies only once, so each case runs in its own process.
func TestProxyFromTheEnvironment(t *testing.T) {
	if os.Getenv("PROXY_TEST_BASE_URL") != "" {
		proxyChild(t)
		return
	}
	p := newProxy(t, "")
	for _, test := range []struct {
		name, baseURL string
		env           []string
		want          string // The output of the child process.
		seen          int    // Requests at the proxy.
	}{
		{"HTTP_PROXY", "http://cp.invalid/v1", []string{"HTTP_PROXY=" + p.URL}, "through-the-proxy", 1},
		{"HTTPS_PROXY", "https://cp.invalid/v1", []string{"HTTPS_PROXY=" + p.URL}, "TransportError", 1},
		{"NO_PROXY", "http://cp.invalid/v1", []string{"HTTP_PROXY=" + p.URL, "NO_PROXY=cp.invalid"}, "TransportError", 0},
		{"loopback", "http://localhost:1/v1", []string{"HTTP_PROXY=" + p.URL, "HTTPS_PROXY=" + p.URL}, "TransportError", 0},
		{"a proxy that is no URL", "http://cp.invalid/v1", []string{"HTTP_PROXY=http://user:" + theCallValue + "@proxy.invalid:port"}, "TransportError", 0},
	} {
		p.requests()
		child := exec.Command(os.Args[0], "-test.run=^TestProxyFromTheEnvironment$", "-test.v") //nolint:gosec // It is this test.
		child.Env = append(test.env, "PROXY_TEST_BASE_URL="+test.baseURL)
		output, err := child.CombinedOutput()
		if err != nil || !strings.Contains(string(output), "got "+test.want) {
			t.Errorf("%s: got %v, want %s", test.name, err, test.want)
		}
		expectNone(t, test.name, string(output), allSecrets()...)
		if n := len(p.requests()); n != test.seen {
			t.Errorf("%s: got %d requests at the proxy, want %d", test.name, n, test.seen)
		}
	}
}

func proxyChild(t *testing.T) {
	// Without a proxy, nothing may reach the network or its name servers.
	net.DefaultResolver = &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) {
		return nil, net.ErrClosed
	}}
	in, err := retrieve(newClient(t, os.Getenv("PROXY_TEST_BASE_URL"), client.WithInsecureHTTP(), client.WithMaxRetries(0)))
	if err != nil {
		name, _ := inspect(t, err)
		t.Logf("got %s: %v", name, err)
		return
	}
	t.Logf("got %s", in.Slug)
}

// NewTransport returns a transport like net/http's default one, even if a program has replaced that.
func TestTransportWithoutTheDefaultOne(t *testing.T) {
	original := http.DefaultTransport
	defer func() { http.DefaultTransport = original }()
	want := client.NewTransport()
	http.DefaultTransport = transport(func(*http.Request) (*http.Response, error) { return respond(500, nil, "") })
	got := client.NewTransport()
	if got.IdleConnTimeout != want.IdleConnTimeout || got.Proxy == nil || !got.ForceAttemptHTTP2 ||
		got.MaxIdleConnsPerHost != want.MaxIdleConnsPerHost || got.MaxResponseHeaderBytes != want.MaxResponseHeaderBytes {
		t.Errorf("got %v, want one as the default transport is", got)
	}
}
