// Command table reads the output of all rounds of a benchmark run from standard input and writes the results in Markdown:
// each client's median ratio to the baseline.
package main

import (
	"fmt"
	"log"
	"math"
	"os"
	"runtime"
	"slices"
	"strings"

	"golang.org/x/perf/benchfmt"
)

// results are the values of each benchmark, one per round, by name and then by unit.
type results map[string]map[string][]float64

// shown are the names of the benchmarks that a table uses.
var shown = map[string]bool{}

func main() {
	r, cpu, rounds := results{}, "", 0
	reader := benchfmt.NewReader(os.Stdin, "stdin")
	for reader.Scan() {
		result, ok := reader.Result().(*benchfmt.Result)
		if !ok {
			continue
		}
		cpu = result.GetConfig("cpu")
		name := strings.TrimSuffix(string(result.Name), fmt.Sprintf("-%d", runtime.GOMAXPROCS(0)))
		if r[name] == nil {
			r[name] = map[string][]float64{}
		}
		for _, v := range result.Values {
			r[name][v.Unit] = append(r[name][v.Unit], v.Value)
			rounds = max(rounds, len(r[name][v.Unit]))
		}
	}
	if err := reader.Err(); err != nil {
		log.Fatal(err)
	}
	r.write(os.Args[1], os.Args[2], cpu, rounds)
	for name := range r {
		if !shown[name] {
			log.Fatalf("no table has %s: add it to write.go", name)
		}
	}
}

// median is the median of a benchmark's rounds; NaN if it did not run.
func (r results) median(name, unit string) float64 {
	shown[name] = true
	return median(r[name][unit])
}

// ratio is the median over the rounds of the ratio of two benchmarks, since what slows a round slows both.
func (r results) ratio(name, base, unit string) float64 {
	shown[name], shown[base] = true, true
	a, b := r[name][unit], r[base][unit]
	var ratios []float64
	for i := range min(len(a), len(b)) {
		ratios = append(ratios, a[i]/b[i])
	}
	return median(ratios)
}

func median(v []float64) float64 {
	if len(v) == 0 {
		return math.NaN()
	}
	v = slices.Sorted(slices.Values(v))
	return (v[(len(v)-1)/2] + v[len(v)/2]) / 2
}
