package client

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/hashicorp/go-retryablehttp"
)

// answer is what came of an exchange: a response, read to its end.
type answer struct {
	response *http.Response // Its body is closed; nil where there was no response.
	body     []byte
	attempts int
	client   *Client
	call     *callConfig
}

// secrets are those that were sent.
func (a *answer) secrets() secrets { return a.client.secretsOf(a.call) }

// public is the response as a caller may have it: the body can be read again, the credentials are gone.
func (a *answer) public() *http.Response {
	if a.response == nil {
		return nil
	}
	r := *a.response
	r.Body = io.NopCloser(bytes.NewReader(a.body))
	if r.Request != nil {
		request := r.Request.Clone(context.WithoutCancel(r.Request.Context()))
		request.Header = http.Header{}
		request.Response = nil // The redirect that led here, with the request that it answered.
		r.Request = request
	}
	return &r
}

// newHTTPClient makes the client that sends requests, a copy of base with our redirect policy in front of its own, and
// says how long an attempt may take. A context limits that: http.Client would start a goroutine for each request.
func newHTTPClient(base *http.Client, timeout *time.Duration) (*http.Client, time.Duration) {
	var h http.Client
	if base != nil {
		h = *base
	} else {
		h.Transport = newTransport()
	}
	limit := cmp.Or(h.Timeout, defaultTimeout)
	if timeout != nil {
		limit = *timeout
	}
	h.CheckRedirect = redirectPolicy(h.CheckRedirect)
	transport := h.Transport
	if transport == nil {
		transport = http.DefaultTransport
	}
	h.Transport, h.Timeout = roundTripper{transport}, 0
	return &h, limit
}

// roundTripper hides what else a transport can do: go-retryablehttp closes the idle connections after each failure, and
// those of other callers too.
type roundTripper struct{ base http.RoundTripper }

func (t roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return t.base.RoundTrip(r) }

// CloseIdleConnections closes the connections that are kept for later calls, as that of [http.Client] does: those of the
// client given with [WithHTTPClient] too, where there is one. A program that ends need not call it.
func (c *Client) CloseIdleConnections() {
	(&http.Client{Transport: c.http.Transport.(roundTripper).base}).CloseIdleConnections()
}

// newTransport is http.DefaultTransport made for many calls to one host, of which it would keep two connections.
func newTransport() http.RoundTripper {
	t, ok := http.DefaultTransport.(*http.Transport)
	if !ok {
		return http.DefaultTransport
	}
	t = t.Clone()
	t.MaxIdleConns = 1024
	t.MaxIdleConnsPerHost = 1024
	t.MaxResponseHeaderBytes = 1 << 20 // Of which net/http would read ten times as many.
	return t
}

// exchange asks for an integration, again if it may, and reads the last response to its end. The answer is never nil.
func (c *Client) exchange(ctx context.Context, slug string, call *callConfig) (*answer, error) {
	x := &exchange{ctx: ctx, client: c, gate: call.gate, answer: answer{client: c, call: call}}
	if ctx.Err() != nil {
		return &x.answer, &TransportError{Err: withContextError(ctx, context.Cause(ctx))}
	}
	if err := x.gate.pass(ctx); err != nil {
		return &x.answer, &TransportError{Err: err}
	}
	defer x.end()
	request, err := c.newRequest(x.attempt(), slug, call)
	if err != nil {
		return &x.answer, err
	}
	x.request.Request = request
	x.request.SetResponseHandler(x.read)
	x.retry = retryablehttp.Client{
		HTTPClient:     c.http,
		RetryMax:       c.maxRetries,
		CheckRetry:     x.checkRetry,
		Backoff:        x.backoff,
		RequestLogHook: x.begin,
		ErrorHandler:   retryablehttp.PassthroughErrorHandler,
	}
	response, err := x.retry.Do(&x.request)
	if response != nil {
		x.answer.response = response
	}
	if err == nil {
		return &x.answer, nil
	}
	var (
		redirect *RedirectError
		tooLarge *ResponseTooLargeError
	)
	switch {
	case errors.As(err, &redirect):
		redirect.To = x.answer.secrets().clean(redirect.To)
		if redirect.Err != nil {
			redirect.Reason += ": " + quiet(redirect.Err, x.answer.secrets()).Error()
		}
		return &x.answer, redirect
	case errors.As(err, &tooLarge):
		tooLarge.Body = keep(x.answer.body)
		return &x.answer, tooLarge
	}
	// A url.Error quotes the URL, whose query is nobody's business.
	if u := (*url.Error)(nil); errors.As(err, &u) {
		err = u.Err
	}
	if context.Cause(x.request.Context()) == c.timeoutError {
		err = c.timeoutError // Not every transport says whose deadline it was.
	}
	failure := &TransportError{
		Attempts: x.answer.attempts,
		Body:     keep(x.answer.body),
		Err:      quiet(withContextError(ctx, err), x.answer.secrets()),
	}
	if x.answer.response != nil {
		failure.StatusCode = x.answer.response.StatusCode
	}
	return &x.answer, failure
}

// withContextError is err with the error of a context that has ended, in whose place net/http returns the cause.
func withContextError(ctx context.Context, err error) error {
	if end := ctx.Err(); end != nil && !errors.Is(err, end) {
		return fmt.Errorf("%w: %w", end, err)
	}
	return err
}

// exchange is the state of one call: the attempts made so far and what the last one brought.
type exchange struct {
	ctx     context.Context // Of the call.
	client  *Client
	gate    *gate // Shared with other calls; nil where there are none.
	answer  answer
	retry   retryablehttp.Client
	request retryablehttp.Request
	start   time.Time          // Of the current attempt.
	cancel  context.CancelFunc // Ends the current attempt.
	done    bool               // The current attempt's response was read.
	wait    time.Duration      // Before the next attempt.
}

// attempt is the context of an attempt that begins.
func (x *exchange) attempt() context.Context {
	x.end()
	x.start = time.Now()
	if x.client.timeout == 0 {
		return x.ctx
	}
	ctx, cancel := context.WithDeadlineCause(x.ctx, x.start.Add(x.client.timeout), x.client.timeoutError)
	x.cancel = cancel
	return ctx
}

// end frees what the current attempt holds.
func (x *exchange) end() {
	if x.cancel != nil {
		x.cancel()
	}
}

// begin is called before each attempt. The first has its context already.
func (x *exchange) begin(_ retryablehttp.Logger, request *http.Request, attempt int) {
	if attempt > 0 {
		*request = *request.WithContext(x.attempt())
	}
	x.answer.attempts++
	x.answer.response, x.answer.body = nil, nil
	x.done = false
}

// read reads the body within the attempt, so that its timeout holds and a body that breaks off is asked for again.
func (x *exchange) read(response *http.Response) error {
	defer response.Body.Close()
	x.answer.response, x.done = response, true
	limit := x.client.maxResponseBytes
	if response.StatusCode != http.StatusOK {
		limit = maxKeptBody
	}
	body, err := readBody(response, limit)
	x.answer.body = body
	x.log(response.StatusCode, len(body), traceID(response))
	if tooLarge := (*ResponseTooLargeError)(nil); errors.As(err, &tooLarge) && response.StatusCode != http.StatusOK {
		// Of an error, what fits is enough. A little more is read so that the connection can be used again.
		_, _ = io.CopyN(io.Discard, response.Body, maxKeptBody)
		return nil
	}
	return err
}

// readBody reads at most limit bytes. What it read comes with the error too.
func readBody(response *http.Response, limit int64) ([]byte, error) {
	most, size := limit, int64(bytes.MinRead)
	if n := response.ContentLength; n > 0 {
		if n > limit {
			most = min(limit, maxKeptBody) // The error needs no more.
		}
		// One byte more is what lets the end be seen without growing. A server's word is taken up to a bound.
		size = min(n, most, 1<<20) + 1
	}
	body := make([]byte, 0, size)
	for {
		n, err := response.Body.Read(body[len(body):cap(body)])
		body = body[:len(body)+n]
		switch {
		case int64(len(body)) > most:
			return body[:most], &ResponseTooLargeError{StatusCode: response.StatusCode, Limit: limit}
		case err == io.EOF:
			return body, nil
		case err != nil:
			return body, err
		case len(body) == cap(body):
			body = slices.Grow(body, bytes.MinRead)
		}
	}
}

func traceID(response *http.Response) string {
	return response.Header.Get("X-Portkey-Trace-Id")
}
