// Package bench compares our client with others doing the same work. The command run writes the table.
package bench

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/portkey-integration/portkey-integration-go/bench/clients"
	"github.com/portkey-integration/portkey-integration-go/bench/clients/naive"
	"github.com/portkey-integration/portkey-integration-go/bench/clients/nethttp"
	"github.com/portkey-integration/portkey-integration-go/bench/clients/ours"
	"github.com/portkey-integration/portkey-integration-go/bench/clients/retryable"
	"github.com/portkey-integration/portkey-integration-go/bench/internal/responses"
	"github.com/portkey-integration/portkey-integration-go/bench/internal/server"
	"github.com/portkey-integration/portkey-integration-go/client"
	"github.com/portkey-integration/portkey-integration-go/contract"
)

// A row is a client.
type row struct {
	name  string
	new   clients.New
	first bool // Command first can use it too.
}

// rows are the clients; the build tag ogen adds one.
var rows = []row{
	{"nethttp", nethttp.New, true},
	{"nethttp-default", nethttp.NewDefault, false},
	{"discard", nethttp.NewDiscard, false},
	{"naive", naive.New, true},
	{"retryable", retryable.New, true},
	{"strict", ours.New(client.ValidationStrict), true},
	{"off", ours.New(client.ValidationOff), true},
}

// The environment that the command run sets.
const (
	envRole  = "BENCH_ROLE"  // Makes the test binary run as another program: see TestMain.
	envURL   = "BENCH_URL"   // Base URL of the server used in all rounds.
	envBin   = "BENCH_BIN"   // Directory that keeps the programs built in one round for the next.
	envRound = "BENCH_ROUND" // Number of the round.
)

var baseURL = os.Getenv(envURL)

func TestMain(m *testing.M) {
	switch os.Getenv(envRole) {
	case "server":
		if err := server.Run(); err != nil {
			log.Fatal(err)
		}
		return
	case "contract":
		timeFirstCheck()
		return
	}
	stop := func() {}
	if baseURL == "" {
		stop = startServer()
	}
	code := m.Run()
	stop()
	os.Exit(code)
}

func startServer() (stop func()) {
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), envRole+"=server")
	cmd.Stderr = os.Stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		log.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		log.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		log.Fatal(err)
	}
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		log.Fatal(err)
	}
	baseURL = strings.TrimSpace(line)
	return func() {
		stdin.Close()
		cmd.Wait()
	}
}

// BenchmarkRetrieve calls each client in turn for each kind of response, so that compared runs are adjacent. Each round
// starts with a different client, because going first has a cost too. The contract is in memory for all clients, so that
// its effect on garbage collection is the same for all. So is our client's cache of shapes, which has seen each response
// once.
func BenchmarkRetrieve(b *testing.B) {
	round, _ := strconv.Atoi(os.Getenv(envRound))
	for _, c := range []struct {
		kind, sizes string
		par         int
	}{
		{responses.Distinct, "1KB 10KB 100KB 1MB", 1},
		{responses.Same, "1KB 10KB 100KB 1MB", 1},
		{responses.Novel, "1KB 10KB 100KB 1MB", 1},
		{responses.Violating, "1KB", 1},
		{responses.Distinct, "1KB 10KB 100KB", 64},
	} {
		for _, size := range responses.Sizes {
			if !slices.Contains(strings.Fields(c.sizes), size.Name) {
				continue
			}
			slugs := slugs(c.kind, size)
			if c.kind == responses.Same {
				slugs = slugs[2:3] // An Azure OpenAI integration, which has the most properties.
			}
			remember := sync.OnceFunc(func() {
				retrieve, err := ours.New(client.ValidationStrict)(baseURL)
				if err != nil {
					b.Fatal(err)
				}
				for _, slug := range slugs {
					_, _ = retrieve(b.Context(), slug)
				}
			})
			for i := range rows {
				row := rows[(i+round)%len(rows)]
				b.Run(fmt.Sprintf("body=%s/size=%s/par=%d/client=%s", c.kind, size.Name, c.par, row.name), func(b *testing.B) {
					retrieve, err := row.new(baseURL)
					if err != nil {
						b.Fatal(err)
					}
					remember()
					measure(b, retrieve, slugs, c.par, c.kind == responses.Violating)
				})
			}
		}
	}
}

// slugs are the slugs to retrieve in turn.
func slugs(kind string, size responses.Size) (slugs []string) {
	for i := range size.N {
		slugs = append(slugs, responses.Slug(kind, size.Name, i))
	}
	return slugs
}

func measure(b *testing.B, retrieve clients.Retrieve, slugs []string, par int, mayFail bool) {
	ctx := context.Background()
	var next atomic.Uint64
	call := func() {
		slug := slugs[next.Add(1)%uint64(len(slugs))]
		if _, err := retrieve(ctx, slug); err != nil && !mayFail {
			b.Errorf("%s: %v", slug, err)
		}
	}
	// Before the timer starts, let the client do its one-time setup and open its connections.
	call()
	var warm sync.WaitGroup
	for range par {
		warm.Go(call)
	}
	warm.Wait()
	b.ReportAllocs()
	b.ResetTimer()
	before := cpu()
	if par == 1 {
		for b.Loop() {
			call()
		}
	} else {
		b.SetParallelism(par / runtime.GOMAXPROCS(0))
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				call()
			}
		})
	}
	b.ReportMetric(float64(cpu()-before)/float64(b.N), "cpu-ns/op")
}

// cpu is the CPU time of this process, user and system, without the server's.
func cpu() int64 {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		log.Fatal(err)
	}
	return u.Utime.Nano() + u.Stime.Nano()
}

// TestClientsAgree tests that the comparison is fair: every client returns the id that was sent, and clients that validate
// reject responses that violate the contract.
func TestClientsAgree(t *testing.T) {
	baseline, err := nethttp.New(baseURL)
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			retrieve, err := row.new(baseURL)
			if err != nil {
				t.Fatal(err)
			}
			for _, size := range responses.Sizes[:2] {
				for _, slug := range slugs(responses.Same, size)[:100] {
					want, err := baseline(t.Context(), slug)
					if err != nil {
						t.Fatal(err)
					}
					if got, err := retrieve(t.Context(), slug); err != nil || got != want && row.name != "discard" {
						t.Fatalf("%s: got id %q and error %v, want %q", slug, got, err, want)
					}
				}
				if _, err := retrieve(t.Context(), responses.Slug(responses.Novel, size.Name, 1)); err != nil {
					t.Errorf("novel: got error %v", err)
				}
			}
			refused, sent := 0, slugs(responses.Violating, responses.Sizes[0])[:100]
			for _, slug := range sent {
				if _, err := retrieve(t.Context(), slug); err != nil {
					refused++
				}
			}
			want := 0
			switch row.name {
			case "naive", "strict":
				want = len(sent)
			case "ogen": // It does not know writeOnly.
				t.Logf("refused %d of %d responses that violate the contract", refused, len(sent))
				return
			}
			if refused != want {
				t.Errorf("got %d of %d responses refused that violate the contract, want %d", refused, len(sent), want)
			}
		})
	}
}

// TestShapes tests that the shapes of distinct responses are found in the cache, and those of novel responses never are.
func TestShapes(t *testing.T) {
	for kind, want := range map[string]bool{responses.Distinct: true, responses.Novel: false} {
		known := 0
		for _, slug := range slices.Concat(slugs(kind, responses.Sizes[0])[:100], slugs(kind, responses.Sizes[0])[:100]) {
			body := fetch(t, slug)
			if conforms, _ := contract.Known(body); conforms {
				known++
			}
			if report, err := contract.Check(http.StatusOK, body); err != nil || !report.Conforms() {
				t.Fatalf("%s: got violations %v and error %v", slug, report.Violations, err)
			}
		}
		if got := known > 100; got != want || kind == responses.Novel && known > 0 {
			t.Errorf("%s: got %d of 200 responses that are known", kind, known)
		}
	}
}

func fetch(t *testing.T, slug string) []byte {
	resp, err := http.Get(baseURL + "/integrations/" + slug)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return body
}
