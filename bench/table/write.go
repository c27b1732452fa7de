package main

import (
	"fmt"
	"math"
	"runtime"
	"strings"
)

// The units that benchfmt derives from the benchmarks' metrics.
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
	retrieving = []string{"nethttp", "nethttp-default", "discard", "retryable", "naive", "ogen", "strict", "off"}
	starting   = []string{"nethttp", "retryable", "naive", "ogen", "strict", "off"}
	kinds      = []string{"distinct", "same", "novel", "violating"}
	sizes      = []string{"1KB", "10KB", "100KB", "1MB"}
	parts      = []string{"decode-struct-v1", "decode-struct-v2", "decode-any-v1", "kin-openapi", "ogen", "check", "known"}
	hostile    = []string{"unknown", "wrong", "drifting", "skipped"}
)

func retrieve(kind, size string, par int, client string) string {
	return fmt.Sprintf("Retrieve/body=%s/size=%s/par=%d/client=%s", kind, size, par, client)
}

func (r results) write(command, load, cpu string, rounds int) {
	fmt.Printf(`# Results

Written by %s in %d rounds, on %s with %d cores, %s, %s/%s, at a load
average of %s at the start.

A ratio is the median over the rounds of a client's value divided by that of nethttp in the same round. nethttp is net/http
with a tuned transport and encoding/json into the same struct. README.md describes the clients and the responses.
`, "`"+strings.TrimSpace(command)+"`", rounds, strings.TrimSpace(cpu), runtime.NumCPU(), runtime.Version(), runtime.GOOS, runtime.GOARCH, load)
	for _, t := range []struct{ title, unit string }{
		{"Time per call", elapsed},
		{"CPU time per call, without the server's", cpuTime},
		{"Allocations per call", allocs},
		{"Bytes allocated per call", size},
	} {
		fmt.Printf("\n## %s\n\n", t.title)
		r.retrieved(t.unit)
	}
	r.checks()
	r.starts()
}

// retrieved writes a table of all clients: the baseline's value, and the ratios to it.
func (r results) retrieved(unit string) {
	row(append([]string{"responses", "size", "goroutines"}, retrieving...)...)
	rule(3 + len(retrieving))
	for _, par := range []int{1, 64} {
		for _, kind := range kinds {
			for _, z := range sizes {
				base := retrieve(kind, z, par, retrieving[0])
				if r[base] == nil {
					continue
				}
				cells := []string{kind, z, fmt.Sprint(par), quantity(r.median(base, unit), unit)}
				for _, client := range retrieving[1:] {
					cells = append(cells, decimal(r.ratio(retrieve(kind, z, par, client), base, unit)))
				}
				row(cells...)
			}
		}
	}
}

func (r results) checks() {
	fmt.Printf("\n## Parts of the work\n\nWithout a network, on distinct bodies.\n\n")
	row(append([]string{"part"}, sizes...)...)
	rule(1 + len(sizes))
	for _, part := range parts {
		cells := []string{part}
		for _, z := range sizes {
			cells = append(cells, quantity(r.median("Part/size="+z+"/part="+part, elapsed), elapsed))
		}
		row(cells...)
	}
	fmt.Printf("\n## Hostile bodies of 1 MB\n\n")
	row("body", "decode-any-v1", "memory allocated", "check", "memory allocated", "ratio of times")
	rule(6)
	for _, body := range hostile {
		decode, check := "Hostile/body="+body+"/part=decode-any-v1", "Hostile/body="+body+"/part=check"
		row(body, quantity(r.median(decode, elapsed), elapsed), quantity(r.median(decode, size), size),
			quantity(r.median(check, elapsed), elapsed), quantity(r.median(check, size), size),
			decimal(r.ratio(check, decode, elapsed)))
	}
}

func (r results) starts() {
	fmt.Printf("\n## A fresh process\n\nFrom start to exit, with one call.\n\n")
	row("client", "time", "ratio", "CPU time", "peak memory", "time with a server 50 ms away", "ratio")
	rule(7)
	for _, client := range starting {
		near, far := "First/body=same/client=", "First/body=far/client="
		row(client, quantity(r.median(near+client, elapsed), elapsed), decimal(r.ratio(near+client, near+"nethttp", elapsed)),
			quantity(r.median(near+client, cpuTime), cpuTime), quantity(r.median(near+client, memory), memory),
			quantity(r.median(far+client, elapsed), elapsed), decimal(r.ratio(far+client, far+"nethttp", elapsed)))
	}
	fmt.Printf("\nThe first check in a process, which parses the contract, takes %s. ", quantity(r.median("Contract", elapsed), elapsed))
	fmt.Printf("On the document with\nits examples, kin-openapi's loader alone takes %s in a process that has run it before.\n", quantity(r.median("Load", elapsed), elapsed))
	fmt.Printf("\nPackage initialisation in a program with our client, from `GODEBUG=inittrace=1`:\n\n")
	row("packages", "time", "memory", "allocations")
	rule(4)
	for _, p := range []string{"root", "gen", "contract", "client", "dependencies", "all"} {
		name := "Init/package=" + p
		row(p, quantity(r.median(name, initTime), elapsed), quantity(r.median(name, initSize), size),
			quantity(r.median(name, initAllocs), allocs))
	}
}

func row(cells ...string) { fmt.Println("| " + strings.Join(cells, " | ") + " |") }
func rule(columns int)    { fmt.Println("|" + strings.Repeat("---|", columns)) }

func decimal(v float64) string {
	if math.IsNaN(v) {
		return ""
	}
	return fmt.Sprintf("%.2f", v)
}

// quantity formats a number for people, with three digits and a unit.
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
