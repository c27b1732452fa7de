package main

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"

	portkeyintegration "github.com/portkey-integration/portkey-integration-go"
	"github.com/portkey-integration/portkey-integration-go/contracttest"
)

// syncBuffer is a buffer that a server writes and a test reads.
type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *syncBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *syncBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

// served is a run of serve.
type served struct {
	origin, welcome string
	err             *syncBuffer
	stop            func() int // Interrupts it, and returns its exit code.
}

func startServe(t *testing.T, args ...string) *served {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	out, w := io.Pipe()
	s := &served{err: &syncBuffer{}}
	code := make(chan int, 1)
	go func() {
		code <- run(ctx, append([]string{"serve"}, args...), func(string) string { return "" }, strings.NewReader(""), w, s.err)
		_ = w.Close()
	}()
	s.stop = sync.OnceValue(func() int { cancel(); return <-code })
	t.Cleanup(func() { s.stop() })
	examples := contracttest.Examples()
	last := examples[len(examples)-1].Name
	for lines := bufio.NewScanner(out); !strings.Contains(s.welcome, "  "+last+" ") && lines.Scan(); {
		s.welcome += lines.Text() + "\n"
	}
	go func() { _, _ = io.Copy(io.Discard, out) }()
	match := regexp.MustCompile(`base URL  (http://\S+)/v1\n`).FindStringSubmatch(s.welcome)
	if match == nil {
		t.Fatalf("exit code %d, no base URL in %q; stderr: %s", s.stop(), s.welcome, s.err)
	}
	s.origin = match[1]
	return s
}

// get fetches a path of the server.
func (s *served) get(t *testing.T, path string, header http.Header) (*http.Response, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.origin+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	if header != nil {
		r.Header = header
	}
	transport := &http.Transport{DisableKeepAlives: true, DisableCompression: true}
	resp, err := transport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp, string(body)
}

func TestServe(t *testing.T) {
	s := startServe(t, "--addr", "127.0.0.1:0")
	texts := []string{contracttest.DefaultAPIKey, s.origin + "/docs/", "curl -H"}
	for _, e := range contracttest.Examples() {
		texts = append(texts, "  "+e.Name+" ")
	}
	for _, text := range texts {
		if !strings.Contains(s.welcome, text) {
			t.Errorf("the welcome lacks %q", text)
		}
	}
	in := input{env: map[string]string{"PORTKEY_API_KEY": contracttest.DefaultAPIKey, "PORTKEY_BASE_URL": s.origin + "/v1"}}
	in.run(t, "get", "rich", "sparse").want(t, 0)
	in.run(t, "get", "not-found").want(t, 1, "404")
	in.run(t, "verify", "rich").want(t, 0)
	if resp, _ := s.get(t, "/v1/integrations/%0Aforged?secret="+leak, http.Header{"X-Portkey-Api-Key": {leak}}); resp.StatusCode != 401 && resp.StatusCode != 400 {
		t.Errorf("a malformed request is answered with %d", resp.StatusCode)
	}
	// The fake server judges paths as they are sent: nothing tidies them on the way.
	if resp, _ := s.get(t, "/v1//integrations/rich", nil); resp.StatusCode != 404 {
		t.Errorf("a path with an empty segment is answered with %d", resp.StatusCode)
	}
	if code := s.stop(); code != 0 {
		t.Errorf("exit code %d; stderr:\n%s", code, s.err)
	}
	log := s.err.String()
	for _, line := range []string{` GET /v1/integrations/rich 200 `, ` HEAD /v1/integrations/rich 200 `, ` GET /v1/integrations/not-found 404 `, ` GET /v1/integrations/%0Aforged 40`} {
		if !strings.Contains(log, line) {
			t.Errorf("the log lacks %q:\n%s", line, log)
		}
	}
	if strings.Contains(log, leak) || strings.Contains(log, contracttest.DefaultAPIKey) {
		t.Error("a query or a header is logged")
	}
	if !regexp.MustCompile(`(?m)\A(\d\d:\d\d:\d\d [A-Z]+ \S+ \d{3} \S+\n)+\z`).MatchString(log) {
		t.Errorf("not one line for each request:\n%s", log)
	}
	if _, err := net.Dial("tcp", strings.TrimPrefix(s.origin, "http://")); err == nil {
		t.Error("it still listens")
	}
}

func TestServeRefusesToBeReached(t *testing.T) {
	// It ends at once. If it listens all the same, the context ends it, and the exit code is another.
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	for _, addr := range []string{":0", "0.0.0.0:0", "[::]:0", "192.0.2.1:0"} {
		input{}.runIn(ctx, "serve", "--addr", addr).want(t, 2, "can be reached from other machines", "--allow-remote")
	}
	for _, addr := range []string{"nonsense", "127.0.0.1:port", "127.0.0.1"} {
		invoke(t, "serve", "--addr", addr).want(t, 2, "--addr")
	}
	s := startServe(t, "--addr", "127.0.0.1:0")
	invoke(t, "serve", "--addr", strings.TrimPrefix(s.origin, "http://")).want(t, 2, "address already in use", "takes a free port")
}

func TestServeStaysOnLoopbackByName(t *testing.T) {
	s := startServe(t, "--addr", "localhost:0")
	if host, _, _ := net.SplitHostPort(strings.TrimPrefix(s.origin, "http://")); !net.ParseIP(host).IsLoopback() {
		t.Errorf("listens on %s", host)
	}
}

func TestServeDocs(t *testing.T) {
	s := startServe(t, "--addr", "127.0.0.1:0")
	for _, path := range []string{"/", "/docs"} {
		if resp, _ := s.get(t, path, nil); resp.StatusCode != 302 || resp.Header.Get("Location") != "/docs/" {
			t.Errorf("%s: %d to %q", path, resp.StatusCode, resp.Header.Get("Location"))
		}
	}
	resp, page := s.get(t, "/docs/", nil)
	if resp.StatusCode != 200 || !strings.Contains(page, contracttest.DefaultAPIKey) {
		t.Errorf("the page: %d, and the key is in it: %v", resp.StatusCode, strings.Contains(page, contracttest.DefaultAPIKey))
	}
	for _, directive := range []string{"default-src 'none'", "script-src 'self'", "connect-src 'self'"} {
		if !strings.Contains(resp.Header.Get("Content-Security-Policy"), directive) {
			t.Errorf("the policy lacks %q", directive)
		}
	}
	// All that the page refers to is here.
	for _, match := range regexp.MustCompile(`(?:href|src)="([^"]+)"`).FindAllStringSubmatch(page, -1) {
		if strings.HasPrefix(match[1], "data:") {
			continue
		}
		plain, text := s.get(t, "/docs/"+match[1], nil)
		if plain.StatusCode != 200 || text == "" || plain.Header.Get("Content-Encoding") != "" {
			t.Errorf("%s: %d, encoding %q", match[1], plain.StatusCode, plain.Header.Get("Content-Encoding"))
		}
		if strings.Contains(text, "sourceMappingURL=") {
			t.Errorf("%s refers to a source map", match[1])
		}
		if packed, _ := s.get(t, "/docs/"+match[1], http.Header{"Accept-Encoding": {"gzip, br"}}); packed.StatusCode != 200 ||
			packed.Header.Get("Content-Type") != plain.Header.Get("Content-Type") {
			t.Errorf("%s, compressed: %d", match[1], packed.StatusCode)
		}
	}
	if _, text := s.get(t, "/docs/openapi.yaml", nil); text != portkeyintegration.Contract() {
		t.Error("openapi.yaml is not the contract")
	}
	_, text := s.get(t, "/docs/openapi.json", nil)
	shown, err := openapi3.NewLoader().LoadFromData([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	if len(shown.Servers) != 1 || shown.Servers[0].URL != "/v1" {
		t.Errorf("the page's document has the servers %v", shown.Servers)
	}
	want := document(t)
	shown.Servers = want.Servers
	if !bytes.Equal(encode(t, shown), encode(t, want)) {
		t.Error("the page's document is another contract")
	}
	for _, path := range []string{"/docs/nothing", "/docs/swagger-ui/VERSION", "/docs/../docs.go"} {
		if resp, _ := s.get(t, path, nil); resp.StatusCode != 404 {
			t.Errorf("%s: %d", path, resp.StatusCode)
		}
	}
}
