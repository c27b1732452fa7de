package client_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/url"
	"path"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/portkey-integration/portkey-integration-go/client"
	"github.com/portkey-integration/portkey-integration-go/contract"
)

// A hostilePeer is a malicious server. The table in SECURITY.md is about these.
type hostilePeer struct {
	name    string
	peer    peer
	err     string        // The type of the error.
	timeout time.Duration // Of an attempt; 0 if the call ends without one.
}

const okHead = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"

var hostilePeers = []hostilePeer{
	{name: "status code 101, then silence", peer: silentAfter("HTTP/1.1 101 x\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n"), err: "TransportError"},
	{name: "status code 101, then bytes forever", peer: endless("HTTP/1.1 101 x\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n", "x"), err: "TransportError"},
	{name: "an error body over the bound, then silence", peer: silentAfter("HTTP/1.1 404 x\r\n\r\n" + strings.Repeat("x", 65<<10)), err: "APIError"},
	{name: "an error body forever", peer: endless("HTTP/1.1 500 x\r\n\r\n", "x"), err: "APIError"},
	{name: "a body forever", peer: endless(okHead+"\r\n", " "), err: "ResponseTooLargeError"},
	{name: "a body of a length that is not true", peer: raw(okHead + "Content-Length: 4611686018427387904\r\n\r\n{"), err: "TransportError"},
	{name: "a body in chunks of a byte", peer: endless(okHead+"Transfer-Encoding: chunked\r\n\r\n", "1\r\n \r\n"), err: "ResponseTooLargeError"},
	{name: "an endless chunk extension", peer: endless(okHead+"Transfer-Encoding: chunked\r\n\r\n1;", "x"), err: "TransportError"},
	{name: "a header line forever", peer: endless("HTTP/1.1 200 OK\r\nX-A: ", "x"), err: "TransportError"},
	{name: "headers forever", peer: endless("HTTP/1.1 200 OK\r\n", "X-A: a\r\n"), err: "TransportError"},
	{name: "a status line forever", peer: endless("HTTP/1.1 200 ", "x"), err: "TransportError"},
	{name: "informational responses forever", peer: endless("", "HTTP/1.1 103 x\r\nLink: a\r\n\r\n"), err: "TransportError"},
	{name: "two lengths", peer: raw(okHead + "Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}"), err: "TransportError"},
	{name: "a negative length", peer: raw(okHead + "Content-Length: -1\r\n\r\n{}"), err: "TransportError"},
	{name: "a status code below 100", peer: raw("HTTP/1.1 099 x\r\nContent-Length: 0\r\n\r\n"), err: "TransportError"},
	{name: "a gzip bomb in an error", peer: gzipError, err: "APIError"},
	{name: "redirects forever", peer: redirect("?x"), err: "RedirectError"},
	{name: "nothing", peer: silentAfter(""), err: "TransportError", timeout: 100 * time.Millisecond},
	{name: "headers, then silence", peer: silentAfter(okHead + "\r\n"), err: "TransportError", timeout: 100 * time.Millisecond},
	{name: "a byte now and then", peer: drip(okHead + "\r\n"), err: "TransportError", timeout: 100 * time.Millisecond},
	{name: "a header byte now and then", peer: drip("HTTP/1.1 200 OK\r\nX-A: "), err: "TransportError", timeout: 100 * time.Millisecond},
}

// silentAfter returns a peer that sends text, then keeps the connection open without sending.
func silentAfter(text string) peer {
	return sockets(func(conn net.Conn, ctx context.Context) {
		_, _ = io.WriteString(conn, text)
		<-ctx.Done()
	})
}

// endless returns a peer that sends text, then part again and again until the connection is closed.
func endless(text, part string) peer {
	return sockets(func(conn net.Conn, _ context.Context) {
		_, err := io.WriteString(conn, text)
		for parts := strings.Repeat(part, 64<<10/len(part)); err == nil; {
			_, err = io.WriteString(conn, parts)
		}
	})
}

// drip returns a peer that sends text, then a byte every 5 ms.
func drip(text string) peer {
	return sockets(func(conn net.Conn, _ context.Context) {
		_, err := io.WriteString(conn, text)
		for err == nil {
			time.Sleep(5 * time.Millisecond)
			_, err = io.WriteString(conn, " ")
		}
	})
}

func gzipError(t *testing.T, requests *atomic.Int64) (string, []client.Option) {
	return handled(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Encoding", "gzip")
		w.WriteHeader(http.StatusForbidden)
		_, _ = io.WriteString(w, bombBody())
	})(t, requests)
}

// A call to a hostile peer, alone or in bulk, takes little memory, ends in one of our errors with a short text, and
// leaves no goroutine.
func TestHostilePeers(t *testing.T) {
	for _, h := range hostilePeers {
		t.Run(h.name, func(t *testing.T) {
			others := goleak.IgnoreCurrent()
			t.Cleanup(func() { goleak.VerifyNone(t, others) })
			bombBody()
			baseURL, opts := h.peer(t, new(atomic.Int64))
			opts = append(opts, client.WithMaxRetries(0), client.WithTimeout(h.timeout), client.WithMaxResponseBytes(1<<20))
			c := newClient(t, baseURL, opts...)
			var errs []error
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			_, err := retrieve(c)
			errs = append(errs, err)
			for r := range c.RetrieveIntegrations(t.Context(), slices.Values([]string{"some-slug"})) {
				errs = append(errs, r.Err)
			}
			runtime.ReadMemStats(&after)
			for _, err := range errs {
				if got, _ := inspect(t, err); got != h.err {
					t.Errorf("got a %s, want a %s: %v", got, h.err, err)
				}
				expectPrintable(t, "the error", err.Error())
			}
			if got, most := (after.TotalAlloc-before.TotalAlloc)>>20, uint64(64); got > most {
				t.Errorf("got %d MiB allocated, want at most %d", got, most)
			}
			c.CloseIdleConnections()
		})
	}
}

// expectPrintable fails the test if text is not a short line that is safe for a terminal.
func expectPrintable(t testing.TB, what, text string) {
	t.Helper()
	if len(text) > 6000 {
		t.Errorf("%s: got %d bytes, want at most 6000", what, len(text))
	}
	for _, r := range text {
		if r < ' ' || 0x7f <= r && r < 0xa0 || strings.ContainsRune(untrustedRunes, r) {
			t.Errorf("%s: got the character %U, want none that a terminal cannot trust: %+q", what, r, text)
			return
		}
	}
}

// untrustedRunes are characters that reorder text, have no width, or end a line.
const untrustedRunes = "\u200b\u200c\u200d\u200e\u200f\u2028\u2029\u202a\u202b\u202c\u202d\u202e\u2060\u2066\u2067\u2068\u2069\ufeff\u061c\u034f\u3164\ufe0f\ufffd\U000e0041"

// blockedBody is a body whose Read blocks until Close, as with a transport that ignores the context.
type blockedBody struct{ closed chan struct{} }

func (b blockedBody) Read([]byte) (int, error) { <-b.closed; return 0, io.ErrClosedPipe }

func (b blockedBody) Close() error {
	select {
	case <-b.closed:
	default:
		close(b.closed)
	}
	return nil
}

// A call does not wait for a body that ignores the context when the context ends, when the attempt times out, or when a
// loop over a bulk is left, whatever the status code.
func TestBodyThatIgnoresTheContext(t *testing.T) {
	for _, code := range []int{200, 404, 503} {
		stuck := over(func(r *http.Request) (*http.Response, error) {
			if path.Base(r.URL.Path) == "fine" {
				return respond(200, nil, integrationBody("fine"))
			}
			response, err := respond(code, nil, "")
			response.Body = blockedBody{make(chan struct{})}
			return response, err
		})
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			start := time.Now()
			_, err := newClient(t, "https://cp.example/v1", stuck, client.WithTimeout(0)).RetrieveIntegration(ctx, "some-slug")
			if got := time.Since(start); !errors.Is(err, context.DeadlineExceeded) || errors.Is(err, io.ErrClosedPipe) || got != time.Minute {
				t.Errorf("%d: got %v after %v, want the deadline after a minute, and nothing of the body that was closed for it", code, err, got)
			}
			start = time.Now()
			_, err = retrieve(newClient(t, "https://cp.example/v1", stuck, client.WithTimeout(time.Second), client.WithMaxRetries(0)))
			if got := time.Since(start); !errors.Is(err, context.DeadlineExceeded) || got != time.Second {
				t.Errorf("%d: got %v after %v, want the timeout after a second", code, err, got)
			}
			start = time.Now()
			c := newClient(t, "https://cp.example/v1", stuck, client.WithTimeout(0))
			for range c.RetrieveIntegrations(t.Context(), slices.Values([]string{"some-slug", "other-slug", "fine"})) {
				break
			}
			if got := time.Since(start); got != 0 {
				t.Errorf("%d: got a loop that was left after %v, want at once", code, got)
			}
		})
	}
}

// A caller's redirect policy that rewrites the URL does not send the key to another origin.
func TestRedirectPolicyThatRewritesTheURL(t *testing.T) {
	for _, to := range []string{"https://evil.example:443", "http://cp.example:80", "https://cp.example:8443"} {
		var requests []string
		base := &http.Client{
			CheckRedirect: func(r *http.Request, _ []*http.Request) (err error) {
				r.URL, err = url.Parse(strings.TrimSuffix(strings.TrimSuffix(to, ":443"), ":80") + "/")
				return err
			},
			Transport: transport(func(r *http.Request) (*http.Response, error) {
				requests = append(requests, r.URL.Scheme+"://"+r.URL.Host)
				return respond(http.StatusFound, http.Header{"Location": {"/v2"}}, "")
			}),
		}
		_, err := retrieve(newClient(t, "https://cp.example/v1", client.WithHTTPClient(base)))
		if e := as[*client.RedirectError](t, err); e.To != to || e.Attempts != 1 {
			t.Errorf("got a redirect to %s after %d attempts, want %s and 1", e.To, e.Attempts, to)
		}
		if !slices.Equal(requests, []string{"https://cp.example"}) {
			t.Errorf("got requests to %v, want one to https://cp.example", requests)
		}
	}
}

// hostileBodies returns bodies of about size bytes, each designed to be as expensive as possible in one respect.
func hostileBodies(size int) map[string]string {
	open := strings.TrimSuffix(integrationBody("some-slug"), "}")
	fill := func(before, item, after string) string {
		return open + before + strings.TrimSuffix(strings.Repeat(item+",", size/(len(item)+1)), ",") + after + "}"
	}
	deep := min(size/2, 9000)
	return map[string]string{
		"nested tags":              open + `,"tags":` + strings.Repeat("[", deep) + strings.Repeat("]", deep) + "}",
		"nested tags, a violation": open + `,"status":5,"tags":` + strings.Repeat("[", deep) + strings.Repeat("]", deep) + "}",
		"many tags, a violation":   fill(`,"status":5,"tags":[`, "[]", "]"),
		"mappings":                 fill(`,"secret_mappings":[`, "{}", "]"),
		"mappings, wrong":          fill(`,"secret_mappings":[`, "1", "]"),
		"mappings, all wrong":      fill(`,"secret_mappings":[`, `{"target_field":1,"secret_key":2}`, "]"),
		"limits, wrong":            fill(`,"global_workspace_access":{"rate_limits":[`, `{"value":1.5}`, "]}"),
		"times, wrong":             fill(`,"global_workspace_access":{"usage_limits":[`, `{"next_usage_reset_at":"x"}`, "]}"),
		"integers as floats":       fill(`,"global_workspace_access":{"rate_limits":[`, `{"value":1.0}`, "]}"),
		"cut short":                strings.TrimSuffix(fill(`,"secret_mappings":[`, "1", ""), "}"),
		"whitespace":               open + strings.Repeat(" ", size) + "}",
		"long name":                open + `,"` + strings.Repeat("n", size) + `":1}`,
	}
}

// The memory for decoding, checking and reporting a body is linear in its size, in each mode, and errors are short.
func TestHostileBodies(t *testing.T) {
	const size, mostPerByte = 64 << 10, 800
	for name, body := range hostileBodies(size) {
		for _, v := range []client.Validation{client.ValidationStrict, client.ValidationReport, client.ValidationOff} {
			c := newClient(t, "https://cp.example/v1", client.WithValidation(v),
				over(func(*http.Request) (*http.Response, error) { return respond(200, nil, body) }))
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			in, err := retrieve(c)
			if err == nil {
				_, _ = in.Configuration(), in.Report()
				expectPrintable(t, name+", the result", fmt.Sprint(in))
			}
			runtime.ReadMemStats(&after)
			if got := float64(after.TotalAlloc-before.TotalAlloc) / float64(len(body)); got > mostPerByte {
				t.Errorf("%s, %v: got %.0f bytes allocated for each of the body, want at most %d", name, v, got, mostPerByte)
			}
			if err != nil {
				expectPrintable(t, name+", the error", err.Error())
			}
		}
	}
}

// BenchmarkHostileBodies measures time and memory per byte of a body, in the most expensive mode.
func BenchmarkHostileBodies(b *testing.B) {
	for name, body := range hostileBodies(1 << 20) {
		b.Run(name, func(b *testing.B) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			for b.Loop() {
				if in, err := client.Parse([]byte(body)); err == nil {
					_ = in.Report()
				}
			}
			runtime.ReadMemStats(&after)
			n := float64(b.N) * float64(len(body))
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/n, "ns/byte")
			b.ReportMetric(float64(after.TotalAlloc-before.TotalAlloc)/n, "B/byte")
		})
	}
}

// ValidationReport does not process the body again for each violation: the cost per byte does not depend on the size.
func TestReportModeIsLinear(t *testing.T) {
	cost := func(size int) float64 {
		body := []byte(hostileBodies(size)["mappings, wrong"])
		return testing.AllocsPerRun(1, func() {
			in, err := client.Parse(body)
			if err != nil {
				t.Fatal(err)
			}
			_ = in.Report()
		}) / float64(len(body))
	}
	if small, large := cost(4<<10), cost(64<<10); large > 2*small {
		t.Errorf("got %.2f allocations for each byte of a body 16 times as large, want about %.2f", large, small)
	}
}

// countingContext is a context that ends after n calls of Err.
type countingContext struct {
	context.Context
	left atomic.Int64
}

func (c *countingContext) Err() error {
	if c.left.Add(-1) < 0 {
		return context.Canceled
	}
	return nil
}

// Decoding and checking a large body end with the context.
func TestLargeBodiesEndWithTheContext(t *testing.T) {
	const plenty = 1 << 40
	for _, name := range []string{"mappings, wrong", "mappings"} {
		body := hostileBodies(300 << 10)[name]
		for _, v := range []client.Validation{client.ValidationStrict, client.ValidationReport, client.ValidationOff} {
			c := newClient(t, "https://cp.example/v1", client.WithValidation(v), client.WithTimeout(0), client.WithMaxRetries(0),
				over(func(*http.Request) (*http.Response, error) { return respond(200, nil, body) }))
			call := func(n int64) (asked int64, err error) {
				ctx := &countingContext{Context: t.Context()}
				ctx.left.Store(n)
				_, err = c.RetrieveIntegration(ctx, "some-slug")
				return n - ctx.left.Load(), err
			}
			asked, _ := call(plenty)
			if asked < 4 {
				t.Errorf("%s, %v: got the context asked %d times, want at least 4", name, v, asked)
			}
			if _, err := call(asked / 2); !errors.Is(err, context.Canceled) {
				t.Errorf("%s, %v: got %v with a context that ends half way, want its error", name, v, err)
			}
		}
	}
}

// Characters that are unsafe for a terminal are replaced in errors, logs, reports and results, whatever their source.
func TestServerTextsAreTrustworthy(t *testing.T) {
	bad := untrustedRunes + "\x1b[31m\a\u009b\r\n"
	inJSON := strings.Trim(fmt.Sprintf("%+q", bad), `"`)
	for _, escape := range [][2]string{{`\x1b`, `\u001b`}, {`\a`, `\u0007`}, {`\U000e0041`, `\udb40\udc41`}} {
		inJSON = strings.ReplaceAll(inJSON, escape[0], escape[1])
	}
	trace := http.Header{"X-Portkey-Trace-Id": {"t" + bad}}
	for name, handle := range map[string]transport{
		"message":        respondWith(401, trace, `{"success":false,"data":{"message":"m`+inJSON+`","errorCode":"c`+inJSON+`"}}`),
		"names":          respondWith(200, trace, body(`"n`+inJSON+`":1,"configurations":{"custom_headers":{"h`+inJSON+`":1}}`)),
		"what names it":  respondWith(200, trace, `{"id":"i`+inJSON+`","slug":"s`+inJSON+`","ai_provider_id":"p`+inJSON+`"}`),
		"a name twice":   respondWith(200, trace, `{"n`+inJSON+`":{"a":1,"a":2}}`),
		"content type":   respondWith(200, http.Header{"Content-Type": {bad}}, body("")),
		"location":       respondWith(302, http.Header{"Location": {"https://evil.example/" + bad}}, ""),
		"location, host": respondWith(302, http.Header{"Location": {"https://evil\u202e\u2028.example/"}}, ""),
		"transport":      func(*http.Request) (*http.Response, error) { return nil, errors.New("e" + bad) },
	} {
		for _, v := range []client.Validation{client.ValidationStrict, client.ValidationReport} {
			var lines strings.Builder
			c := newClient(t, "https://cp.example/v1", client.WithValidation(v), client.WithMaxRetries(0), client.WithLogger(debugLogger(&lines)), over(handle))
			in, err := retrieve(c)
			if err != nil {
				expectPrintable(t, name, err.Error())
			}
			if in != nil {
				expectPrintable(t, name, fmt.Sprint(in))
				expectPrintable(t, name, fmt.Sprintf("%v", in.Report()))
			}
			for line := range strings.Lines(lines.String()) {
				expectPrintable(t, name+", the log", strings.TrimSuffix(line, "\n"))
			}
		}
	}
}

func respondWith(status int, header http.Header, body string) transport {
	return func(*http.Request) (*http.Response, error) { return respond(status, header, body) }
}

// A nil context is an error: nothing panics, and nothing is sent.
func TestNilContext(t *testing.T) {
	c := newClient(t, "https://cp.example/v1", over(func(*http.Request) (*http.Response, error) {
		t.Error("got a request, want none")
		return respond(500, nil, "")
	}))
	var none context.Context
	if _, err := c.RetrieveIntegration(none, "some-slug"); err == nil || !strings.Contains(err.Error(), "context is nil") {
		t.Errorf("got %v, want an error about the context", err)
	}
	results := slices.Collect(c.RetrieveIntegrations(none, numbered(3)))
	if len(results) != 1 || results[0].Err == nil || !strings.Contains(results[0].Err.Error(), "context is nil") {
		t.Errorf("got %v, want one error about the context", results)
	}
}

// net/http itself logs bytes that follow a response with package log, which SECURITY.md mentions under "Not promised".
// If this test fails, that has changed.
func TestNetHTTPLogsBytesAfterAResponse(t *testing.T) {
	written := make(chan string, 10)
	before := log.Writer()
	log.SetOutput(writer(func(p []byte) (int, error) { written <- string(p); return len(p), nil }))
	defer log.SetOutput(before)
	text := integrationBody("some-slug")
	baseURL, _ := raw(fmt.Sprintf("%sContent-Length: %d\r\n\r\n%sand more", okHead, len(text), text))(t, new(atomic.Int64))
	c := newClient(t, baseURL)
	if _, err := retrieve(c); err != nil {
		t.Fatal(err)
	}
	select {
	case got := <-written:
		if want := "Unsolicited response"; !strings.Contains(got, want) {
			t.Errorf("got %q written, want %q", got, want)
		}
	case <-time.After(10 * time.Second):
		t.Error("got nothing written; SECURITY.md can promise more")
	}
}

type writer func([]byte) (int, error)

func (w writer) Write(p []byte) (int, error) { return w(p) }

// Whatever the body, the report is bounded, and RawJSON returns the body unchanged.
func TestHostileBodiesAreBoundedInReports(t *testing.T) {
	for name, body := range hostileBodies(100 << 10) {
		in, err := client.Parse([]byte(body))
		if err != nil {
			expectPrintable(t, name, err.Error())
			continue
		}
		report := in.Report()
		if n, m := len(report.Violations), len(report.Drift); n > contract.MaxFindings || m > contract.MaxFindings {
			t.Errorf("%s: got %d violations and %d findings of drift, want at most %d", name, n, m, contract.MaxFindings)
		}
		if !bytes.Equal(in.RawJSON(), []byte(body)) {
			t.Errorf("%s: got another body from RawJSON", name)
		}
	}
}
