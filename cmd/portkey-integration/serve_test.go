package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"html"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
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

// untouched is a standard input that must not be read.
type untouched struct{ t *testing.T }

func (u untouched) Read([]byte) (int, error) {
	u.t.Error("standard input was read")
	return 0, io.EOF
}

// served is a running serve command.
type served struct {
	origin, base, welcome string
	err                   *syncBuffer
	stop                  func() int // Interrupts it, and returns its exit code.
}

func startServe(t *testing.T, args ...string) *served {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	out, w := io.Pipe()
	s := &served{err: &syncBuffer{}}
	code := make(chan int, 1)
	go func() {
		code <- run(ctx, append([]string{"serve"}, args...), func(string) string { return "" }, untouched{t}, w, s.err)
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
	match := regexp.MustCompile(`base URL  ((http://[^/\s]+)\S*)\n`).FindStringSubmatch(s.welcome)
	if match == nil {
		t.Fatalf("exit code %d, no base URL in %q; stderr: %s", s.stop(), s.welcome, s.err)
	}
	s.base, s.origin = match[1], match[2]
	return s
}

// get fetches a path of the server.
func (s *served) get(t *testing.T, path string, header http.Header) (*http.Response, string) {
	t.Helper()
	resp, body, err := s.try(t, path, header)
	if err != nil {
		t.Fatal(err)
	}
	return resp, body
}

func (s *served) try(t *testing.T, path string, header http.Header) (*http.Response, string, error) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.origin+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	if header != nil {
		r.Header = header
		r.Host = header.Get("Host")
	}
	transport := &http.Transport{DisableKeepAlives: true, DisableCompression: true}
	resp, err := transport.RoundTrip(r)
	if err != nil {
		return nil, "", err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	return resp, string(body), err
}

func withKey(key string) http.Header { return http.Header{"X-Portkey-Api-Key": {key}} }

// integration fetches an integration with the default key.
func (s *served) integration(t *testing.T, slug string) (*http.Response, string) {
	t.Helper()
	return s.get(t, strings.TrimPrefix(s.base, s.origin)+"/integrations/"+slug, withKey(contracttest.DefaultAPIKey))
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
	in := input{env: map[string]string{"PORTKEY_API_KEY": contracttest.DefaultAPIKey, "PORTKEY_BASE_URL": s.base}}
	in.run(t, "get", "rich", "sparse").want(t, 0)
	in.run(t, "get", "not-found").want(t, 1, "404")
	in.run(t, "verify", "rich").want(t, 0)
	if resp, _ := s.get(t, "/v1/integrations/%0Aforged?secret="+leak, withKey(leak)); resp.StatusCode != 400 {
		t.Errorf("with a malformed request, got status code %d, want 400", resp.StatusCode)
	}
	// The fake server gets paths as they are sent, without cleaning.
	if resp, _ := s.get(t, "/v1//integrations/rich", nil); resp.StatusCode != 404 {
		t.Errorf("with an empty path segment, got status code %d, want 404", resp.StatusCode)
	}
	if code := s.stop(); code != 0 {
		t.Errorf("exit code %d; stderr:\n%s", code, s.err)
	}
	log := s.err.String()
	for _, line := range []string{
		`level=INFO msg=serving base_url=` + s.base,
		`level=INFO msg=request method=GET path=/v1/integrations/rich status=200 duration_ms=`,
		`level=INFO msg=request method=HEAD path=/v1/integrations/rich status=200 duration_ms=`,
		`level=INFO msg=request method=GET path=/v1/integrations/not-found status=404 duration_ms=`,
		`level=WARN msg="request violates the contract" method=GET path=/v1/integrations/%0Aforged status=400 duration_ms=`,
		`query parameter secret: not in the contract`,
		`level=INFO msg=stopped requests=`,
	} {
		if !strings.Contains(log, line) {
			t.Errorf("the log lacks %q:\n%s", line, log)
		}
	}
	if strings.Contains(log, leak) || strings.Contains(log, contracttest.DefaultAPIKey) {
		t.Error("a query or a header is logged")
	}
	if !regexp.MustCompile(`(?m)\A(time=\d\d:\d\d:\d\d level=(INFO|WARN) msg=.+\n)+\z`).MatchString(log) {
		t.Errorf("not one line for each request:\n%s", log)
	}
	if _, err := net.Dial("tcp", strings.TrimPrefix(s.origin, "http://")); err == nil {
		t.Error("it still listens")
	}
}

// Each line of a JSON log is one object.
func TestServeLogJSON(t *testing.T) {
	s := startServe(t, "--addr", "127.0.0.1:0", "--log-format", "json", "--fault", "sparse=html")
	s.integration(t, "rich")
	s.get(t, "/v1/integrations/rich?a=1", nil)
	s.stop()
	type record struct {
		Level, Msg, Path string
		BaseURL          string `json:"base_url"`
		Status           int
		Problems         []string
		Requests         int
		Invalid          int
		What             string
	}
	var got []record
	for line := range strings.Lines(s.err.String()) {
		var r record
		if err := json.Unmarshal([]byte(line), &r); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		got = append(got, r)
	}
	want := []record{
		{Level: "INFO", Msg: "serving", BaseURL: s.base},
		{Level: "INFO", Msg: "request", Path: "/v1/integrations/rich", Status: 200},
		{Level: "WARN", Msg: "request violates the contract", Path: "/v1/integrations/rich", Status: 401, Problems: []string{
			"no key: want the header x-portkey-api-key, or Authorization: Bearer", "query parameter a: not in the contract"}},
		{Level: "WARN", Msg: "unused", What: `fault html of "sparse" was applied 0 of 1 times`},
		{Level: "INFO", Msg: "stopped", Requests: 2, Invalid: 1},
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got the log\n%+v\nwant\n%+v", got, want)
	}
}

// With --fail-on-invalid, the exit code says whether a client's requests were valid.
func TestServeFailOnInvalid(t *testing.T) {
	for _, test := range []struct {
		name string
		args []string
		path string
		code int
		want string
	}{
		{"invalid", []string{"--fail-on-invalid"}, "/v1/integrations/rich?a=1", 1, "1 of 2 requests violated the contract"},
		{"valid", []string{"--fail-on-invalid"}, "/v1/integrations/no-such", 0, ""},
		{"invalid, but who cares", nil, "/v1/integrations/rich?a=1", 0, ""},
		{"not the API's", []string{"--fail-on-invalid"}, "/docs/nothing", 0, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := startServe(t, append(test.args, "--addr", "127.0.0.1:0")...)
			s.integration(t, "rich")
			s.get(t, test.path, withKey(contracttest.DefaultAPIKey))
			if code := s.stop(); code != test.code || !strings.Contains(s.err.String(), test.want) {
				t.Errorf("got exit code %d, want %d; stderr:\n%s", code, test.code, s.err)
			}
		})
	}
}

func TestServeFixtures(t *testing.T) {
	mine := contracttest.Example("rich").With("/slug", "mine")
	file := save(t, "mine.json", mine.Body)
	broken := save(t, "broken.json", []byte("{"))
	s := startServe(t, "--addr", "127.0.0.1:0", "--path-prefix", "/api/v1/", "--fixture", "mine="+file, "--broken-fixture", "bad="+broken)
	if s.base != s.origin+"/api/v1" || !strings.Contains(s.welcome, "\n  mine\n") {
		t.Errorf("got the welcome\n%s", s.welcome)
	}
	if resp, body := s.integration(t, "mine"); resp.StatusCode != 200 || body != string(mine.Body) {
		t.Errorf("got status code %d and %s", resp.StatusCode, body)
	}
	if resp, body := s.integration(t, "bad"); resp.StatusCode != 200 || body != "{" {
		t.Errorf("for the broken fixture, got status code %d and %s", resp.StatusCode, body)
	}
	if resp, _ := s.integration(t, "sparse"); resp.StatusCode != 200 {
		t.Errorf("for an example, got status code %d", resp.StatusCode)
	}
	changed := mine.With("/name", "Changed, and of another length").Body
	if err := os.WriteFile(file, changed, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, body := s.integration(t, "mine"); body != string(changed) {
		t.Errorf("after the file has changed, got %s", body)
	}
	if err := os.WriteFile(file, []byte(`{"slug":"`+leak+`"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, body := s.integration(t, "mine"); body != string(changed) {
		t.Errorf("after a change that violates the contract, got %s", body)
	}
	s.stop()
	for _, text := range []string{`msg="fixture reloaded" fixture=mine`, `level=WARN msg="fixture not reloaded" fixture=mine`, "/name"} {
		if !strings.Contains(s.err.String(), text) {
			t.Errorf("the log lacks %q:\n%s", text, s.err)
		}
	}
	if strings.Contains(s.err.String(), leak) {
		t.Error("a value is logged")
	}
}

func TestServeFaults(t *testing.T) {
	s := startServe(t, "--addr", "127.0.0.1:0",
		"--fault", "rich=status:503,retry-after=0,times=1", "--fault", "rich=truncate,times=1", "--fault", "rich=html,times=1",
		"--fault", "*=status:418,times=1", "--fault", "sparse=hang")
	path := "/v1/integrations/rich"
	var got []string
	for range 5 {
		resp, _, err := s.try(t, path, withKey(contracttest.DefaultAPIKey))
		if resp == nil {
			t.Fatal(err)
		}
		got = append(got, fmt.Sprint(resp.StatusCode, " ", err))
	}
	if want := []string{"503 <nil>", "200 unexpected EOF", "502 <nil>", "418 <nil>", "200 <nil>"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	// An interrupt does not wait for a request that hangs.
	ended := make(chan error)
	go func() {
		_, _, err := s.try(t, "/v1/integrations/sparse", withKey(contracttest.DefaultAPIKey))
		ended <- err
	}()
	for !strings.Contains(s.page(t), "/v1/integrations/sparse") {
		time.Sleep(time.Millisecond)
	}
	if code := s.stop(); code != 0 {
		t.Errorf("exit code %d; stderr:\n%s", code, s.err)
	}
	if err := <-ended; err == nil {
		t.Error("the request that hangs got a response")
	}
}

func (s *served) page(t *testing.T) string {
	t.Helper()
	_, page := s.get(t, "/docs/", nil)
	return page
}

// A key from a file is accepted, and not shown.
func TestServeKeyFile(t *testing.T) {
	s := startServe(t, "--addr", "127.0.0.1:0", "--api-key-file", save(t, "key", []byte(leak+"\n")))
	if resp, _ := s.get(t, "/v1/integrations/rich", withKey(leak)); resp.StatusCode != 200 {
		t.Errorf("with the key, got status code %d", resp.StatusCode)
	}
	if resp, _ := s.integration(t, "rich"); resp.StatusCode != 401 {
		t.Errorf("with the default key, got status code %d", resp.StatusCode)
	}
	s.get(t, "/v1/integrations/"+leak, withKey(leak)) // The key in the wrong place.
	page := s.page(t)
	_, document := s.get(t, "/docs/openapi.json", nil)
	s.stop()
	if strings.Contains(s.welcome+page+document+s.err.String(), leak) {
		t.Error("the key is shown")
	}
	if !strings.Contains(html.UnescapeString(page), `curl -H "x-portkey-api-key: $PORTKEY_API_KEY" `+s.base+"/integrations/rich") {
		t.Error("the page has no command for a key in the environment")
	}
}

// Invalid flags are reported before the server starts, with exit code 2.
func TestServeRefuses(t *testing.T) {
	dir := t.TempDir()
	violating := save(t, "violating.json", []byte(`{"slug":"mine","name":"`+leak+`","key":"`+leak+`"}`))
	fine := save(t, "fine.json", contracttest.Example("rich").Body)
	binary := save(t, "binary", []byte("\x7fELF\x00\xff"+leak))
	large := save(t, "large.json", nil)
	if err := os.Truncate(large, contracttest.MaxFixtureBytes+1); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name string
		args []string
		want string
	}{
		{"fixture that violates the contract", []string{"--fixture", "mine=" + violating}, "/key"},
		{"fixture that is not broken", []string{"--broken-fixture", "mine=" + fine}, "conforms"},
		{"fixture that is not there", []string{"--fixture", "mine=" + filepath.Join(dir, "none")}, "no such file"},
		{"fixture that is a folder", []string{"--fixture", "mine=" + dir}, "not a regular file"},
		{"fixture that is a device", []string{"--fixture", "mine=/dev/zero"}, "not a regular file"},
		{"fixture that is binary", []string{"--fixture", "mine=" + binary}, "violates the contract"},
		{"fixture that is too large", []string{"--fixture", "mine=" + large}, "larger than"},
		{"fixture without a slug", []string{"--fixture", fine}, "want SLUG=FILE"},
		{"fixture without a file", []string{"--fixture", "mine="}, "want SLUG=FILE"},
		{"fixture for a slug that is none", []string{"--fixture", "a.b=" + fine}, "slug"},
		{"two fixtures for a slug", []string{"--fixture", "mine=" + fine, "--broken-fixture", "mine=" + violating}, "another fixture"},
		{"fault without a slug", []string{"--fault", "hang"}, "want SLUG=FAULT"},
		{"fault of no kind", []string{"--fault", "*=slow"}, `there is no "slow"; want status:CODE`},
		{"fault that contradicts itself", []string{"--fault", "*=hang,status:503"}, "send no response"},
		{"fault that is never applied", []string{"--fault", "*=hang", "--fault", "*=reset"}, "is never applied"},
		{"fault for nothing", []string{"--fault", "ritch=hang"}, `no fixture "ritch"`},
		{"path prefix", []string{"--path-prefix", "v1"}, "does not begin with /"},
		{"path prefix of the page", []string{"--path-prefix", "/docs/v1"}, "/docs is the path of the server's own page"},
		{"path prefix of two lines", []string{"--path-prefix", "/a\nb"}, "not a plain path"},
		{"fault without a status code", []string{"--fault", "*=status:0"}, "want a status code"},
		{"fault without a body to break off", []string{"--fault", "*=status:204,truncate"}, "has no body"},
		{"host that is a URL", []string{"--allow-host", "http://mock"}, "not the name of a host"},
		{"host without a name", []string{"--allow-host", ""}, "not the name of a host"},
		{"log", []string{"--log-format", "xml"}, "want text, json"},
		{"key file that is not there", []string{"--api-key-file", leak}, "no such file"},
		{"key file that is a folder", []string{"--api-key-file", dir}, "cannot be read"},
		{"key file that is empty", []string{"--api-key-file", save(t, "empty", []byte(" \n"))}, "the file is empty"},
		{"key file of two lines", []string{"--api-key-file", save(t, "two", []byte(leak+"\n"+leak))}, "cannot be sent in a header"},
		{"key file without an end", []string{"--api-key-file", "/dev/zero"}, "--api-key-file"},
		{"address", []string{"--addr", "nonsense"}, "--addr"},
		{"address without a port", []string{"--addr", "127.0.0.1"}, "--addr"},
		{"address with a port that is none", []string{"--addr", "127.0.0.1:port"}, "--addr"},
		{"argument", []string{"mine"}, "unknown command"},
	} {
		t.Run(test.name, func(t *testing.T) {
			// If it serves nevertheless, the context ends it with another exit code.
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			o := input{}.runIn(ctx, append([]string{"serve", "--addr", "127.0.0.1:0"}, test.args...)...).want(t, 2, test.want)
			if o.out != "" || strings.Contains(o.err, "serving") {
				t.Errorf("it was served before: %s%s", o.out, o.err)
			}
			if strings.Contains(o.err, leak) {
				t.Errorf("a value is printed: %s", o.err)
			}
		})
	}
}

func TestServeRefusesToBeReached(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for _, addr := range []string{":0", "0.0.0.0:0", "[::]:0", "192.0.2.1:0"} {
		input{}.runIn(ctx, "serve", "--addr", addr).want(t, 2, "can be reached from other machines", "--allow-remote")
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

// A web page whose name resolves to this machine (DNS rebinding) must get nothing.
func TestServeHosts(t *testing.T) {
	for _, test := range []struct {
		args            []string
		served, refused []string
	}{
		{nil, []string{"localhost", "LOCALHOST:4010", "a.localhost.", "127.0.0.1:1", "[::1]:80", "127.9.9.9"},
			[]string{"evil.example", "evil.example:4010", "127.0.0.1.evil.example", "localhost.evil.example", "evillocalhost", "192.0.2.1", "[2001:db8::1]"}},
		{[]string{"--allow-host", "mock", "--allow-host", "CP.example:8080"}, []string{"mock", "Mock:4010", "cp.example"},
			[]string{"mock.example", "evil.example"}},
		{[]string{"--allow-host", "*"}, []string{"evil.example"}, nil},
		{[]string{"--addr", ":0", "--allow-remote"}, []string{"192.0.2.1:80", "[2001:db8::1]"}, []string{"evil.example"}},
	} {
		s := startServe(t, append([]string{"--addr", "127.0.0.1:0"}, test.args...)...)
		s.origin = strings.Replace(s.origin, "[::]", "127.0.0.1", 1)
		for _, path := range []string{"/v1/integrations/rich", "/docs/", "/docs/requests", "/"} {
			for host, want := range both(test.served, test.refused) {
				header := withKey(contracttest.DefaultAPIKey)
				header.Set("Host", host)
				resp, body := s.get(t, path, header)
				if refused := resp.StatusCode == http.StatusMisdirectedRequest; refused == want {
					t.Errorf("%s of the host %s with %q: got status code %d", path, host, test.args, resp.StatusCode)
				} else if refused && (!strings.Contains(body, "--allow-host") || strings.Contains(body, "slug")) {
					t.Errorf("%s of the host %s: got %s", path, host, body)
				}
			}
		}
		s.stop()
		if refused := strings.Contains(s.err.String(), "request refused"); refused != (len(test.refused) > 0) {
			t.Errorf("got refused hosts in the log: %t\n%s", refused, s.err)
		}
	}
}

func both(served, refused []string) map[string]bool {
	all := map[string]bool{}
	for _, host := range served {
		all[host] = true
	}
	for _, host := range refused {
		all[host] = false
	}
	return all
}

// pipes is a listener of connections that a test makes.
type pipes struct {
	conns chan net.Conn
	once  sync.Once
	done  chan struct{}
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.done:
		return nil, net.ErrClosed
	}
}
func (p *pipes) Close() error   { p.once.Do(func() { close(p.done) }); return nil }
func (p *pipes) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 4010} }

// A client that sends nothing, or half of a request, is disconnected.
func TestServeTimeouts(t *testing.T) {
	const request = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"
	for _, test := range []struct {
		name, sent string
		want       time.Duration
	}{
		{"nothing", "", headerTimeout},
		{"half a header", request[:20], headerTimeout},
		{"one request and no other", request, idleTimeout},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithCancel(t.Context())
				listener := &pipes{conns: make(chan net.Conn), done: make(chan struct{})}
				ended := make(chan error, 1)
				go func() {
					ended <- (&listening{}).serve(ctx, listener, http.NotFoundHandler(), 0, func() {}, slog.New(slog.DiscardHandler))
				}()
				ours, theirs := net.Pipe()
				listener.conns <- theirs
				start := time.Now()
				go func() { _, _ = io.WriteString(ours, test.sent) }()
				_, _ = io.Copy(io.Discard, ours)
				if got := time.Since(start); got != test.want {
					t.Errorf("closed after %s, want %s", got, test.want)
				}
				cancel()
				if err := <-ended; err != nil {
					t.Error(err)
				}
			})
		})
	}
}

// The size of request headers is limited.
func TestServeLargeHeader(t *testing.T) {
	t.Parallel()
	s := startServe(t, "--addr", "127.0.0.1:0")
	header := withKey(contracttest.DefaultAPIKey)
	header.Set("X-Large", strings.Repeat("a", 2*maxHeaderBytes))
	if resp, _, err := s.try(t, "/v1/integrations/rich", header); err == nil && resp.StatusCode != http.StatusRequestHeaderFieldsTooLarge {
		t.Errorf("got status code %d, want %d", resp.StatusCode, http.StatusRequestHeaderFieldsTooLarge)
	}
}

func TestServeDocs(t *testing.T) {
	s := startServe(t, "--addr", "127.0.0.1:0")
	for _, path := range []string{"/", "/docs"} {
		if resp, _ := s.get(t, path, nil); resp.StatusCode != 302 || resp.Header.Get("Location") != "/docs/" {
			t.Errorf("%s: got status code %d to %q", path, resp.StatusCode, resp.Header.Get("Location"))
		}
	}
	resp, page := s.get(t, "/docs/", nil)
	if resp.StatusCode != 200 {
		t.Errorf("for the page, got status code %d", resp.StatusCode)
	}
	for _, directive := range []string{"default-src 'none'", "script-src 'self'", "style-src 'self'", "connect-src 'self'", "frame-ancestors 'none'"} {
		if !strings.Contains(resp.Header.Get("Content-Security-Policy"), directive) {
			t.Errorf("the policy lacks %q", directive)
		}
	}
	// Everything that the page refers to is served.
	for _, match := range regexp.MustCompile(`(?:href|src)="([^"#]+)"`).FindAllStringSubmatch(page, -1) {
		if strings.HasPrefix(match[1], "data:") {
			continue
		}
		if resp, text := s.get(t, "/docs/"+match[1], nil); resp.StatusCode != 200 || text == "" {
			t.Errorf("%s: got status code %d", match[1], resp.StatusCode)
		}
	}
	// Every curl command gets the response that it is shown for.
	lines := map[string]int{}
	for _, match := range regexp.MustCompile(`<pre>curl -H '(.+?): (.+?)' (http\S+)</pre>`).FindAllStringSubmatch(html.UnescapeString(page), -1) {
		resp, _ := s.get(t, strings.TrimPrefix(match[3], s.origin), http.Header{http.CanonicalHeaderKey(match[1]): {match[2]}})
		lines[match[3]] = resp.StatusCode
	}
	for _, e := range contracttest.Examples() {
		if got := lines[s.base+"/integrations/"+e.Name]; got != e.Status {
			t.Errorf("%s: the command got status code %d, want %d", e.Name, got, e.Status)
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
	for _, path := range []string{"/docs/nothing", "/docs/page.html", "/docs/../docs.go"} {
		if resp, _ := s.get(t, path, nil); resp.StatusCode != 404 {
			t.Errorf("%s: got status code %d, want 404", path, resp.StatusCode)
		}
	}
}

// The last requests are shown, limited in number and length, and cannot inject HTML into the page.
func TestServeDocsRequests(t *testing.T) {
	s := startServe(t, "--addr", "127.0.0.1:0")
	for i := range remembered + 5 {
		s.integration(t, fmt.Sprintf("number-%d", i))
	}
	s.get(t, "/v1/integrations/"+strings.Repeat("x", 10_000)+"?%3Cscript%3E=1", withKey("<b>"+leak))
	_, list := s.get(t, "/docs/requests", nil)
	if got := strings.Count(list, "<time"); got != remembered {
		t.Errorf("got %d requests, want %d", got, remembered)
	}
	if !strings.Contains(list, fmt.Sprintf("%d in all", remembered+6)) || !strings.Contains(list, "1 violated the contract") {
		t.Errorf("the requests are not counted: %.200s", list)
	}
	if want := "<li>query parameter &lt;script&gt;: not in the contract</li>"; !strings.Contains(list, want) {
		t.Errorf("the requests lack the problem %s", want)
	}
	if strings.Contains(list, "<script") || strings.Contains(list, "<b>") || strings.Contains(list, leak) {
		t.Error("what a client sent is a part of the page")
	}
	if len(list) > 20_000 {
		t.Errorf("the list has %d bytes", len(list))
	}
	if newest := strings.Index(list, "xxx"); newest < 0 || newest > strings.Index(list, "number-") {
		t.Error("the newest request is not the first")
	}
}
