package bench

import (
	"bytes"
	"cmp"
	"fmt"
	"log"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/portkey-integration/portkey-integration-go/bench/internal/responses"
	"github.com/portkey-integration/portkey-integration-go/contract"
)

// first returns a command that makes one call with one client in a fresh process. The program is kept
// where the command run reuses it in the next round; without that directory it is built again.
func first(b *testing.B, name, kind string) func() *exec.Cmd {
	b.Helper()
	bin := filepath.Join(cmp.Or(os.Getenv(envBin), b.TempDir()), "first-"+name)
	if _, err := os.Stat(bin); err != nil {
		build := exec.Command("go", "build", "-tags", name, "-o", bin, "./first")
		if out, err := build.CombinedOutput(); err != nil {
			b.Fatalf("%v: %s", err, out)
		}
	}
	return func() *exec.Cmd { return exec.Command(bin, baseURL, responses.Slug(kind, "1KB", 2)) }
}

var hwm = regexp.MustCompile(`VmHWM:\s*(\d+) kB`)

// BenchmarkFirst runs a fresh process that makes one call: its time from start to exit, its CPU time and its peak memory.
func BenchmarkFirst(b *testing.B) {
	for _, kind := range []string{responses.Same, responses.Far} {
		for _, row := range rows {
			if !row.first {
				continue
			}
			b.Run("body="+kind+"/client="+row.name, func(b *testing.B) {
				command := first(b, row.name, kind)
				_ = command().Run() // The server makes the responses now.
				var cpu int64
				var rss float64
				for b.Loop() {
					cmd := command()
					out, err := cmd.CombinedOutput()
					if err != nil {
						b.Fatalf("%v: %s", err, out)
					}
					m := hwm.FindSubmatch(out)
					if m == nil {
						b.Fatalf("no VmHWM in %s", out)
					}
					u := cmd.ProcessState.SysUsage().(*syscall.Rusage)
					cpu += u.Utime.Nano() + u.Stime.Nano()
					rss += number(string(m[1])) * 1024
				}
				b.ReportMetric(float64(cpu)/float64(b.N), "cpu-ns/op")
				b.ReportMetric(rss/float64(b.N), "rss-B/op")
			})
		}
	}
}

var initLine = regexp.MustCompile(`(?m)^init (\S+) @\S+ ms, (\S+) ms clock, (\d+) bytes, (\d+) allocs`)

// BenchmarkInit reports the initialisation of the packages of a program that uses our client, from the runtime's own
// trace. A package without initialisation is not in the trace and counts as 0.
func BenchmarkInit(b *testing.B) {
	const module = "github.com/portkey-integration/portkey-integration-go"
	command := first(b, "strict", responses.Same)
	for _, p := range []struct{ name, match string }{
		{"root", "^" + module + "$"},
		{"gen", "^" + module + "/gen$"},
		{"contract", "^" + module + "/contract$"},
		{"client", "^" + module + "/client$"},
		{"dependencies", `^[^/]+\.`},
		{"all", "."},
	} {
		b.Run("package="+p.name, func(b *testing.B) {
			match := regexp.MustCompile(p.match)
			var clock, size, allocs float64
			for b.Loop() {
				cmd := command()
				cmd.Env = append(os.Environ(), "GODEBUG=inittrace=1")
				var trace bytes.Buffer
				cmd.Stderr = &trace
				if err := cmd.Run(); err != nil {
					b.Fatalf("%v: %s", err, trace.Bytes())
				}
				for _, m := range initLine.FindAllStringSubmatch(trace.String(), -1) {
					if match.MatchString(m[1]) && (p.name != "dependencies" || !strings.HasPrefix(m[1], module)) {
						clock += number(m[2]) / 1e3 // ms
						size += number(m[3])
						allocs += number(m[4])
					}
				}
			}
			n := float64(b.N)
			b.ReportMetric(0, "ns/op")             // not shown: it is the whole process's
			b.ReportMetric(clock/n, "init-sec/op") // in seconds: benchstat treats 0 ns as another unit
			b.ReportMetric(size/n, "init-B/op")
			b.ReportMetric(allocs/n, "init-allocs/op")
		})
	}
}

func number(s string) float64 {
	f, err := strconv.ParseFloat(s, 64)
	if err != nil {
		panic(err) // unreachable: matched digits, or the runtime's own format
	}
	return f
}

// BenchmarkContract reports how long the first check in a fresh process takes, which parses the contract.
func BenchmarkContract(b *testing.B) {
	var total float64
	for b.Loop() {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), envRole+"=contract")
		out, err := cmd.Output()
		if err != nil {
			b.Fatal(err)
		}
		total += number(strings.TrimSpace(string(out)))
	}
	b.ReportMetric(total/float64(b.N), "ns/op")
}

func timeFirstCheck() {
	start := time.Now()
	if _, err := contract.Check(http.StatusOK, []byte("{}")); err != nil {
		log.Fatal(err)
	}
	fmt.Println(time.Since(start).Nanoseconds())
}
