package client_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/portkey-integration/portkey-integration-go/client"
)

// retryAfters returns values of Retry-After and the pauses they ask for; a negative pause means that the value is
// invalid, so that the backoff applies. Dates are relative to midnight of 2000-01-01, the start time of a synctest
// bubble.
func retryAfters() []struct {
	header string
	wait   time.Duration
} {
	return []struct {
		header string
		wait   time.Duration
	}{
		{"0", 0}, {"1", time.Second}, {"007", 7 * time.Second}, {" 7 ", 7 * time.Second}, {"60", time.Minute}, {"61", 61 * time.Second}, {"3600", time.Hour},
		{"31536000", 365 * 24 * time.Hour}, {"31536001", 365 * 24 * time.Hour}, {"9223372036854775807", 365 * 24 * time.Hour},
		{"9223372036854775808", 365 * 24 * time.Hour}, {strings.Repeat("9", 1000), 365 * 24 * time.Hour},
		{"Sat, 01 Jan 2000 00:00:10 GMT", 10 * time.Second}, {"Saturday, 01-Jan-00 00:00:10 GMT", 10 * time.Second}, {"Sat Jan  1 00:00:10 2000", 10 * time.Second},
		{"Fri, 31 Dec 1999 23:59:59 GMT", 0}, {"Thu, 01 Jan 1970 00:00:00 GMT", 0}, {"Mon, 01 Jan 0001 00:00:00 GMT", 0}, {"Fri, 31 Dec 9999 23:59:59 GMT", 1<<63 - 1},
		{"", -1}, {" ", -1}, {"-1", -1}, {"-9223372036854775809", -1}, {"+5", -1}, {"1.5", -1}, {"1e3", -1}, {"0x10", -1}, {"5s", -1}, {"5, 6", -1}, {"soon", -1},
		{"٥", -1}, {"Sat, 01 Jan 2000 00:00:10", -1}, {"Sat, 32 Jan 2000 00:00:10 GMT", -1}, {"2000-01-01T00:00:10Z", -1}, {"\x00", -1},
	}
}

// failing responds to each request with fail. It records the number of requests and the pauses between them.
type failing struct {
	fail     transport
	requests int
	waits    []time.Duration
	last     time.Time
}

func (f *failing) RoundTrip(r *http.Request) (*http.Response, error) {
	if f.requests++; f.requests > 1 {
		f.waits = append(f.waits, time.Since(f.last))
	}
	f.last = time.Now()
	return f.fail(r)
}

func status(code int, header ...string) transport {
	return func(*http.Request) (*http.Response, error) {
		h := http.Header{}
		for i := 0; i < len(header); i += 2 {
			h.Set(header[i], header[i+1])
		}
		return respond(code, h, "{}")
	}
}

func noConnection(*http.Request) (*http.Response, error) {
	return nil, &net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}
}

// A call makes one request and, if that may help, as many more as WithMaxRetries allows. Its error has the number.
func TestRetryBudget(t *testing.T) {
	again := []int{408, 429, 500, 502, 503, 504}
	for _, code := range append(again, 201, 204, 301, 304, 400, 401, 402, 403, 404, 405, 409, 410, 412, 422, 425, 501, 505, 507, 511, 599) {
		for _, budget := range []int{0, 1, 2, 7} {
			synctest.Test(t, func(t *testing.T) {
				f := &failing{fail: status(code)}
				_, err := retrieve(newClient(t, "https://cp.example/v1", over(f.RoundTrip), client.WithMaxRetries(budget)))
				want := 1
				if slices.Contains(again, code) {
					want += budget
				}
				if e := as[*client.APIError](t, err); f.requests != want || e.Attempts != want || e.StatusCode != code {
					t.Errorf("status code %d, %d retries: got %d requests and %d attempts, want %d", code, budget, f.requests, e.Attempts, want)
				}
			})
		}
	}
	for _, budget := range []int{0, 2} {
		synctest.Test(t, func(t *testing.T) {
			f := &failing{fail: noConnection}
			_, err := retrieve(newClient(t, "https://cp.example/v1", over(f.RoundTrip), client.WithMaxRetries(budget)))
			if e := as[*client.TransportError](t, err); f.requests != 1+budget || e.Attempts != 1+budget || !errors.Is(err, syscall.ECONNREFUSED) {
				t.Errorf("no connection, %d retries: got %d requests, %v, want %d", budget, f.requests, err, 1+budget)
			}
		})
	}
	synctest.Test(t, func(t *testing.T) {
		f := &failing{fail: status(503)}
		_, _ = retrieve(newClient(t, "https://cp.example/v1", over(f.RoundTrip)))
		if f.requests != 3 {
			t.Errorf("got %d requests by default, want 3", f.requests)
		}
	})
}

// Each attempt sends the same request, and the first successful response is the result.
func TestRetryRecovers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var seen []string
		c := newClient(t, "https://cp.example/v1", over(func(r *http.Request) (*http.Response, error) {
			seen = append(seen, fmt.Sprint(r.Method, r.URL, r.Header))
			if len(seen) <= 2 {
				return []transport{noConnection, status(502)}[len(seen)-1](r)
			}
			return respond(200, nil, integrationBody("some-slug"))
		}))
		in, err := retrieve(c, client.WithWorkspaceID("ws-1"), client.WithHeader("X-Call", theCallValue))
		if err != nil || in.Slug != "some-slug" || len(seen) != 3 {
			t.Fatalf("got %d requests, %v, want 3", len(seen), err)
		}
		if seen[0] != seen[1] || seen[0] != seen[2] {
			t.Error("got attempts that differ, want the same request")
		}
	})
}

// The backoff is exponential with full jitter: uniform from zero to half a second, to a second, and so on to 8 seconds.
func TestFullJitter(t *testing.T) {
	const calls, retries = 400, 8
	var waits [retries][]time.Duration
	synctest.Test(t, func(t *testing.T) {
		for range calls {
			f := &failing{fail: status(503)}
			_, _ = retrieve(newClient(t, "https://cp.example/v1", over(f.RoundTrip), client.WithMaxRetries(retries)))
			for i, wait := range f.waits {
				waits[i] = append(waits[i], wait)
			}
		}
	})
	for i, all := range waits {
		ceiling := min(500*time.Millisecond<<i, 8*time.Second)
		sum := time.Duration(0)
		for _, wait := range all {
			sum += wait
		}
		least, most, mean := slices.Min(all), slices.Max(all), sum/calls
		if len(all) != calls || most > ceiling || least < 0 {
			t.Errorf("pause %d: got %d from %v to %v, want at most %v", i+1, len(all), least, most, ceiling)
		}
		// The mean of so many exceeds these bounds in one run of 10¹¹.
		if mean < ceiling*4/10 || mean > ceiling*6/10 || least > ceiling/10 || most < ceiling*9/10 {
			t.Errorf("pause %d: want it spread over all of %v, got from %v to %v, on average %v", i+1, ceiling, least, most, mean)
		}
	}
}

// A call waits for both forms of Retry-After, up to a minute. Beyond that, or without a retry left, the error has it.
func TestRetryAfter(t *testing.T) {
	for _, test := range retryAfters() {
		for _, code := range []int{429, 503, 500} {
			synctest.Test(t, func(t *testing.T) {
				f := &failing{fail: status(code, "Retry-After", test.header)}
				_, err := retrieve(newClient(t, "https://cp.example/v1", over(f.RoundTrip), client.WithMaxRetries(1)))
				e := as[*client.APIError](t, err)
				switch {
				case test.wait < 0:
					if len(f.waits) != 1 || f.waits[0] > 500*time.Millisecond || e.RetryAfter != 0 {
						t.Errorf("%.30q: got the pauses %v, want the jitter's, and RetryAfter %v, want 0", test.header, f.waits, e.RetryAfter)
					}
				case test.wait > time.Minute:
					// A date is relative to the current time, which is the start time of the bubble.
					if len(f.waits) != 0 || e.RetryAfter != test.wait || !strings.Contains(err.Error(), "retry after") {
						t.Errorf("%.30q: got the pauses %v and RetryAfter %v, want none and %v", test.header, f.waits, e.RetryAfter, test.wait)
					}
				default:
					if len(f.waits) != 1 || f.waits[0] != test.wait {
						t.Errorf("%.30q: got the pauses %v, want %v", test.header, f.waits, test.wait)
					}
				}
			})
		}
	}
	synctest.Test(t, func(t *testing.T) {
		f := &failing{fail: status(403, "Retry-After", "5")}
		_, err := retrieve(newClient(t, "https://cp.example/v1", over(f.RoundTrip)))
		if e := as[*client.APIError](t, err); f.requests != 1 || e.RetryAfter != 5*time.Second {
			t.Errorf("403: got %d requests and RetryAfter %v, want 1 and 5s", f.requests, e.RetryAfter)
		}
	})
}

// No pause goes past the caller's deadline: the last error is returned at once.
func TestNoWaitPastTheDeadline(t *testing.T) {
	for _, test := range []struct {
		name     string
		fail     transport
		deadline time.Duration
		after    time.Duration // When the call returns.
	}{
		{"Retry-After beyond", status(429, "Retry-After", "30"), 29 * time.Second, 0},
		{"Retry-After at the deadline", status(429, "Retry-After", "30"), 30 * time.Second, 0},
		{"Retry-After within", status(429, "Retry-After", "30"), 31 * time.Second, 30 * time.Second},
		{"a date beyond", status(503, "Retry-After", "Sat, 01 Jan 2000 00:00:30 GMT"), 29 * time.Second, 0},
		{"jitter", status(503), 1, 0},
		{"jitter, no connection", noConnection, 1, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				start := time.Now()
				ctx, cancel := context.WithTimeout(t.Context(), test.deadline)
				defer cancel()
				_, err := newClient(t, "https://cp.example/v1", over(test.fail)).RetrieveIntegration(ctx, "some-slug")
				if time.Since(start) != test.after {
					t.Errorf("got a call that took %v, want %v", time.Since(start), test.after)
				}
				if name, _ := inspect(t, err); errors.Is(err, context.DeadlineExceeded) || name != map[bool]string{true: "TransportError", false: "APIError"}[strings.Contains(test.name, "connection")] {
					t.Errorf("got a %s: %v", name, err)
				}
			})
		})
	}
}

// Over real sockets, too, a call without retries makes one request.
func TestWithoutRetriesThereIsOneRequest(t *testing.T) {
	for name, p := range map[string]peer{"503": page(503, "", ""), "429": page(429, "", ""), "closed": raw(""), "reset": reset(""), "truncated": raw("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{")} {
		var requests atomic.Int64
		baseURL, opts := p(t, &requests)
		if _, err := retrieve(newClient(t, baseURL, append(opts, client.WithMaxRetries(0))...)); err == nil || requests.Load() != 1 {
			t.Errorf("%s: got %d requests, %v, want 1", name, requests.Load(), err)
		}
	}
}

// net/http replaces a connection that the server closed while it was idle, which does not count as a retry.
func TestStaleConnectionCostsNoRetry(t *testing.T) {
	s, accepted, _ := counted(t, func(w http.ResponseWriter, _ *http.Request) { writeIntegration(w, "some-slug") })
	c := newClient(t, s.URL, client.WithMaxRetries(0))
	for range 5 {
		if _, err := retrieve(c); err != nil {
			t.Error(err)
		}
		s.CloseClientConnections()
	}
	if n := accepted.Load(); n != 5 {
		t.Errorf("got %d connections, want 5", n)
	}
}
