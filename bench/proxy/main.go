// Command proxy compares portkey-integration proxy with Prism's proxy, with the same fake server and the same client: the CPU
// time and the latency of a request. Run it in bench, after npm ci in interop:
//
//	go run ./proxy [-rounds N] [-time D] [-par N]
//
// In each round the same client calls the fake server directly and through each proxy, in rotating order, and compares every
// byte of every response. CPU time is that of the proxy's process only, user and system, as the kernel counts it.
package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/portkey-integration/portkey-integration-go/contracttest"
)

const tick = 10 * time.Millisecond // The unit of CPU time in /proc on all common machines.

// A target is a way to the fake server.
type target struct {
	name, url string
	pid       int
	cpu, wall map[string][]time.Duration // by slug, one value per round: CPU time per request, median latency
}

func main() {
	rounds := flag.Int("rounds", 5, "`number` of rounds")
	duration := flag.Duration("time", 3*time.Second, "`duration` of the requests to each proxy for each size in a round")
	par := flag.Int("par", 8, "`number` of connections")
	flag.Parse()
	if err := compare(*rounds, *duration, *par); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func compare(rounds int, duration time.Duration, par int) error {
	work, err := os.MkdirTemp("", "")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	defer running.Wait()
	defer cancel()

	program := filepath.Join(work, "portkey-integration")
	build := exec.Command("go", "build", "-o", program, "./cmd/portkey-integration")
	build.Dir = ".."
	if out, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("%w: %s", err, out)
	}
	// Prism re-encodes JSON. This value comes out unchanged.
	deployment := map[string]any{"azure_api_version": "2024-10-21", "azure_deployment_name": "gpt", "azure_model_slug": "gpt-4o", "is_default": false}
	large := contracttest.Example("azure-openai-entra").With("/configurations/azure_deployment_config", slices.Repeat([]any{deployment}, 850)).Body
	fixture := filepath.Join(work, "large.json")
	if err := os.WriteFile(fixture, large, 0o600); err != nil {
		return err
	}
	bodies := map[string][]byte{"openai-production": contracttest.Example("openai-production").Body, "large": large}
	slugs := []string{"openai-production", "large"}

	start := func(name, prefix string, port int, command ...string) (*target, error) {
		c := exec.CommandContext(ctx, command[0], command[1:]...)
		if err := c.Start(); err != nil {
			return nil, err
		}
		running.Go(func() { _ = c.Wait() })
		t := &target{name, fmt.Sprintf("http://127.0.0.1:%d%s", port, prefix), c.Process.Pid, map[string][]time.Duration{}, map[string][]time.Duration{}}
		for end := time.Now().Add(5 * time.Minute); ; time.Sleep(50 * time.Millisecond) {
			if err := t.get("openai-production", bodies["openai-production"]); err == nil || time.Now().After(end) {
				return t, err
			}
		}
	}
	var ports []int
	for range 3 {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return err
		}
		ports = append(ports, l.Addr().(*net.TCPAddr).Port)
		_ = l.Close()
	}
	addr := func(i int) string { return fmt.Sprintf("127.0.0.1:%d", ports[i]) }
	upstream := "http://" + addr(0) + "/v1"
	fake, err := start("none", "/v1", ports[0], program, "serve", "--addr", addr(0), "--fixture", "large="+fixture)
	if err != nil {
		return fmt.Errorf("the fake server: %w", err)
	}
	ours, err := start("portkey-integration proxy", "/v1", ports[1], program, "proxy", "--addr", addr(1), "--upstream", upstream)
	if err != nil {
		return fmt.Errorf("our proxy: %w", err)
	}
	prism, err := start("Prism proxy", "", ports[2], "../interop/recipes/prism/proxy", upstream, strconv.Itoa(ports[2]), "--verboseLevel", "error")
	if err != nil {
		return fmt.Errorf("Prism's proxy, which npm ci in interop installs: %w", err)
	}

	targets := []*target{fake, ours, prism}
	for round := range rounds {
		for _, slug := range slugs {
			for i := range targets {
				if err := targets[(round+i)%len(targets)].load(slug, bodies[slug], duration, par); err != nil {
					return err
				}
			}
		}
		fmt.Fprintf(os.Stderr, "round %d of %d\n", round+1, rounds)
	}

	fmt.Printf("`go run ./proxy -rounds %d -time %v -par %d`, %d CPUs, %s\n\n", rounds, duration, par, runtime.NumCPU(), runtime.Version())
	fmt.Println("| response | through | CPU time of the proxy per request | median latency |\n|---|---|---|---|")
	for _, slug := range slugs {
		for _, t := range targets {
			cpu := median(t.cpu[slug]).Round(time.Microsecond).String()
			if t == fake {
				cpu = "–"
			}
			fmt.Printf("| %d KB | %s | %s | %v |\n", (len(bodies[slug])+999)/1000, t.name, cpu, median(t.wall[slug]).Round(10*time.Microsecond))
		}
	}
	for _, slug := range slugs {
		var ratios []float64
		for i := range rounds {
			ratios = append(ratios, float64(prism.cpu[slug][i])/float64(ours.cpu[slug][i]))
		}
		fmt.Printf("\nFor a response of %d KB, Prism's proxy uses %.1f times the CPU time (median of the rounds).\n", (len(bodies[slug])+999)/1000, median(ratios))
		if median(ratios) <= 1 {
			err = errors.Join(err, fmt.Errorf("our proxy costs more than Prism's for %s", slug))
		}
	}
	return err
}

// load requests a slug over par connections for a while, and records the cost per request.
func (t *target) load(slug string, want []byte, duration time.Duration, par int) error {
	for range 50 { // Open connections and fill caches.
		if err := t.get(slug, want); err != nil {
			return err
		}
	}
	before, err := t.used()
	if err != nil {
		return err
	}
	waits, errs := make([][]time.Duration, par), make([]error, par)
	var workers sync.WaitGroup
	end := time.Now().Add(duration)
	for i := range par {
		workers.Go(func() {
			for time.Now().Before(end) && errs[i] == nil {
				begun := time.Now()
				errs[i] = t.get(slug, want)
				waits[i] = append(waits[i], time.Since(begun))
			}
		})
	}
	workers.Wait()
	after, err := t.used()
	if err := errors.Join(append(errs, err)...); err != nil {
		return fmt.Errorf("%s: %w", t.name, err)
	}
	all := slices.Concat(waits...)
	t.cpu[slug] = append(t.cpu[slug], (after-before)/time.Duration(len(all)))
	t.wall[slug] = append(t.wall[slug], median(all))
	return nil
}

var client = &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 256, DisableCompression: true}}

func (t *target) get(slug string, want []byte) error {
	r, err := http.NewRequest(http.MethodGet, t.url+"/integrations/"+slug, nil)
	if err != nil {
		return err
	}
	r.Header.Set("x-portkey-api-key", contracttest.DefaultAPIKey)
	resp, err := client.Do(r)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err == nil && (resp.StatusCode != http.StatusOK || !bytes.Equal(body, want)) {
		err = fmt.Errorf("%s: got status code %d and %d bytes, want the %d of the fake server", slug, resp.StatusCode, len(body), len(want))
	}
	return err
}

// used is the CPU time of the process so far.
func (t *target) used() (time.Duration, error) {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", t.pid))
	if err != nil {
		return 0, err
	}
	fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
	user, _ := strconv.Atoi(fields[11])
	system, _ := strconv.Atoi(fields[12])
	return time.Duration(user+system) * tick, nil
}

func median[T time.Duration | float64](values []T) T {
	sorted := slices.Sorted(slices.Values(values))
	return sorted[len(sorted)/2]
}
