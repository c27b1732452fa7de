package contracttest

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/portkey-integration/portkey-integration-go/client"
	"github.com/portkey-integration/portkey-integration-go/internal/text"
)

// A Proxy is a reverse proxy, an [http.Handler], that checks responses. It forwards requests and responses between any
// client and a control plane unchanged, as they arrive, and then checks each response to GET and HEAD
// …/integrations/{slug} against the contract. Other exchanges are not checked.
//
// Requests are sent to the origin of the upstream only, with all headers except hop-by-hop headers. The proxy does not
// follow redirects but passes them on. The path of the upstream's URL is prepended to the path of a request that does
// not begin with it. Hop-by-hop headers of responses are not passed on either, except those that the upstream names
// beside close in the header Connection, which net/http hides. If the upstream cannot be reached or does not respond with HTTP, the client receives 502 and
// an error in the API's shape.
//
// A client that takes longer than [DefaultStall] to send a part of its request or to read a part of the response, of at
// most 32 KiB, is disconnected; see [WithStall]. The proxy does not limit how long the upstream takes.
type Proxy struct {
	upstream  *url.URL
	insecure  bool
	stall     time.Duration
	transport http.RoundTripper
	observers []func(Exchange)
	proxy     httputil.ReverseProxy
	captured  atomic.Int64  // bytes of bodies kept for checking
	checking  chan struct{} // semaphore for the checks in progress
	ctx       context.Context
	cancel    context.CancelFunc
}

const (
	// DefaultStall is how long a client may keep a [Proxy] waiting unless [WithStall] sets another limit.
	DefaultStall = 5 * time.Minute
	// maxCaptured limits the total size, in bytes, of the bodies kept for checking.
	maxCaptured = 64 << 20
)

// A ProxyOption configures a [Proxy].
type ProxyOption func(*Proxy) error

// WithExchangeFunc calls f with each exchange when it has ended. Calls may be concurrent.
func WithExchangeFunc(f func(Exchange)) ProxyOption {
	return func(p *Proxy) error { p.observers = append(p.observers, f); return nil }
}

// WithInsecureUpstream allows plain http to an upstream on another machine. Keys are then sent unencrypted.
func WithInsecureUpstream() ProxyOption {
	return func(p *Proxy) error { p.insecure = true; return nil }
}

// WithStall sets how long a client may keep the proxy waiting. The default is [DefaultStall].
func WithStall(d time.Duration) ProxyOption {
	return func(p *Proxy) error {
		if d <= 0 {
			return fmt.Errorf("WithStall: %v is not positive", d)
		}
		p.stall = d
		return nil
	}
}

// WithUpstreamTransport makes requests to the upstream with rt, which must not decompress responses: an
// [http.Transport] must have DisableCompression set.
func WithUpstreamTransport(rt http.RoundTripper) ProxyOption {
	return func(p *Proxy) error { p.transport = rt; return nil }
}

// An Exchange is a request that passed through a [Proxy] and its response. It prints without any value of a body or
// header.
type Exchange struct {
	Method     string
	Path       string        // as the client sent it, with escapes, without the query
	Operation  bool          // whether it is GET or HEAD …/integrations/{slug}
	StatusCode int           // of the upstream's response; 0 if there was none
	Report     client.Report // result of checking the response
	Unchecked  string        // why the response was not checked, if that is not the upstream's fault; else empty
	Err        error         // why the upstream's response is missing, incomplete or too large to be checked
	Start      time.Time
	Duration   time.Duration

	url               *url.URL // requested from the upstream
	proto             string
	request, response http.Header
	body              []byte // of a response that was checked
	size              int64  // of the body, as received
	redact            func(string) string
}

// Checked reports whether the response was compared with the contract.
func (e Exchange) Checked() bool { return e.Operation && e.Unchecked == "" && e.Err == nil }

// Failed reports whether the response of the upstream is missing or incomplete, or violates the contract.
func (e Exchange) Failed() bool { return e.Err != nil || !e.Report.Conforms() }

// Format implements [fmt.Formatter]: for every verb, it prints the method, the path and the status code.
func (e Exchange) Format(f fmt.State, _ rune) {
	_, _ = fmt.Fprintf(f, "%s %s %d", e.Method, e.Path, e.StatusCode)
}

// NewProxy returns a proxy for a control plane. upstream is a URL with the scheme http or https, a host and,
// optionally, a path.
func NewProxy(upstream string, opts ...ProxyOption) (*Proxy, error) {
	p := &Proxy{stall: DefaultStall, checking: make(chan struct{}, runtime.GOMAXPROCS(0))}
	var errs []error
	for _, opt := range opts {
		if opt == nil {
			errs = append(errs, errors.New("an option is nil"))
			continue
		}
		errs = append(errs, opt(p))
	}
	u, err := upstreamURL(upstream, p.insecure)
	if err := errors.Join(append(errs, err)...); err != nil {
		return nil, err
	}
	p.upstream = u
	if p.transport == nil {
		p.transport = newUpstreamTransport()
	}
	p.proxy = httputil.ReverseProxy{
		Rewrite:        p.rewrite,
		Transport:      p.transport,
		FlushInterval:  -1, // Flush at once: the client gets data as the upstream sends it.
		BufferPool:     &buffers{},
		ErrorLog:       log.New(io.Discard, "", 0), // Its messages may quote the upstream; an Exchange has the error.
		ModifyResponse: p.received,
		ErrorHandler:   p.failed,
	}
	p.ctx, p.cancel = context.WithCancel(context.Background())
	_, _ = check(p.ctx, http.StatusOK, []byte("{}"), redactor(nil)) // Load the contract before the first request.
	return p, nil
}

// upstreamURL parses the URL of an upstream. Errors do not quote it, since it may contain a password.
func upstreamURL(raw string, insecure bool) (*url.URL, error) {
	u, err := url.Parse(raw)
	switch {
	case raw == "":
		return nil, errors.New("the upstream's URL is empty")
	case err != nil:
		return nil, errors.New("the upstream's URL is malformed")
	case u.Scheme != "http" && u.Scheme != "https":
		return nil, errors.New("the scheme of the upstream's URL is neither https nor http")
	case u.Hostname() == "":
		return nil, errors.New("the upstream's URL has no host")
	case u.User != nil:
		return nil, errors.New("the upstream's URL has user information: the client's requests bring their credentials")
	case u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		return nil, errors.New("the upstream's URL has a query or a fragment")
	case u.Scheme == "http" && !isLoopback(u.Hostname()) && !insecure:
		return nil, errors.New("the upstream is reached by plain http, over which keys would cross the network in clear")
	}
	u.Path, u.RawPath = strings.TrimRight(u.Path, "/"), strings.TrimRight(u.RawPath, "/")
	return u, nil
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return lower(host) == "localhost" || ip != nil && ip.IsLoopback()
}

func newUpstreamTransport() *http.Transport {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.DisableCompression = true // Otherwise it would request compression and decompress.
	t.ForceAttemptHTTP2 = true
	t.MaxIdleConns, t.MaxIdleConnsPerHost = 256, 256
	t.MaxResponseHeaderBytes = 1 << 20
	t.DialContext = (&net.Dialer{Timeout: 10 * time.Second}).DialContext
	return t
}

// Upstream returns the URL of the upstream.
func (p *Proxy) Upstream() *url.URL { u := *p.upstream; return &u }

// Close ends the exchanges in progress, including upgraded connections, and closes idle connections to the upstream.
func (p *Proxy) Close() {
	p.cancel()
	if t, ok := p.transport.(interface{ CloseIdleConnections() }); ok {
		t.CloseIdleConnections()
	}
}

type exchangeKey struct{}

// ServeHTTP implements [http.Handler].
func (p *Proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodConnect {
		http.Error(w, "this is a reverse proxy: it makes no tunnels", http.StatusMethodNotAllowed)
		return
	}
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	defer context.AfterFunc(p.ctx, cancel)()
	redact := redactor(r.Header)
	e := &exchange{Exchange: Exchange{
		Method:    r.Method,
		Path:      redact(r.URL.EscapedPath()),
		Operation: isOperation(r.Method, r.URL.EscapedPath()),
		Report:    checkedNothing(),
		Start:     time.Now(),
		request:   r.Header,
		redact:    redact,
	}}
	defer p.over(ctx, e) // Deferred, since ReverseProxy panics to abort a response.
	r = r.WithContext(context.WithValue(ctx, exchangeKey{}, e))
	control := http.NewResponseController(w)
	if r.Body != nil && r.Body != http.NoBody {
		r.Body = &patientReader{ReadCloser: r.Body, control: control, stall: p.stall}
	}
	p.proxy.ServeHTTP(&patientWriter{w, control, p.stall}, r)
	_ = control.SetWriteDeadline(time.Now().Add(p.stall)) // For what net/http still has to write.
}

// exchange is an Exchange in progress.
type exchange struct {
	Exchange
	captured *capture
}

// rewrite directs a request to the upstream and restores what ReverseProxy changes other than hop-by-hop headers.
func (p *Proxy) rewrite(r *httputil.ProxyRequest) {
	prefix, path := p.upstream.EscapedPath(), r.In.URL.EscapedPath()
	target := *p.upstream
	if path == prefix || strings.HasPrefix(path, prefix+"/") {
		target.Path, target.RawPath = "", ""
	}
	r.SetURL(&target)
	if path == "" || path == "*" { // OPTIONS *
		r.Out.URL.Path, r.Out.URL.RawPath = path, ""
	}
	r.Out.URL.RawQuery, r.Out.URL.ForceQuery = r.In.URL.RawQuery, r.In.URL.ForceQuery
	for _, name := range []string{"Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto"} {
		if values, ok := r.In.Header[name]; ok {
			r.Out.Header[name] = values
		}
	}
	if e, ok := r.Out.Context().Value(exchangeKey{}).(*exchange); ok {
		u := *r.Out.URL
		e.url = &u
	}
}

// received inspects a response before it is passed on.
func (p *Proxy) received(resp *http.Response) error {
	e, ok := resp.Request.Context().Value(exchangeKey{}).(*exchange)
	if !ok {
		return nil
	}
	e.StatusCode, e.proto, e.response = resp.StatusCode, resp.Proto, resp.Header.Clone()
	if resp.StatusCode == http.StatusSwitchingProtocols {
		if wanted := resp.Request.Header.Get("Upgrade"); wanted == "" || lower(wanted) != lower(resp.Header.Get("Upgrade")) {
			return errSwitched // ReverseProxy would refuse it too, and leave the connection open.
		}
		return nil // The body is the connection; ReverseProxy needs it unwrapped.
	}
	e.captured = &capture{body: resp.Body, proxy: p, wanted: e.Operation && hasBody(e.Method, e.StatusCode)}
	resp.Body = e.captured
	return nil
}

// failed responds to a client whose request got no response from the upstream.
func (p *Proxy) failed(w http.ResponseWriter, r *http.Request, err error) {
	e, ok := r.Context().Value(exchangeKey{}).(*exchange)
	if !ok {
		return
	}
	message := "the proxy was stopped"
	if r.Context().Err() == nil {
		e.Err = upstreamError(err)
		message = e.Err.Error()
	}
	w.Header().Set("Content-Type", jsonType)
	w.WriteHeader(http.StatusBadGateway)
	_, _ = w.Write(newError(http.StatusBadGateway, "", "portkey-integration proxy: "+message).body)
}

var errSwitched = errors.New("the upstream switched to a protocol that the client did not ask for")

// over is called at the end of an exchange. It checks the response and calls the observers.
func (p *Proxy) over(ctx context.Context, e *exchange) {
	if e.captured != nil {
		defer p.captured.Add(-int64(e.captured.kept.Cap()))
		e.size = e.captured.size
	}
	p.judge(ctx, e)
	e.Duration = time.Since(e.Start)
	for _, observe := range p.observers {
		observe(e.Exchange)
	}
}

func (p *Proxy) judge(ctx context.Context, e *exchange) {
	c := e.captured
	switch {
	case e.Err != nil:
		return
	case (e.StatusCode == 0 || c != nil && !c.complete) && p.ctx.Err() != nil:
		e.Unchecked = "the proxy was stopped"
		return
	case e.StatusCode == 0:
		e.Unchecked = "the client gave up before there was a response"
		return
	case c != nil && c.err != nil && ctx.Err() == nil:
		e.Err = fmt.Errorf("the response breaks off: %w", upstreamError(c.err))
		return
	case !e.Operation:
		return
	case e.StatusCode == http.StatusNotModified && e.request.Get("If-None-Match")+e.request.Get("If-Modified-Since") != "":
		e.Unchecked = "the client has the response (304)"
		return
	case e.StatusCode == http.StatusPartialContent && e.request.Get("Range") != "":
		e.Unchecked = "the client asked for a part (206)"
		return
	case c == nil || !c.wanted:
		e.Report = checkHead(e.StatusCode, e.response.Get("Content-Type"))
		return
	case c.tooLarge:
		e.Err = errTooLarge
		return
	case !c.complete:
		e.Unchecked = "the client gave up before the end of the response"
		return
	case c.full:
		e.Unchecked = "too many large responses at once"
		return
	}
	p.checking <- struct{}{}
	defer func() { <-p.checking }()
	body, err := decompress(e.response.Get("Content-Encoding"), c.kept.Bytes())
	switch {
	case errors.Is(err, errUnknownCoding):
		e.Unchecked = err.Error()
		return
	case errors.Is(err, errTooLarge):
		e.Err = err
		return
	case err != nil:
		e.Report.Violations = append(e.Report.Violations, client.Finding{Keyword: "content", Reason: err.Error()})
		return
	}
	e.body = body
	if e.Report, err = checkBody(p.ctx, e.StatusCode, e.response.Get("Content-Type"), body, e.redact); err != nil {
		e.Unchecked = "the proxy was stopped"
	}
}

// A capture is a response body that keeps a copy of what is read.
type capture struct {
	body     io.ReadCloser
	proxy    *Proxy
	wanted   bool // whether to keep a copy
	kept     bytes.Buffer
	size     int64
	complete bool
	tooLarge bool
	full     bool  // whether maxCaptured was exceeded
	err      error // that ended the body early
}

func (c *capture) Read(b []byte) (int, error) {
	n, err := c.body.Read(b)
	c.size += int64(n)
	c.keep(b[:n])
	switch {
	case err == io.EOF:
		c.complete = true
	case err != nil:
		c.err = err
	}
	return n, err
}

func (c *capture) keep(b []byte) {
	switch {
	case !c.wanted || c.tooLarge || c.full:
		return
	case c.size > maxBody:
		c.tooLarge = true
	default:
		before := c.kept.Cap()
		if c.kept.Available() < len(b) {
			c.kept.Grow(len(b))
		}
		grown := int64(c.kept.Cap() - before)
		if c.proxy.captured.Add(grown) <= maxCaptured {
			c.kept.Write(b)
			return
		}
		c.full = true
	}
	c.proxy.captured.Add(-int64(c.kept.Cap()))
	c.kept = bytes.Buffer{}
}

func (c *capture) Close() error { return c.body.Close() }

// upstreamError returns why there is no response. Unlike the errors of net/http, it does not quote the upstream.
func upstreamError(err error) error {
	var (
		dns         *net.DNSError
		certificate *tls.CertificateVerificationError
		operation   *net.OpError
	)
	switch {
	case err == errSwitched:
		return err
	case errors.As(err, &dns):
		return errors.New("the upstream cannot be reached: no address for its host")
	case errors.As(err, &certificate):
		return errors.New("the upstream cannot be trusted: " + text.Line(certificate.Err.Error(), maxText))
	case errors.Is(err, syscall.ECONNREFUSED):
		return errors.New("the upstream cannot be reached: connection refused")
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return errors.New("the upstream reset the connection")
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return errors.New("the upstream closed the connection")
	case errors.As(err, &operation) && operation.Op == "dial" && operation.Timeout():
		return errors.New("the upstream cannot be reached: no connection in time")
	case errors.As(err, &operation) && operation.Op == "dial":
		return errors.New("the upstream cannot be reached")
	case errors.As(err, &operation):
		return errors.New("the connection to the upstream failed")
	}
	return errors.New("the upstream sent no response of HTTP")
}

// A patientWriter sets a deadline for each write to a client, and keeps net/http from adding headers that the upstream
// did not send.
type patientWriter struct {
	http.ResponseWriter
	control *http.ResponseController
	stall   time.Duration
}

func (w *patientWriter) WriteHeader(status int) {
	if status >= 200 {
		for _, name := range []string{"Content-Type", "Date"} {
			if header := w.Header(); header[name] == nil {
				header[name] = nil
			}
		}
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *patientWriter) Write(b []byte) (int, error) {
	_ = w.control.SetWriteDeadline(time.Now().Add(w.stall))
	return w.ResponseWriter.Write(b)
}

func (w *patientWriter) FlushError() error {
	_ = w.control.SetWriteDeadline(time.Now().Add(w.stall))
	return w.control.Flush()
}

// Unwrap is for [http.ResponseController].
func (w *patientWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// A patientReader sets a deadline for each read of a request body. It sets none after the end of the body, where
// net/http reads on to detect that the client is gone, and would misinterpret an expired deadline.
type patientReader struct {
	io.ReadCloser
	control *http.ResponseController
	stall   time.Duration
	ended   bool
}

func (r *patientReader) Read(b []byte) (int, error) {
	if !r.ended {
		_ = r.control.SetReadDeadline(time.Now().Add(r.stall))
	}
	n, err := r.ReadCloser.Read(b)
	r.ended = err != nil
	return n, err
}

// buffers is the BufferPool of the ReverseProxy.
type buffers struct{ pool sync.Pool }

func (b *buffers) Get() []byte {
	if buffer, ok := b.pool.Get().(*[]byte); ok {
		return *buffer
	}
	return make([]byte, 32<<10)
}

func (b *buffers) Put(buffer []byte) { b.pool.Put(&buffer) }
