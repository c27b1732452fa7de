package contract_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"runtime"
	"strings"
	"testing"

	"github.com/portkey-integration/portkey-integration-go/contract"
)

// core is an integration with the core properties, open at its end.
const core = `{"id":"3c90c3cc-0d44-4b50-8888-8dd25736052a","slug":"a","name":"n","ai_provider_id":"bedrock",` +
	`"created_at":"2023-11-07T05:31:56Z"`

// hostile are bodies of about size bytes, each made to cost as much as it can at one place.
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

func BenchmarkHostile(b *testing.B) {
	for name, body := range hostile(1 << 20) {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(body)))
			b.ReportAllocs()
			for b.Loop() {
				report, _ := contract.Check(statusOf(name), []byte(body))
				if n := len(report.Violations); n > contract.MaxFindings {
					b.Fatalf("got %d violations, want at most %d", n, contract.MaxFindings)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(body)), "ns/byte")
		})
	}
}

// The memory that a check takes is bounded by the size of the body, and so is a report.
func TestHostileBodiesCostLittle(t *testing.T) {
	const (
		size = 256 << 10
		most = 160 // Bytes allocated for each byte of the body, garbage included.
	)
	for name, body := range hostile(size) {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		report, _ := contract.Check(statusOf(name), []byte(body))
		runtime.ReadMemStats(&after)
		if perByte := float64(after.TotalAlloc-before.TotalAlloc) / float64(len(body)); perByte > most {
			t.Errorf("%s: got %.0f bytes allocated for each byte of the body, want at most %d", name, perByte, most)
		}
		if n, m := len(report.Violations), len(report.Drift); n > contract.MaxFindings || m > contract.MaxFindings {
			t.Errorf("%s: got %d violations and %d findings of drift, want at most %d", name, n, m, contract.MaxFindings)
		}
		text, _ := json.Marshal(report)
		if most := 2 * contract.MaxFindings * 400; len(text) > most {
			t.Errorf("%s: got a report of %d bytes, want at most %d", name, len(text), most)
		}
	}
}

// What is beyond the first findings is counted.
func TestFindingsAreCounted(t *testing.T) {
	const n = 1234
	body := core + `,"secret_mappings":[` + strings.TrimSuffix(strings.Repeat("1,{},", n), ",") + "]}"
	report, err := contract.Check(http.StatusOK, []byte(body))
	if err != nil {
		t.Fatal(err)
	}
	if got := len(report.Violations) + report.MoreViolations; got != n || len(report.Violations) != contract.MaxFindings {
		t.Errorf("got %d violations, %d of them listed, want %d and %d", got, len(report.Violations), n, contract.MaxFindings)
	}
	if got := len(report.Drift) + report.MoreDrift; got != 2*n || len(report.Drift) != contract.MaxFindings {
		t.Errorf("got %d findings of drift, %d of them listed, want %d and %d", got, len(report.Drift), 2*n, contract.MaxFindings)
	}
}
