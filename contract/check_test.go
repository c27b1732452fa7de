package contract_test

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/portkey-integration/portkey-integration-go/contract"
)

// check returns the report of the body of an integration.
func check(t testing.TB, body []byte) contract.Report {
	t.Helper()
	report, err := contract.Check(http.StatusOK, body)
	if err != nil {
		t.Fatalf("got %v, want a report of %s", err, body)
	}
	return report
}

// CI checks the whole corpus: go test ./contract -run TestCheckAgrees -corpus
var wholeCorpus = flag.Bool("corpus", false, "check the whole corpus, not a sixth of it")

// For each body of a large corpus, Check accepts what kin-openapi accepts and finds violations where the body was
// changed; earlier checks, which are remembered, do not affect that.
func TestCheckAgreesWithKinOpenAPI(t *testing.T) {
	accepts := kinOpenAPI(t)
	accepted, refused := 0, 0
	for i, v := range corpus(t) {
		if !*wholeCorpus && i%6 != 0 {
			continue
		}
		conforms, drifts := contract.Known(v.body)
		report := check(t, v.body)
		want := accepts(v.body)
		if got := report.Conforms(); got != want {
			t.Errorf("%s at %s: got %t, want kin-openapi's %t: %v", v.change, v.pointer, got, want, report.Violations)
		}
		if conforms && (!want || drifts != (len(report.Drift) > 0)) {
			t.Errorf("%s at %s: got known as conforming, drift %t; want %t, %v", v.change, v.pointer, drifts, want, report.Drift)
		}
		if got, _ := contract.Known(v.body); got != want {
			t.Errorf("%s at %s: got known %t after the check, want %t", v.change, v.pointer, got, want)
		}
		expectAtTheChange(t, v, report)
		if want {
			accepted++
		} else {
			refused++
		}
	}
	t.Logf("%d bodies: %d accepted, %d refused", accepted+refused, accepted, refused)
	if got, want := min(accepted, refused), (accepted+refused)/10; got < want {
		t.Errorf("got %d bodies on one side, want at least %d", got, want)
	}
}

// expectAtTheChange fails the test if violations are missing, or are not where the body was changed.
func expectAtTheChange(t *testing.T, v variant, report contract.Report) {
	t.Helper()
	if report.Conforms() {
		if v.change == "unmasked" && !mayBeUnmasked(v.pointer) {
			t.Errorf("got an unmasked %s accepted", v.pointer)
		}
		return
	}
	if v.change == "extended" && !strings.Contains(v.pointer, "/custom_headers/") && !strings.Contains(v.pointer, "/additional_units/") {
		t.Errorf("got a new property at %s refused: %v", v.pointer, report.Violations)
	}
	for _, f := range report.Violations {
		if f.Pointer == v.pointer || strings.HasPrefix(f.Pointer, v.pointer+"/") {
			return
		}
	}
	t.Errorf("%s at %s: got violations elsewhere: %v", v.change, v.pointer, report.Violations)
}

// A large body, which is checked value by value, has the same result as a small one.
func TestLargeBodiesAreCheckedAlike(t *testing.T) {
	space := []byte(strings.Repeat(" ", 256<<10+1))
	for i, v := range corpus(t) {
		if i%67 != 0 {
			continue
		}
		want := check(t, v.body)
		if got := check(t, slices.Concat(v.body, space)); !reflect.DeepEqual(got, want) {
			t.Errorf("%s at %s: got %v of the large body, want %v", v.change, v.pointer, got, want)
		}
	}
}

// mayBeUnmasked reports whether some versions of the API send the property unmasked (an identifier, not a secret).
func mayBeUnmasked(pointer string) bool {
	return slices.ContainsFunc([]string{"/aws_access_key_id", "/aws_role_arn", "/aws_external_id"}, func(name string) bool {
		return strings.HasSuffix(pointer, name)
	})
}

// Whatever the ai_provider_id, every wrong type, bad format and unmasked secret of each provider is a violation at its
// pointer, even if a body has several.
func TestEveryPropertyIsChecked(t *testing.T) {
	type place struct{ pointer, keyword string }
	integration := document().Components.Schemas["Integration"].Value
	all := map[string]*openapi3.Schema{}
	var collect func(s *openapi3.Schema, at string)
	collect = func(s *openapi3.Schema, at string) {
		for name, p := range s.Properties {
			all[at+"/"+name] = p.Value
			collect(p.Value, at+"/"+name)
		}
		for _, m := range s.AllOf {
			collect(m.Value, at)
		}
		if s.Items != nil {
			collect(s.Items.Value, at+"/0")
		}
	}
	collect(integration, "")
	documented, err := json.Marshal(examples(t)["documented"])
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{"openai", "bedrock", "no-such-provider", "673e8eb9-d8b9-479e-8336-0d8b08f2c429", "<string>"} {
		for pointer, schema := range all {
			if strings.Contains(pointer, "/masked_vertex_service_account_json/") && !schema.WriteOnly {
				continue
			}
			var wrong any
			want := place{pointer, "type"}
			switch {
			case schema.WriteOnly:
				wrong, want.keyword = "a secret", "writeOnly"
			case schema.Format == "uuid" || schema.Format == "date-time":
				wrong, want.keyword = "neither", "format"
			case schema.Type.Is("string"):
				wrong = 5
			case schema.Type != nil:
				wrong = "5"
			default:
				continue // Any value.
			}
			if pointer == "/ai_provider_id" {
				continue
			}
			var body map[string]any
			if err := json.Unmarshal(documented, &body); err != nil {
				t.Fatal(err)
			}
			body["ai_provider_id"] = id
			body["configurations"] = map[string]any{}
			set(body, strings.Split(pointer[1:], "/"), wrong)
			body["name"] = false // One violation hides no other.
			text, err := json.Marshal(body)
			if err != nil {
				t.Fatal(err)
			}
			report := check(t, text)
			for _, p := range []place{want, {"/name", "type"}} {
				if !slices.ContainsFunc(report.Violations, func(f contract.Finding) bool { return f.Pointer == p.pointer && f.Keyword == p.keyword }) && pointer != "/name" {
					t.Errorf("%s, %v at %s: got %v, want %v", id, wrong, pointer, report.Violations, p)
				}
			}
		}
	}
}

// set puts a value into an object, and creates the objects and arrays on its path.
func set(object map[string]any, path []string, value any) {
	if len(path) == 1 {
		object[path[0]] = value
		return
	}
	child := map[string]any{}
	if path[1] == "0" {
		set(child, path[2:], value)
		object[path[0]] = []any{child}
		return
	}
	if old, ok := object[path[0]].(map[string]any); ok {
		child = old
	}
	set(child, path[1:], value)
	object[path[0]] = child
}

// Unknown properties and values, and deviations from x-documented, are drift at their place, and not violations.
func TestDrift(t *testing.T) {
	tests := []struct{ name, change, want string }{
		{"nothing", `{}`, ``},
		{"new property", `{"tomorrow":1}`, `/tomorrow properties`},
		{"new property below", `{"configurations":{"azure_auth_mode":"entra","azure_resource_name":"r","azure_deployment_config":[{"azure_api_version":"v","azure_deployment_name":"n","azure_model_slug":"m","sku":"s"}]}}`, `/configurations/azure_deployment_config/0/sku properties`},
		{"nothing is said of tags", `{"tags":[{"any":"thing"},null]}`, ``},
		{"new value", `{"status":"paused"}`, `/status x-extensible-enum`},
		{"documented as required", `{"configurations":{"azure_auth_mode":"default","azure_deployment_config":[{"azure_deployment_name":"n","azure_api_version":null}]}}`,
			`/configurations/azure_deployment_config/0/azure_api_version nullable, /configurations/azure_deployment_config/0/azure_model_slug required, /configurations/azure_resource_name required`},
		{"empty configuration", `{"configurations":{}}`, ``},
		{"no configuration", `{"configurations":null}`, ``},
		{"custom base URL alone", `{"configurations":{"custom_host":"https://h.example"}}`, ``},
		{"another provider's property", `{"configurations":{"azure_auth_mode":"default","azure_resource_name":"r","azure_deployment_config":[{"azure_api_version":"v","azure_deployment_name":"n","azure_model_slug":"m"}],"aws_region":"r"}}`, `/configurations/aws_region properties`},
		{"nothing below another provider's property", `{"ai_provider_id":"bedrock","configurations":{"aws_region":"r","aws_auth_type":"apiKey","azure_deployment_config":[{"sku":1}]}}`, `/configurations/azure_deployment_config properties`},
		{"unknown provider", `{"ai_provider_id":"claude-platform-aws","configurations":{"aws_region":"r"}}`, ``},
		{"unknown provider, unknown property", `{"ai_provider_id":"mistral-ai","configurations":{"tier":"r"}}`, `/configurations/tier properties`},
		{"provider by its properties", `{"ai_provider_id":"673e8eb9-d8b9-479e-8336-0d8b08f2c429","configurations":{"aws_region":"r"}}`, `/configurations/aws_auth_type required`},
		{"bounds", `{"workspace_count":-1,"global_workspace_access":{"enabled":true,"usage_limits":[{"credit_limit":0.5,"alert_threshold":0,"periodic_reset_days":366},{}]}}`,
			`/global_workspace_access/usage_limits maxItems, /global_workspace_access/usage_limits/0/alert_threshold minimum, /global_workspace_access/usage_limits/0/credit_limit minimum, /global_workspace_access/usage_limits/0/periodic_reset_days maximum, /workspace_count minimum`},
		{"excluding each other", `{"global_workspace_access":{"enabled":true,"usage_limits":[{"periodic_reset":"weekly","periodic_reset_days":3}]}}`, `/global_workspace_access/usage_limits/0 not`},
		{"null excludes nothing", `{"global_workspace_access":{"enabled":true,"usage_limits":[{"periodic_reset":"weekly","periodic_reset_days":null}]}}`, ``},
		{"new price", `{"pricing_adjustments":{"multiplier":{"thought_token":0.5,"reasoning_token":-1,"additional_units":{"anything":-1}}}}`,
			`/pricing_adjustments/multiplier/additional_units/anything minimum, /pricing_adjustments/multiplier/reasoning_token minimum, /pricing_adjustments/multiplier/thought_token properties`},
		{"more digits than a double holds", `{"pricing_adjustments":{"multiplier":{"default":9007199254740993}}}`, `/pricing_adjustments/multiplier/default format`},
		{"as many digits as a double holds", `{"pricing_adjustments":{"multiplier":{"default":9007199254740992}}}`, ``},
		{"number out of range where nothing is said", `{"tags":[1e400]}`, ``},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			integration := examples(t)["azure-openai-entra"]
			var change map[string]json.RawMessage
			if err := json.Unmarshal([]byte(tt.change), &change); err != nil {
				t.Fatal(err)
			}
			for name, value := range change {
				integration[name] = value
			}
			body, err := json.Marshal(integration)
			if err != nil {
				t.Fatal(err)
			}
			for range 2 { // The second time, the shape is known.
				report := check(t, body)
				if !report.Conforms() {
					t.Errorf("got violations: %v", report.Violations)
				}
				var got []string
				for _, f := range report.Drift {
					got = append(got, f.Pointer+" "+f.Keyword)
				}
				if list := strings.Join(got, ", "); list != tt.want {
					t.Errorf("got %s\nwant %s", list, tt.want)
				}
			}
		})
	}
}

func TestViolations(t *testing.T) {
	tests := []struct{ name, body, want string }{
		{"not an object", `[1]`, ` type`},
		{"null", `null`, ` nullable`},
		{"core properties", `{}`, `/ai_provider_id required, /created_at required, /id required, /name required, /slug required`},
		{"a failing object hides nothing below", core + `,"configurations":{"aws_region":1,"azure_auth_mode":2,"oracle_private_key":"k","custom_headers":{"a~/b":1}},"secret_mappings":[1,{"secret_key":2}]}`,
			`/configurations/aws_region type, /configurations/azure_auth_mode type, /configurations/custom_headers/a~0~1b type, /configurations/oracle_private_key writeOnly, /secret_mappings/0 type, /secret_mappings/1/secret_key type`},
		{"null that an alternative allows", core + `,"configurations":{"masked_vertex_service_account_json":null,"aws_region":5}}`, `/configurations/aws_region type`},
		{"masked account with its key", core + `,"configurations":{"masked_vertex_service_account_json":{"private_key":"k"}}}`, `/configurations/masked_vertex_service_account_json/private_key writeOnly`},
		{"integer of more than 64 bits", core + `,"workspace_count":9223372036854775808}`, `/workspace_count format`},
		{"integer far beyond", core + `,"workspace_count":1e30}`, `/workspace_count format`},
		{"largest integer", core + `,"workspace_count":9223372036854775807}`, ``},
		{"fraction", core + `,"workspace_count":1.5}`, `/workspace_count type`},
		{"number out of range", core + `,"pricing_adjustments":{"multiplier":{"default":1e400}}}`, `/pricing_adjustments/multiplier/default type`},
		{"leap second in the last year", core + `,"last_updated_at":"9999-12-31T23:59:60Z"}`, `/last_updated_at format`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			report := check(t, []byte(tt.body))
			var got []string
			for _, f := range report.Violations {
				got = append(got, f.Pointer+" "+f.Keyword)
			}
			if list := strings.Join(got, ", "); list != tt.want {
				t.Errorf("got %s\nwant %s", list, tt.want)
			}
		})
	}
}

// The named examples conform, including those of errors.
func TestNamedExamplesConform(t *testing.T) {
	for status, response := range document().Paths.Value("/integrations/{slug}").Get.Responses.Map() {
		for name, example := range response.Value.Content["application/json"].Examples {
			body, _ := json.Marshal(example.Value.Value)
			var code int
			fmt.Sscan(status, &code)
			report, err := contract.Check(code, body)
			if err != nil || !report.Conforms() {
				t.Errorf("%s %s: got %v, %v", status, name, report, err)
			}
			if want := code == http.StatusOK; (report.Provider != "" && report.ID != "" && report.Slug != "") != want {
				t.Errorf("%s %s: got the names %q, %q, %q", status, name, report.Provider, report.ID, report.Slug)
			}
		}
	}
}

func TestCheckErrors(t *testing.T) {
	if _, err := contract.Check(418, []byte(`{}`)); !errors.Is(err, contract.ErrUndocumentedStatus) {
		t.Errorf("status code 418: got %v", err)
	}
	for name, tt := range map[string]struct{ body, want string }{
		"empty":     {"", "the body is empty (at byte 0)"},
		"html":      {"<html>", "the body is not valid JSON (at byte 0)"},
		"duplicate": {`{"x":{"id":"a","id":"b"}}`, `a name occurs twice in an object (at byte 15, in "/x/id")`},
		"trailing":  {`{} {}`, "the body is not valid JSON (at byte 4)"},
		"cut":       {`{"a":[`, `the body ends too early (at byte 6, in "/a")`},
		"utf8":      {"{\"a\":\"\xff\"}", `the body is not valid JSON (at byte 6, in "/a")`},
	} {
		var decode *contract.DecodeError
		if _, err := contract.Check(200, []byte(tt.body)); !errors.As(err, &decode) || err.Error() != tt.want {
			t.Errorf("%s: got %v, want %s", name, err, tt.want)
		}
	}
}

// A program that changes kin-openapi's global formats does not affect the findings.
func TestGlobalFormatsDoNotMatter(t *testing.T) {
	for name := range openapi3.SchemaStringFormats {
		defer openapi3.DefineStringFormatValidator(name, openapi3.SchemaStringFormats[name])
	}
	fail := errors.New("no")
	for _, name := range []string{"uuid", "date-time"} {
		openapi3.DefineStringFormatValidator(name, openapi3.NewCallbackValidator(func(string) error { return fail }))
	}
	int64Format := openapi3.SchemaIntegerFormats["int64"]
	defer openapi3.DefineIntegerFormatValidator("int64", int64Format)
	openapi3.DefineIntegerFormatValidator("int64", openapi3.NewCallbackValidator(func(int64) error { return fail }))
	openapi3.DefineNumberFormatValidator("double", openapi3.NewCallbackValidator(func(float64) error { return fail }))
	defer delete(openapi3.SchemaNumberFormats, "double")
	body, _ := json.Marshal(examples(t)["openai-production"])
	if report := check(t, body); !report.Conforms() {
		t.Errorf("got %v", report.Violations)
	}
}

// A check for violations only finds the same violations. A body that conforms is remembered as one that may drift.
func TestViolationsOnly(t *testing.T) {
	checker := contract.Checker{ViolationsOnly: true}
	for i, v := range corpus(t) {
		if i%31 != 0 {
			continue
		}
		got, err := checker.Check(t.Context(), http.StatusOK, v.body)
		if err != nil {
			t.Fatal(err)
		}
		conforms, drifts := contract.Known(v.body)
		want := check(t, v.body)
		if !reflect.DeepEqual(got.Violations, want.Violations) {
			t.Errorf("%s at %s: got %v, want %v", v.change, v.pointer, got.Violations, want.Violations)
		}
		if conforms != want.Conforms() || conforms && !drifts && len(want.Drift) > 0 {
			t.Errorf("%s at %s: got known %t, drift %t; want %t, %v", v.change, v.pointer, conforms, drifts, want.Conforms(), want.Drift)
		}
	}
}

// A reason says in words what the contract requires.
func TestReasons(t *testing.T) {
	for property, want := range map[string]string{
		`"name":5`:               "got number, want string",
		`"id":"5"`:               "want the format uuid",
		`"key":"k"`:              "a secret must not be in a response, only its masked form may",
		`"workspace_count":-1`:   "documented otherwise: want at least 0",
		`"workspace_count":1e19`: "got a number that cannot be read as an integer of 64 bits without a loss, want the format int64",
		`"global_workspace_access":{"enabled":true,"usage_limits":[{},{}]}`:                                    "documented otherwise: want at most 1 item",
		`"global_workspace_access":{"usage_limits":[{"periodic_reset":"weekly","periodic_reset_days":3}]}`:     "documented otherwise: `periodic_reset` and `periodic_reset_days` exclude each other",
		`"global_workspace_access":{"usage_limits":[{"periodic_reset_days":366}]}`:                             "documented otherwise: want at most 365",
		`"ai_provider_id":"azure-ai","configurations":{"azure_api_version":"` + strings.Repeat("x", 31) + `"}`: "documented otherwise: want at most 30 characters",
	} {
		report := check(t, integration(property))
		var got []string
		for _, f := range slices.Concat(report.Violations, report.Drift) {
			got = append(got, f.Reason)
		}
		if !slices.Contains(got, want) {
			t.Errorf("%s: got %q, want %q", property, got, want)
		}
	}
}

// An error code of a wrong type, whatever its content, is one violation at its place.
func TestErrorCodesOfAnotherType(t *testing.T) {
	for _, code := range []string{`{"a":{"b":[1]}}`, `[{"a":1},[2]]`, `true`} {
		report, err := contract.Check(http.StatusBadRequest, []byte(`{"error":{"code":`+code+`}}`))
		if err != nil || len(report.Violations) != 1 || report.Violations[0].Pointer != "/error/code" {
			t.Errorf("%s: got %v, %v, want one violation at /error/code", code, report.Violations, err)
		}
	}
}
