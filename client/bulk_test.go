package client_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"maps"
	"net/http"
	"path"
	"runtime"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/portkey-integration/portkey-integration-go/client"
)

type transport func(*http.Request) (*http.Response, error)

func (f transport) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func respond(status int, header http.Header, body string) (*http.Response, error) {
	h := http.Header{"Content-Type": {"application/json"}}
	maps.Copy(h, header)
	return &http.Response{StatusCode: status, Header: h, Body: io.NopCloser(bytes.NewReader([]byte(body)))}, nil
}

func integrationBody(slug string) string {
	return fmt.Sprintf(`{"id":"3c90c3cc-0d44-4b50-8888-8dd25736052a","slug":%q,"name":"n","ai_provider_id":"openai","created_at":"2023-11-07T05:31:56Z","configurations":{"openai_project":"p"}}`, slug)
}

func newBulkClient(t *testing.T, handle transport, opts ...client.Option) *client.Client {
	t.Helper()
	c, err := client.New(append([]client.Option{
		client.WithAPIKey("k"), client.WithBaseURL("https://cp.example/v1"),
		client.WithHTTPClient(&http.Client{Transport: handle}),
	}, opts...)...)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func numbered(n int) iter.Seq[string] {
	return func(yield func(string) bool) {
		for i := range n {
			if !yield("slug-" + strconv.Itoa(i)) {
				return
			}
		}
	}
}

func wait(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}

// rateLimited returns a transport that accepts limit requests per second and responds to others with 429, after 20 ms.
func rateLimited(limit int) (handle transport, requests *atomic.Int64) {
	requests = &atomic.Int64{}
	var mu sync.Mutex
	var window time.Time
	count := 0
	return func(r *http.Request) (*http.Response, error) {
		requests.Add(1)
		if err := wait(r.Context(), 20*time.Millisecond); err != nil {
			return nil, err
		}
		mu.Lock()
		defer mu.Unlock()
		if now := time.Now(); now.Sub(window) >= time.Second {
			window, count = now, 0
		}
		if count++; count > limit {
			return respond(http.StatusTooManyRequests, http.Header{"Retry-After": {"1"}}, `{"message":"slow down"}`)
		}
		return respond(200, nil, integrationBody(path.Base(r.URL.Path)))
	}, requests
}

// Ten thousand integrations from a server that accepts 300 requests per second: each is yielded once, the pauses are
// shared, and memory does not grow with their number.
func TestBulkUnderRateLimit(t *testing.T) {
	const n, limit = 10_000, 300
	for _, concurrency := range []int{8, 32} {
		synctest.Test(t, func(t *testing.T) {
			handle, requests := rateLimited(limit)
			c := newBulkClient(t, handle)
			seen := map[string]bool{}
			var before, after runtime.MemStats
			runtime.GC()
			runtime.ReadMemStats(&before)
			start := time.Now()
			for r := range c.RetrieveIntegrations(t.Context(), numbered(n), client.WithConcurrency(concurrency)) {
				if r.Err != nil {
					t.Fatal(r.Err)
				}
				if r.Integration.Slug != r.Slug || seen[r.Slug] {
					t.Fatalf("%s: got %s, seen before: %t; want its own, once", r.Slug, r.Integration.Slug, seen[r.Slug])
				}
				seen[r.Slug] = true
			}
			took := time.Since(start)
			runtime.GC()
			runtime.ReadMemStats(&after)
			ideal := max(n/limit*time.Second, time.Duration(n/concurrency)*20*time.Millisecond)
			refused := requests.Load() - n
			t.Logf("%d at a time: %v of virtual time, ideal %v (%.2f), %d requests refused, heap %+d KiB",
				concurrency, took, ideal, float64(took)/float64(ideal), refused, (int64(after.HeapAlloc)-int64(before.HeapAlloc))/1024)
			if len(seen) != n {
				t.Errorf("got %d results, want %d", len(seen), n)
			}
			if took > 2*ideal {
				t.Errorf("got a bulk that took %v, want at most twice %v", took, ideal)
			}
			// Only requests that were in progress when a pause began may be refused.
			if pauses := int64(took/time.Second) + 1; refused > pauses*int64(concurrency) {
				t.Errorf("got %d requests refused in %d pauses, want the calls to wait together", refused, pauses)
			}
		})
	}
}

func TestBulkKeepsGoingAfterAFailure(t *testing.T) {
	c := newBulkClient(t, func(r *http.Request) (*http.Response, error) {
		if slug := path.Base(r.URL.Path); slug != "slug-3" {
			return respond(200, nil, integrationBody(slug))
		}
		return respond(http.StatusForbidden, nil, `{"success":false,"data":{"message":"no","errorCode":"AB03"}}`)
	})
	failed := map[string]error{}
	total := 0
	slugs := func(yield func(string) bool) {
		_ = yield("..") && yield("")
		for s := range numbered(20) {
			if !yield(s) {
				return
			}
		}
	}
	for r := range c.RetrieveIntegrations(t.Context(), slugs) {
		total++
		if r.Err != nil {
			failed[r.Slug] = r.Err
		}
	}
	if total != 22 || len(failed) != 3 || !errors.Is(failed["slug-3"], client.ErrForbidden) || !errors.Is(failed[""], client.ErrInvalidSlug) || !errors.Is(failed[".."], client.ErrInvalidSlug) {
		t.Errorf("got %d results and the failures %v, want 22 and those of slug-3, .. and the empty slug", total, failed)
	}
}

func TestBulkBoundsConcurrency(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var now, most atomic.Int64
		c := newBulkClient(t, func(r *http.Request) (*http.Response, error) {
			most.Store(max(most.Load(), now.Add(1)))
			defer now.Add(-1)
			if err := wait(r.Context(), time.Second); err != nil {
				return nil, err
			}
			return respond(200, nil, integrationBody(path.Base(r.URL.Path)))
		})
		for r := range c.RetrieveIntegrations(t.Context(), numbered(50), client.WithConcurrency(5)) {
			if r.Err != nil {
				t.Error(r.Err)
			}
		}
		if most.Load() != 5 {
			t.Errorf("got %d calls at a time, want 5", most.Load())
		}
	})
}

// Leaving the loop cancels the requests in progress, reads no further slugs, and leaves no goroutine.
func TestBulkEndsWithTheLoop(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	var drawn atomic.Int64 // Atomic, because the source may still run after the loop.
	slugs := func(yield func(string) bool) {
		for s := range numbered(1000) {
			drawn.Add(1)
			if !yield(s) {
				return
			}
		}
	}
	c := newBulkClient(t, func(r *http.Request) (*http.Response, error) {
		if path.Base(r.URL.Path) != "slug-0" {
			<-r.Context().Done()
			return nil, r.Context().Err()
		}
		return respond(200, nil, integrationBody("slug-0"))
	})
	for r := range c.RetrieveIntegrations(t.Context(), slugs, client.WithConcurrency(4)) {
		if r.Slug != "slug-0" || r.Err != nil {
			t.Errorf("got %s: %v, want slug-0", r.Slug, r.Err)
		}
		break
	}
	if got := drawn.Load(); got > 10 {
		t.Errorf("got %d slugs drawn, want a few", got)
	}
}

func TestBulkEndsWithTheContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		c := newBulkClient(t, func(r *http.Request) (*http.Response, error) {
			return nil, wait(r.Context(), time.Hour)
		}, client.WithTimeout(2*time.Hour))
		results := 0
		for r := range c.RetrieveIntegrations(ctx, numbered(1000), client.WithConcurrency(3)) {
			results++
			if !errors.Is(r.Err, context.DeadlineExceeded) {
				t.Error(r.Err)
			}
		}
		if results != 3 {
			t.Errorf("got %d results, want those of the 3 calls under way", results)
		}
	})
}

func TestBulkRefusesBadOptions(t *testing.T) {
	c := newBulkClient(t, func(*http.Request) (*http.Response, error) {
		t.Error("got a request, want none")
		return respond(500, nil, "")
	})
	for _, opt := range []client.BulkOption{client.WithConcurrency(0), client.WithWorkspaceID(""), client.WithHeader("a b", "v"), nil} {
		results := slices.Collect(c.RetrieveIntegrations(t.Context(), numbered(3), opt))
		if len(results) != 1 {
			t.Fatalf("got %d results, want 1", len(results))
		}
		as[*client.OptionError](t, results[0].Err)
	}
}

// A source of slugs that waits for a result before it yields the next slug gets that result.
func TestBulkWithASourceThatWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newBulkClient(t, func(r *http.Request) (*http.Response, error) {
			return respond(200, nil, integrationBody(path.Base(r.URL.Path)))
		})
		arrived := make(chan string)
		slugs := func(yield func(string) bool) {
			for slug := range numbered(5) {
				if !yield(slug) {
					return
				}
				if got := <-arrived; got != slug {
					t.Errorf("got the result for %s, want that for %s", got, slug)
				}
			}
		}
		n := 0
		for r := range c.RetrieveIntegrations(t.Context(), slugs) {
			if r.Err != nil {
				t.Error(r.Err)
			}
			n++
			arrived <- r.Slug
		}
		if n != 5 {
			t.Errorf("got %d results, want 5", n)
		}
	})
}

// A source that blocks delays neither the end of the context nor that of the loop.
func TestBulkDoesNotWaitForTheSource(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newBulkClient(t, func(r *http.Request) (*http.Response, error) {
			return respond(200, nil, integrationBody(path.Base(r.URL.Path)))
		})
		slugs := func(yield func(string) bool) {
			if yield("slug-0") {
				time.Sleep(time.Hour)
				yield("slug-1")
			}
		}
		start := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		results := slices.Collect(c.RetrieveIntegrations(ctx, slugs))
		if got := time.Since(start); len(results) != 1 || got != time.Second {
			t.Errorf("got %d results after %v, want 1 after a second", len(results), got)
		}
		start = time.Now()
		for range c.RetrieveIntegrations(t.Context(), slugs) {
			break
		}
		if got := time.Since(start); got != 0 {
			t.Errorf("got a loop that was left after %v, want at once", got)
		}
		time.Sleep(time.Hour) // The sources end.
	})
}

// A bulk starts goroutines for the slugs that there are, not for its whole concurrency.
func TestBulkStartsNoIdleGoroutines(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		most, before := 0, runtime.NumGoroutine()
		c := newBulkClient(t, func(r *http.Request) (*http.Response, error) {
			most = max(most, runtime.NumGoroutine()-before)
			return respond(200, nil, integrationBody(path.Base(r.URL.Path)))
		})
		for r := range c.RetrieveIntegrations(t.Context(), numbered(1), client.WithConcurrency(1_000_000)) {
			if r.Err != nil {
				t.Error(r.Err)
			}
		}
		if most > 20 {
			t.Errorf("got %d goroutines for one slug, want a few", most)
		}
	})
}

// limited makes a bulk of one call at a time, without retries, of which the first responses ask for pauses. It returns
// when each request was made, the results, and when the bulk ended.
func limited(ctx context.Context, t *testing.T, retryAfter ...string) (requests []time.Duration, results []client.Result, end time.Duration) {
	t.Helper()
	start := time.Now()
	c := newBulkClient(t, func(r *http.Request) (*http.Response, error) {
		requests = append(requests, time.Since(start))
		if n := len(requests); n <= len(retryAfter) {
			return respond(http.StatusTooManyRequests, http.Header{"Retry-After": {retryAfter[n-1]}}, "{}")
		}
		return respond(200, nil, integrationBody(path.Base(r.URL.Path)))
	}, client.WithMaxRetries(0))
	for r := range c.RetrieveIntegrations(ctx, numbered(3), client.WithConcurrency(1)) {
		results = append(results, r)
	}
	return requests, results, time.Since(start)
}

// A 429 also holds back the calls for other slugs, for as long as Retry-After says, at most a minute.
func TestBulkWaitsTogether(t *testing.T) {
	for _, tt := range []struct {
		retryAfter []string
		want       []time.Duration
	}{
		{[]string{"10"}, []time.Duration{0, 10 * time.Second, 10 * time.Second}},
		{[]string{"10", "5"}, []time.Duration{0, 10 * time.Second, 15 * time.Second}},
		{[]string{"3600"}, []time.Duration{0, time.Minute, time.Minute}},
		{[]string{"0"}, []time.Duration{0, 0, 0}},
	} {
		synctest.Test(t, func(t *testing.T) {
			if got, _, _ := limited(t.Context(), t, tt.retryAfter...); !slices.Equal(got, tt.want) {
				t.Errorf("%v: got requests at %v, want %v", tt.retryAfter, got, tt.want)
			}
		})
	}
}

// There is no wait for a pause that ends at the deadline or later: there would be no time for a request.
func TestBulkDoesNotWaitForTheDeadline(t *testing.T) {
	for deadline, want := range map[time.Duration]time.Duration{10 * time.Second: 0, 10*time.Second + 1: 10 * time.Second} {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), deadline)
			defer cancel()
			_, results, end := limited(ctx, t, "10")
			if end != want {
				t.Errorf("%v: got the end after %v, want %v", deadline, end, want)
			}
			if want == 0 && !errors.Is(results[len(results)-1].Err, context.DeadlineExceeded) {
				t.Errorf("%v: got %v, want the deadline", deadline, results)
			}
		})
	}
}

// If a server asks for several pauses at the same time, the longest counts.
func TestBulkWaitsForTheLongestPause(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		var mu sync.Mutex
		pauses := map[string]string{"slug-0": "10", "slug-1": "5"}
		var last time.Duration
		c := newBulkClient(t, func(r *http.Request) (*http.Response, error) {
			slug := path.Base(r.URL.Path)
			if slug == "slug-1" {
				time.Sleep(time.Second) // Respond after the other.
			}
			mu.Lock()
			defer mu.Unlock()
			if pause := pauses[slug]; pause != "" {
				return respond(http.StatusTooManyRequests, http.Header{"Retry-After": {pause}}, "{}")
			}
			last = time.Since(start)
			return respond(200, nil, integrationBody(slug))
		}, client.WithMaxRetries(0))
		for range c.RetrieveIntegrations(t.Context(), numbered(3), client.WithConcurrency(2)) {
		}
		if want := 10 * time.Second; last != want {
			t.Errorf("got the third request at %v, want %v", last, want)
		}
	})
}

// A shared pause ends with the context, and there is no wait if it would go past the deadline.
func TestBulkPauseEndsWithTheContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		requests, results, end := limited(ctx, t, "30")
		if len(requests) != 1 || end != 0 || len(results) != 3 || !errors.Is(results[2].Err, context.DeadlineExceeded) {
			t.Errorf("got %d requests and %v after %v, want one, and the deadline at once", len(requests), results, end)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(5*time.Second, cancel)
		requests, results, end := limited(ctx, t, "30")
		if len(requests) != 1 || end != 5*time.Second || len(results) != 2 || !errors.Is(results[1].Err, context.Canceled) {
			t.Errorf("got %d requests and %v after %v, want one, and the end of the context after 5s", len(requests), results, end)
		}
	})
}
