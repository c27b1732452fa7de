package client_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/portkey-integration/portkey-integration-go/client"
)

// An answer that was found good once is not taken for another, and the other findings about it stay the same.
func TestSameAnswerAgain(t *testing.T) {
	good := integrationBody("a")
	drifting := strings.Replace(good, `"name"`, `"tomorrow":1,"name"`, 1)
	bad := strings.Replace(good, `"name":"n"`, `"name":5`, 1)
	header := http.Header{}
	var body string
	reports := 0
	c := newBulkClient(t, func(*http.Request) (*http.Response, error) { return respond(200, header, body) },
		client.WithReportHandler(func(_ context.Context, r client.Report) { reports += len(r.Drift) + len(r.Violations) }))
	for range 3 {
		for _, step := range []struct {
			body, contentType string
			violations        int
			findings          int
		}{
			{good, "application/json", 0, 0},
			{bad, "application/json", 1, 1},
			{drifting, "application/json; charset=UTF-8", 0, 1},
			{good, "text/html", 1, 1},
			{drifting, "text/html", 1, 2},
		} {
			body, reports = step.body, 0
			header.Set("Content-Type", step.contentType)
			integration, err := c.RetrieveIntegration(t.Context(), "a")
			var validation *client.ValidationError
			switch {
			case step.violations == 0 && (err != nil || integration.Name != "n"):
				t.Errorf("%v: %v", step, err)
			case step.violations > 0 && (!errors.As(err, &validation) || len(validation.Report.Violations) != step.violations):
				t.Errorf("%v: %v", step, err)
			}
			if reports != step.findings {
				t.Errorf("%v: %d findings were reported", step, reports)
			}
		}
	}
}

// What a caller does to a result is not seen by the next one.
func TestSameAnswerIsNotShared(t *testing.T) {
	c := newBulkClient(t, func(*http.Request) (*http.Response, error) { return respond(200, nil, integrationBody("a")) })
	first, err := c.RetrieveIntegration(t.Context(), "a")
	if err != nil {
		t.Fatal(err)
	}
	first.Name = "changed"
	raw := first.RawJSON()
	clear(raw)
	second, err := c.RetrieveIntegration(t.Context(), "a")
	if err != nil || second.Name != "n" || string(second.RawJSON()) != integrationBody("a") {
		t.Errorf("%v, %v", second, err)
	}
}

// twins are answers that conform, each with some that are like it and do not.
var twins = []struct {
	good string
	bad  []string
}{
	{`"workspace_count":0`, []string{`"workspace_count":-1`, `"workspace_count":0.5`, `"workspace_count":1e30`, `"workspace_count":-1e-9`, `"workspace_count":"0"`}},
	{`"workspace_count":400`, []string{`"workspace_count":400.5`, `"workspace_count":4e-2`}},
	{`"\u0074omorrow":"sk-***"`, []string{`"k\u0065y":"sk-***"`}},
	{`"workspace_count":1e0`, []string{`"workspace_count":1e-1`, `"workspace_count":-1e0`}},
	{`"workspace_count":9007199254740993`, []string{`"workspace_count":1e19`, `"workspace_count":90071992547409.93`}},
	{`"organisation_id":"3C90C3CC-0d44-4b50-8888-8dd25736052a"`, []string{`"organisation_id":"3c90c3cc-0d44-4b50-8888-8dd25736052g"`, `"organisation_id":"3c90c3cc-0d44-4b50-8888-8dd25736052\\"`, `"organisation_id":""`}},
	{`"last_updated_at":"2023-11-07T05:31:56.5Z"`, []string{`"last_updated_at":"2023-11-07T05:31:56.5"`, `"last_updated_at":"2023-13-07T05:31:56.5Z"`, `"last_updated_at":"2023-11-07 05:31:56.5Z"`}},
	{`"tomorrow":{"a":1,"b":2}`, []string{`"tomorrow":{"a":1,"a":2}`, `"tomorrow":{"a":1,"\u0061":2}`, `"tomorrow":{"a":1,"b":"` + "\xff" + `"}`, `"tomorrow":{"a":1,"b":2,}`, `"tomorrow":{"a":1,"b":02}`, `"tomorrow":{"a":1,"b":1e999}`}},
	{`"global_workspace_access":{"enabled":true,"usage_limits":[{}]}`, []string{
		`"global_workspace_access":{"enabled":true,"usage_limits":[{},{}]}`, `"global_workspace_access":{"\u0065nabled2":true,"usage_limits":[{}]}`,
		`"global_workspace_access":{"enabled":1,"usage_limits":[{}]}`, `"global_workspace_access":{"enabled":true,"usage_limits":{}}`,
	}},
	{`"global_workspace_access":{"enabled":true,"usage_limits":[{"periodic_reset_days":365}]}`, []string{
		`"global_workspace_access":{"enabled":true,"usage_limits":[{"periodic_reset_days":366}]}`,
		`"global_workspace_access":{"enabled":true,"usage_limits":[{"periodic_reset_days":364.5}]}`,
		`"global_workspace_access":{"enabled":true,"usage_limits":[{"periodic_reset_days":365,"periodic_reset":"monthly"}]}`,
	}},
	{`"pricing_adjustments":{"multiplier":{"additional_units":{"a":1,"b":2,"c":null}}}`, []string{
		`"pricing_adjustments":{"multiplier":{"additional_units":{"a":1,"b":2,"c":-1}}}`,
		`"pricing_adjustments":{"multiplier":{"additional_units":{"a":1,"b":"2","c":null}}}`,
		`"pricing_adjustments":{"multiplier":{"additional_units":[1,2,null]}}`,
	}},
	{`"tags":["` + strings.Repeat("é", 30) + `"],"ai_provider_id":"azure-openai","configurations":{"azure_auth_mode":"default","azure_resource_name":"r","azure_deployment_config":[
		{"azure_api_version":"` + strings.Repeat("é", 30) + `","azure_deployment_name":"d","azure_model_slug":"m"},{"azure_api_version":"` + strings.Repeat("é", 30) + `","azure_deployment_name":"d","azure_model_slug":"m"}]}`, []string{
		`"tags":["` + strings.Repeat("é", 30) + `"],"ai_provider_id":"azure-openai","configurations":{"azure_auth_mode":"default","azure_resource_name":"r","azure_deployment_config":[
		{"azure_api_version":"` + strings.Repeat("é", 30) + `","azure_deployment_name":"d","azure_model_slug":"m"},{"azure_api_version":"` + strings.Repeat("é", 31) + `","azure_deployment_name":"d","azure_model_slug":"m"}]}`,
		`"tags":[],"ai_provider_id":"azure-openai","configurations":{"azure_auth_mode":"default","azure_resource_name":"r","azure_deployment_config":[]}`,
		`"tags":["x"],"ai_provider_id":"azure-openai","configurations":{"azure_auth_mode":"default","azure_resource_name":"r","azure_deployment_config":[
		{"azure_api_version":"v","azure_deployment_name":"d","azure_model_slug":"m"},{"azure_api_version":"v","azure_deployment_name":"d","azure_model_slug_":"m"}]}`,
	}},
	{`"masked_key":"sk-***","object":"integration"`, []string{`"key":"sk-***","object":"integration"`, `"k\u0065y":"sk-***","object":"integration"`}},
	{`"ai_provider_id":"tomorrow","configurations":{"tomorrow_url":"u"}`, []string{`"ai_provider_id":"cortex","configurations":{"tomorrow_url":"u"}`, `"ai_provider_id":"tomorrow","configurations":{"aws_region":"u"}`}},
}

// An answer that is like one found good, and breaks the contract or is not JSON, is not taken for it.
func TestTwinsAreToldApart(t *testing.T) {
	strict := strictVerdict(t)
	body := func(members string) []byte {
		all := map[string]string{
			"id": `"3c90c3cc-0d44-4b50-8888-8dd25736052a"`, "slug": `"s"`, "name": `"n"`, "ai_provider_id": `"openai"`,
			"created_at": `"2023-11-07T05:31:56Z"`,
		}
		for _, name := range slices.Sorted(maps.Keys(all)) {
			if !strings.Contains(members, `"`+name+`":`) {
				members += `,"` + name + `":` + all[name]
			}
		}
		return []byte("{" + members + "}")
	}
	for _, twin := range twins {
		for range 3 {
			if err := strict(body(twin.good)); err != nil {
				t.Errorf("%s: %v", twin.good, err)
			}
		}
		for _, bad := range twin.bad {
			err := strict(body(bad))
			if _, checkErr := client.Check(200, body(bad)); checkErr != nil {
				as[*client.DecodeError](t, err)
			} else if e := (*client.ValidationError)(nil); !errors.As(err, &e) {
				t.Errorf("after %s, for %s: %v", twin.good, bad, err)
			}
		}
		if err := strict(append(body(twin.good), "{}"...)); err == nil {
			t.Errorf("%s is accepted with something after it", twin.good)
		}
	}
}

// A body of a known shape is not checked again: it takes few allocations more than no check at all, whatever its
// values, the names of what the contract does not name, and the number of its items.
func TestKnownShapeIsCheap(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	n := 0
	handle := over(func(*http.Request) (*http.Response, error) {
		n++
		items := strings.Repeat(`{"target_field":"key","secret_reference_id":"r"},`, n%7+2)
		return respond(200, nil, fmt.Sprintf(`{"id":"3c90c3cc-0d44-4b50-8888-%012d","slug":"s","name":"name %d","unknown_%d":true,"ai_provider_id":"openai",
			"created_at":"2023-11-07T05:31:56Z","workspace_count":%d,"secret_mappings":[%s],"configurations":{"openai_project":"p%d"}}`,
			n, n, n, n+400, strings.TrimSuffix(items, ","), n))
	})
	allocations := func(v client.Validation) float64 {
		c := newClient(t, "https://cp.example/v1", client.WithValidation(v), handle)
		return testing.AllocsPerRun(200, func() {
			if _, err := retrieve(c); err != nil {
				t.Fatal(err)
			}
		})
	}
	if strict, off := allocations(client.ValidationStrict), allocations(client.ValidationOff); strict > off+10 {
		t.Errorf("Strict takes %v allocations, Off %v", strict, off)
	}
}

// Drift is reported where each answer has it, whatever the answers of the same shape had.
func TestDriftOfAKnownShape(t *testing.T) {
	var drift []string
	var sent string
	c := newClient(t, "https://cp.example/v1", client.WithReportHandler(func(_ context.Context, r client.Report) {
		for _, f := range r.Drift {
			drift = append(drift, f.Pointer)
		}
	}), over(func(*http.Request) (*http.Response, error) { return respond(200, nil, sent) }))
	for _, name := range []string{"yesterday", "today", "tomorrow", "today"} {
		drift = nil
		sent = strings.Replace(integrationBody("s"), `"name"`, fmt.Sprintf(`%q:1,"name"`, name), 1)
		if _, err := retrieve(c); err != nil {
			t.Fatal(err)
		}
		if want := []string{"/" + name}; !slices.Equal(drift, want) {
			t.Errorf("drift at %q, want %q", drift, want)
		}
	}
}

// What is remembered has a bound, however many different answers come.
func TestMemoryIsBounded(t *testing.T) {
	if testing.Short() {
		t.Skip("30,000 calls")
	}
	n := 0
	c := newClient(t, "https://cp.example/v1", over(func(*http.Request) (*http.Response, error) {
		n++
		return respond(200, nil, integrationBody(fmt.Sprintf("slug-%d", n)))
	}))
	heap := func(calls int) uint64 {
		for range calls {
			if _, err := retrieve(c); err != nil {
				t.Fatal(err)
			}
		}
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	before := heap(5_000)
	if after := heap(30_000); after > before+1<<20 {
		t.Errorf("30,000 answers left %d bytes", after-before)
	}
}
