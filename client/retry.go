package client

import (
	"context"
	"crypto/tls"
	"errors"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"time"
)

const (
	firstBackoff  = 500 * time.Millisecond
	maxBackoff    = 8 * time.Second
	maxRetryAfter = time.Minute
)

// retry reports whether to send the request again after an attempt that ended with err, and after what pause. It does
// not allow a pause that is more than a minute or goes past the deadline: the caller gets the failure at once.
func (x *exchange) retry(ctx context.Context, err error, limit *rateLimit) (time.Duration, bool) {
	if ctx.Err() != nil || !x.isTemporary(err) {
		return 0, false
	}
	pause, asked := backoff(x.attempts), false
	if err == nil {
		if after, ok := retryAfter(x.response.Header); ok {
			pause, asked = after, true
		}
		if x.response.StatusCode == http.StatusTooManyRequests {
			limit.pause(min(pause, maxRetryAfter))
		}
	}
	if x.attempts > x.client.maxRetries || asked && pause > maxRetryAfter {
		return 0, false
	}
	pause = max(pause, limit.left())
	if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) <= pause {
		return 0, false
	}
	return pause, true
}

// isTemporary reports whether another attempt may succeed.
func (x *exchange) isTemporary(err error) bool {
	if err == nil {
		switch x.response.StatusCode {
		case http.StatusRequestTimeout, http.StatusTooManyRequests, http.StatusInternalServerError,
			http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
			return true
		}
		return false
	}
	redirect := (*RedirectError)(nil)
	switch {
	case isTooLarge(err), isCertificate(err), errors.As(err, &redirect), x.response != nil && x.response.StatusCode < http.StatusOK:
		return false
	}
	return true
}

// isCertificate reports whether the server's certificate was refused.
func isCertificate(err error) bool {
	refused := (*tls.CertificateVerificationError)(nil)
	return errors.As(err, &refused)
}

// backoff returns the pause after the given number of attempts: exponential, with full jitter, so that clients that
// failed together do not retry together.
func backoff(attempts int) time.Duration {
	return rand.N(min(maxBackoff, firstBackoff<<min(attempts-1, 10)))
}

// retryAfter parses the header Retry-After (RFC 9110, section 10.2.3), a number of seconds or a date. A date in the
// past is 0. It returns false if the header is absent or invalid.
func retryAfter(header http.Header) (time.Duration, bool) {
	text := strings.TrimSpace(header.Get("Retry-After"))
	if text == "" {
		return 0, false
	}
	if strings.Trim(text, "0123456789") == "" {
		const most = 365 * 24 * 3600
		seconds, err := strconv.Atoi(text)
		if err != nil || seconds > most {
			seconds = most // Longer than anyone waits, and no overflow.
		}
		return time.Duration(seconds) * time.Second, true
	}
	date, err := http.ParseTime(text)
	if err != nil {
		return 0, false
	}
	return max(0, time.Until(date)), true
}

// sleep waits for d. It returns ctx.Err() if ctx ends first.
func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
