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

// twins are properties that conform without drift, each with similar ones that violate the contract or drift.
var twins = []struct {
	good             string
	violating, drift []string
}{
	{`"workspace_count":0`, []string{`"workspace_count":0.5`, `"workspace_count":1e30`, `"workspace_count":-1e-9`, `"workspace_count":"0"`}, []string{`"workspace_count":-1`}},
	{`"workspace_count":400`, []string{`"workspace_count":400.5`, `"workspace_count":4e-2`}, []string{`"workspace_count":-4`}},
	{`"secret_mappings":[]`, []string{`"secret_mappings":{}`}, nil},
	{`"workspace_count":null`, []string{`"workspace_count":true`, `"workspace_count":false`}, nil},
	{`"global_workspace_access":{"enabled":true}`, nil, []string{`"global_workspace_access":{"enabled":null}`}},
	{`"status":null`, nil, []string{`"tomorrow":"status","yesterday":null`}},
	{`"ai_provider_id":"<tomorrow","configurations":{"aws_region":"u"}`, nil, []string{`"ai_provider_id":"<tomorrow>","configurations":{"aws_region":"u"}`}},
	{`"ai_provider_id":"tomorrow>","configurations":{"aws_region":"u"}`, nil, []string{`"ai_provider_id":"<yesterday>","configurations":{"aws_region":"u"}`}},
	{`"workspace_count":1e0`, []string{`"workspace_count":1e-1`}, []string{`"workspace_count":-1e0`}},
	{`"organisation_id":"3C90C3CC-0d44-4b50-8888-8dd25736052a"`, []string{`"organisation_id":"3c90c3cc-0d44-4b50-8888-8dd25736052g"`, `"organisation_id":"3c90c3cc-0d44-4b50-8888-8dd25736052\\"`, `"organisation_id":""`}, nil},
	{`"last_updated_at":"2023-11-07T05:31:56.5Z"`, []string{`"last_updated_at":"2023-11-07T05:31:56.5"`, `"last_updated_at":"2023-13-07T05:31:56.5Z"`, `"last_updated_at":"2023-11-07 05:31:56.5Z"`}, nil},
	{`"status":"active"`, []string{`"status":5`}, []string{`"status":"paused"`, `"\u0073tatus":"openai"`}},
	{`"tags":{"a":1,"b":2}`, []string{`"tagz":1,"key":"k"`}, []string{`"tagz":{"a":1,"b":2}`}},
	{`"global_workspace_access":{"enabled":true,"usage_limits":[{}]}`,
		[]string{`"global_workspace_access":{"enabled":1,"usage_limits":[{}]}`, `"global_workspace_access":{"enabled":true,"usage_limits":{}}`},
		[]string{`"global_workspace_access":{"enabled":true,"usage_limits":[{},{}]}`, `"global_workspace_access":{"\u0065nabled2":true,"usage_limits":[{}]}`}},
	{`"global_workspace_access":{"enabled":true,"usage_limits":[{"periodic_reset_days":365}]}`,
		[]string{`"global_workspace_access":{"enabled":true,"usage_limits":[{"periodic_reset_days":364.5}]}`},
		[]string{
			`"global_workspace_access":{"enabled":true,"usage_limits":[{"periodic_reset_days":366}]}`,
			`"global_workspace_access":{"enabled":true,"usage_limits":[{"periodic_reset_days":365,"periodic_reset":"monthly"}]}`,
		}},
	{`"pricing_adjustments":{"multiplier":{"additional_units":{"a":1,"b":2,"c":null}}}`,
		[]string{`"pricing_adjustments":{"multiplier":{"additional_units":{"a":1,"b":"2","c":null}}}`, `"pricing_adjustments":{"multiplier":{"additional_units":[1,2,null]}}`},
		[]string{`"pricing_adjustments":{"multiplier":{"additional_units":{"a":1,"b":2,"c":-1}}}`, `"pricing_adjustments":{"multiplier":{"default":9007199254740993}}`}},
	{`"ai_provider_id":"azure-ai","configurations":{"azure_foundry_url":"u","azure_auth_mode":"default","azure_api_version":"` + strings.Repeat("é", 30) + `"}`, nil,
		[]string{`"ai_provider_id":"azure-ai","configurations":{"azure_foundry_url":"u","azure_auth_mode":"default","azure_api_version":"` + strings.Repeat("é", 31) + `"}`}},
	{`"masked_key":"sk-***","object":"integration"`, []string{`"key":"sk-***","object":"integration"`, `"k\u0065y":"sk-***","object":"integration"`,
		`"\u006bey":"sk-***","object":"integration"`}, nil},
	{`"ai_provider_id":"tomorrow","configurations":{"aws_region":"u"}`, []string{`"ai_provider_id":"tomorrow","configurations":{"aws_region":1}`},
		[]string{`"ai_provider_id":"cortex","configurations":{"aws_region":"u"}`, `"ai_provider_id":"<tomorrow>","configurations":{"aws_region":"u"}`,
			`"ai_provider_id":"673e8eb9-d8b9-479e-8336-0d8b08f2c429","configurations":{"aws_region":"u"}`}},
	{`"ai_provider_id":"tomorrow","configurations":{"masked_vertex_service_account_json":{"a":"b"}}`,
		[]string{`"ai_provider_id":"tomorrow","configurations":{"masked_vertex_service_account_json":{"private_key":"b"}}`}, nil},
}

// integration returns a body with the given properties and the core properties that they lack.
func integration(properties string) []byte {
	for _, p := range [][2]string{
		{"id", `"3c90c3cc-0d44-4b50-8888-8dd25736052a"`}, {"slug", `"s"`}, {"name", `"n"`}, {"ai_provider_id", `"openai"`},
		{"created_at", `"2023-11-07T05:31:56Z"`},
	} {
		if !strings.Contains(properties, `"`+p[0]+`":`) {
			properties += `,"` + p[0] + `":` + p[1]
		}
	}
	return []byte("{" + properties + "}")
}

// A body that does not conform, or drifts, is not mistaken for a similar one that conforms without drift.
func TestTwinsAreToldApart(t *testing.T) {
	for _, twin := range twins {
		if r := check(t, integration(twin.good)); !r.Conforms() || len(r.Drift) > 0 {
			t.Errorf("%s: got %v", twin.good, r)
		}
		if conforms, drifts := contract.Known(integration(twin.good)); !conforms || drifts {
			t.Errorf("%s: got known %t, drift %t after its check", twin.good, conforms, drifts)
		}
		for _, violating := range twin.violating {
			if conforms, _ := contract.Known(integration(violating)); conforms {
				t.Errorf("after %s, got %s known as conforming", twin.good, violating)
			}
			if check(t, integration(violating)).Conforms() {
				t.Errorf("got %s accepted", violating)
			}
		}
		for _, drifting := range twin.drift {
			if conforms, drifts := contract.Known(integration(drifting)); conforms && !drifts {
				t.Errorf("after %s, got %s known as conforming without drift", twin.good, drifting)
			}
			if r := check(t, integration(drifting)); !r.Conforms() || len(r.Drift) == 0 {
				t.Errorf("%s: got %v, want drift", drifting, r)
			}
			if conforms, drifts := contract.Known(integration(drifting)); !conforms || !drifts {
				t.Errorf("%s: got known %t, drift %t after its check", drifting, conforms, drifts)
			}
		}
		if conforms, _ := contract.Known(append(integration(twin.good), '{')); conforms {
			t.Errorf("got %s known with something after it", twin.good)
		}
	}
}

// A shape that was checked is recognized with few allocations, whatever its values, unknown names and number of items.
func TestKnownShapes(t *testing.T) {
	n := 0
	next := func() []byte {
		n++
		items := strings.Repeat(`{"target_field":"key","secret_reference_id":"r"},`, n%7+2)
		return fmt.Appendf(nil, `{"id":"3c90c3cc-0d44-4b50-8888-%012d","slug":"s","name":"name %d","unknown_%d":true,"ai_provider_id":"openai",
			"created_at":"2023-11-07T05:31:56Z","workspace_count":%d,"secret_mappings":[%s],"configurations":{"openai_project":"p%d"}}`,
			n, n, n, n+400, strings.TrimSuffix(items, ","), n)
	}
	check(t, next())
	body := next()
	if conforms, drifts := contract.Known(body); !conforms || !drifts {
		t.Fatalf("got known %t, drift %t, want both", conforms, drifts)
	}
	if allocations := testing.AllocsPerRun(100, func() { contract.Known(body) }); allocations > 1 {
		t.Errorf("got %v allocations for a body that is known, want at most 1", allocations)
	}
}

// A list or a map of two entries has the same shape as a longer one, unless a bound lies between their sizes.
func TestKnownWhateverTheirNumber(t *testing.T) {
	for _, format := range []string{
		`"configurations":{"azure_deployment_config":[%s]}`, `"configurations":{"custom_headers":{%s}}`, `"secret_mappings":[%s]`,
	} {
		body := func(n int) []byte {
			var entries []string
			for i := range n {
				entry := `{"is_default":true}`
				if strings.Contains(format, "headers") {
					entry = fmt.Sprintf(`"x-%d":"value"`, i)
				}
				entries = append(entries, entry)
			}
			return integration(fmt.Sprintf(format, strings.Join(entries, ",")))
		}
		check(t, body(2))
		for _, n := range []int{3, 100} {
			if conforms, _ := contract.Known(body(n)); !conforms {
				t.Errorf("%s: got %d not known after 2, want it known", format, n)
			}
		}
	}
}

// Bodies of different shapes are remembered side by side, each with its own drift.
func TestShapesAreKnownBesideEachOther(t *testing.T) {
	all := examples(t)
	reports := map[string]contract.Report{}
	for name, example := range all {
		reports[name] = check(t, marshal(t, example))
	}
	for name, example := range all {
		conforms, drifts := contract.Known(append(marshal(t, example), ' ')) // Another body of the same shape.
		if want := len(reports[name].Drift) > 0; !conforms || drifts != want {
			t.Errorf("%s: got known %t, drift %t, want true, %t", name, conforms, drifts, want)
		}
	}
	if conforms, drifts := contract.Known([]byte("{}")); conforms || drifts {
		t.Errorf("got known %t, drift %t of a body that does not conform, want neither", conforms, drifts)
	}
	if conforms, drifts := contract.Known([]byte("{")); conforms || drifts {
		t.Errorf("got known %t, drift %t of a body that is not JSON, want neither", conforms, drifts)
	}
}

func marshal(t testing.TB, value any) []byte {
	t.Helper()
	text, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// Memory is bounded, however many different bodies are checked.
func TestMemoryIsBounded(t *testing.T) {
	heap := func(from, to int) uint64 {
		for n := from; n < to; n++ {
			if _, err := contract.Check(http.StatusOK, integration(fmt.Sprintf(`"slug":"slug-%d"`, n))); err != nil {
				t.Fatal(err)
			}
		}
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	const most = 256 << 10 // The sums alone of 15,000 bodies are 480 KB.
	before := heap(0, 5_000)
	if after := heap(5_000, 20_000); after > before+most {
		t.Errorf("got %d bytes kept of 15,000 bodies, want at most %d", after-before, most)
	}
}

// At most 4,096 bodies are remembered; one more, and all earlier ones are forgotten. The bodies here have a number that
// leaves them without a shape, so that each is remembered only by itself.
func TestMemoryStartsAnew(t *testing.T) {
	n := 0
	next := func() []byte {
		n++
		body := integration(fmt.Sprintf(`"slug":"slug-%d","workspace_count":9007199254740993`, n))
		check(t, body)
		return body
	}
	known := func(body []byte) bool { conforms, _ := contract.Known(body); return conforms }
	old := next()
	if !known(old) {
		t.Fatal("got a body forgotten at once, want it remembered")
	}
	alone := old
	for known(old) {
		alone = next() // The last one is the only one that is still remembered.
	}
	start := n
	for known(alone) {
		next()
	}
	if got := n - start; got != 4096 {
		t.Errorf("got %d bodies remembered, want 4096", got)
	}
}
