package client

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"time"
)

// exchange is one call in progress: the number of attempts so far, and the response to the last one.
type exchange struct {
	client   *Client
	sent     *sent
	attempts int
	response *http.Response // Its body is closed; nil if there was no response.
	body     []byte
}

// exchange sends the request of a call, retries it if that may help, and reads the last response. The result is never
// nil. The error is nil for a complete response, whatever its status code.
func (c *Client) exchange(ctx context.Context, slug string, call *callConfig, limit *rateLimit) (*exchange, error) {
	x := &exchange{client: c, sent: &sent{client: c, call: call}}
	request, err := c.newRequest(slug, call)
	if err != nil {
		return x, err
	}
	refreshed := false
	for {
		if err := limit.wait(ctx); err != nil {
			return x, x.failure(ctx, err)
		}
		token, err := x.authorize(ctx, request)
		if err != nil {
			return x, err
		}
		start := time.Now()
		err = x.attempt(ctx, request)
		failure := x.failure(ctx, err)
		x.log(ctx, time.Since(start), failure)
		if err == nil && x.response.StatusCode == http.StatusUnauthorized && token != nil && !refreshed {
			c.tokens.discard(token)
			refreshed = true
			continue
		}
		pause, again := x.retry(ctx, err, limit)
		if !again {
			return x, failure
		}
		if err := sleep(ctx, pause); err != nil {
			return x, x.failure(ctx, err)
		}
	}
}

// authorize adds the token of the token source, if there is one, to the request and returns it.
func (x *exchange) authorize(ctx context.Context, request *http.Request) (*secret, error) {
	if x.client.tokens == nil {
		return nil, nil
	}
	token, err := x.client.tokens.get(ctx)
	if err != nil {
		return nil, &TokenError{ResponseInfo: x.info(), Err: x.quiet(err)}
	}
	x.sent.tokens = append(x.sent.tokens, *token)
	setBearer(request.Header, *token)
	return token, nil
}

// attempt sends the request once and reads the whole response, within the timeout.
func (x *exchange) attempt(ctx context.Context, request *http.Request) error {
	x.attempts++
	x.response, x.body = nil, nil
	if timeout := x.client.timeout; timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadlineCause(ctx, time.Now().Add(timeout), x.client.timeoutError)
		defer cancel()
	}
	response, err := x.client.http.Do(request.WithContext(ctx))
	if response != nil {
		x.response = response
		defer response.Body.Close()
	}
	if err == nil {
		err = x.read(ctx)
	}
	if err != nil && context.Cause(ctx) == x.client.timeoutError {
		return x.client.timeoutError // Not every transport returns the context's cause.
	}
	return err
}

// read reads the body of the response. It truncates that of an error response to maxBody.
func (x *exchange) read(ctx context.Context) (err error) {
	if x.response.StatusCode < http.StatusOK {
		// The connection no longer speaks HTTP, and reading from it would not end with the context.
		return fmt.Errorf("the server switched protocols (status code %d)", x.response.StatusCode)
	}
	if !x.client.endsWithContext {
		body := x.response.Body
		defer context.AfterFunc(ctx, func() { _ = body.Close() })()
	}
	if x.response.StatusCode == http.StatusOK {
		x.body, err = readBody(x.response, x.client.maxResponseBytes)
	} else if x.body, err = readBody(x.response, maxBody); isTooLarge(err) {
		err = nil // Do not wait for the rest, at the price of the connection.
	}
	if err != nil && ctx.Err() != nil {
		return ctx.Err()
	}
	return err
}

var errTooLarge = errors.New("the body is too large")

func isTooLarge(err error) bool { return err == errTooLarge }

// readBody reads at most limit bytes. It also returns what it read if there is an error.
func readBody(response *http.Response, limit int64) ([]byte, error) {
	most, size := limit, int64(bytes.MinRead)
	if n := response.ContentLength; n > 0 {
		if n > limit {
			most = min(limit, maxBody) // The error keeps no more.
		}
		// With one byte more, the end is seen without growing. Content-Length is trusted only up to a bound.
		size = min(n, most, 1<<20) + 1
	}
	body := make([]byte, 0, size)
	for {
		n, err := response.Body.Read(body[len(body):cap(body)])
		body = body[:len(body)+n]
		switch {
		case int64(len(body)) > most:
			return body[:most], errTooLarge
		case err == io.EOF:
			return body, nil
		case err != nil:
			return body, err
		case len(body) == cap(body):
			body = slices.Grow(body, bytes.MinRead)
		}
	}
}

// failure returns the error of a call whose last attempt ended with err; nil if err is nil.
func (x *exchange) failure(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	if isTooLarge(err) {
		return &ResponseTooLargeError{ResponseInfo: x.info(), Limit: x.client.maxResponseBytes}
	}
	if redirect := (*RedirectError)(nil); errors.As(err, &redirect) {
		redirect.Attempts = x.attempts
		redirect.TraceID, redirect.To = x.sent.line(redirect.TraceID), x.sent.line(redirect.To)
		if redirect.Err != nil {
			redirect.Err = x.quiet(redirect.Err)
			redirect.Reason += ": " + redirect.Err.Error()
		}
		return redirect
	}
	// A url.Error quotes the URL, whose query must not be printed.
	if u := (*url.Error)(nil); errors.As(err, &u) {
		err = u.Err
	}
	// If the context has ended, wrap both its error and its cause, whichever of them net/http returned.
	if end := ctx.Err(); end != nil {
		if cause := context.Cause(ctx); err == end && cause != end {
			err = cause
		}
		if !errors.Is(err, end) {
			err = fmt.Errorf("%w: %w", end, err)
		}
	}
	return &TransportError{ResponseInfo: x.info(), Err: x.quiet(err)}
}

// info returns what the errors of this call share.
func (x *exchange) info() ResponseInfo {
	info := ResponseInfo{Attempts: x.attempts}
	if x.response != nil {
		info.StatusCode = x.response.StatusCode
		info.TraceID = x.traceID()
		info.Body = bytes.Clone(x.body[:min(len(x.body), maxBody)]) // So that a long-lived error does not retain the whole body.
	}
	return info
}

func (x *exchange) traceID() string { return x.sent.line(x.response.Header.Get(headerTraceID)) }

// publicResponse returns the response for the caller: its body can be read, and it contains no credentials.
func (x *exchange) publicResponse() *http.Response {
	if x.response == nil {
		return nil
	}
	r := *x.response
	r.Body = io.NopCloser(bytes.NewReader(x.body))
	if r.Request != nil {
		request := r.Request.Clone(context.WithoutCancel(r.Request.Context()))
		request.Header = http.Header{}
		request.Response = nil // The redirect that led here, which has the earlier request and its credentials.
		r.Request = request
	}
	return &r
}
