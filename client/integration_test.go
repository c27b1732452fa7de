package client_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/portkey-integration/portkey-integration-go/client"
	"github.com/portkey-integration/portkey-integration-go/contract"
	"github.com/portkey-integration/portkey-integration-go/contracttest"
)

// body returns an integration with the given properties, which replace its own of the same name.
func body(properties string) string {
	var all map[string]json.RawMessage
	if err := json.Unmarshal([]byte(integrationBody("some-slug")), &all); err != nil {
		panic(err)
	}
	if err := json.Unmarshal([]byte("{"+properties+"}"), &all); err != nil {
		panic(err)
	}
	text, err := json.Marshal(all)
	if err != nil {
		panic(err)
	}
	return string(text)
}

func parse(t testing.TB, body string) *client.Integration {
	t.Helper()
	in, err := client.Parse([]byte(body))
	if err != nil {
		t.Fatal(err)
	}
	return in
}

// A known ai_provider_id decides the type; the properties decide only for a UUID or a placeholder. Provider and
// Configuration never contradict each other.
func TestConfiguration(t *testing.T) {
	const uuid = "673e8eb9-d8b9-479e-8336-0d8b08f2c429"
	tests := []struct {
		id, configurations string
		provider           client.Provider
		want               client.Configuration
	}{
		{"bedrock", `{"aws_region":"r"}`, client.ProviderBedrock, client.BedrockConfiguration{AWSRegion: "r"}},
		{"aws-bedrock", `{"aws_region":null}`, client.ProviderBedrock, client.BedrockConfiguration{}},
		{"bedrock", `{}`, client.ProviderBedrock, client.BedrockConfiguration{}},
		{"bedrock", `null`, client.ProviderBedrock, nil},
		{"bedrock", `{"openai_project":"p"}`, client.ProviderBedrock, client.BedrockConfiguration{}},
		{"bedrock", `{"aws_region":5,"aws_auth_type":"apiKey"}`, client.ProviderBedrock, client.BedrockConfiguration{AWSAuthType: client.AWSAuthTypeAPIKey}},
		{"open-ai", `{"custom_host":"h","openai_project":"p"}`, client.ProviderOpenAI, client.OpenAIConfiguration{OpenAIProject: "p"}},
		{"sagemaker", `{"aws_region":"r"}`, client.ProviderSageMaker, client.SageMakerConfiguration{AWSRegion: "r"}},
		{uuid, `{"aws_region":"r"}`, client.ProviderBedrock, client.BedrockConfiguration{AWSRegion: "r"}},
		{uuid, `{"aws_region":"r","amzn_sagemaker_model_name":"m"}`, client.ProviderSageMaker, client.SageMakerConfiguration{AWSRegion: "r", AmznSageMakerModelName: "m"}},
		{uuid, `{"custom_host":"h"}`, client.ProviderCustomBaseURL, client.CustomBaseURLConfiguration{CustomHost: "h"}},
		{uuid, `{"new":1}`, uuid, client.UnknownConfiguration{Raw: json.RawMessage(`{"new":1}`)}},
		{"<string>", `{"snowflake_account":"a"}`, client.ProviderCortex, client.CortexConfiguration{SnowflakeAccount: "a"}},
		{"groq", `{"aws_region":"r"}`, "groq", client.UnknownConfiguration{Raw: json.RawMessage(`{"aws_region":"r"}`)}},
		{"groq", `{"custom_host":"h"}`, "groq", client.UnknownConfiguration{Raw: json.RawMessage(`{"custom_host":"h"}`)}},
		{"bedrock", `["no object"]`, client.ProviderBedrock, client.UnknownConfiguration{Raw: json.RawMessage(`["no object"]`)}},
	}
	for _, tt := range tests {
		in := parse(t, body(fmt.Sprintf(`"ai_provider_id":%q,"configurations":%s`, tt.id, tt.configurations)))
		if got := in.Provider(); got != tt.provider {
			t.Errorf("%s %s: got provider %s, want %s", tt.id, tt.configurations, got, tt.provider)
		}
		got, _ := json.Marshal(in.Configuration())
		want, _ := json.Marshal(tt.want)
		if string(got) != string(want) || fmt.Sprintf("%T", in.Configuration()) != fmt.Sprintf("%T", tt.want) {
			t.Errorf("%s %s: got %T %s, want %T %s", tt.id, tt.configurations, in.Configuration(), got, tt.want, want)
		}
		if report := in.Report(); report.Provider != tt.provider {
			t.Errorf("%s %s: got a report about %s, want %s", tt.id, tt.configurations, report.Provider, tt.provider)
		}
	}
}

func TestAccessors(t *testing.T) {
	in := parse(t, body(`"configurations":{"custom_host":"h","custom_headers":{"a":"b"}},"global_workspace_access":{"enabled":true}`))
	if base := in.CustomBaseURL(); base == nil || base.CustomHost != "h" || base.CustomHeaders["a"] != "b" {
		t.Errorf("got the custom base URL %v", base)
	}
	if access := in.WorkspaceAccess(); access == nil || access.Enabled == nil || !*access.Enabled {
		t.Errorf("got workspace access %v", access)
	}
	in = parse(t, body(`"global_workspace_access":{"enabled":true},"global_workspace_access_settings":{"enabled":false}`))
	if access := in.WorkspaceAccess(); access == nil || *access.Enabled {
		t.Errorf("got workspace access %v, want the settings", access)
	}
	in = parse(t, body(`"configurations":null`))
	if in.CustomBaseURL() != nil || in.WorkspaceAccess() != nil || in.Configuration() != nil {
		t.Error("got something of nothing")
	}
}

// Whichever way an integration is created, RawJSON and Report are those of its body.
func TestIntegrationKnowsItsBody(t *testing.T) {
	text := body(`"tomorrow":1,"workspace_count":"many","key":"sk-in-clear"`)
	retrieved, err := retrieve(newClient(t, "https://cp.example/v1", client.WithValidation(client.ValidationReport),
		over(func(*http.Request) (*http.Response, error) { return respond(200, nil, text) })))
	if err != nil {
		t.Fatal(err)
	}
	off, err := retrieve(newClient(t, "https://cp.example/v1", client.WithValidation(client.ValidationOff),
		over(func(*http.Request) (*http.Response, error) {
			return respond(200, nil, body(`"tomorrow":1,"key":"sk-in-clear"`))
		})))
	if err != nil {
		t.Fatal(err)
	}
	var unmarshalled client.Integration
	if err := json.Unmarshal([]byte(text), &unmarshalled); err != nil {
		t.Fatal(err)
	}
	for name, in := range map[string]*client.Integration{"retrieved": retrieved, "parsed": parse(t, text), "unmarshalled": &unmarshalled, "off": off} {
		want := []string{"/key writeOnly", "/workspace_count type"}
		if name == "off" {
			want = want[:1]
		} else if string(in.RawJSON()) != text {
			t.Errorf("%s: got the raw JSON %s", name, in.RawJSON())
		}
		var got []string
		report := in.Report()
		for _, f := range report.Violations {
			got = append(got, f.Pointer+" "+f.Keyword)
		}
		if !slices.Equal(got, want) || len(report.Drift) != 1 || report.Slug != "some-slug" || report.ID != in.ID || report.Provider != "openai" {
			t.Errorf("%s: got %+v", name, report)
		}
		if in.Name != "n" || in.WorkspaceCount != nil {
			t.Errorf("%s: got %q and a count of %v, want what fits", name, in.Name, in.WorkspaceCount)
		}
	}
	made := client.Integration{}
	if report := made.Report(); report.Conforms() || made.RawJSON() != nil {
		t.Errorf("got a report that reassures about no body: %+v", report)
	}
	for _, bad := range []string{``, `[]`, `{"id":"a","id":"b"}`, `{`} {
		if _, err := client.Parse([]byte(bad)); err == nil {
			t.Errorf("got %q parsed", bad)
		} else {
			as[*client.DecodeError](t, err)
		}
	}
}

// A custom base URL may be a host alone or headers alone.
func TestCustomBaseURL(t *testing.T) {
	for configurations, want := range map[string]bool{
		`{"custom_host":"https://h.example"}`: true, `{"custom_headers":{"a":"b"}}`: true, `{"custom_host":"","custom_headers":{}}`: false, `{"openai_project":"p"}`: false,
	} {
		if got := parse(t, body(`"configurations":`+configurations)).CustomBaseURL(); (got != nil) != want {
			t.Errorf("%s: got %v, want one: %t", configurations, got, want)
		}
	}
}

// A program may set Configurations to what stands for none.
func TestNoConfiguration(t *testing.T) {
	in := parse(t, body(`"configurations":{"openai_project":"p"}`))
	for _, none := range []string{"null", ""} {
		in.Configurations = []byte(none)
		if got := in.Configuration(); got != nil {
			t.Errorf("%q: got %v, want none", none, got)
		}
	}
}

// A value that does not have the documented type is left at zero, and nothing else is lost.
func TestWhatFitsIsDecoded(t *testing.T) {
	in := parse(t, body(`
		"slug":5,"status":["active"],"created_at":"yesterday","last_updated_at":"2016-12-31T23:59:60Z","allow_all_models":"yes","workspace_count":1e2,
		"secret_mappings":[{"target_field":"a"},5,{"target_field":6,"secret_key":"k"}],
		"global_workspace_access":[],
		"global_workspace_access_settings":{"enabled":1,"usage_limits":{},"rate_limits":[{"value":1.5,"unit":"rpm"},{"value":2.0},{"value":9223372036854775808}]},
		"pricing_adjustments":{"multiplier":{"default":"1","request_token":0,"response_token":1e400,"additional_units":{"a":1,"b":"2"}}}`))
	if in.Name != "n" || in.Slug != "" || in.Status != "" || !in.CreatedAt.IsZero() || in.AllowAllModels != nil || *in.WorkspaceCount != 100 ||
		in.LastUpdatedAt.Format("2006-01-02T15:04:05Z") != "2017-01-01T00:00:00Z" || in.GlobalWorkspaceAccess != nil {
		t.Errorf("got %#v", in.Integration)
	}
	if m := in.SecretMappings; len(m) != 3 || m[0].TargetField != "a" || m[1].TargetField != "" || m[2].SecretKey != "k" {
		t.Errorf("got %v", m)
	}
	access := in.WorkspaceAccess()
	if access.Enabled != nil || access.UsageLimits != nil || len(access.RateLimits) != 3 || access.RateLimits[0].Value != nil ||
		access.RateLimits[0].Unit != client.RateLimitUnitRPM || *access.RateLimits[1].Value != 2 || access.RateLimits[2].Value != nil {
		t.Errorf("got %v", access)
	}
	if in := parse(t, body(`"slug":5,"allow_all_models":true`)); in.AllowAllModels == nil || !*in.AllowAllModels {
		t.Errorf("got %v, want true", in.AllowAllModels)
	}
	m := in.PricingAdjustments.Multiplier
	if m.Default != nil || *m.RequestToken != 0 || m.ResponseToken != nil || *m.AdditionalUnits["a"] != 1 || m.AdditionalUnits["b"] != nil {
		t.Errorf("got %v", m)
	}
}

// A response about another integration is drift: it is returned, and the report says so.
func TestAnotherIntegrationIsDrift(t *testing.T) {
	const id = "3C90C3CC-0D44-4B50-8888-8DD25736052A"
	for asked, want := range map[string]int{"some-slug": 0, id: 0, "Some-Slug": 1, "another": 1} {
		for _, v := range []client.Validation{client.ValidationStrict, client.ValidationReport} {
			var reports []client.Report
			c := newClient(t, "https://cp.example/v1", client.WithValidation(v),
				client.WithReportHandler(func(_ context.Context, r client.Report) { reports = append(reports, r) }),
				over(func(*http.Request) (*http.Response, error) { return respond(200, nil, integrationBody("some-slug")) }))
			for range 2 { // The second time, the body is remembered.
				reports = nil
				in, err := c.RetrieveIntegration(t.Context(), asked)
				if err != nil {
					t.Fatal(err)
				}
				drift := in.Report().Drift
				if len(drift) != want || len(reports) != want || want > 0 && (drift[0].Pointer != "/slug" || drift[0].Keyword != "identity") {
					t.Errorf("%s, %v: got drift %v and %d reports, want %d", asked, v, drift, len(reports), want)
				}
			}
		}
	}
}

// Every named example can be read without nil checks, except for fields that are pointers.
func TestEveryExampleReads(t *testing.T) {
	for _, e := range contracttest.Examples() {
		if e.Status != 200 {
			continue
		}
		in := parse(t, string(e.Body))
		_, _, _, _ = in.Provider(), in.Configuration(), in.CustomBaseURL(), in.String()
		if access := in.WorkspaceAccess(); access != nil {
			for _, limit := range access.UsageLimits {
				_ = limit.PeriodicReset + client.PeriodicReset(limit.Type)
			}
		}
		if pricing := in.PricingAdjustments; pricing != nil {
			_, _ = pricing.Multiplier.Effective("request_token")
		}
		if report := in.Report(); !report.Conforms() {
			t.Errorf("%s: got %v", e.Name, report.Violations)
		}
	}
}

func TestValidationErrorIsBounded(t *testing.T) {
	text := body(`"secret_mappings":[` + strings.TrimSuffix(strings.Repeat("1,", 100_000), ",") + "]")
	_, err := retrieve(newClient(t, "https://cp.example/v1", over(func(*http.Request) (*http.Response, error) { return respond(200, nil, text) })))
	report := as[*client.ValidationError](t, err).Report
	if len(report.Violations) != 100 || report.MoreViolations != 99_900 {
		t.Errorf("got %d violations and %d more", len(report.Violations), report.MoreViolations)
	}
	if want := "100000 violations"; !strings.Contains(err.Error(), want) || len(err.Error()) > 1000 {
		t.Errorf("got %d bytes, %.200s", len(err.Error()), err)
	}
}

// The handler gets the drift of a response that conforms, and is not called if there is none, whether or not the body
// is remembered.
func TestReportHandlerGetsDrift(t *testing.T) {
	for i, drift := range []int{0, 1, contract.MaxFindings, contract.MaxFindings + 1} {
		names := fmt.Sprintf(`"name":"handled %d"`, i)
		for n := range drift {
			names += fmt.Sprintf(`,"unknown_%d":1`, n)
		}
		for _, asked := range []string{"some-slug", "another"} {
			var reports []client.Report
			c := newClient(t, "https://cp.example/v1", client.WithReportHandler(func(_ context.Context, r client.Report) { reports = append(reports, r) }),
				over(func(*http.Request) (*http.Response, error) { return respond(200, nil, body(names)) }))
			want := drift
			if asked == "another" {
				want++ // The response is about another integration.
			}
			for range 2 {
				reports = nil
				if _, err := c.RetrieveIntegration(t.Context(), asked); err != nil {
					t.Fatal(err)
				}
				if got := len(reports); got != min(want, 1) {
					t.Fatalf("%s, %d of drift: got %d reports, want %d", asked, want, got, min(want, 1))
				}
				if want == 0 {
					continue
				}
				if r := reports[0]; len(r.Drift) != min(want, contract.MaxFindings) || r.MoreDrift != want-len(r.Drift) {
					t.Errorf("%s: got %d of drift and %d more, want %d in all", asked, len(r.Drift), r.MoreDrift, want)
				}
			}
		}
	}
}

// Unmarshalling into an Integration does what Parse does. null changes nothing; other values than objects are errors.
func TestIntegrationIsUnmarshalled(t *testing.T) {
	var in client.Integration
	if err := json.Unmarshal([]byte(integrationBody("some-slug")), &in); err != nil || in.Slug != "some-slug" || len(in.RawJSON()) == 0 {
		t.Errorf("got %v, %v, want some-slug", &in, err)
	}
	for text, want := range map[string]bool{`null`: true, `5`: false} {
		if err := json.Unmarshal([]byte(text), &in); (err == nil) != want || in.Slug != "some-slug" {
			t.Errorf("%s: got %v, %v, want accepted %t", text, &in, err, want)
		}
	}
	if got := (*client.Integration)(nil).String(); got != "<nil>" {
		t.Errorf("got %s, want <nil>", got)
	}
}
