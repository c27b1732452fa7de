package contract_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"runtime"
	"strings"
	"testing"

	"github.com/portkey-integration/portkey-integration-go/contract"
)

// core is an integration with the core properties, without the closing brace.
const core = `{"id":"3c90c3cc-0d44-4b50-8888-8dd25736052a","slug":"a","name":"n","ai_provider_id":"bedrock",` +
	`"created_at":"2023-11-07T05:31:56Z"`

// hostile returns bodies of about size bytes, each designed to be as expensive as possible in one respect.
func hostile(size int) map[string]string {
	fill := func(before, item, after string) string {
		n := (size - len(before) - len(after)) / (len(item) + 1)
		return before + strings.TrimSuffix(strings.Repeat(item+",", n), ",") + after
	}
	distinct := func(before, format, after string) string {
		var b strings.Builder
		b.WriteString(before)
		for i := 0; b.Len() < size; i++ {
			if i > 0 {
				b.WriteByte(',')
			}
			fmt.Fprintf(&b, format, i)
		}
		return b.String() + after
	}
	deep := min(size/2, 9000)
	return map[string]string{
		"tags nested":                 core + `,"tags":` + strings.Repeat("[", deep) + strings.Repeat("]", deep) + "}",
		"tags many":                   fill(core+`,"tags":[`, "[]", "]}"),
		"unknown property nested":     core + `,"x":` + strings.Repeat(`{"a":`, deep) + "1" + strings.Repeat("}", deep) + "}",
		"unknown properties":          distinct(core+",", `"x%d":0`, "}"),
		"unknown configuration":       distinct(core+`,"configurations":{`, `"x%d":0`, "}}"),
		"mappings empty":              fill(core+`,"secret_mappings":[`, "{}", "]}"),
		"mappings of a wrong type":    fill(core+`,"secret_mappings":[`, "1", "]}"),
		"mappings of null":            fill(core+`,"secret_mappings":[`, "null", "]}"),
		"limits wrong":                fill(core+`,"global_workspace_access":{"usage_limits":[`, `{"credit_limit":"1"}`, "]}}"),
		"limits beyond bounds":        fill(core+`,"global_workspace_access":{"usage_limits":[`, `{"credit_limit":0}`, "]}}"),
		"deployments empty":           fill(core+`,"configurations":{"azure_deployment_config":[`, `{}`, "]}}"),
		"headers":                     distinct(core+`,"configurations":{"custom_headers":{`, `"x%d":""`, "}}}"),
		"headers of a wrong type":     distinct(core+`,"configurations":{"custom_headers":{`, `"x%d":1`, "}}}"),
		"units":                       distinct(core+`,"pricing_adjustments":{"multiplier":{"additional_units":{`, `"x%d":-1`, "}}}}"),
		"masked account nested":       core + `,"configurations":{"masked_vertex_service_account_json":` + strings.Repeat("[", deep) + strings.Repeat("]", deep) + "}}",
		"tags nested, long names":     core + `,"tags":` + strings.Repeat(`{"`+strings.Repeat("n", 90)+`":`, size/100) + "1" + strings.Repeat("}", size/100) + "}",
		"cut short, nested":           core + `,"x":` + strings.Repeat(`{"`+strings.Repeat("n", 90)+`":`, min(size/100, 9000)) + "{",
		"masked account":              fill(core+`,"configurations":{"masked_vertex_service_account_json":[`, `[]`, "]}}"),
		"long numbers":                fill(core+`,"global_workspace_access":{"rate_limits":[`, `{"value":99999999999999999999}`, "]}}"),
		"long name":                   core + `,"` + strings.Repeat("x", size) + `":1}`,
		"long name of a wrong type":   core + `,"configurations":{"custom_headers":{"` + strings.Repeat("x", size) + `":1}}}`,
		"long value":                  core + `,"description":"` + strings.Repeat("x", size) + `"}`,
		"whitespace":                  core + strings.Repeat(" ", size) + "}",
		"name twice":                  distinct(core+",", `"x%d":0`, `,"x0":0}`),
		"cut short":                   fill(core+`,"secret_mappings":[`, "{}", ""),
		"not an object":               fill("[", "[]", "]"),
		"status code 400, error many": fill(`{"error":[`, "[]", "]}"),
	}
}

func statusOf(name string) int {
	if strings.HasPrefix(name, "status code 400") {
		return http.StatusBadRequest
	}
	return http.StatusOK
}

// BenchmarkHostile measures the time and the memory of a check per byte of a hostile body.
func BenchmarkHostile(b *testing.B) {
	for name, body := range hostile(1 << 20) {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(body)))
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			for b.Loop() {
				_, _ = contract.Check(statusOf(name), []byte(body))
			}
			runtime.ReadMemStats(&after)
			bytes := float64(b.N) * float64(len(body))
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/bytes, "ns/byte")
			b.ReportMetric(float64(after.TotalAlloc-before.TotalAlloc)/bytes, "B/byte")
		})
	}
}

// allocated returns the number of bytes that f allocates, garbage included.
func allocated(f func()) float64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return float64(after.TotalAlloc - before.TotalAlloc)
}

// mostPerByte is how many bytes a check may allocate per byte of the body, garbage included.
const mostPerByte = 250

// mostReport is the size of the largest report, as JSON.
const mostReport = 2*contract.MaxFindings*1000 + 10_000

// The memory that a check takes is at most linear in the size of the body, and the report is bounded.
func TestHostileBodiesCostLittle(t *testing.T) {
	for _, size := range []int{16 << 10, 257 << 10} { // Below and above oneCall.
		for name, body := range hostile(size) {
			var report contract.Report
			got := allocated(func() { report, _ = contract.Check(statusOf(name), []byte(body)) }) / float64(len(body))
			if got > mostPerByte {
				t.Errorf("%s, %d bytes: got %.0f bytes allocated for each byte of the body, want at most %d", name, size, got, mostPerByte)
			}
			expectBounded(t, report)
		}
	}
}

// expectBounded fails the test if a report has too many findings, or is too long.
func expectBounded(t *testing.T, report contract.Report) {
	t.Helper()
	if n, m := len(report.Violations), len(report.Drift); n > contract.MaxFindings || m > contract.MaxFindings {
		t.Errorf("got %d violations and %d findings of drift, want at most %d each", n, m, contract.MaxFindings)
	}
	text, err := json.Marshal(report)
	if err != nil || len(text) > mostReport {
		t.Errorf("got a report of %d bytes, %v, want at most %d", len(text), err, mostReport)
	}
}

// A deep value that the contract says nothing about costs nothing. A validator that visits each level twice took a
// minute for 24 levels.
func TestNestedTagsCostNothing(t *testing.T) {
	for _, property := range []string{`"tags":%s`, `"configurations":{"masked_vertex_service_account_json":%s}`, `"x":%s`} {
		cost := func(depth int) float64 {
			body := fmt.Appendf(nil, core+","+property+"}", strings.Repeat("[", depth)+strings.Repeat("]", depth))
			return testing.AllocsPerRun(1, func() { _, _ = contract.Check(http.StatusOK, body) })
		}
		if got, most := cost(24), cost(12)+300; got > most {
			t.Errorf(property+": got %v allocations 24 levels deep, want at most %v", "…", got, most)
		}
	}
}

// Findings beyond the first MaxFindings are counted.
func TestFindingsAreCounted(t *testing.T) {
	const n = 1234
	body := core + `,"secret_mappings":[` + strings.TrimSuffix(strings.Repeat("1,{},", n), ",") + "]}"
	report := check(t, []byte(body))
	if got := len(report.Violations) + report.MoreViolations; got != n || len(report.Violations) != contract.MaxFindings {
		t.Errorf("got %d violations, %d of them listed, want %d and %d", got, len(report.Violations), n, contract.MaxFindings)
	}
	if got := len(report.Drift) + report.MoreDrift; got != 2*n || len(report.Drift) != contract.MaxFindings {
		t.Errorf("got %d findings of drift, %d of them listed, want %d and %d", got, len(report.Drift), 2*n, contract.MaxFindings)
	}
}

// countdown is a context that ends after n calls of Err.
type countdown struct {
	context.Context
	n int
}

func (c *countdown) Err() error {
	if c.n--; c.n < 0 {
		return context.Canceled
	}
	return nil
}

// A check ends with its context in each of its phases.
func TestCheckEndsWithTheContext(t *testing.T) {
	bodies := hostile(300 << 10)
	checker := contract.Checker{ViolationsOnly: true}
	for name, least := range map[string]int{
		"unknown properties": 10, "not an object": 10, "cut short": 10,
		"mappings of a wrong type": 500, "headers": 100, // In the walk through 150,000 and 30,000 values as well.
	} {
		body := []byte(bodies[name])
		const plenty = 1 << 30
		total := &countdown{t.Context(), plenty}
		_, _ = checker.Check(total, http.StatusOK, body)
		asked := plenty - total.n
		if asked < least {
			t.Errorf("%s: got the context asked %d times, want at least %d", name, asked, least)
		}
		for _, n := range []int{0, asked / 2, asked * 9 / 10} {
			if _, err := checker.Check(&countdown{t.Context(), n}, http.StatusOK, body); !errors.Is(err, context.Canceled) {
				t.Errorf("%s: got %v with a context that ends after %d of %d calls, want its error", name, err, n, asked)
			}
		}
	}
}

// A small body is checked in one call; the context is checked before and after it.
func TestCheckWithAnEndedContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := (contract.Checker{}).Check(ctx, http.StatusOK, integration(`"type":"workspace"`)); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want the context's error", err)
	}
}
