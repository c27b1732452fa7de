package client

import (
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/hashicorp/go-retryablehttp"
)

const (
	firstBackoff  = 500 * time.Millisecond
	maxBackoff    = 8 * time.Second
	maxRetryAfter = time.Minute
)

// checkRetry decides whether an attempt is followed by another. go-retryablehttp asks once when the headers are there,
// and once more when the body was read.
func (x *exchange) checkRetry(_ context.Context, response *http.Response, err error) (bool, error) {
	if err == nil && x.done {
		return false, nil
	}
	again := x.mayRetry(response, err)
	if !x.done && (again || err != nil) {
		x.logUnread(response)
	}
	if again && !x.done && response != nil {
		// So that the connection can be used again. The library reads 4 KiB, and the page of a gateway may be longer.
		_, _ = io.CopyN(io.Discard, response.Body, maxKeptBody)
	}
	if again {
		x.request.Request = x.request.Request.WithContext(x.ctx) // The wait is not part of the attempt.
	}
	return again, nil
}

func (x *exchange) mayRetry(response *http.Response, err error) bool {
	ctx := x.ctx
	if err == nil && response.StatusCode == http.StatusTooManyRequests {
		x.gate.shut(min(x.pause(response.Header), maxRetryAfter))
	}
	if x.answer.attempts > x.client.maxRetries || ctx.Err() != nil {
		return false
	}
	var header http.Header
	switch {
	case err != nil:
		var (
			redirect *RedirectError
			tooLarge *ResponseTooLargeError
		)
		if errors.As(err, &redirect) || errors.As(err, &tooLarge) {
			return false
		}
		// The library knows which errors of net/http cannot get better: a certificate, a scheme, a header.
		if again, _ := retryablehttp.DefaultRetryPolicy(ctx, nil, err); !again {
			return false
		}
	default:
		header = response.Header
		switch response.StatusCode {
		case http.StatusRequestTimeout, http.StatusTooManyRequests, http.StatusInternalServerError,
			http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		default:
			return false
		}
	}
	wait := max(x.pause(header), x.gate.left())
	if deadline, ok := ctx.Deadline(); wait > maxRetryAfter || ok && time.Until(deadline) <= wait {
		return false
	}
	x.wait = wait
	return true
}

// pause is how long the server, or else our own patience, asks to wait.
func (x *exchange) pause(header http.Header) time.Duration {
	if wait, ok := retryAfter(header); ok {
		return wait
	}
	return jitter(x.answer.attempts)
}

func (x *exchange) backoff(_, _ time.Duration, _ int, _ *http.Response) time.Duration { return x.wait }

// jitter is the wait after the given number of attempts: exponential, with full jitter, so that clients which failed
// together do not come back together.
func jitter(attempts int) time.Duration {
	ceiling := min(maxBackoff, firstBackoff<<min(attempts-1, 10))
	return rand.N(ceiling + 1)
}

// retryAfter reads the header Retry-After (RFC 9110, section 10.2.3), a number of seconds or a date. A date that has
// passed is 0; what is neither is no answer.
func retryAfter(header http.Header) (time.Duration, bool) {
	text := strings.TrimSpace(header.Get("Retry-After"))
	if text == "" {
		return 0, false
	}
	if strings.Trim(text, "0123456789") == "" {
		const most = 365 * 24 * 3600
		seconds, err := strconv.Atoi(text)
		if err != nil || seconds > most {
			seconds = most // More than anyone waits, and no overflow.
		}
		return time.Duration(seconds) * time.Second, true
	}
	date, err := http.ParseTime(text)
	if err != nil {
		return 0, false
	}
	return max(0, time.Until(date)), true
}
