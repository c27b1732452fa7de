package contracttest_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/portkey-integration/portkey-integration-go/contracttest"
)

var soak = flag.Duration("soak", time.Second/2, "how long TestProxySoak runs; its memory is compared from 1m on")

// A soakCase is a request whose path encodes what the upstream sends, how it fails, and the expected outcome.
type soakCase struct {
	kind string
	seed uint64
	good bool // whether the body conforms
}

var soakKinds = []string{
	"length", "length", "length", "chunked", "chunked", "gzip", "head", "missing", "drip", "redirect", "upload", // complete
	"large", "truncated", "broken-chunk", "reset", "hang", "leave", // too large or incomplete
}

func (c soakCase) path() string {
	if c.kind == "upload" {
		return fmt.Sprintf("/v1/uploads/%s-%d-%v", c.kind, c.seed, c.good)
	}
	return fmt.Sprintf("/v1/integrations/%s-%d-%v", c.kind, c.seed, c.good)
}

func parseSoakCase(path string) soakCase {
	parts := strings.Split(path[strings.LastIndex(path, "/")+1:], "-")
	n := len(parts)
	seed, _ := strconv.ParseUint(parts[n-2], 10, 64)
	return soakCase{strings.Join(parts[:n-2], "-"), seed, parts[n-1] == "true"}
}

// body returns what the upstream sends, which depends only on the case.
func (c soakCase) body(example []byte) []byte {
	rng := rand.New(rand.NewPCG(c.seed, 1))
	size := rng.IntN(4 << 10)
	switch {
	case c.kind == "large":
		size = 4<<20 + rng.IntN(4<<20)
	case rng.IntN(50) == 0:
		size = rng.IntN(1 << 20)
	}
	padding := make([]byte, 0, size+13)
	for len(padding) < size {
		padding = strconv.AppendUint(padding, rng.Uint64(), 36) // No two parts of a body are equal.
	}
	name := "tags"
	if !c.good {
		name = "key"
	}
	body := fmt.Appendf(nil, `{"%s":"%s",%s`, name, padding, example[1:])
	if c.kind == "gzip" {
		var b bytes.Buffer
		z := gzip.NewWriter(&b)
		_, _ = z.Write(body)
		_ = z.Close()
		return b.Bytes()
	}
	return body
}

// soakUpstream returns a control plane that fails as the path of each request says.
func soakUpstream(example, missing []byte) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c := parseSoakCase(r.URL.Path)
		control := http.NewResponseController(w)
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("X-Case", r.URL.Path)
		if c.kind == "upload" {
			sum := sha256.New()
			n, _ := io.Copy(sum, r.Body)
			fmt.Fprintf(w, "%d %x", n, sum.Sum(nil))
			return
		}
		body := c.body(example)
		switch c.kind {
		case "length", "large", "leave":
			w.Header().Set("Content-Length", strconv.Itoa(len(body)))
			_, _ = w.Write(body)
		case "gzip":
			w.Header().Set("Content-Encoding", "gzip")
			_, _ = w.Write(body)
		case "chunked", "drip":
			pieces := 3
			if c.kind == "drip" {
				pieces = 10
			}
			for i := range pieces {
				_, _ = w.Write(body[i*len(body)/pieces : (i+1)*len(body)/pieces])
				_ = control.Flush()
				if c.kind == "drip" {
					time.Sleep(2 * time.Millisecond)
				}
			}
		case "missing":
			w.WriteHeader(http.StatusNotFound)
			_, _ = w.Write(missing)
		case "redirect":
			w.Header().Set("Location", "https://elsewhere.example/")
			w.WriteHeader(http.StatusFound)
		case "truncated":
			w.Header().Set("Content-Length", strconv.Itoa(len(body)))
			_, _ = w.Write(body[:len(body)/2])
			_ = control.Flush()
			panic(http.ErrAbortHandler)
		case "broken-chunk":
			_, _ = w.Write(body[:len(body)/2])
			_ = control.Flush()
			panic(http.ErrAbortHandler)
		case "reset":
			conn, _, err := control.Hijack()
			if err == nil {
				_ = conn.Close()
			}
		case "hang":
			<-r.Context().Done()
		}
	})
}

// TestProxySoak sends requests through a proxy over 64 connections to an upstream that fails at random, and compares
// every byte. Run it with -soak 10m to check that memory use does not grow.
func TestProxySoak(t *testing.T) {
	const connections = 64
	example, missing := exampleBody(t, "openai-production"), exampleBody(t, "not-found")
	upstream := httptest.NewServer(soakUpstream(example, missing))
	defer upstream.Close()

	file, err := os.Create(filepath.Join(t.TempDir(), "soak.har"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	recorder, err := contracttest.NewHARWriter(file)
	if err != nil {
		t.Fatal(err)
	}
	var observed, unchecked atomic.Int64
	p, err := contracttest.NewProxy(upstream.URL, contracttest.WithExchangeFunc(func(e contracttest.Exchange) {
		if parseSoakCase(e.Path).kind != "hang" {
			observed.Add(1)
		}
		if e.Unchecked == "too many large responses at once" {
			unchecked.Add(1)
		} else if problem := judgeSoak(e); problem != "" {
			t.Errorf("%v: %s (%v %v %q)", e, problem, e.Err, e.Report.Violations, e.Unchecked)
		}
		if err := recorder.Write(e); err != nil && !errors.Is(err, contracttest.ErrHARFull) {
			t.Error(err)
		}
	}))
	if err != nil {
		t.Fatal(err)
	}
	front := httptest.NewServer(p)
	defer front.Close()
	defer p.Close()

	transport := &http.Transport{MaxIdleConnsPerHost: connections, MaxConnsPerHost: connections, DisableCompression: true}
	defer transport.CloseIdleConnections()
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	ctx, cancel := context.WithTimeout(t.Context(), *soak)
	defer cancel()
	var sent atomic.Int64
	var workers sync.WaitGroup
	for worker := range connections {
		workers.Go(func() {
			rng := rand.New(rand.NewPCG(seed, uint64(worker)))
			for ctx.Err() == nil && !t.Failed() {
				c := soakCase{soakKinds[rng.IntN(len(soakKinds))], rng.Uint64(), rng.IntN(4) > 0}
				if c.kind == "large" && rng.IntN(20) > 0 {
					continue
				}
				if c.kind != "hang" { // Its client may give up before the request arrives.
					sent.Add(1)
				}
				if err := c.send(t.Context(), transport, front.URL, example, missing, rng); err != nil {
					t.Errorf("%s: %v", c.path(), err)
				}
			}
		})
	}
	memory := watchMemory(ctx)
	workers.Wait()
	cancel()
	heap := <-memory

	for deadline := time.Now().Add(10 * time.Second); observed.Load() < sent.Load() && time.Now().Before(deadline); {
		time.Sleep(10 * time.Millisecond) // The proxy finishes an exchange after the client has its response.
	}
	if observed.Load() != sent.Load() {
		t.Errorf("got %d exchanges observed, want the %d that were sent", observed.Load(), sent.Load())
	}
	t.Logf("%d requests in %v, %d not checked for lack of memory, heap in MiB: %v", sent.Load(), *soak, unchecked.Load(), heap)
	if n := len(heap); *soak >= time.Minute && n >= 10 {
		// Compare the minimum of the live heap early and late in the run, since the number of requests in progress
		// varies.
		early, late := lowest(heap[n/5:n/2]), lowest(heap[n/2:])
		if late > early+4 {
			t.Errorf("got a heap of %d MiB late in the run, want at most a little more than %d", late, early)
		}
	}
}

// watchMemory samples the live heap every second until ctx ends.
func watchMemory(ctx context.Context) <-chan []int {
	result := make(chan []int, 1)
	go func() {
		var heap []int
		tick := time.NewTicker(time.Second)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				result <- heap
				return
			case <-tick.C:
				runtime.GC()
				var m runtime.MemStats
				runtime.ReadMemStats(&m)
				heap = append(heap, int(m.HeapAlloc>>20))
			}
		}
	}()
	return result
}

func lowest(values []int) int {
	least := values[0]
	for _, v := range values {
		least = min(least, v)
	}
	return least
}

// send makes the request and returns an error if the response is not the expected one.
func (c soakCase) send(ctx context.Context, transport *http.Transport, url string, example, missing []byte, rng *rand.Rand) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	method, upload := http.MethodGet, []byte(nil)
	switch c.kind {
	case "head":
		method = http.MethodHead
	case "upload":
		method, upload = http.MethodPost, c.body(example)
	case "hang":
		time.AfterFunc(20*time.Millisecond, cancel)
	}
	r, err := http.NewRequestWithContext(ctx, method, url+c.path(), bytes.NewReader(upload))
	if err != nil {
		return err
	}
	r.Header.Set("x-portkey-api-key", "pk-soak-"+strconv.FormatUint(c.seed, 10))
	resp, err := transport.RoundTrip(r)
	if c.kind == "hang" {
		if err == nil {
			_ = resp.Body.Close()
			return errors.New("got a response, want none")
		}
		return nil
	}
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if c.kind != "reset" && resp.Header.Get("X-Case") != c.path() {
		return fmt.Errorf("got the response to %s", resp.Header.Get("X-Case"))
	}
	if c.kind == "leave" {
		_, _ = io.CopyN(io.Discard, resp.Body, int64(rng.IntN(100)))
		return nil
	}
	got, err := io.ReadAll(resp.Body)
	want, status := c.body(example), http.StatusOK
	switch c.kind {
	case "head":
		want = nil
	case "missing":
		want, status = missing, http.StatusNotFound
	case "redirect":
		want, status = nil, http.StatusFound
	case "upload":
		want = fmt.Appendf(nil, "%d %x", len(upload), sha256.Sum256(upload))
	case "reset":
		want, status = got, http.StatusBadGateway
	case "truncated", "broken-chunk":
		if want = want[:len(want)/2]; err == nil {
			return errors.New("got no error, want an incomplete response")
		}
		err = nil
	}
	switch {
	case err != nil:
		return fmt.Errorf("after %d bytes of %d: %w", len(got), len(want), err)
	case resp.StatusCode != status:
		return fmt.Errorf("got status code %d, want %d", resp.StatusCode, status)
	case !bytes.Equal(got, want):
		return fmt.Errorf("got %d bytes, want the %d that were sent", len(got), len(want))
	}
	return nil
}

// judgeSoak returns how the observed exchange differs from the expected one, or an empty string.
func judgeSoak(e contracttest.Exchange) string {
	c := parseSoakCase(e.Path)
	failed, checked := false, true
	switch c.kind {
	case "length", "chunked", "gzip", "drip":
		failed = !c.good
	case "head", "missing":
	case "redirect": // The contract documents none.
		failed = true
	case "large", "truncated", "broken-chunk", "reset":
		failed, checked = true, false
	case "upload", "hang":
		checked = false
	case "leave": // The client may have received everything before it left.
		if e.Checked() == (e.Unchecked == "") && (e.Unchecked != "" || e.Failed() == !c.good) {
			return ""
		}
	}
	switch {
	case e.Failed() != failed:
		return fmt.Sprintf("got failed %v, want %v", e.Failed(), failed)
	case e.Checked() != checked:
		return fmt.Sprintf("got checked %v, want %v", e.Checked(), checked)
	}
	return ""
}
