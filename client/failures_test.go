package client_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/x509"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/portkey-integration/portkey-integration-go/client"
	"github.com/portkey-integration/portkey-integration-go/contract"
	"github.com/portkey-integration/portkey-integration-go/contracttest"
)

// A fault is a failure, with the error that a caller gets for it. The table in docs/faults.md has a row for each.
type fault struct {
	name    string
	peer    func(t *testing.T, requests *atomic.Int64) (baseURL string, opts []client.Option)
	err     string // The type of the error.
	status  int    // The status code in the error; 0 if it has none.
	body    string // The beginning of the body in the error.
	retried bool
	is      error // A target that errors.Is finds, if any.
}

const small = 1000 // The limit on bodies in these tests.

var faults = []fault{
	{name: "an HTML page with 200", peer: page(200, "text/html", "<html>Sign in</html>"), err: "DecodeError", status: 200, body: "<html>"},
	{name: "an HTML page with 502", peer: page(502, "text/html", "<html>Bad gateway</html>"), err: "APIError", status: 502, body: "<html>", retried: true, is: client.ErrServer},
	{name: "an empty 200", peer: page(200, "application/json", ""), err: "DecodeError", status: 200},
	{name: "a 204", peer: page(204, "", ""), err: "APIError", status: 204},
	{name: "another content type", peer: page(200, "text/plain", integrationBody("s")), err: "ValidationError", status: 200, body: `{"id"`},
	{name: "no content type", peer: page(200, "", integrationBody("s")), err: "ValidationError", status: 200, body: `{"id"`},
	{name: "JSON of another shape", peer: page(200, "application/json", `{"data":[]}`), err: "ValidationError", status: 200, body: `{"data"`},
	{name: "an encoding that was not asked for", peer: encoded("br", "\x0b\x02\x80"), err: "DecodeError", status: 200, body: "\x0b"},
	{name: "a broken gzip stream", peer: encoded("gzip", "\x1f\x8b\x08nonsense"), err: "TransportError", status: 200, retried: true},
	{name: "a body that ends too early", peer: raw("HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{\"id\":"), err: "TransportError", status: 200, body: `{"id":`, retried: true, is: io.ErrUnexpectedEOF},
	{name: "a chunked body that ends too early", peer: raw("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n6\r\n{\"id\":\r\n"), err: "TransportError", status: 200, body: `{"id":`, retried: true, is: io.ErrUnexpectedEOF},
	{name: "an error body that ends too early", peer: raw("HTTP/1.1 403 x\r\nContent-Length: 500\r\n\r\n{\"mess"), err: "TransportError", status: 403, body: `{"mess`, retried: true, is: io.ErrUnexpectedEOF},
	{name: "a body over the limit", peer: long(200, false), err: "ResponseTooLargeError", status: 200, body: "xxxx"},
	{name: "a chunked body over the limit", peer: long(200, true), err: "ResponseTooLargeError", status: 200, body: "xxxx"},
	{name: "a gzip bomb", peer: bomb, err: "ResponseTooLargeError", status: 200, body: "\x00\x00"},
	{name: "a long error body", peer: long(404, true), err: "APIError", status: 404, body: "xxxx"},
	{name: "connection refused", peer: refused, err: "TransportError", retried: true, is: syscall.ECONNREFUSED},
	{name: "connection closed without a response", peer: raw(""), err: "TransportError", retried: true, is: io.EOF},
	{name: "connection reset before the headers", peer: reset(""), err: "TransportError", retried: true, is: syscall.ECONNRESET},
	{name: "connection reset within the headers", peer: reset("HTTP/1.1 200 OK\r\nContent-Le"), err: "TransportError", retried: true},
	{name: "connection reset within the body", peer: reset("HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{\"id\":"), err: "TransportError", status: 200, body: `{"id":`, retried: true, is: syscall.ECONNRESET},
	{name: "an HTTP/2 stream reset within the body", peer: streamReset, err: "TransportError", status: 200, body: `{"id":`, retried: true},
	{name: "something that is not HTTP", peer: raw("SSH-2.0-OpenSSH_9.6\r\n\r\n"), err: "TransportError", retried: true},
	{name: "a malformed header", peer: raw("HTTP/1.1 200 OK\r\nno colon\r\n\r\n"), err: "TransportError", retried: true},
	{name: "headers over a megabyte", peer: raw("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n" + strings.Repeat("X-A: "+strings.Repeat("a", 1000)+"\r\n", 1100) + "\r\n"), err: "TransportError", retried: true},
	{name: "a stall before the headers", peer: stall(""), err: "TransportError", retried: true, is: context.DeadlineExceeded},
	{name: "a stall after the headers", peer: stall("HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n"), err: "TransportError", status: 200, retried: true, is: context.DeadlineExceeded},
	{name: "a stall within the body", peer: stall("HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{\"id\":"), err: "TransportError", status: 200, body: `{"id":`, retried: true, is: context.DeadlineExceeded},
	{name: "a certificate of an unknown authority", peer: untrusted, err: "TransportError"},
	{name: "a certificate for another host", peer: otherHost, err: "TransportError"},
	{name: "no TLS where there should be", peer: noTLS, err: "TransportError", retried: true},
	{name: "a host that does not exist", peer: noHost, err: "TransportError", retried: true},
	{name: "a redirect to another origin", peer: redirect("https://evil.example/"), err: "RedirectError", status: 302},
	{name: "a redirect loop", peer: redirect("/api/v1/integrations/some-slug"), err: "RedirectError", status: 302},
}

// Each fault ends in its error, which keeps the status code and, within bounds, the body received, but does not print
// the body. It is retried, here once, only if that may help.
func TestFaults(t *testing.T) {
	for _, f := range faults {
		t.Run(f.name, func(t *testing.T) {
			t.Parallel()
			f.run(t, f.test)
		})
	}
}

// run runs test, in virtual time if the peer stalls.
func (f fault) run(t *testing.T, test func(*testing.T)) {
	if f.is == context.DeadlineExceeded {
		synctest.Test(t, test)
	} else {
		test(t)
	}
}

func (f fault) test(t *testing.T) {
	var requests atomic.Int64
	baseURL, opts := f.peer(t, &requests)
	var response *http.Response
	c := newClient(t, baseURL, append([]client.Option{client.WithMaxRetries(1), client.WithMaxResponseBytes(small)}, opts...)...)
	in, err := retrieve(c, client.WithResponse(&response))
	if in != nil || err == nil {
		t.Fatalf("got %v and %v, want an error", in, err)
	}
	f.expect(t, err)
	attempts := map[bool]int64{false: 1, true: 2}[f.retried]
	if _, info := inspect(t, err); int64(info.Attempts) != attempts {
		t.Errorf("got %d attempts, want %d", info.Attempts, attempts)
	}
	// Redirects cause more requests, and some peers see none.
	if got := requests.Load(); got != 0 && f.err != "RedirectError" && got != attempts {
		t.Errorf("got %d requests, want %d", got, attempts)
	}
	if f.status != 0 && (response == nil || response.StatusCode != f.status) {
		t.Errorf("got the response %v, want one with status code %d", response, f.status)
	}
}

// expect fails the test if err is not the error of the fault.
func (f fault) expect(t *testing.T, err error) {
	t.Helper()
	name, info := inspect(t, err)
	if name != f.err || info.StatusCode != f.status {
		t.Errorf("got a %s with status code %d, want a %s with %d: %v", name, info.StatusCode, f.err, f.status, err)
	}
	if body := string(info.Body); !strings.HasPrefix(body, f.body) || (body == "") != (f.body == "") || len(body) > 64<<10 {
		t.Errorf("got %d bytes of the body kept, want at most 64 KiB that begin with %q", len(body), f.body)
	}
	if f.is != nil && !errors.Is(err, f.is) {
		t.Errorf("got %v, want one that is %v", err, f.is)
	}
	text := err.Error()
	expectPrintable(t, "the error", text)
	if len(text) > 1000 || f.body != "" && strings.Contains(text, f.body) {
		t.Errorf("got an error that is long, or quotes the body: %.1000q", text)
	}
}

// docs/faults.md has a row for each fault above.
func TestFaultTable(t *testing.T) {
	text, err := os.ReadFile("../docs/faults.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range faults {
		if row := f.row(); !strings.Contains(string(text), row) {
			t.Errorf("docs/faults.md lacks the row\n%s", row)
		}
	}
}

func (f fault) row() string {
	status, yes := "", map[bool]string{true: "yes"}
	if f.status != 0 {
		status = fmt.Sprint(f.status)
	}
	return fmt.Sprintf("| %s | `*%s` | %s | %s | %s |", f.name, f.err, status, yes[f.body != ""], yes[f.retried])
}

// inspect returns the type of our error in err and its ResponseInfo.
func inspect(t testing.TB, err error) (name string, info client.ResponseInfo) {
	t.Helper()
	var (
		api        *client.APIError
		validation *client.ValidationError
		decode     *client.DecodeError
		tooLarge   *client.ResponseTooLargeError
		redirect   *client.RedirectError
		token      *client.TokenError
		transport  *client.TransportError
	)
	switch {
	case errors.As(err, &api):
		return "APIError", api.ResponseInfo
	case errors.As(err, &validation):
		return "ValidationError", validation.ResponseInfo
	case errors.As(err, &decode):
		return "DecodeError", decode.ResponseInfo
	case errors.As(err, &tooLarge):
		return "ResponseTooLargeError", tooLarge.ResponseInfo
	case errors.As(err, &redirect):
		return "RedirectError", redirect.ResponseInfo
	case errors.As(err, &token):
		return "TokenError", token.ResponseInfo
	case errors.As(err, &transport):
		return "TransportError", transport.ResponseInfo
	}
	t.Fatalf("got %T, want an error of package client: %v", err, err)
	return "", client.ResponseInfo{}
}

type peer = func(*testing.T, *atomic.Int64) (string, []client.Option)

// handled is a peer that speaks HTTP.
func handled(handle http.HandlerFunc) peer {
	return func(t *testing.T, requests *atomic.Int64) (string, []client.Option) {
		return serve(t, func(w http.ResponseWriter, r *http.Request) {
			requests.Add(1)
			handle(w, r)
		}), nil
	}
}

func page(status int, contentType, body string) peer {
	return handled(func(w http.ResponseWriter, _ *http.Request) {
		w.Header()["Content-Type"] = nil // Otherwise net/http guesses.
		if contentType != "" {
			w.Header().Set("Content-Type", contentType)
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	})
}

func encoded(encoding, body string) peer {
	return handled(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Encoding", encoding)
		_, _ = io.WriteString(w, body)
	})
}

func long(status int, chunked bool) peer {
	body := strings.Repeat("x", 200<<10)
	return handled(func(w http.ResponseWriter, _ *http.Request) {
		if !chunked {
			w.Header().Set("Content-Length", fmt.Sprint(len(body)))
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	})
}

// bomb is a peer that sends some kilobytes, which decompress to 64 MiB.
func bomb(t *testing.T, requests *atomic.Int64) (string, []client.Option) {
	return encoded("gzip", bombBody())(t, requests)
}

var bombBody = sync.OnceValue(func() string {
	var b strings.Builder
	z, _ := gzip.NewWriterLevel(&b, gzip.BestSpeed)
	for range 64 {
		_, _ = z.Write(make([]byte, 1<<20))
	}
	_ = z.Close()
	return b.String()
})

func redirect(to string) peer {
	return handled(func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, to, http.StatusFound) })
}

// sockets returns a peer that reads a request from each connection, calls respond, and closes the connection.
func sockets(respond func(net.Conn, context.Context)) peer {
	return func(t *testing.T, requests *atomic.Int64) (string, []client.Option) {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = l.Close() })
		go func() {
			for {
				conn, err := l.Accept()
				if err != nil {
					return
				}
				go func() {
					defer conn.Close()
					if readRequest(conn) {
						requests.Add(1)
						respond(conn, t.Context())
					}
				}()
			}
		}()
		return "http://" + l.Addr().String() + "/api/v1", nil
	}
}

// readRequest reads a request without a body.
func readRequest(conn net.Conn) bool {
	var b []byte
	for part := make([]byte, 1024); !bytes.HasSuffix(b, []byte("\r\n\r\n")); {
		n, err := conn.Read(part)
		if err != nil {
			return false
		}
		b = append(b, part[:n]...)
	}
	return true
}

func raw(text string) peer {
	return sockets(func(conn net.Conn, _ context.Context) { _, _ = io.WriteString(conn, text) })
}

// reset returns a peer that sends text and resets the connection. It waits until the client has read text, which the
// reset might overtake.
func reset(text string) peer {
	return func(t *testing.T, requests *atomic.Int64) (string, []client.Option) {
		arrived := make(chan struct{}, 10)
		baseURL, _ := sockets(func(conn net.Conn, ctx context.Context) {
			_, _ = io.WriteString(conn, text)
			if text != "" {
				select {
				case <-arrived:
				case <-ctx.Done():
				}
			}
			_ = conn.(*net.TCPConn).SetLinger(0)
		})(t, requests)
		return baseURL, []client.Option{client.WithHTTPClient(&http.Client{Transport: &http.Transport{
			DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
				conn, err := (&net.Dialer{}).DialContext(ctx, network, address)
				return &readCounter{conn, len(text), arrived}, err
			},
		}})}
	}
}

// readCounter signals arrived when left bytes have been read.
type readCounter struct {
	net.Conn
	left    int
	arrived chan<- struct{}
}

func (c *readCounter) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	if n > 0 && n >= c.left {
		c.arrived <- struct{}{}
	}
	c.left -= n
	return n, err
}

// stall sends text, then nothing. It has no socket, so that time can be virtual.
func stall(text string) peer {
	return func(_ *testing.T, requests *atomic.Int64) (string, []client.Option) {
		return "http://127.0.0.1/v1", []client.Option{client.WithTimeout(time.Minute), over(overPipe(func(conn net.Conn) {
			requests.Add(1)
			_, _ = io.WriteString(conn, text)
			_, _ = conn.Read(make([]byte, 1))
		}))}
	}
}

func refused(t *testing.T, _ *atomic.Int64) (string, []client.Option) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return "http://" + l.Addr().String(), nil
}

func streamReset(t *testing.T, _ *atomic.Int64) (string, []client.Option) {
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.ProtoMajor != 2 {
			t.Error("got a request of HTTP/1, want HTTP/2")
		}
		_, _ = io.WriteString(w, `{"id":`)
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	}))
	s.EnableHTTP2 = true
	s.StartTLS()
	t.Cleanup(s.Close)
	return s.URL, []client.Option{client.WithHTTPClient(s.Client())}
}

func tlsServer(t *testing.T) *httptest.Server {
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("got a request, want none") }))
	s.Config.ErrorLog = quietLog
	s.StartTLS()
	t.Cleanup(s.Close)
	return s
}

func untrusted(t *testing.T, _ *atomic.Int64) (string, []client.Option) { return tlsServer(t).URL, nil }

func otherHost(t *testing.T, _ *atomic.Int64) (string, []client.Option) {
	s := tlsServer(t)
	tr := s.Client().Transport.(*http.Transport).Clone()
	tr.DialContext = func(ctx context.Context, network, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, network, s.Listener.Addr().String())
	}
	return "https://cp.invalid", []client.Option{client.WithHTTPClient(&http.Client{Transport: tr})}
}

func noTLS(t *testing.T, _ *atomic.Int64) (string, []client.Option) {
	return strings.Replace(serve(t, func(http.ResponseWriter, *http.Request) {}), "http:", "https:", 1), nil
}

// noHost uses a host name that is unknown to a name server, which is simulated over a pipe.
func noHost(*testing.T, *atomic.Int64) (string, []client.Option) {
	resolver := &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) {
		ours, theirs := net.Pipe()
		go func() {
			defer theirs.Close()
			for {
				var size [2]byte
				if _, err := io.ReadFull(theirs, size[:]); err != nil {
					return
				}
				message := make([]byte, binary.BigEndian.Uint16(size[:]))
				if _, err := io.ReadFull(theirs, message); err != nil {
					return
				}
				message[2] |= 0x80 // A response,
				message[3] = 3     // NXDOMAIN.
				_, _ = theirs.Write(append(size[:], message...))
			}
		}()
		return ours, nil
	}}
	return "https://cp.invalid", []client.Option{client.WithHTTPClient(&http.Client{
		Transport: &http.Transport{DialContext: (&net.Dialer{Resolver: resolver}).DialContext},
	})}
}

// errors.As finds the cause of a failure.
func TestFailuresKeepTheirCause(t *testing.T) {
	call := func(p peer) error {
		baseURL, opts := p(t, new(atomic.Int64))
		_, err := retrieve(newClient(t, baseURL, append(opts, client.WithMaxRetries(0))...))
		return err
	}
	if e := as[*net.DNSError](t, call(noHost)); !e.IsNotFound || e.Name != "cp.invalid" {
		t.Errorf("got %v", e)
	}
	as[x509.UnknownAuthorityError](t, call(untrusted))
	as[x509.HostnameError](t, call(otherHost))
	synctest.Test(t, func(t *testing.T) {
		if e := as[net.Error](t, call(stall(""))); !e.Timeout() {
			t.Errorf("got %v, want a timeout", e)
		}
	})
	as[*net.OpError](t, call(refused))
}

// A body that is not JSON, or violates RFC 8259, is an error in each mode. The error does not quote it.
func TestBrokenJSON(t *testing.T) {
	for body, want := range brokenBodies() {
		for _, v := range []client.Validation{client.ValidationStrict, client.ValidationReport, client.ValidationOff} {
			_, err := retrieve(newClient(t, "https://cp.example/v1", client.WithValidation(v),
				over(func(*http.Request) (*http.Response, error) { return respond(200, nil, body) })))
			e := as[*client.DecodeError](t, err)
			if !strings.Contains(err.Error(), want) || e.StatusCode != 200 {
				t.Errorf("%.50q, %v: got %v with status %d, want one that says %q", body, v, err, e.StatusCode, want)
			}
			if got := string(e.Body); got != body[:min(len(body), 64<<10)] {
				t.Errorf("%.50q, %v: got another body kept, want the first 64 KiB", body, v)
			}
		}
		if _, err := contract.Check(200, []byte(body)); err == nil {
			t.Errorf("%.50q: got it accepted by Check, want an error", body)
		}
		if _, err := contract.Check(400, []byte(body)); err == nil {
			t.Errorf("%.50q: got it accepted by Check as an error's, want an error", body)
		}
	}
}

// Numbers beyond the range of Go's types neither panic nor change silently.
func TestHugeNumbers(t *testing.T) {
	for _, test := range []struct {
		property string
		strict   string // The error with ValidationStrict.
	}{
		{`"x":1180591620717411303424`, ""}, {`"x":1e308`, ""}, {`"x":1e-999`, ""}, {`"x":0.` + strings.Repeat("1", 10_000), ""},
		{`"workspace_count":1180591620717411303424`, "ValidationError"}, {`"workspace_count":1e999`, "ValidationError"}, {`"x":1e999`, ""},
		{`"workspace_count":9223372036854775807`, ""}, {`"workspace_count":1e2`, ""}, {`"workspace_count":1.5`, "ValidationError"},
		{`"workspace_count":-1`, ""}, {`"pricing_adjustments":{"multiplier":{"default":1e308}}`, ""},
		{`"pricing_adjustments":{"multiplier":{"default":1e999}}`, "ValidationError"},
	} {
		body := strings.Replace(integrationBody("some-slug"), `"name":"n"`, `"name":"n",`+test.property, 1)
		for _, v := range []client.Validation{client.ValidationStrict, client.ValidationReport, client.ValidationOff} {
			in, err := retrieve(newClient(t, "https://cp.example/v1", client.WithValidation(v),
				over(func(*http.Request) (*http.Response, error) { return respond(200, nil, body) })))
			if v == client.ValidationStrict {
				name := ""
				if err != nil {
					name, _ = inspect(t, err)
				}
				if name != test.strict {
					t.Errorf("%.60s: got %v, want %q", test.property, err, test.strict)
				}
			}
			if err == nil && !bytes.Equal(in.RawJSON(), []byte(body)) {
				t.Errorf("%.60s, %v: got another RawJSON, want the body", test.property, v)
			}
		}
	}
}

// A wrong content type is a violation like any other: only with ValidationStrict is there no result.
func TestWrongContentTypeIsAViolation(t *testing.T) {
	for contentType, conforms := range map[string]bool{
		"application/json": true, "application/json; charset=utf-8": true, "APPLICATION/JSON;charset=UTF-8": true, "application/json;": true,
		"text/html": false, "text/plain; application/json": false, "application/problem+json": false, "application/jsonx": false, "": false, "json": false,
	} {
		var reports []client.Report
		sent := over(func(*http.Request) (*http.Response, error) {
			return respond(200, http.Header{"Content-Type": {contentType}}, integrationBody("some-slug"))
		})
		_, err := retrieve(newClient(t, "https://cp.example/v1", sent))
		if (err == nil) != conforms {
			t.Errorf("%q: got %v", contentType, err)
		}
		in, err := retrieve(newClient(t, "https://cp.example/v1", sent, client.WithValidation(client.ValidationReport),
			client.WithReportHandler(func(_ context.Context, r client.Report) { reports = append(reports, r) })))
		if err != nil || in.Slug != "some-slug" || (len(reports) == 0) != conforms || !conforms && reports[0].Violations[0].Keyword != "content" {
			t.Errorf("%q: got %v and %v", contentType, err, reports)
		}
	}
}

// The code and the message are read from each form of error body; errors.Is needs only the status code.
func TestErrorBodies(t *testing.T) {
	type want struct{ code, message string }
	for _, test := range []struct {
		status int
		body   string
		want   want
	}{
		{403, `{"success":false,"data":{"message":"m","errorCode":"AB03"}}`, want{"AB03", "m"}},
		{403, `{"success":false,"data":{"message":"m"}}`, want{"", "m"}},
		{401, `{"success":false,"status_code":401,"error":{"message":"m","slug":"s","code":"AB05","type":"t"}}`, want{"AB05", "m"}},
		{400, `{"errorCode":"AB01","message":"m"}`, want{"AB01", "m"}},
		{401, `{"error":{"code":"invalid_api_key","message":"m","param":null,"type":"t"}}`, want{"invalid_api_key", "m"}},
		{500, `{"error":{"code":500,"message":"m"}}`, want{"500", "m"}}, {500, `{"error":{"code":null,"message":"m"}}`, want{"", "m"}},
		{404, "", want{}}, {404, "not found", want{}}, {404, "<html>", want{}}, {404, "[]", want{}}, {404, "null", want{}}, {404, `"text"`, want{}},
		{403, `{"msg":"m"}`, want{"", "m"}}, {403, `{"error":"m"}`, want{"", "m"}}, {403, `{"error":"e","message":"m"}`, want{"", "m"}}, {403, `{"msg":5}`, want{"", "5"}},
		{404, "{}", want{}}, {404, `{"message":""}`, want{}}, {404, `{"message":{"a":1}}`, want{}}, {404, `{"data":null,"message":"m"}`, want{"", "m"}},
		{404, `{"message":"a\r\nb\u0000\u001b[31mc"}`, want{"", "a  b  [31mc"}}, {404, "\xff\xfe", want{}}, {404, `{"message":"m"`, want{"", "m"}},
		{404, `{"message":"` + strings.Repeat("é", 100_000) + `"}`, want{}}, {404, `{"message":"` + strings.Repeat("é", 501) + `"}`, want{"", strings.Repeat("é", 500) + "…"}},
	} {
		e := as[*client.APIError](t, callWith(t, test.status, test.body))
		if got := (want{e.Code, e.Message}); got != test.want || e.StatusCode != test.status {
			t.Errorf("%d %.80q: got status %d and %.80q", test.status, test.body, e.StatusCode, got)
		}
		if string(e.Body) != test.body[:min(len(test.body), 64<<10)] {
			t.Errorf("%d %.80q: got %d bytes kept, want the first 64 KiB", test.status, test.body, len(e.Body))
		}
		if text := e.Error(); len(text) > 2000 || strings.ContainsAny(text, "\r\n\x1b\x00") {
			t.Errorf("%d %.80q: got an error of %d bytes or several lines, want a short line", test.status, test.body, len(text))
		}
	}
	for _, example := range contracttest.Examples() {
		if example.Status == 200 || example.ContentType != "application/json" {
			continue
		}
		if e := as[*client.APIError](t, callWith(t, example.Status, string(example.Body))); e.Message == "" || e.Code == "" && strings.Contains(string(example.Body), "ode\":\"") {
			t.Errorf("%s: got the code %q and the message %q", example.Name, e.Code, e.Message)
		}
	}
}

func callWith(t testing.TB, status int, body string) error {
	_, err := retrieve(newClient(t, "https://cp.example/v1", client.WithMaxRetries(0),
		over(func(*http.Request) (*http.Response, error) { return respond(status, nil, body) })))
	return err
}

func TestSentinels(t *testing.T) {
	all := []error{client.ErrBadRequest, client.ErrUnauthorized, client.ErrPaymentRequired, client.ErrForbidden, client.ErrNotFound, client.ErrConflict, client.ErrRateLimited, client.ErrServer}
	for status, want := range map[int]error{
		400: client.ErrBadRequest, 422: client.ErrBadRequest, 401: client.ErrUnauthorized, 412: client.ErrUnauthorized, 403: client.ErrForbidden,
		404: client.ErrNotFound, 429: client.ErrRateLimited, 500: client.ErrServer, 502: client.ErrServer, 503: client.ErrServer, 504: client.ErrServer, 599: client.ErrServer,
		201: nil, 204: nil, 304: nil, 402: client.ErrPaymentRequired, 405: nil, 409: client.ErrConflict, 418: nil,
	} {
		err := callWith(t, status, `{"success":false,"data":{"message":"m","errorCode":"AB00"}}`)
		if as[*client.APIError](t, err).StatusCode != status {
			t.Errorf("status code %d: got %v", status, err)
		}
		for _, sentinel := range all {
			if errors.Is(err, sentinel) != (sentinel == want) {
				t.Errorf("status code %d, %v: got %t of errors.Is", status, sentinel, errors.Is(err, sentinel))
			}
		}
	}
}

// The limit applies to decompressed bytes, and to memory: a bomb of 64 MiB allocates at most 16 MiB.
func TestGzipBombCostsNoMemory(t *testing.T) {
	baseURL, _ := bomb(t, new(atomic.Int64))
	c := newClient(t, baseURL, client.WithMaxResponseBytes(1<<20))
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, err := retrieve(c)
	runtime.ReadMemStats(&after)
	if e := as[*client.ResponseTooLargeError](t, err); e.Limit != 1<<20 {
		t.Errorf("got the limit %d, want 1 MiB", e.Limit)
	}
	if mib := (after.TotalAlloc - before.TotalAlloc) >> 20; mib > 16 {
		t.Errorf("got %d MiB allocated, want at most 16", mib)
	}
}

// A body of exactly the limit is accepted, one byte more is not. The limit has no maximum.
func TestLimitIsExact(t *testing.T) {
	for _, padding := range []int{0, 200 << 10} {
		body := integrationBody("some-slug") + strings.Repeat(" ", padding)
		n := int64(len(body))
		for _, chunked := range []bool{false, true} {
			baseURL := serve(t, func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", "application/json")
				if chunked {
					_ = http.NewResponseController(w).Flush()
				} else {
					w.Header().Set("Content-Length", strconv.Itoa(len(body)))
				}
				_, _ = io.WriteString(w, body)
			})
			for limit, fits := range map[int64]bool{1: false, n - 1: false, n: true, n + 1: true, 1<<63 - 2: true, 1<<63 - 1: true} {
				opts := []client.Option{client.WithMaxResponseBytes(limit), client.WithValidation(client.ValidationReport)}
				if _, err := retrieve(newClient(t, baseURL, opts...)); (err == nil) != fits {
					t.Errorf("limit %d for %d bytes: got %v", limit, n, err)
				} else if err != nil {
					as[*client.ResponseTooLargeError](t, err)
				}
			}
		}
	}
}

// If the header says that a body is too large, no more of it is read than the error keeps, or than the limit.
func TestBodiesThatAreTooLargeAreNotRead(t *testing.T) {
	for limit, most := range map[int64]int64{1000: 1000, 1 << 20: 64 << 10} {
		body := &countingReader{Reader: strings.NewReader(strings.Repeat(" ", int(limit)+1))}
		_, err := retrieve(newClient(t, "https://cp.example/v1", client.WithMaxResponseBytes(limit), over(func(*http.Request) (*http.Response, error) {
			r, err := respond(200, nil, "")
			r.Body, r.ContentLength = io.NopCloser(body), limit+1
			return r, err
		})))
		as[*client.ResponseTooLargeError](t, err)
		if body.n > most+1 {
			t.Errorf("limit %d: got %d bytes read, want at most %d", limit, body.n, most+1)
		}
	}
}

// countingReader counts the bytes that are read.
type countingReader struct {
	io.Reader
	n int64
}

func (c *countingReader) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	c.n += int64(n)
	return n, err
}

var errShutdown = errors.New("shutting down")

// contextEnds are the ways in which a context can end after some time.
var contextEnds = []struct {
	name  string
	err   error // A target that errors.Is finds.
	cause error
	ctx   func(after time.Duration) (context.Context, context.CancelFunc)
}{
	{"cancelled", context.Canceled, nil, func(after time.Duration) (context.Context, context.CancelFunc) {
		ctx, cancel := context.WithCancel(context.Background())
		time.AfterFunc(after, cancel)
		return ctx, cancel
	}},
	{"cancelled with a cause", context.Canceled, errShutdown, func(after time.Duration) (context.Context, context.CancelFunc) {
		ctx, cancel := context.WithCancelCause(context.Background())
		time.AfterFunc(after, func() { cancel(errShutdown) })
		return ctx, func() { cancel(nil) }
	}},
	{"deadline", context.DeadlineExceeded, nil, func(after time.Duration) (context.Context, context.CancelFunc) {
		return context.WithTimeout(context.Background(), after)
	}},
}

// stuck is a transport that waits for the end of the context and returns its error, as net/http does.
func stuck(r *http.Request) (*http.Response, error) {
	<-r.Context().Done()
	return nil, context.Cause(r.Context())
}

// errors.Is finds the error of the context and its cause, whenever the context ends.
func TestContextEnds(t *testing.T) {
	busy := respondWith(503, http.Header{"Retry-After": {"30"}}, "{}")
	for _, test := range []struct {
		name     string
		handles  []transport
		after    time.Duration
		attempts int
	}{
		{"before", []transport{stuck}, 0, 0}, {"during", []transport{stuck}, time.Second, 1},
		{"between attempts", []transport{busy}, time.Second, 1}, {"during the second", []transport{busy, stuck}, 31 * time.Second, 2},
	} {
		for _, ends := range contextEnds {
			if ends.name == "deadline" && test.name == "between attempts" {
				continue // See TestNoWaitPastTheDeadline.
			}
			synctest.Test(t, func(t *testing.T) {
				requests := 0
				c := newClient(t, "https://cp.example/v1", client.WithTimeout(time.Hour), over(func(r *http.Request) (*http.Response, error) {
					requests++
					return test.handles[min(requests, len(test.handles))-1](r)
				}))
				ctx, cancel := ends.ctx(test.after)
				defer cancel()
				if test.after == 0 {
					synctest.Wait()
				}
				start := time.Now()
				_, err := c.RetrieveIntegration(ctx, "some-slug")
				if got := time.Since(start); !errors.Is(err, ends.err) || got != test.after {
					t.Errorf("%s, %s: got %v after %v, want %v after %v", test.name, ends.name, err, got, ends.err, test.after)
				}
				if e := as[*client.TransportError](t, err); requests != test.attempts || e.Attempts != requests {
					t.Errorf("%s, %s: got %d requests and %d attempts, want %d of both", test.name, ends.name, requests, e.Attempts, test.attempts)
				}
				if ends.cause != nil && test.name != "between attempts" && !errors.Is(err, ends.cause) {
					t.Errorf("%s, %s: got %v, want one that is the cause", test.name, ends.name, err)
				}
			})
		}
	}
}

// If a transport returns its own error when the context ends, that is not lost.
func TestTransportsErrorAtTheEndOfTheContext(t *testing.T) {
	broken := errors.New("broken pipe")
	ctx, cancel := context.WithCancelCause(t.Context())
	c := newClient(t, "https://cp.example/v1", over(func(*http.Request) (*http.Response, error) {
		cancel(errShutdown)
		return nil, broken
	}))
	if _, err := c.RetrieveIntegration(ctx, "some-slug"); !errors.Is(err, broken) || !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want one that is %v and %v", err, broken, context.Canceled)
	}
}

// brokenBodies returns bodies that are not JSON, or violate RFC 8259, each with a part of the error.
func brokenBodies() map[string]string {
	valid := integrationBody("some-slug")
	in := func(property string) string { return strings.Replace(valid, `"name":"n"`, `"name":"n",`+property, 1) }
	return map[string]string{
		"": "empty", " \n": "too early", "<!DOCTYPE html><title>Sign in</title>": "not valid JSON", valid[:len(valid)-1]: "too early",
		valid[:40]: "too early", valid + valid: "not valid JSON", valid + "x": "not valid JSON", valid + "\x00": "not valid JSON", "\ufeff" + valid: "not valid JSON",
		in(`"a":1,"a":2`): "twice", in(`"slug":"other"`): "twice", in(`"x":{"b":1,"\u0062":2}`): "twice",
		in(`"description":"` + "\xff" + `"`): "not valid JSON", in(`"description":"\ud800"`): "not valid JSON", in(`"` + "\xc0\xaf" + `":1`): "not valid JSON",
		in(`"x":` + strings.Repeat("[", 100_000) + strings.Repeat("]", 100_000)): "not valid JSON",
		strings.Repeat(`{"a":`, 100_000):                                         "not valid JSON", in(`"x":NaN`): "not valid JSON", in(`"x":01`): "not valid JSON",
		in(`"x":'a'`): "not valid JSON", in(`"x":1,`): "not valid JSON", in("\"x\":\"a\nb\""): "not valid JSON", "// comment\n" + valid: "not valid JSON",
	}
}

// A 404 is ErrNotFound only if its body is one of the API's own errors.
func TestNotFoundIsTheAPIs(t *testing.T) {
	for _, own := range []string{
		`{"success":false,"data":{"message":"m","errorCode":"AB08"}}`, `{"success":false,"data":{"message":"m"}}`, `{"success":false}`,
		`{"error":{"message":"m","slug":"s","code":"AB08","type":"t"}}`, `{"errorCode":"AB08","message":"m"}`, `{"error":{"message":"m"}}`,
	} {
		if err := callWith(t, 404, own); !errors.Is(err, client.ErrNotFound) {
			t.Errorf("%s: got %v, want ErrNotFound", own, err)
		}
	}
	for _, others := range []string{
		"", "<html>404 page not found</html>", "404 page not found", "{}", "[]", "null", `"not found"`, `{"message":"no Route matched with those values"}`,
		`{"msg":"not found"}`, `{"error":"not found"}`, `{"success":true}`, `{"success":"false"}`, `{"success":false`, `{"error":{"message":""}}`, `{"data":[]}`,
	} {
		err := callWith(t, 404, others)
		if errors.Is(err, client.ErrNotFound) || !strings.Contains(err.Error(), "check the base URL") {
			t.Errorf("%s: got %v, want an error that is not ErrNotFound and names the base URL", others, err)
		}
	}
	for _, e := range contracttest.Examples() {
		if e.Status != 404 {
			continue
		}
		if err := callWith(t, 404, string(e.Body)); !errors.Is(err, client.ErrNotFound) {
			t.Errorf("%s: got %v, want ErrNotFound", e.Name, err)
		}
	}
}

// The text of an error leaves out what the error does not have.
func TestTextsOfErrors(t *testing.T) {
	for want, e := range map[string]error{
		"request failed after 1 attempt: EOF": &client.TransportError{ResponseInfo: client.ResponseInfo{Attempts: 1}, Err: io.EOF},
		"request failed after 2 attempts (status code 200): EOF": &client.TransportError{
			ResponseInfo: client.ResponseInfo{Attempts: 2, StatusCode: 200}, Err: io.EOF,
		},
		"status code 499": &client.APIError{ResponseInfo: client.ResponseInfo{StatusCode: 499}},
		"status code 403 Forbidden: AB03: no access (retry after 1m0s) (trace id t)": &client.APIError{
			ResponseInfo: client.ResponseInfo{StatusCode: 403, TraceID: "t"}, Code: "AB03", Message: "no access", RetryAfter: time.Minute,
		},
		"status code 404 Not Found (not a response of the API: check the base URL)": &client.APIError{ResponseInfo: client.ResponseInfo{StatusCode: 404}},
		"response violates the contract: 1 violation: /a: r":                        &client.ValidationError{Report: client.Report{Violations: []client.Finding{{Pointer: "/a", Reason: "r"}}}},
		"response violates the contract: 3 violations: /a: r; /b: r; /c: r": &client.ValidationError{Report: client.Report{
			Violations: []client.Finding{{Pointer: "/a", Reason: "r"}, {Pointer: "/b", Reason: "r"}, {Pointer: "/c", Reason: "r"}},
		}},
		"response violates the contract: 9 violations: /a: r; /b: r; /c: r; and 6 more": &client.ValidationError{Report: client.Report{
			Violations:     []client.Finding{{Pointer: "/a", Reason: "r"}, {Pointer: "/b", Reason: "r"}, {Pointer: "/c", Reason: "r"}, {Pointer: "/d", Reason: "r"}},
			MoreViolations: 5,
		}},
	} {
		if got := e.Error(); got != want {
			t.Errorf("got %s\nwant %s", got, want)
		}
	}
}
