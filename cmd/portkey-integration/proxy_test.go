package main

import (
	"bufio"
	"context"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/portkey-integration/portkey-integration-go/contracttest"
)

// responder starts a control plane that responds to every request with the same body.
func responder(t *testing.T, body string) (url string) {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, body)
	}))
	t.Cleanup(s.Close)
	return s.URL
}

// running is a command that was started and not yet stopped.
type running struct {
	url    string
	cancel context.CancelFunc
	done   chan outcome
}

// startProxy runs the command proxy on a free port.
func startProxy(t *testing.T, args ...string) *running {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	r := &running{cancel: cancel, done: make(chan outcome, 1)}
	ended := make(chan outcome, 1)
	screen, out := io.Pipe()
	var messages syncBuffer
	go func() {
		code := run(ctx, append([]string{"proxy", "--addr", "127.0.0.1:0"}, args...), func(string) string { return "" }, strings.NewReader(""), out, &messages)
		_ = out.Close()
		ended <- outcome{code: code, err: messages.String()}
	}()
	lines := bufio.NewReader(screen)
	line, err := lines.ReadString('\n')
	if err != nil {
		cancel()
		t.Fatalf("the proxy does not start: %v, %+v", err, <-ended)
	}
	r.url, _, _ = strings.Cut(line, " ")
	go func() {
		rest, _ := io.ReadAll(lines)
		o := <-ended
		o.out = line + string(rest)
		r.done <- o
	}()
	t.Cleanup(cancel)
	return r
}

// stop interrupts the command and waits for its end.
func (r *running) stop(t *testing.T) outcome {
	t.Helper()
	r.cancel()
	select {
	case o := <-r.done:
		return o
	case <-time.After(20 * time.Second):
		t.Fatal("the command does not end")
	}
	return outcome{}
}

func (r *running) get(t *testing.T, path, key string) {
	t.Helper()
	if err := r.try(t, path, key); err != nil {
		t.Fatal(err)
	}
}

// try makes a request and reads the response, which may be incomplete.
func (r *running) try(t *testing.T, path, key string) error {
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, r.url+path, nil)
	if err != nil {
		return err
	}
	request.Header.Set("x-portkey-api-key", key)
	request.Close = true
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	_, _ = io.Copy(io.Discard, response.Body)
	return nil
}

func TestProxy(t *testing.T) {
	fault := func(f contracttest.Fault) contracttest.ServerOption { return contracttest.WithFault("rich", f) }
	for _, test := range []struct {
		name  string
		fault contracttest.ServerOption
		args  []string
		code  int
		log   []string // in each line that is logged
		cases []string // of the report, with their results
	}{
		{"all is well", fault(contracttest.Fault{Times: 1}), nil, 0, nil, []string{"GET /integrations/rich 200 pass"}},
		{"a violation", fault(contracttest.Fault{UnmaskedSecret: true}), nil, 1,
			[]string{`"msg":"violation"`, `"path":"/integrations/rich"`, `"status":200`, `"keyword":"writeOnly"`}, []string{"GET /integrations/rich 200 fail"}},
		{"drift", fault(contracttest.Fault{Drift: true}), nil, 0, []string{`"msg":"drift"`, `"status":200`}, []string{"GET /integrations/rich 200 pass"}},
		{"drift that fails", fault(contracttest.Fault{Drift: true}), []string{"--fail-on-drift"}, 1, []string{`"msg":"drift"`}, []string{"GET /integrations/rich 200 fail"}},
		{"a reset", fault(contracttest.Fault{Reset: true}), nil, 1, []string{`"msg":"no complete response"`}, []string{"GET /integrations/rich no response fail"}},
		{"half a body", fault(contracttest.Fault{Truncate: true}), nil, 1, []string{`"msg":"no complete response"`}, []string{"GET /integrations/rich 200 fail"}},
		{"a page", fault(contracttest.Fault{HTML: true}), nil, 0, nil, []string{"GET /integrations/rich 502 pass"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := contracttest.NewServer(t, test.fault, contracttest.WithAPIKey(leak), contracttest.WithInvalidRequestsAllowed())
			dir := t.TempDir()
			junit, har := filepath.Join(dir, "report.xml"), filepath.Join(dir, "recorded.har")
			p := startProxy(t, append([]string{"--upstream", s.URL, "--junit", junit, "--har", har, "--log-format", "json"}, test.args...)...)
			p.get(t, "/integrations/rich?workspace_id=w", leak)
			p.get(t, "/integrations", leak)
			o := p.stop(t)
			if o.code != test.code {
				t.Errorf("exit code %d, want %d", o.code, test.code)
			}
			if (o.err == "") != (test.log == nil) {
				t.Errorf("logged\n%s", o.err)
			}
			for line := range strings.Lines(o.err) {
				for _, want := range test.log {
					if !json.Valid([]byte(line)) || !strings.Contains(line, want) {
						t.Errorf("the log lacks %s: %s", want, line)
					}
				}
			}
			if !strings.Contains(o.out, " stands for "+s.URL+"\n") || !strings.Contains(o.out, "1 on other paths") {
				t.Errorf("stdout:\n%s", o.out)
			}
			if got := cases(t, junit); fmt.Sprint(got) != fmt.Sprint(test.cases) {
				t.Errorf("got cases %q, want %q", got, test.cases)
			}
			recorded, _ := os.ReadFile(har)
			report, _ := os.ReadFile(junit)
			if all := o.out + o.err + string(recorded) + string(report); strings.Contains(all, leak) || strings.Contains(all, contracttest.UnmaskedSecret) {
				t.Errorf("a secret is written:\n%s", all)
			}
			if !json.Valid(recorded) {
				t.Errorf("no HAR file: %s", recorded)
			}
		})
	}
}

// cases lists the test cases of a JUnit report.
func cases(t *testing.T, path string) []string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Suite struct {
			Cases []struct {
				Name    string    `xml:"name,attr"`
				Failure *struct{} `xml:"failure"`
				Skipped *struct{} `xml:"skipped"`
			} `xml:"testcase"`
		} `xml:"testsuite"`
	}
	if err := xml.Unmarshal(data, &file); err != nil {
		t.Fatalf("%v in\n%s", err, data)
	}
	var list []string
	for _, c := range file.Suite.Cases {
		switch {
		case c.Failure != nil:
			c.Name += " fail"
		case c.Skipped != nil:
			c.Name += " skip"
		default:
			c.Name += " pass"
		}
		list = append(list, c.Name)
	}
	return list
}

func TestProxyErrors(t *testing.T) {
	s := contracttest.NewServer(t)
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	down := "http://" + free.Addr().String()
	_ = free.Close()
	nowhere, same := filepath.Join(t.TempDir(), "no", "such"), filepath.Join(t.TempDir(), "report")
	for _, test := range []struct {
		args []string
		want string
	}{
		{nil, `required flag(s) "upstream" not set`},
		{[]string{"--upstream", ""}, "--upstream: the upstream's URL is empty"},
		{[]string{"--upstream", "ftp://x"}, "scheme"},
		{[]string{"--upstream", "https://me:" + leak + "@x"}, "user information"},
		{[]string{"--upstream", "http://192.0.2.1/v1"}, "plain http"},
		{[]string{"--upstream", down}, "cannot be reached"},
		{[]string{"--upstream", s.URL, "--addr", ":0"}, "--allow-remote"},
		{[]string{"--upstream", s.URL, "--addr", "192.0.2.1:80"}, "--allow-remote"},
		{[]string{"--upstream", s.URL, "--addr", "x"}, "--addr"},
		{[]string{"--upstream", s.URL, "--addr", taken.Addr().String()}, "in use"},
		{[]string{"--upstream", s.URL, "--har", nowhere}, "--har: "},
		{[]string{"--upstream", s.URL, "--junit", nowhere}, "--junit: "},
		{[]string{"--upstream", s.URL, "--har", os.DevNull}, "not a regular file"},
		{[]string{"--upstream", s.URL, "--junit", os.DevNull}, "not a regular file"},
		{[]string{"--upstream", s.URL, "--har", t.TempDir()}, "--har: "},
		{[]string{"--upstream", s.URL, "--har", same, "--junit", same}, "the same file"},
		{[]string{"--upstream", s.URL, "--allow-host", "a/b"}, "not the name of a host"},
		{[]string{"--upstream", s.URL, "--log-format", "xml"}, "want text, json"},
		{[]string{"--upstream", s.URL, "x"}, "unknown command"},
	} {
		o := invoke(t, append([]string{"proxy"}, test.args...)...).want(t, 2, test.want)
		if strings.Contains(o.out+o.err, leak) || o.out != "" {
			t.Errorf("%v: stdout and stderr:\n%s%s", test.args, o.out, o.err)
		}
	}
	// A proxy that does not start leaves existing files unchanged.
	report, recorded := save(t, "report.xml", []byte("earlier")), save(t, "recorded.har", []byte("earlier"))
	invoke(t, "proxy", "--upstream", s.URL, "--addr", taken.Addr().String(), "--junit", report, "--har", recorded).want(t, 2)
	for _, file := range []string{report, recorded} {
		if data, _ := os.ReadFile(file); string(data) != "earlier" {
			t.Errorf("%s is %q", file, data)
		}
	}
	// Nor does it leave a new file.
	unwritten := filepath.Join(t.TempDir(), "report.xml")
	invoke(t, "proxy", "--upstream", s.URL, "--addr", taken.Addr().String(), "--junit", unwritten).want(t, 2)
	if _, err := os.Stat(unwritten); err == nil {
		t.Error("an empty report is left behind")
	}
}

// An interrupt ends exchanges that never end by themselves, and the report is still written.
func TestProxyEnds(t *testing.T) {
	begun := make(chan struct{}, 10)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		switch {
		case r.Header.Get("Upgrade") != "":
			conn, _, err := http.NewResponseController(w).Hijack()
			if err != nil {
				t.Error(err)
				return
			}
			defer conn.Close()
			_, _ = io.WriteString(conn, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n")
			begun <- struct{}{}
			_, _ = io.Copy(io.Discard, conn)
			return
		case strings.HasSuffix(r.URL.Path, "/silent"):
		default:
			_, _ = io.WriteString(w, strings.Repeat(" ", 1<<20))
			_ = http.NewResponseController(w).Flush()
		}
		begun <- struct{}{}
		<-r.Context().Done()
	}))
	defer s.Close()
	junit := filepath.Join(t.TempDir(), "report.xml")
	p := startProxy(t, "--upstream", s.URL, "--junit", junit)
	address := strings.TrimPrefix(p.url, "http://")
	for _, request := range []string{
		"GET /integrations/endless HTTP/1.1\r\nHost: localhost\r\n\r\n",
		"GET /integrations/silent HTTP/1.1\r\nHost: localhost\r\n\r\n",
		"GET /socket HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n",
		"GET /integrations/", // Half a request.
	} {
		conn, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		_, _ = io.WriteString(conn, request)
	}
	for range 3 {
		<-begun
	}
	o := p.stop(t)
	if o.code != 0 || !strings.Contains(o.err, "the proxy was stopped") {
		t.Errorf("exit code %d, stderr:\n%s", o.code, o.err)
	}
	if got := cases(t, junit); len(got) != 2 || !strings.Contains(strings.Join(got, "\n"), "GET /integrations/endless 200 skip") {
		t.Errorf("got cases %q", got)
	}
}

// A request for a Host that is not the proxy's is refused, unless --allow-host allows it.
func TestProxyHosts(t *testing.T) {
	for _, test := range []struct {
		args []string
		want int
		end  string
	}{
		{nil, http.StatusMisdirectedRequest, "its Host is not this server's"},
		{[]string{"--allow-host", "evil.example"}, http.StatusOK, ""},
	} {
		s := contracttest.NewServer(t)
		p := startProxy(t, append(test.args, "--upstream", s.URL)...)
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, p.url+"/integrations/rich", nil)
		if err != nil {
			t.Fatal(err)
		}
		request.Host, request.Close = "evil.example", true
		request.Header.Set("x-portkey-api-key", s.APIKey())
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		_ = response.Body.Close()
		if got := len(s.Requests()) == 1; response.StatusCode != test.want || got != (test.want == http.StatusOK) {
			t.Errorf("%q: got status code %d, and the upstream was asked: %t", test.args, response.StatusCode, got)
		}
		if o := p.stop(t); !strings.Contains(o.err, test.end) {
			t.Errorf("%q: the log lacks %q:\n%s", test.args, test.end, o.err)
		}
	}
}
