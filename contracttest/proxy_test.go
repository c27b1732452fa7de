package contracttest_test

import (
	"bufio"
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/portkey-integration/portkey-integration-go/contracttest"
)

// A proxied is a running proxy with the exchanges that it observed.
type proxied struct {
	URL   string
	proxy *contracttest.Proxy
	seen  chan contracttest.Exchange
}

func newProxy(t *testing.T, upstream string, opts ...contracttest.ProxyOption) proxied {
	t.Helper()
	seen := make(chan contracttest.Exchange, 100)
	p, err := contracttest.NewProxy(upstream, append(opts, contracttest.WithExchangeFunc(func(e contracttest.Exchange) { seen <- e }))...)
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(p)
	t.Cleanup(func() { p.Close(); srv.Close() })
	return proxied{srv.URL, p, seen}
}

// exchange returns the next exchange that the proxy observed.
func (p proxied) exchange(t *testing.T) contracttest.Exchange {
	t.Helper()
	select {
	case e := <-p.seen:
		return e
	case <-time.After(20 * time.Second):
		t.Fatal("no exchange was observed")
	}
	return contracttest.Exchange{}
}

// raw sends bytes to a server and returns what comes back until the connection ends.
func raw(t *testing.T, url, request string) string {
	t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, request); err != nil {
		t.Fatal(err)
	}
	response, _ := io.ReadAll(conn)
	return string(response)
}

// rawServer responds to each request with the same bytes, and sends the head of the request on a channel.
func rawServer(t *testing.T, response string) (url string, request <-chan string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	requests := make(chan string, 10)
	done := make(chan struct{})
	t.Cleanup(func() { _ = l.Close(); <-done })
	go func() {
		defer close(done)
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			r := bufio.NewReader(conn)
			var b strings.Builder
			for {
				line, err := r.ReadString('\n')
				b.WriteString(line)
				if err != nil || line == "\r\n" {
					break
				}
			}
			requests <- b.String()
			_, _ = io.WriteString(conn, response)
			_ = conn.Close()
		}
	}()
	return "http://" + l.Addr().String(), requests
}

// Everything except hop-by-hop headers passes unchanged.
func TestProxyPassesUnchanged(t *testing.T) {
	body := "not what\x00the content type would say"
	upstream, requests := rawServer(t, "HTTP/1.1 299 Fine\r\nX-Two: a\r\nX-Two: b\r\nContent-Encoding: br\r\nConnection: X-Hop\r\nX-Hop: 1\r\n"+
		"Content-Length: "+fmt.Sprint(len(body))+"\r\n\r\n"+body)
	p := newProxy(t, upstream+"/prefix")
	got := raw(t, p.URL, "POST /v1/a%2Fb/%7e/'?x=1;2&%zz=%&x=3 HTTP/1.1\r\nHost: client.example\r\nx-portkey-api-key: k1\r\nAuthorization: Bearer t\r\n"+
		"X-Forwarded-For: 192.0.2.1\r\nForwarded: for=192.0.2.1\r\nConnection: close, X-Mine\r\nX-Mine: 1\r\nKeep-Alive: 1\r\nCookie: a=b\r\nContent-Length: 2\r\n\r\nhi")

	want := "HTTP/1.1 299 status code 299\r\nContent-Encoding: br\r\nContent-Length: " + fmt.Sprint(len(body)) + "\r\nX-Two: a\r\nX-Two: b\r\nConnection: close\r\n\r\n" + body
	if got != want {
		t.Errorf("the client got\n%q, want\n%q", got, want)
	}
	head := strings.Split(strings.TrimSuffix(<-requests, "\r\n\r\n"), "\r\n")
	slices.Sort(head[1:])
	wantHead := []string{"POST /prefix/v1/a%2Fb/%7e/'?x=1;2&%zz=%&x=3 HTTP/1.1",
		"Authorization: Bearer t", "Content-Length: 2", "Cookie: a=b", "Forwarded: for=192.0.2.1", "Host: " + strings.TrimPrefix(upstream, "http://"),
		"X-Forwarded-For: 192.0.2.1", "X-Portkey-Api-Key: k1"}
	if !slices.Equal(head, wantHead) {
		t.Errorf("the upstream got\n%q, want\n%q", head, wantHead)
	}
	if e := p.exchange(t); e.Operation || e.Failed() || e.StatusCode != 299 {
		t.Errorf("got exchange %+v, failed %v, want one that is not checked", e, e.Failed())
	}
}

func TestProxyPaths(t *testing.T) {
	var asked string
	upstream := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { asked = r.RequestURI }))
	defer upstream.Close()
	for _, test := range []struct{ prefix, path, want string }{
		{"", "/v1/integrations/a?b", "/v1/integrations/a?b"},
		{"/", "/v1/integrations/a", "/v1/integrations/a"},
		{"/v1", "/integrations/a", "/v1/integrations/a"},
		{"/v1/", "/integrations/a", "/v1/integrations/a"},
		{"/v1", "/v1/integrations/a?", "/v1/integrations/a?"},
		{"/v1", "/v1", "/v1"},
		{"/v1", "/v10/a", "/v1/v10/a"},
		{"/a%2Fb", "/c%2Fd", "/a%2Fb/c%2Fd"},
		{"/v1", "//x/../y", "/v1//x/../y"},
	} {
		p := newProxy(t, upstream.URL+test.prefix)
		raw(t, p.URL, "GET "+test.path+" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
		if asked != test.want {
			t.Errorf("upstream %q, path %q: asked for %q, want %q", test.prefix, test.path, asked, test.want)
		}
	}
}

func TestProxyRefusesUpstreams(t *testing.T) {
	for _, upstream := range []string{"", "x", "ftp://x", "http://", "https://me:hunter2@x", "https://x?k=hunter2", "https://x#hunter2",
		"http://cp.example", "http://hunter2\x00", "https://x:port/hunter2"} {
		if _, err := contracttest.NewProxy(upstream); err == nil || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%q: got error %v, want one that does not quote it", upstream, err)
		}
	}
	if _, err := contracttest.NewProxy("http://cp.example", contracttest.WithInsecureUpstream()); err != nil {
		t.Error(err)
	}
	if _, err := contracttest.NewProxy("https://cp.example", nil); err == nil {
		t.Error("a nil option is accepted")
	}
}

func compress(t *testing.T, body []byte, to func(io.Writer) io.WriteCloser) []byte {
	t.Helper()
	var b bytes.Buffer
	w := to(&b)
	if _, err := w.Write(body); err != nil {
		t.Fatal(err)
	}
	_ = w.Close()
	return b.Bytes()
}

func TestProxyChecks(t *testing.T) {
	const key = "pk-secret-a/b~c"
	fine := exampleBody(t, "rich")
	broken := append([]byte(`{"key":"hunter2",`), fine[1:]...)
	gz := func(w io.Writer) io.WriteCloser { return gzip.NewWriter(w) }
	zl := func(w io.Writer) io.WriteCloser { return zlib.NewWriter(w) }
	fl := func(w io.Writer) io.WriteCloser { f, _ := flate.NewWriter(w, 1); return f }
	large := append([]byte(`{"tags":"`+strings.Repeat("x", 5<<20)+`",`), fine[1:]...)
	const jsonType, op = "application/json", "GET /v1/integrations/rich"
	for _, test := range []struct {
		name, request string // the request may have one header
		status        int
		contentType   string
		coding        string
		body          []byte
		want          string // "conforms", or part of the finding, the error or the reason why it was not checked
	}{
		{"fine", op, 200, jsonType, "", fine, "conforms"},
		{"violation", op, 200, jsonType, "", broken, "/key"},
		{"drift", op, 200, jsonType, "", append([]byte(`{"news":1,`), fine[1:]...), "conforms, drift /news"},
		{"the key as a property", op, 200, jsonType, "", append([]byte(`{"PK-secret-a/b~c":1,`), fine[1:]...), "conforms, drift /[redacted]"},
		{"an error", op, 404, jsonType, "", exampleBody(t, "not-found"), "conforms"},
		{"a page", op, 502, "text/html", "", []byte("<p>"), "conforms"},
		{"no content type", op, 200, "", "", fine, "Content-Type"},
		{"an undocumented status code", op, 418, jsonType, "", fine, "status code 418"},
		{"no JSON", op, 200, jsonType, "", []byte("{hunter2"), "JSON"},
		{"empty", op, 200, jsonType, "", nil, "empty"},
		{"no content", op, 204, "", "", nil, "status code 204"},
		{"gzip", op, 200, jsonType, "gzip", compress(t, broken, gz), "/key"},
		{"deflate", op, 200, jsonType, "deflate", compress(t, broken, zl), "/key"},
		{"deflate without its frame", op, 200, jsonType, "Deflate", compress(t, broken, fl), "/key"},
		{"gzip that is none", op, 200, jsonType, "gzip", fine, "not gzip"},
		{"gzip cut short", op, 200, jsonType, "gzip", compress(t, fine, gz)[:100], "not gzip"},
		{"a small body that becomes large", op, 200, jsonType, "gzip", compress(t, large, gz), "larger than"},
		{"another coding", op, 200, jsonType, "br", fine, "unchecked: the body is compressed"},
		{"too large", op, 200, jsonType, "", large, "larger than"},
		{"HEAD", "HEAD /v1/integrations/rich", 200, jsonType, "", nil, "conforms"},
		{"HEAD without a content type", "HEAD /v1/integrations/rich", 200, "", "", nil, "Content-Type"},
		{"not modified", op + "\r\nIf-None-Match: x", 304, "", "", nil, "unchecked: the client has"},
		{"not modified, of nothing", op, 304, "", "", nil, "status code 304"},
		{"a part", op + "\r\nRange: bytes=0-9", 206, jsonType, "", fine[:10], "unchecked: the client asked for a part"},
		{"another path", "GET /v1/integrations", 200, jsonType, "", broken, "passed"},
		{"another method", "DELETE /v1/integrations/rich", 200, jsonType, "", broken, "passed"},
	} {
		t.Run(test.name, func(t *testing.T) {
			upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header()["Content-Type"] = nil
				if test.contentType != "" {
					w.Header().Set("Content-Type", test.contentType)
				}
				if test.coding != "" {
					w.Header().Set("Content-Encoding", test.coding)
				}
				w.WriteHeader(test.status)
				_, _ = w.Write(test.body)
			}))
			defer upstream.Close()
			p := newProxy(t, upstream.URL)
			line, header, _ := strings.Cut(test.request, "\r\n")
			if header != "" {
				header += "\r\n"
			}
			response := raw(t, p.URL, line+" HTTP/1.1\r\nHost: x\r\nConnection: close\r\nx-portkey-api-key: "+key+"\r\n"+header+"\r\n")
			method, _, _ := strings.Cut(line, " ")
			parsed, err := http.ReadResponse(bufio.NewReader(strings.NewReader(response)), &http.Request{Method: method})
			if err != nil {
				t.Fatal(err)
			}
			if body, err := io.ReadAll(parsed.Body); err != nil || method != "HEAD" && !bytes.Equal(body, test.body) {
				t.Errorf("the client got %d bytes and %v, want the %d that the upstream sent", len(body), err, len(test.body))
			}
			if got := parsed.Header.Get("Content-Type"); got != test.contentType {
				t.Errorf("the client got content type %q, want %q", got, test.contentType)
			}
			e := p.exchange(t)
			got := "conforms"
			switch {
			case e.Err != nil:
				got = "error: " + e.Err.Error()
			case !e.Operation:
				got = "passed"
			case e.Unchecked != "":
				got = "unchecked: " + e.Unchecked
			case !e.Report.Conforms():
				got = fmt.Sprint(e.Report.Violations)
			case len(e.Report.Drift) > 0:
				got += ", drift " + e.Report.Drift[0].Pointer
			}
			if !strings.Contains(got, test.want) || e.StatusCode != test.status {
				t.Errorf("got %d %s, want %d %s", e.StatusCode, got, test.status, test.want)
			}
			if failed := e.Err != nil || strings.HasPrefix(got, "["); e.Failed() != failed {
				t.Errorf("failed is %v, want %v", e.Failed(), failed)
			}
			if printed := fmt.Sprintf("%v %+v %#v", e, e, e) + fmt.Sprint(e.Report, e.Err, e.Unchecked, e.Path); strings.Contains(printed, "hunter2") || strings.Contains(strings.ToLower(printed), "pk-secret") {
				t.Errorf("a secret is printed: %s", printed)
			}
		})
	}
}

// The client gets the first part of a response before the upstream has sent the rest.
func TestProxyStreams(t *testing.T) {
	for _, length := range []string{"", "8"} {
		more := make(chan struct{})
		upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if length != "" {
				w.Header().Set("Content-Length", length)
			}
			w.Header().Set("Trailer", "X-Sum")
			_, _ = io.WriteString(w, "half")
			_ = http.NewResponseController(w).Flush()
			select {
			case <-more:
			case <-r.Context().Done():
			}
			_, _ = io.WriteString(w, "half")
			w.Header().Set("X-Sum", "8")
		}))
		defer upstream.Close()
		p := newProxy(t, upstream.URL)
		resp, err := http.Get(p.URL + "/v1/integrations/rich")
		if err != nil {
			t.Fatal(err)
		}
		half := make([]byte, 4)
		if _, err := io.ReadFull(resp.Body, half); err != nil || string(half) != "half" {
			t.Errorf("got %q and %v, want half of the body", half, err)
		}
		close(more)
		rest, err := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		if err != nil || string(rest) != "half" || length == "" && resp.Trailer.Get("X-Sum") != "8" {
			t.Errorf("length %q: got %q, trailer %v and %v, want the other half and the trailer", length, rest, resp.Trailer, err)
		}
	}
}

func TestProxyOfBrokenUpstreams(t *testing.T) {
	refused := httptest.NewServer(nil)
	refused.Close()
	for _, test := range []struct {
		name, response string // of the upstream; "" if it cannot be reached
		status         int    // that the client gets; 0 if the response is incomplete
		want           string
	}{
		{"unreachable", "", 502, "connection refused"},
		{"closed", " ", 502, "no response of HTTP"},
		{"no HTTP", "hunter2 hunter2\r\n\r\n", 502, "no response of HTTP"},
		{"a bad header", "HTTP/1.1 200 OK\r\nhunter2\r\n\r\n", 502, "no response of HTTP"},
		{"another protocol", "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: hunter2\r\n\r\n", 502, "switched to a protocol"},
		{"truncated", "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{hunter2", 0, "breaks off: the upstream closed the connection"},
		{"a broken chunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n8\r\n{hunter2\r\nhunter2\r\n", 0, "breaks off"},
	} {
		t.Run(test.name, func(t *testing.T) {
			url := refused.URL
			if test.response != "" {
				url, _ = rawServer(t, test.response)
			}
			p := newProxy(t, url)
			for _, path := range []string{"/v1/integrations/rich", "/v1/models"} {
				resp, err := http.Get(p.URL + path)
				if err != nil {
					t.Fatal(err)
				}
				body, err := io.ReadAll(resp.Body)
				_ = resp.Body.Close()
				if test.status == 0 {
					if err == nil || string(body) != "{hunter2" {
						t.Errorf("got %q and %v, want the part that was sent and an error", body, err)
					}
				} else {
					var failure struct{ Data struct{ Message string } }
					if err := json.Unmarshal(body, &failure); err != nil || resp.StatusCode != test.status ||
						resp.Header.Get("Content-Type") != "application/json" || !strings.Contains(failure.Data.Message, test.want) {
						t.Errorf("got %d %s, want %d and an error with %q", resp.StatusCode, body, test.status, test.want)
					}
				}
				e := p.exchange(t)
				if e.Err == nil || !strings.Contains(e.Err.Error(), test.want) || !e.Failed() || strings.Contains(e.Err.Error(), "hunter2") {
					t.Errorf("%s: got error %v, want %s", path, e.Err, test.want)
				}
			}
		})
	}
}

// If the client disconnects, the upstream is not blamed, and its request is canceled.
func TestProxyOfClientsThatGiveUp(t *testing.T) {
	for _, sent := range []string{"", "{"} {
		gone := make(chan struct{})
		upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if sent != "" {
				_, _ = io.WriteString(w, sent)
				_ = http.NewResponseController(w).Flush()
			}
			<-r.Context().Done()
			close(gone)
		}))
		defer upstream.Close()
		p := newProxy(t, upstream.URL)
		ctx, cancel := context.WithCancel(t.Context())
		r, _ := http.NewRequestWithContext(ctx, http.MethodGet, p.URL+"/v1/integrations/rich", nil)
		if sent == "" {
			time.AfterFunc(50*time.Millisecond, cancel)
		}
		resp, err := http.DefaultClient.Do(r)
		if err == nil {
			_, _ = resp.Body.Read(make([]byte, 1))
			cancel()
			_ = resp.Body.Close()
		}
		<-gone
		if e := p.exchange(t); e.Err != nil || e.Failed() || !strings.Contains(e.Unchecked, "the client gave up") {
			t.Errorf("got %v %q, want no check because the client gave up", e.Err, e.Unchecked)
		}
		cancel()
	}
}

func TestProxyPassesRedirectsOn(t *testing.T) {
	var followed bool
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { followed = true }))
	defer elsewhere.Close()
	upstream := httptest.NewServer(http.RedirectHandler(elsewhere.URL, http.StatusFound))
	defer upstream.Close()
	p := newProxy(t, upstream.URL)
	response := raw(t, p.URL, "GET /v1/integrations/rich HTTP/1.1\r\nHost: x\r\nx-portkey-api-key: k\r\nConnection: close\r\n\r\n")
	if !strings.Contains(response, "Location: "+elsewhere.URL) || followed {
		t.Errorf("followed is %v, and the client got\n%s", followed, response)
	}
	if e := p.exchange(t); !e.Failed() || e.StatusCode != 302 {
		t.Errorf("got %v, failed %v, want a violation: the contract documents no redirect", e, e.Failed())
	}
}

// An upgraded connection works in both directions, and is closed with the proxy.
func TestProxyUpgrades(t *testing.T) {
	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		conn, both, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		defer conn.Close()
		_, _ = both.WriteString("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n")
		_ = both.Flush()
		_, _ = io.Copy(conn, both)
	}))
	defer upstream.Close()
	p := newProxy(t, upstream.URL)
	conn, err := net.Dial("tcp", strings.TrimPrefix(p.URL, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_, _ = io.WriteString(conn, "GET /v1/socket HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n")
	r := bufio.NewReader(conn)
	resp, err := http.ReadResponse(r, nil)
	if err != nil || resp.StatusCode != 101 {
		t.Fatalf("got %v and %v, want status code 101", resp, err)
	}
	_, _ = io.WriteString(conn, "hello")
	echo := make([]byte, 5)
	if _, err := io.ReadFull(r, echo); err != nil || string(echo) != "hello" {
		t.Errorf("got %q and %v, want hello", echo, err)
	}
	p.proxy.Close()
	if _, err := r.ReadByte(); err == nil {
		t.Error("the connection is open although the proxy is closed")
	}
	if e := p.exchange(t); e.Failed() || e.StatusCode != 101 {
		t.Errorf("got %v, failed %v", e, e.Failed())
	}
}

// The connection to an upstream that switches protocols unasked is closed.
func TestProxyClosesWhatWasSwitchedUnasked(t *testing.T) {
	closed := make(chan struct{})
	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		defer close(closed)
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		defer conn.Close()
		_, _ = io.WriteString(conn, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n")
		_, _ = io.Copy(io.Discard, conn)
	}))
	defer upstream.Close()
	p := newProxy(t, upstream.URL)
	raw(t, p.URL, "GET /v1/integrations/rich HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
	select {
	case <-closed:
	case <-time.After(20 * time.Second):
		t.Error("the connection to the upstream stays open")
	}
}

// The copies of all bodies together are limited in size and are released. A response beyond the limit is still passed
// on.
func TestProxyKeepsBodiesInBoundedRoom(t *testing.T) {
	if testing.Short() {
		t.Skip("it moves 150 MiB")
	}
	const size, together = 3 << 20, 28
	body := bytes.Repeat([]byte(" "), size)
	var begun sync.WaitGroup
	more := make(chan struct{})
	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html") // An HTML page, whose check is quick.
		w.Header().Set("Content-Length", fmt.Sprint(size))
		w.WriteHeader(http.StatusBadGateway)
		_, _ = w.Write(body[:size-1])
		if strings.HasSuffix(r.URL.Path, "/together") {
			_ = http.NewResponseController(w).Flush()
			begun.Done()
			<-more
		}
		_, _ = w.Write(body[size-1:])
	}))
	defer upstream.Close()
	p := newProxy(t, upstream.URL)
	get := func(path string) {
		resp, err := http.Get(p.URL + path)
		if err != nil {
			t.Error(err)
			return
		}
		defer resp.Body.Close()
		if n, err := io.Copy(io.Discard, resp.Body); n != size || err != nil {
			t.Errorf("got %d bytes and %v, want %d", n, err, size)
		}
	}
	begun.Add(together)
	var clients sync.WaitGroup
	for range together {
		clients.Go(func() { get("/v1/integrations/together") })
	}
	begun.Wait()
	close(more)
	clients.Wait()
	checked := 0
	for range together {
		if e := p.exchange(t); e.Checked() {
			checked++
		} else if e.Failed() || !strings.Contains(e.Unchecked, "too many") {
			t.Errorf("got %v %v %q", e, e.Err, e.Unchecked)
		}
	}
	if checked == 0 { // How many are in progress at once depends on the machine.
		t.Errorf("got none of %d bodies checked, want as many as fit into 64 MiB", together)
	}
	for range 64<<20/size + 1 { // One after the other, all of them fit.
		get("/v1/integrations/alone")
		if e := p.exchange(t); !e.Checked() {
			t.Fatalf("got %q, want a check", e.Unchecked)
		}
	}
}

// A recording contains no secrets, and checking it has the same results as the proxy.
func TestHARWriter(t *testing.T) {
	const key, gateway = "pk-secret-a/b~c", "gateway-secret-77"
	bodies := map[string]string{
		"fine":    string(exampleBody(t, "rich")),
		"leaky":   `{"key":"hunter2","configurations":{"x":[{"aws_secret_access_key":{"a":"hunter2"}}],"custom_headers":{"X":"hunter2"}},"echo":"` + strings.ReplaceAll(key, "/", `\/`) + `","` + strings.ToUpper(key) + `":1.50}`,
		"twice":   `{"id":1,"id":2}`,
		"no-json": "{hunter2",
		"empty":   "",
		"gzip":    string(compress(t, exampleBody(t, "rich"), func(w io.Writer) io.WriteCloser { return gzip.NewWriter(w) })),
	}
	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name := filepath.Base(r.URL.Path)
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("X-Debug", key)
		w.Header().Set("Set-Cookie", "s=hunter2")
		if name == "gzip" {
			w.Header().Set("Content-Encoding", "gzip")
		}
		_, _ = io.WriteString(w, bodies[name])
	}))
	defer upstream.Close()
	file, err := os.Create(filepath.Join(t.TempDir(), "recorded.har"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	writer, err := contracttest.NewHARWriter(file)
	if err != nil {
		t.Fatal(err)
	}
	p := newProxy(t, upstream.URL)
	live := map[string]int{}
	for _, name := range []string{"fine", "leaky", "twice", "no-json", "empty", "gzip", "fine"} {
		r, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, p.URL+"/v1/integrations/"+name+"?workspace_id=ws-1&token=hunter2", nil)
		r.Header.Set("x-portkey-api-key", key)
		r.Header.Set("X-Gateway", gateway)
		resp, err := (&http.Transport{DisableKeepAlives: true, DisableCompression: true}).RoundTrip(r)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.Copy(io.Discard, resp.Body)
		_ = resp.Body.Close()
		e := p.exchange(t)
		live[name] = len(e.Report.Violations)
		if err := writer.Write(e); err != nil {
			t.Fatal(err)
		}
		// The file is complete after each exchange.
		if data, _ := os.ReadFile(file.Name()); !json.Valid(data) || !contracttest.IsHAR(data) {
			t.Fatalf("not a HAR file:\n%s", data)
		}
	}
	data, err := os.ReadFile(file.Name())
	if err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{"hunter2", "pk-secret", "PK-SECRET", gateway} {
		if bytes.Contains(data, []byte(secret)) {
			t.Errorf("the file has %s:\n%s", secret, data)
		}
	}
	if !bytes.Contains(data, []byte("workspace_id=ws-1")) || !bytes.Contains(data, []byte(`\"[redacted]\":1.50`)) {
		t.Errorf("the file lacks values that are not secret:\n%s", data)
	}
	results, err := contracttest.CheckHAR(bytes.NewReader(data))
	if err != nil || len(results) != 7 {
		t.Fatalf("got %d results and %v", len(results), err)
	}
	for _, r := range results {
		name := filepath.Base(r.URL)
		if r.Skipped != "" || len(r.Violations) != live[name] {
			t.Errorf("%s: got %q and %v, want the %d violations that there were", name, r.Skipped, r.Violations, live[name])
		}
	}
	if err := writer.Write(contracttest.Exchange{}); err != nil {
		t.Error(err)
	}
	if _, err := contracttest.NewHARWriter(full{}); err == nil {
		t.Error("an error of the file is lost")
	}
}

type full struct{}

func (full) WriteAt([]byte, int64) (int, error) { return 0, fmt.Errorf("disk full") }
