package client_test

import (
	"context"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"path"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/portkey-integration/portkey-integration-go/client"
)

// loadFaults are the ways in which the server of TestLoad misbehaves.
var loadFaults = []func(http.ResponseWriter, *http.Request){
	statusOf(429), statusOf(500), statusOf(503), statusOf(404), statusOf(403), statusOf(204),
	func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "<html>Sign in</html>") },
	func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(502)
		_, _ = io.WriteString(w, strings.Repeat("<p>Bad gateway", 5000))
	},
	func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, `{"slug":1,"slug":2}`) },
	func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, strings.Repeat("[", 20_000)) },
	func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, strings.Repeat(" ", 100_000)) },
	func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "\xff") },
	func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Encoding", "gzip")
		_, _ = io.WriteString(w, bombBody()[:60_000])
	},
	func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, r.URL.Path, http.StatusFound) },
	func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "https://evil.example", http.StatusFound)
	},
	func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", "1000")
		_, _ = io.WriteString(w, integrationBody(path.Base(r.URL.Path)))
		panic(http.ErrAbortHandler)
	},
	func(_ http.ResponseWriter, r *http.Request) {
		_ = wait(r.Context(), 100*time.Millisecond)
		panic(http.ErrAbortHandler)
	},
	hijacked(""), hijacked("HTTP/1.1 200 OK\r\nContent-"), hijacked("not HTTP\r\n\r\n"), hijacked("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"),
}

func statusOf(code int) func(http.ResponseWriter, *http.Request) {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "0")
		w.WriteHeader(code)
		if code != 204 {
			_, _ = io.WriteString(w, `{"message":"m"}`)
		}
	}
}

// hijacked writes text and resets the connection.
func hijacked(text string) func(http.ResponseWriter, *http.Request) {
	return func(w http.ResponseWriter, _ *http.Request) {
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			return
		}
		_, _ = io.WriteString(conn, text)
		_ = conn.(*net.TCPConn).SetLinger(0)
		_ = conn.Close()
	}
}

// CI makes 100,000 calls on 1,000 goroutines: go test ./client -run TestLoad -calls 100000
var loadCalls = flag.Int("calls", 1000, "number of calls of TestLoad")

// Many goroutines share a Client and a server of which every tenth response is bad: each call gets its own response or
// an error of ours, and no goroutine, connection or memory leaks.
func TestLoad(t *testing.T) {
	goroutines, calls := 100, *loadCalls
	if calls >= 100_000 {
		goroutines = 1000
	}
	before := goleak.IgnoreCurrent()

	s, accepted, open := badServer(t)
	var reports atomic.Int64
	c := newClient(t, s.URL, client.WithMaxResponseBytes(50_000), client.WithTimeout(10*time.Second),
		client.WithReportHandler(func(context.Context, client.Report) { reports.Add(1) }))

	var succeeded, failed atomic.Int64
	round := func(number int) { loadRound(t, c, number, goroutines, calls/4, &succeeded, &failed) }
	var heap [4]int64
	for i := range heap {
		round(i)
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		heap[i] = int64(m.HeapAlloc) >> 10 //nolint:gosec // It fits.
	}
	t.Logf("%d calls: %d succeeded, %d failed; %d connections; heap %v KiB", calls, succeeded.Load(), failed.Load(), accepted.Load(), heap)
	if succeeded.Load() < int64(calls)*9/10 || failed.Load() < int64(calls)/100 {
		t.Errorf("got %d of %d calls that succeeded and %d that failed, want nine tenths and some", succeeded.Load(), calls, failed.Load())
	}
	if growth := heap[3] - heap[1]; growth > 8<<10 {
		t.Errorf("got a heap that grew by %d KiB between the second round and the last, want at most 8 MiB", growth)
	}
	if n := open.Load(); n > int64(goroutines)+100 {
		t.Errorf("got %d connections open, want one for each goroutine", n)
	}
	s.Close() // Closes the idle connections and waits for the rest.
	if n := open.Load(); n != 0 {
		t.Errorf("got %d connections open in the end, want none", n)
	}
	goleak.VerifyNone(t, before)
}

// badServer starts a server that misbehaves for every tenth request.
func badServer(t *testing.T) (s *httptest.Server, accepted, open *atomic.Int64) {
	var mu sync.Mutex
	random := rand.New(rand.NewPCG(3, 5)) //nolint:gosec // Reproducible on purpose.
	return counted(t, func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		bad, kind := random.IntN(10) == 0, random.IntN(len(loadFaults))
		mu.Unlock()
		w.Header().Set("Content-Type", "application/json")
		if bad {
			loadFaults[kind](w, r)
			return
		}
		_, _ = io.WriteString(w, integrationBody(path.Base(r.URL.Path)))
	})
}

// loadRound makes calls, each for its own slug; the context of every hundredth ends early.
func loadRound(t *testing.T, c *client.Client, number, goroutines, calls int, succeeded, failed *atomic.Int64) {
	var next atomic.Int64
	var all sync.WaitGroup
	call := func(i int64) {
		ctx := context.Background()
		if i%100 == 0 {
			var cancel context.CancelFunc
			ctx, cancel = context.WithTimeout(ctx, time.Duration(i%1000)*time.Microsecond)
			defer cancel()
		}
		slug := fmt.Sprintf("call-%d-%d", number, i)
		in, err := c.RetrieveIntegration(ctx, slug)
		switch {
		case err != nil:
			failed.Add(1)
			inspect(t, err)
		case in.Slug != slug || !strings.Contains(string(in.RawJSON()), slug):
			t.Errorf("got the response for %s, want that for %s", in.Slug, slug)
		default:
			succeeded.Add(1)
		}
	}
	for range goroutines {
		all.Go(func() {
			for i := next.Add(1); i <= int64(calls); i = next.Add(1) {
				call(i)
			}
		})
	}
	all.Wait()
}
