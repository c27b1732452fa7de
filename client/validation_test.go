package client_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"

	portkeyintegration "github.com/portkey-integration/portkey-integration-go"
	"github.com/portkey-integration/portkey-integration-go/client"
)

// document is the contract as kin-openapi alone sees it.
func document(t testing.TB) *openapi3.T {
	t.Helper()
	d, err := openapi3.NewLoader().LoadFromData([]byte(portkeyintegration.Contract()))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// examples are the named answers of status 200, by name.
func examples(t testing.TB) map[string]map[string]any {
	t.Helper()
	content := document(t).Paths.Value("/integrations/{slug}").Get.Responses.Status(200).Value.Content["application/json"]
	all := map[string]map[string]any{}
	for name, example := range content.Examples {
		all[name] = example.Value.Value.(map[string]any)
	}
	return all
}

// documentVerdict checks a body against the document's own schema, union and all.
func documentVerdict(t testing.TB) func(body []byte) bool {
	schema := document(t).Components.Schemas["Integration"].Value
	uuid := openapi3.NewRegexpFormatValidator(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)
	return func(body []byte) bool {
		var value any
		if err := json.Unmarshal(body, &value); err != nil {
			t.Fatal(err)
		}
		return schema.VisitJSON(value, openapi3.VisitAsResponse(), openapi3.WithStringFormatValidator("uuid", uuid)) == nil
	}
}

// strictVerdict asks a Strict client for a body.
func strictVerdict(t testing.TB) func(body []byte) error {
	var sent []byte
	c := newClient(t, "https://cp.example/v1", over(func(*http.Request) (*http.Response, error) {
		return respond(200, nil, string(sent))
	}))
	return func(body []byte) error {
		sent = body
		_, err := retrieve(c)
		return err
	}
}

// variant is an answer that was changed in one place.
type variant struct {
	change  string
	pointer string // The place.
	body    []byte
}

// dateTimes are on both sides of what RFC 3339 and kin-openapi allow.
var dateTimes = []string{
	"2025-06-01T12:00:00Z", "2025-06-01T12:00:00.5Z", "2025-06-01T12:00:00.123456789012Z", "2025-06-01T12:00:00+02:00",
	"2025-06-01T23:59:60Z", "2025-06-01T12:00:60.5Z", "2025-06-01T12:00:00+24:00", "2025-06-01T12:00:00+23:60", "2025-06-01T12:00:00,5Z",
	"2025-06-01T1:00:00Z", "2025-06-01T1:00:00.5Z", "2025-06-01T24:00:00Z", "2025-06-01T12:60:00Z", "2025-02-29T12:00:00Z",
	"2025-06-01t12:00:00z", "2025-06-01 12:00:00Z", "2025-06-01T12:00:00", "2025-06-01T12:00:00.Z", "2025-06-01T12:00Z",
	"02025-06-01T12:00:00Z", "2025-06-01T12:00:00.5.5Z", "2025-6-01T12:00:00.5Z", "0000-01-01T00:00:00Z",
}

// variants changes answer in each of its places, in each way that applies there.
func variants(answer map[string]any) []variant {
	var list []variant
	add := func(change, pointer string) {
		body, err := json.Marshal(answer)
		if err != nil {
			panic(err)
		}
		list = append(list, variant{change, pointer, body})
	}
	replacements := func(value any) map[string]any {
		switch v := value.(type) {
		case string:
			if _, err := time.Parse(time.RFC3339, v); err == nil {
				changes := map[string]any{"retyped": 5.0, "nulled": nil, "emptied": ""}
				for _, text := range dateTimes {
					changes[text] = text
				}
				return changes
			}
			return map[string]any{"retyped": 5.0, "nulled": nil, "emptied": "", "overlong": strings.Repeat("x", 300), "listed": []any{v}}
		case float64:
			return map[string]any{"retyped": "5", "nulled": nil, "negative": -1.0, "zero": 0.0, "huge": 1e30, "fraction": v + 0.5}
		case bool:
			return map[string]any{"retyped": "true", "nulled": nil}
		case []any:
			return map[string]any{"retyped": map[string]any{}, "nulled": nil, "emptied": []any{}, "doubled": append(slices.Clone(v), v...)}
		case map[string]any:
			return map[string]any{"retyped": []any{v}, "nulled": nil, "emptied": map[string]any{}}
		}
		return map[string]any{"numbered": 5.0, "texted": "x", "objected": map[string]any{}}
	}
	var visit func(value any, pointer string, set func(any))
	visit = func(value any, pointer string, set func(any)) {
		for change, replacement := range replacements(value) {
			set(replacement)
			add(change, pointer)
		}
		set(value)
		switch v := value.(type) {
		case map[string]any:
			for _, key := range slices.Sorted(maps.Keys(v)) {
				below, child := pointer+"/"+key, v[key]
				delete(v, key)
				add("dropped", below)
				v[key] = child
				if unmasked, ok := strings.CutPrefix(key, "masked_"); ok {
					v[unmasked] = "a secret in clear"
					add("unmasked", pointer+"/"+unmasked)
					delete(v, unmasked)
				}
				visit(child, below, func(x any) { v[key] = x })
			}
			v["a_new_property"] = map[string]any{"of": "tomorrow"}
			add("extended", pointer+"/a_new_property")
			delete(v, "a_new_property")
		case []any:
			for i, child := range v {
				visit(child, fmt.Sprintf("%s/%d", pointer, i), func(x any) { v[i] = x })
			}
		}
	}
	for _, key := range slices.Sorted(maps.Keys(answer)) {
		child := answer[key]
		delete(answer, key)
		add("dropped", "/"+key)
		answer[key] = child
		visit(child, "/"+key, func(x any) { answer[key] = x })
	}
	return list
}

// mixes gives each answer the provider, the configuration, and both configurations, of each other.
func mixes(all map[string]map[string]any) []variant {
	var list []variant
	names := slices.Sorted(maps.Keys(all))
	for _, a := range names {
		for _, b := range names {
			configurationOf := func(name string) map[string]any {
				c, _ := all[name]["configurations"].(map[string]any)
				return c
			}
			both := maps.Clone(configurationOf(a))
			if both == nil {
				both = map[string]any{}
			}
			maps.Copy(both, configurationOf(b))
			for change, part := range map[string]map[string]any{
				"provider":       {"ai_provider_id": all[b]["ai_provider_id"]},
				"both":           {"configurations": both},
				"both, provider": {"configurations": both, "ai_provider_id": all[b]["ai_provider_id"]},
			} {
				answer := maps.Clone(all[a])
				maps.Copy(answer, part)
				body, err := json.Marshal(answer)
				if err != nil {
					panic(err)
				}
				list = append(list, variant{a + " with " + change + " of " + b, "/configurations", body})
			}
		}
	}
	return list
}

// The client picks one member of the union before it validates, and does not ask again for an answer whose shape was
// found good. Whatever it picks and remembers, its verdict is the document's.
func TestVerdictIsTheDocuments(t *testing.T) {
	accepts := documentVerdict(t)
	all := examples(t)
	var corpus []variant
	for name, answer := range all {
		for _, v := range variants(answer) {
			v.change = name + " " + v.change
			corpus = append(corpus, v)
		}
	}
	corpus = append(corpus, mixes(all)...)
	enough := 2000
	if testing.Short() {
		enough = 300
	}
	accepted, rejected := 0, 0
	var refused [][]byte
	strict := strictVerdict(t)
	for i, v := range corpus {
		if testing.Short() && i%6 != 0 {
			continue
		}
		report, err := client.Check(200, v.body)
		if err != nil {
			t.Fatal(err)
		}
		want := accepts(v.body)
		if report.Conforms() != want {
			t.Errorf("%s at %s: the client says %t, the document %t: %v", v.change, v.pointer, report.Conforms(), want, report.Violations)
		}
		if !want {
			rejected++
			refused = append(refused, v.body)
			continue
		}
		accepted++
		if err := strict(v.body); err != nil {
			t.Errorf("%s at %s: the document accepts it, Strict does not: %v", v.change, v.pointer, err)
		}
	}
	// The shapes of all that was accepted are known now.
	for _, body := range refused {
		if err := strict(body); err == nil {
			t.Errorf("the document refuses it, Strict does not: %s", body)
		}
	}
	t.Logf("%d answers: %d accepted, %d rejected", len(corpus), accepted, rejected)
	if accepted < enough || rejected < enough {
		t.Errorf("the corpus is too small to prove anything: %d accepted, %d rejected", accepted, rejected)
	}
}

// A violation is found where it is, and a change that the contract allows is none.
func TestFindingsPointAtTheChange(t *testing.T) {
	for name, answer := range examples(t) {
		if testing.Short() && len(name)%4 != 0 {
			continue
		}
		for _, v := range variants(answer) {
			report, err := client.Check(200, v.body)
			if err != nil {
				t.Fatal(err)
			}
			if report.Conforms() {
				if strings.HasSuffix(v.change, "retyped") && !freeForm(v.pointer) {
					t.Errorf("%s, %s at %s: accepted", name, v.change, v.pointer)
				}
				continue
			}
			if v.change == "extended" && !isMap(v.pointer) {
				t.Errorf("%s: a new property at %s is a violation: %v", name, v.pointer, report.Violations)
			}
			points := slices.ContainsFunc(report.Violations, func(f client.Finding) bool {
				return f.Pointer == v.pointer || strings.HasPrefix(f.Pointer, v.pointer+"/") || v.pointer == "/ai_provider_id" ||
					f.Keyword == "not" && strings.HasPrefix(v.pointer, f.Pointer+"/periodic_reset")
			})
			if !points {
				t.Errorf("%s, %s at %s: the findings point elsewhere: %v", name, v.change, v.pointer, report.Violations)
			}
		}
	}
}

// isMap tells whether the contract says what each property of the object around pointer is, whatever its name.
func isMap(pointer string) bool {
	return strings.Contains(pointer, "/custom_headers/") || strings.Contains(pointer, "/additional_units/")
}

// freeForm tells whether the contract says nothing of what is at pointer.
func freeForm(pointer string) bool {
	return strings.HasPrefix(pointer, "/tags") ||
		slices.Contains([]string{"/configurations/is_key_required", "/configurations/endpoint_tier"}, pointer)
}

// Whatever is required, typed, bounded or masked in an example is missed when it is broken.
func TestBrokenExamplesAreRejected(t *testing.T) {
	always := []string{"id", "slug", "name", "ai_provider_id", "created_at"}
	required := map[string][]string{
		"azure-openai-entra":       {"azure_auth_mode", "azure_resource_name", "azure_deployment_config", "azure_deployment_config/0/azure_api_version", "azure_deployment_config/0/azure_deployment_name", "azure_deployment_config/0/azure_model_slug"},
		"bedrock-access-key":       {"aws_auth_type", "aws_region"},
		"sagemaker-access-key":     {"aws_auth_type", "aws_region"},
		"vertex-ai-basic":          {"vertex_auth_type", "vertex_region"},
		"azure-ai-entra":           {"azure_foundry_url", "azure_auth_mode"},
		"workers-ai":               {"workers_ai_account_id"},
		"cortex":                   {"snowflake_account"},
		"documented":               {},
		"unknown-provider":         {},
		"bedrock-service-role":     {"aws_auth_type", "aws_region"},
		"azure-openai-managed":     {"azure_auth_mode"},
		"azure-ai-entra-federated": {"azure_foundry_url", "azure_auth_mode"},
	}
	all := examples(t)
	for name, fields := range required {
		found := map[string]client.Report{}
		for _, v := range variants(all[name]) {
			if v.change == "dropped" {
				found[v.pointer], _ = client.Check(200, v.body)
			}
		}
		for _, field := range fields {
			expectViolation(t, found["/configurations/"+field], "/configurations/"+field, "required")
		}
		for _, field := range always {
			expectViolation(t, found["/"+field], "/"+field, "required")
		}
	}
	for pointer, tc := range map[string]struct{ example, keyword, json string }{
		"/workspace_count": {"documented", "minimum", `{"workspace_count":-1}`},
		"/global_workspace_access_settings/usage_limits/0/credit_limit":        {"documented", "minimum", `{"global_workspace_access_settings":{"enabled":true,"usage_limits":[{"credit_limit":0.5}]}}`},
		"/global_workspace_access_settings/usage_limits/0/periodic_reset_days": {"documented", "maximum", `{"global_workspace_access_settings":{"enabled":true,"usage_limits":[{"periodic_reset_days":366}]}}`},
		"/global_workspace_access_settings/usage_limits/0":                     {"documented", "not", `{"global_workspace_access_settings":{"enabled":true,"usage_limits":[{"periodic_reset_days":3,"periodic_reset":"weekly"}]}}`},
		"/global_workspace_access_settings/usage_limits":                       {"documented", "maxItems", `{"global_workspace_access_settings":{"enabled":true,"usage_limits":[{},{}]}}`},
		"/global_workspace_access/rate_limits/0/value":                         {"documented", "type", `{"global_workspace_access":{"enabled":true,"rate_limits":[{"value":1.5}]}}`},
		"/pricing_adjustments/multiplier/reasoning_token":                      {"documented", "minimum", `{"pricing_adjustments":{"multiplier":{"reasoning_token":-0.1}}}`},
		"/pricing_adjustments/multiplier/additional_units/web_search":          {"documented", "minimum", `{"pricing_adjustments":{"multiplier":{"additional_units":{"web_search":-1}}}}`},
		"/pricing_adjustments/multiplier/image/default":                        {"documented", "type", `{"pricing_adjustments":{"multiplier":{"image":{"default":"1"}}}}`},
		"/id":                                   {"documented", "format", `{"id":"3c90c3cc"}`},
		"/created_at":                           {"documented", "format", `{"created_at":"yesterday"}`},
		"/key":                                  {"documented", "writeOnly", `{"key":"sk-in-clear"}`},
		"/configurations/aws_secret_access_key": {"bedrock-access-key", "writeOnly", `{"configurations":{"aws_auth_type":"accessKey","aws_region":"r","aws_secret_access_key":"s"}}`},
		"/configurations/vertex_service_account_json/": {"cortex", "writeOnly", `{"configurations":{"snowflake_account":"a","vertex_service_account_json":"s"}}`},
		"/configurations/aws_secret_access_key/":       {"azure-openai-entra", "writeOnly", `{"configurations":{"azure_auth_mode":"entra","azure_resource_name":"r","azure_deployment_config":[{"azure_api_version":"v","azure_deployment_name":"n","azure_model_slug":"m"}],"aws_secret_access_key":"s"}}`},
		"/configurations/azure_deployment_config":      {"azure-openai-entra", "minItems", `{"configurations":{"azure_auth_mode":"entra","azure_resource_name":"r","azure_deployment_config":[]}}`},
		"/configurations/vertex_service_account_json":  {"vertex-ai-basic", "writeOnly", `{"configurations":{"vertex_auth_type":"basic","vertex_region":"r","vertex_service_account_json":{"private_key":"p"}}}`},
		"/configurations/azure_entra_client_secret":    {"azure-ai-entra", "writeOnly", `{"configurations":{"azure_auth_mode":"entra","azure_foundry_url":"u","azure_entra_client_secret":"s"}}`},
		"/configurations/azure_api_version":            {"azure-ai-entra", "maxLength", `{"configurations":{"azure_auth_mode":"entra","azure_foundry_url":"u","azure_api_version":"0123456789012345678901234567890"}}`},
		"/configurations/amzn_sagemaker_model_name":    {"bedrock-access-key", "type", `{"configurations":{"aws_auth_type":"accessKey","aws_region":"r","amzn_sagemaker_model_name":5}}`},
		"/configurations/openai_project":               {"openai-production", "type", `{"configurations":{"openai_project":5}}`},
		"/configurations/huggingface_base_url":         {"huggingface", "nullable", `{"configurations":{"huggingface_base_url":null}}`},
		"/configurations/custom_headers/X-Team":        {"openai-production", "type", `{"configurations":{"custom_headers":{"X-Team":1}}}`},
		"/secret_mappings/0/target_field":              {"documented", "required", `{"secret_mappings":[{"secret_reference_id":"r"}]}`},
		"/global_workspace_access/enabled":             {"documented", "required", `{"global_workspace_access":{}}`},
		"/configurations":                              {"documented", "type", `{"configurations":"none"}`},
	} {
		answer := maps.Clone(all[tc.example])
		if err := json.Unmarshal([]byte(tc.json), &answer); err != nil {
			t.Fatal(err)
		}
		body, err := json.Marshal(answer)
		if err != nil {
			t.Fatal(err)
		}
		report, err := client.Check(200, body)
		if err != nil {
			t.Fatal(err)
		}
		expectViolation(t, report, strings.TrimSuffix(pointer, "/"), tc.keyword) // A slash tells two cases apart.
	}
}

// What is secret in one configuration is so in all: the union names it too.
func TestSecretsOfAllConfigurations(t *testing.T) {
	union := document(t).Components.Schemas["Configurations"].Value
	secrets := 0
	for _, member := range union.AnyOf {
		for name, property := range member.Value.Properties {
			if !property.Value.WriteOnly {
				continue
			}
			secrets++
			if p := union.Properties[name]; p == nil || !p.Value.WriteOnly {
				t.Errorf("%s of %s is not a secret of Configurations", name, member.Ref)
			}
		}
	}
	if secrets < 4 {
		t.Errorf("only %d secrets", secrets)
	}
}

func expectViolation(t *testing.T, report client.Report, pointer, keyword string) {
	t.Helper()
	if !slices.ContainsFunc(report.Violations, func(f client.Finding) bool { return f.Pointer == pointer && f.Keyword == keyword }) {
		t.Errorf("no %s at %s: %v", keyword, pointer, report.Violations)
	}
}

// What the contract does not know is drift, at the place where it is, and breaks nobody.
func TestDrift(t *testing.T) {
	answer := examples(t)["azure-openai-entra"]
	change := `{
		"tomorrow": 1,
		"status": "paused",
		"tags": [{"any": "thing"}, null],
		"configurations": {
			"azure_auth_mode": "passkey", "azure_resource_name": "r", "is_key_required": true,
			"azure_deployment_config": [{"azure_api_version": "v", "azure_deployment_name": "n", "azure_model_slug": "m", "sku": "s"}]
		},
		"global_workspace_access_settings": {"enabled": true, "rate_limits": [{"unit": "rps", "value": 1}], "usage_limits": [{"current_usage": 3}]},
		"pricing_adjustments": {"multiplier": {"thought_token": 0.5, "additional_units": {"anything": 1}}}
	}`
	if err := json.Unmarshal([]byte(change), &answer); err != nil {
		t.Fatal(err)
	}
	body, err := json.Marshal(answer)
	if err != nil {
		t.Fatal(err)
	}
	report, err := client.Check(200, body)
	if err != nil {
		t.Fatal(err)
	}
	if !report.Conforms() {
		t.Errorf("drift is a violation: %v", report.Violations)
	}
	var got []string
	for _, f := range report.Drift {
		got = append(got, f.Pointer+" "+f.Keyword)
		if strings.Contains(f.Reason, "passkey") || strings.Contains(f.Reason, "rps") {
			t.Errorf("the reason quotes the value: %s", f.Reason)
		}
	}
	want := []string{
		"/configurations/azure_auth_mode x-extensible-enum",
		"/configurations/azure_deployment_config/0/sku properties",
		"/configurations/is_key_required properties",
		"/global_workspace_access_settings/rate_limits/0/unit x-extensible-enum",
		"/global_workspace_access_settings/usage_limits/0/current_usage properties",
		"/pricing_adjustments/multiplier/thought_token properties",
		"/status x-extensible-enum",
		"/tomorrow properties",
	}
	if !slices.Equal(got, want) {
		t.Errorf("drift:\n got %q\nwant %q", got, want)
	}
}

// The named examples conform and, but for what they are there to show, do not drift; so do the errors.
func TestNamedExamplesConform(t *testing.T) {
	for name, answer := range examples(t) {
		body, _ := json.Marshal(answer)
		report, err := client.Check(200, body)
		if err != nil || !report.Conforms() || len(report.Drift) > 0 {
			t.Errorf("%s: %v %v", name, report, err)
		}
	}
	errorExamples := 0
	for status, response := range document(t).Paths.Value("/integrations/{slug}").Get.Responses.Map() {
		for name, example := range response.Value.Content["application/json"].Examples {
			if status == "200" {
				continue
			}
			errorExamples++
			body, _ := json.Marshal(example.Value.Value)
			var code int
			fmt.Sscan(status, &code)
			report, err := client.Check(code, body)
			if err != nil || !report.Conforms() || len(report.Drift) > 0 {
				t.Errorf("%s %s: %v %v", status, name, report, err)
			}
			if report.Provider != "" {
				t.Errorf("%s: an error has the provider %q", name, report.Provider)
			}
		}
	}
	if errorExamples < 15 {
		t.Errorf("only %d examples of errors", errorExamples)
	}
}

func TestCheckRefusesWhatItCannotJudge(t *testing.T) {
	if _, err := client.Check(418, []byte(`{}`)); !errors.Is(err, client.ErrUndocumentedStatus) {
		t.Errorf("status 418: %v", err)
	}
	for name, body := range map[string]string{"empty": "", "html": "<html>", "duplicate": `{"id":"a","id":"b"}`, "trailing": `{} {}`, "utf8": "\"\xff\""} {
		var decode *client.DecodeError
		if _, err := client.Check(200, []byte(body)); !errors.As(err, &decode) {
			t.Errorf("%s: %v", name, err)
		}
	}
	report, err := client.Check(200, []byte(`[1]`))
	if err != nil {
		t.Fatal(err)
	}
	expectViolation(t, report, "", "type")
	report, err = client.Check(403, []byte(`{"success":false}`))
	if err != nil {
		t.Fatal(err)
	}
	expectViolation(t, report, "", "anyOf")
}
