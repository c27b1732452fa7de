// Package bench compares our client with others at the same work. The command run makes the table.
package bench

import (
	"bufio"
	"context"
	"fmt"
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
	"github.com/portkey-integration/portkey-integration-go/bench/clients/ogen"
	"github.com/portkey-integration/portkey-integration-go/bench/clients/ours"
	"github.com/portkey-integration/portkey-integration-go/bench/clients/retryable"
	"github.com/portkey-integration/portkey-integration-go/bench/internal/server"
	"github.com/portkey-integration/portkey-integration-go/client"
	"github.com/portkey-integration/portkey-integration-go/contract"
)

// rows are the clients. The transport is a function, so that each has connections of its own.
var rows = []struct {
	name      string
	new       clients.New
	transport func() http.RoundTripper
}{
	{"nethttp", nethttp.New, tuned},
	{"nethttp-default", nethttp.New, func() http.RoundTripper { return http.DefaultTransport }},
	{"discard", nethttp.NewDiscard, tuned},
	{"naive", naive.New, tuned},
	{"ogen", ogen.New, tuned},
	{"retryable", retryable.New, tuned},
	{"strict", ours.New(client.ValidationStrict), own},
	{"report", ours.New(client.ValidationReport), own},
	{"off", ours.New(client.ValidationOff), own},
}

func tuned() http.RoundTripper { return clients.Tuned() }
func own() http.RoundTripper   { return nil }

// The environment that the command run sets.
const (
	envRole  = "BENCH_ROLE"  // Makes the test binary another program: see TestMain.
	envURL   = "BENCH_URL"   // Base URL of the server that serves all rounds.
	envBin   = "BENCH_BIN"   // Directory in which programs built in one round are kept for the next.
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
		timeContract()
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

// BenchmarkRetrieve calls each client in turn for each kind of response, so that what is compared ran side by side. The
// contract is in memory for all: what our client holds neither costs nor spares it alone garbage collections. So is
// what our client remembers of the integrations of distinct, of which each was asked for once. Each round starts with
// another client, for being the first costs something too.
func BenchmarkRetrieve(b *testing.B) {
	if _, err := contract.Check(200, []byte("{}")); err != nil {
		b.Fatal(err)
	}
	round, _ := strconv.Atoi(os.Getenv(envRound))
	for _, c := range []struct {
		body, sizes string
		par         int
	}{
		{"distinct", "1KB 10KB 100KB 1MB", 1},
		{"same", "1KB 10KB 100KB 1MB", 1},
		{"fleet", "1KB", 1},
		{"novel", "1KB", 1},
		{"violating", "1KB", 1},
		{"distinct", "1KB 10KB 100KB", 64},
		{"same", "1KB 10KB 100KB", 64},
	} {
		for _, size := range server.Sizes {
			if !slices.Contains(strings.Fields(c.sizes), size.Name) {
				continue
			}
			n := size.N
			if c.body == "novel" {
				n = server.Novel
			}
			slugs := slugs(c.body, size.Name, n)
			remember := sync.OnceFunc(func() {
				retrieve, err := ours.New(client.ValidationStrict)(baseURL, own())
				if err != nil {
					b.Fatal(err)
				}
				for _, slug := range slugs {
					_, _ = retrieve(b.Context(), slug)
				}
			})
			for i := range rows {
				row := rows[(i+round)%len(rows)]
				b.Run(fmt.Sprintf("body=%s/size=%s/par=%d/client=%s", c.body, size.Name, c.par, row.name), func(b *testing.B) {
					retrieve, err := row.new(baseURL, row.transport())
					if err != nil {
						b.Fatal(err)
					}
					if c.body == "distinct" {
						remember()
					}
					measure(b, retrieve, slugs, c.par, c.body == "violating")
				})
			}
		}
	}
}

// slugs are those to ask for in turn.
func slugs(body, size string, n int) []string {
	if body == "same" {
		return []string{server.Slug("fleet", size, 2)} // of Azure OpenAI, the richest of the providers
	}
	var s []string
	for i := range n {
		s = append(s, server.Slug(body, size, i))
	}
	return s
}

// next is of all clients: what is novel is so for each of them.
var next atomic.Uint64

func measure(b *testing.B, retrieve clients.Retrieve, slugs []string, par int, mayFail bool) {
	ctx := context.Background()
	call := func() {
		slug := slugs[next.Add(1)%uint64(len(slugs))]
		if _, err := retrieve(ctx, slug); err != nil && !mayFail {
			b.Errorf("%s: %v", slug, err)
		}
	}
	// Before time counts, the server makes the responses, and the client what it makes once and its connections.
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

// cpu is the CPU time of this process, user and system. The server's is not in it.
func cpu() int64 {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		log.Fatal(err)
	}
	return u.Utime.Nano() + u.Stime.Nano()
}

// TestClientsAgree holds the comparison to its word: every client returns the id that was sent, and those that check
// responses refuse those that violate.
func TestClientsAgree(t *testing.T) {
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			retrieve, err := row.new(baseURL, row.transport())
			if err != nil {
				t.Fatal(err)
			}
			want, err := nethttp.New(baseURL, clients.Tuned())
			if err != nil {
				t.Fatal(err)
			}
			for _, slug := range append(slugs("fleet", "1KB", 100), slugs("fleet", "10KB", 100)...) {
				id, err := retrieve(t.Context(), slug)
				if err != nil {
					t.Fatalf("%s: %v", slug, err)
				}
				if w, err := want(t.Context(), slug); row.name != "discard" && (id != w || err != nil) {
					t.Fatalf("%s: id %q, want %q (%v)", slug, id, w, err)
				}
			}
			refused := 0
			violating := slugs("violating", "1KB", 100)
			for _, slug := range violating {
				if _, err := retrieve(t.Context(), slug); err != nil {
					refused++
				}
			}
			switch row.name {
			case "naive", "strict":
				if refused != len(violating) {
					t.Errorf("refused %d of %d responses that violate", refused, len(violating))
				}
			case "ogen": // its variant of the contract cannot say all
				t.Logf("refused %d of %d responses that violate", refused, len(violating))
			default:
				if refused != 0 {
					t.Errorf("refused %d responses", refused)
				}
			}
		})
	}
}
