package main

import (
	"fmt"
	"math"
	"runtime"
	"strings"
)

// The units that benchfmt makes of the benchmarks' metrics.
const (
	elapsed = "sec/op"
	cpuTime = "cpu-sec/op"
	allocs  = "allocs/op"
	size    = "B/op"
	memory  = "rss-B/op"

	initTime   = "init-sec/op"
	initSize   = "init-B/op"
	initAllocs = "init-allocs/op"
)

var (
	retrieving = []string{"nethttp", "nethttp-default", "discard", "naive", "ogen", "retryable", "strict", "report", "off"}
	starting   = []string{"nethttp", "naive", "ogen", "retryable", "strict", "off"}
	sizes      = []string{"1KB", "10KB", "100KB", "1MB"}
)

func retrieve(body, size string, par int, client string) string {
	return fmt.Sprintf("Retrieve/body=%s/size=%s/par=%d/client=%s", body, size, par, client)
}

func (r results) write(command, load, cpu string, rounds int) {
	fmt.Printf(`# Results

Written by %s, in %d rounds, on %s with %d cores, %s, %s/%s, at a load
average of %s when it began.

A ratio is the median over the rounds of a client's number by the baseline's in the same round: nethttp, that is
net/http with a tuned transport and encoding/json into the same struct. What the clients and the bodies are stands in
README.md.

`, "`"+strings.TrimSpace(command)+"`", rounds, strings.TrimSpace(cpu), runtime.NumCPU(), runtime.Version(), runtime.GOOS, runtime.GOARCH, load)
	r.targets()
	for _, t := range []struct{ title, unit string }{
		{"Time of a call", elapsed},
		{"CPU of a call, the server's left out", cpuTime},
		{"Allocations", allocs},
		{"Bytes allocated", size},
	} {
		fmt.Printf("\n## %s\n\n", t.title)
		r.retrieved(t.unit)
	}
	r.started()
	r.parts()
}

// retrieved is a table of all clients: the baseline's own number, and the ratios to it.
func (r results) retrieved(unit string) {
	row(append([]string{"responses", "size", "goroutines"}, retrieving...)...)
	rule(3 + len(retrieving))
	for _, par := range []int{1, 64} {
		for _, body := range []string{"distinct", "same", "fleet", "novel", "violating"} {
			for _, z := range sizes {
				base := retrieve(body, z, par, retrieving[0])
				if r[base] == nil {
					continue
				}
				cells := []string{body, z, fmt.Sprint(par), quantity(r.median(base, unit), unit)}
				for _, client := range retrieving[1:] {
					cells = append(cells, decimal(r.ratio(retrieve(body, z, par, client), base, unit)))
				}
				row(cells...)
			}
		}
	}
}

func (r results) started() {
	fmt.Printf("\n## A fresh process\n\nFrom its start to its end, one call in between.\n\n")
	row("client", "time", "ratio", "CPU", "memory at most", "time with a server 50 ms away", "ratio")
	rule(7)
	for _, client := range starting {
		name, far := "First/responses=fleet/client=", "First/responses=far/client="
		row(client, quantity(r.median(name+client, elapsed), elapsed), decimal(r.ratio(name+client, name+"nethttp", elapsed)),
			quantity(r.median(name+client, cpuTime), cpuTime), quantity(r.median(name+client, memory), memory),
			quantity(r.median(far+client, elapsed), elapsed), decimal(r.ratio(far+client, far+"nethttp", elapsed)))
	}
	fmt.Printf("\nInitialisation of packages in a program with our client, from `GODEBUG=inittrace=1`.\n\n")
	row("packages", "time", "memory", "allocations")
	rule(4)
	for _, p := range []string{"root", "gen", "client", "dependencies", "all"} {
		name := "Init/package=" + p
		row(p, quantity(r.median(name, initTime), elapsed), quantity(r.median(name, initSize), size),
			quantity(r.median(name, initAllocs), allocs))
	}
}

func (r results) parts() {
	fmt.Printf("\n## Parts\n\nWithout a network, on the same bodies.\n\n")
	row(append([]string{"part"}, sizes...)...)
	rule(1 + len(sizes))
	for _, part := range []string{
		"decode-struct-v1", "decode-struct-v2", "decode-any-v1", "decode-any-v2", "visit", "ogen", "client-check",
	} {
		cells := []string{part}
		for _, z := range sizes {
			cells = append(cells, quantity(r.median("Part/size="+z+"/part="+part, elapsed), elapsed))
		}
		row(cells...)
	}
}

func (r results) targets() {
	ours := func(client, body, z string, par int, unit string) float64 {
		return r.ratio(retrieve(body, z, par, client), retrieve(body, z, par, "nethttp"), unit)
	}
	bySize := func(client, body, unit string) (float64, string) {
		var worst float64
		var all []string
		for _, z := range sizes {
			if v := ours(client, body, z, 1, unit); !math.IsNaN(v) {
				worst, all = max(worst, v), append(all, decimal(v))
			}
		}
		return worst, strings.Join(all, ", ")
	}
	perSecond := func(base string) float64 {
		return r.ratio(retrieve("distinct", "1KB", 64, base), retrieve("distinct", "1KB", 64, "strict"), elapsed)
	}
	large := retrieve("distinct", "1MB", 1, "strict")
	medium := retrieve("distinct", "10KB", 1, "strict")
	fmt.Printf("## Targets\n\nSeveral numbers are those for bodies of %s.\n\n", strings.Join(sizes, ", "))
	row("what", "target", "measured", "met")
	rule(4)
	for _, t := range []struct {
		what, client, body, unit string
		most                     float64
	}{
		{"Strict, distinct bodies, time", "strict", "distinct", elapsed, 1.25},
		{"Strict, same body again, time", "strict", "same", elapsed, 1},
		{"Off, distinct bodies, time", "off", "distinct", elapsed, 0.95},
		{"Strict, distinct bodies, allocations", "strict", "distinct", allocs, 1.5},
	} {
		worst, each := bySize(t.client, t.body, t.unit)
		row(t.what, "≤ "+decimal(t.most), each, met(worst <= t.most))
	}
	for _, t := range []struct {
		what  string
		value float64
		least float64
	}{
		{"64 goroutines, calls per second, by nethttp's", perSecond("nethttp"), 1},
		{"64 goroutines, calls per second, by those on http.DefaultTransport", perSecond("nethttp-default"), 1.5},
	} {
		row(t.what, "≥ "+decimal(t.least), decimal(t.value), met(t.value >= t.least))
	}
	var inits float64
	for _, p := range []string{"root", "gen", "client"} {
		inits += r.median("Init/package="+p, initTime)
	}
	perByte := r.ratio(large, medium, elapsed) / 100
	violating := r.ratio(retrieve("violating", "1KB", 1, "strict"), retrieve("distinct", "1KB", 1, "strict"), elapsed)
	contract := r.median("Contract", elapsed)
	row("Strict, time per byte at 1 MB by that at 10 KB", "≤ 1.00", decimal(perByte), met(perByte <= 1))
	row("Strict, a response that violates by one that conforms, time", "≤ 3.00", decimal(violating), met(violating <= 3))
	row("Initialisation of root, gen and client", "≤ 0.1 ms", quantity(inits, elapsed), met(inits <= 1e-4))
	row("The contract, parsed once, on first use", "≤ 10 ms", quantity(contract, elapsed), met(contract <= 0.010))
}

func met(ok bool) string {
	if ok {
		return "yes"
	}
	return "no"
}

func row(cells ...string) { fmt.Println("| " + strings.Join(cells, " | ") + " |") }
func rule(columns int)    { fmt.Println("|" + strings.Repeat("---|", columns)) }

func decimal(v float64) string {
	if math.IsNaN(v) {
		return ""
	}
	return fmt.Sprintf("%.2f", v)
}

// quantity gives a number three digits and a unit for people.
func quantity(v float64, unit string) string {
	if math.IsNaN(v) {
		return ""
	}
	steps := []string{"", "k", "M"}
	switch unit {
	case elapsed, cpuTime:
		v, steps = v*1e9, []string{" ns", " µs", " ms", " s"}
	case size, memory:
		steps = []string{" B", " kB", " MB"}
	}
	i := 0
	for v >= 1000 && i < len(steps)-1 {
		v, i = v/1000, i+1
	}
	if v >= 100 || steps[i] == "" {
		return fmt.Sprintf("%.0f%s", v, steps[i])
	}
	return fmt.Sprintf("%.3g%s", v, steps[i])
}
