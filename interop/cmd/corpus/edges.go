package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

// mixes writes changes that must not affect the result: every provider id in one body, and each configuration combined with
// all others.
func (w *writer) mixes(examples openapi3.Examples) error {
	names := slices.Sorted(maps.Keys(examples))
	providers := map[string]bool{"": true, "<string>": true, "0c9d1f9e-6a43-4f6e-9d3b-0f4f5f1c2a77": true}
	all := map[string]any{}
	for _, name := range names {
		body := examples[name].Value.Value.(map[string]any)
		providers[body["ai_provider_id"].(string)] = true
		if configuration, ok := body["configurations"].(map[string]any); ok {
			maps.Copy(all, configuration)
		}
	}
	emit := func(name string, body map[string]any) error {
		text, err := json.Marshal(body)
		if err != nil {
			return err
		}
		return w.write(200, name, text)
	}
	for _, name := range names {
		body := maps.Clone(examples[name].Value.Value.(map[string]any))
		both := maps.Clone(all)
		if configuration, ok := body["configurations"].(map[string]any); ok {
			maps.Copy(both, configuration)
		}
		body["configurations"] = both
		if err := emit(fmt.Sprintf("mix/%s with the configuration of every example", name), body); err != nil {
			return err
		}
	}
	for _, provider := range slices.Sorted(maps.Keys(providers)) {
		body := maps.Clone(examples[names[0]].Value.Value.(map[string]any))
		body["ai_provider_id"], body["configurations"] = provider, all
		if err := emit(fmt.Sprintf("mix/every configuration as %q", provider), body); err != nil {
			return err
		}
		unmasked := maps.Clone(all)
		for name := range all {
			if secret, ok := strings.CutPrefix(name, "masked_"); ok {
				unmasked[secret] = "plain-text"
			}
		}
		body["configurations"] = unmasked
		if err := emit(fmt.Sprintf("mix/every configuration as %q, its secrets unmasked", provider), body); err != nil {
			return err
		}
	}
	return nil
}

type edge struct{ name, body string }

// minimal returns a body with the required properties only, followed by fields.
func minimal(fields string) string {
	return `{"id":"3c90c3cc-0d44-4b50-8888-8dd25736052a","slug":"s","name":"n","ai_provider_id":"openai","created_at":"2025-06-01T12:00:00Z"` + fields + `}`
}

var edges = []edge{
	{"required properties only", minimal(``)},
	{"null", `null`},
	{"true", `true`},
	{"a number", `7`},
	{"a string", `"text"`},
	{"an empty array", `[]`},
	{"an empty object", `{}`},
	{"an array of a body", `[` + minimal(``) + `]`},
	{"an error where an integration belongs", `{"success":false,"data":{"message":"no"}}`},

	{"an integer written 1.0", minimal(`,"workspace_count":1.0`)},
	{"an integer written 1e2", minimal(`,"workspace_count":1e2`)},
	{"an integer written -0", minimal(`,"workspace_count":-0`)},
	{"an integer written -0.0", minimal(`,"workspace_count":-0.0`)},
	{"an integer past 2^53", minimal(`,"workspace_count":9007199254740993`)},
	{"the greatest int64", minimal(`,"workspace_count":9223372036854775807`)},
	{"past the greatest int64", minimal(`,"workspace_count":9223372036854777856`)},
	{"an integer written 1e19", minimal(`,"workspace_count":1e19`)},
	{"an integer written 1e300", minimal(`,"workspace_count":1e300`)},
	{"a great multiplier", minimal(`,"pricing_adjustments":{"multiplier":{"default":1e300}}`)},
	{"a small multiplier", minimal(`,"pricing_adjustments":{"multiplier":{"default":1e-300}}`)},
	{"a negative multiplier near zero", minimal(`,"pricing_adjustments":{"multiplier":{"default":-1e-300}}`)},
	{"a multiplier of -0.0", minimal(`,"pricing_adjustments":{"multiplier":{"default":-0.0}}`)},
	{"a limit of many digits", minimal(`,"global_workspace_access":{"usage_limits":[{"credit_limit":0.99999999999999999999}]}`)},
	{"pricing adjustments without a multiplier", minimal(`,"pricing_adjustments":{}`)},
	{"a null multiplier", minimal(`,"pricing_adjustments":{"multiplier":null}`)},

	{"no configuration", minimal(`,"configurations":null`)},
	{"an empty configuration", minimal(`,"configurations":{}`)},
	{"a configuration of unknown properties", minimal(`,"configurations":{"region":"eu","endpoint":null,"tier":{"level":1}}`)},
	{"a configuration that is an array", minimal(`,"configurations":[]`)},
	{"a custom host alone", minimal(`,"configurations":{"custom_host":"https://llm.example.com"}`)},
	{"custom headers of a number", minimal(`,"configurations":{"custom_headers":{"x":1}}`)},
	{"null custom headers", minimal(`,"configurations":{"custom_headers":null}`)},
	{"an empty property name", minimal(`,"":1`)},
	{"a property named __proto__", minimal(`,"__proto__":{"id":7}`)},
	{"a configuration with a property named __proto__", minimal(`,"configurations":{"__proto__":{"aws_region":"eu"}}`)},
	{"a property named constructor", minimal(`,"constructor":7`)},
	{"null in an unknown property", minimal(`,"unknown_field":null`)},
	{"tags of every kind", minimal(`,"tags":[null,1,true,"a",{"b":[{"c":null}]}]`)},
	{"null tags", minimal(`,"tags":null`)},
	{"tags that are a string", minimal(`,"tags":"prod"`)},
	{"tags that are a number", minimal(`,"tags":1.5`)},
	{"tags that are an object", minimal(`,"tags":{"team":"search","unknown":[null]}`)},
	{"a masked service account that is an object", minimal(`,"configurations":{"masked_vertex_service_account_json":{"type":"service_account"}}`)},
	{"a masked service account that is an empty object", minimal(`,"configurations":{"masked_vertex_service_account_json":{}}`)},
	{"a masked service account that is a boolean", minimal(`,"configurations":{"masked_vertex_service_account_json":true}`)},
	{"a masked service account that is a number", minimal(`,"configurations":{"masked_vertex_service_account_json":7}`)},
	{"a masked service account that is an array", minimal(`,"configurations":{"masked_vertex_service_account_json":[null,"x"]}`)},
	{"a masked service account that is null", minimal(`,"configurations":{"masked_vertex_service_account_json":null}`)},
	{"a masked service account with a null private key", minimal(`,"configurations":{"masked_vertex_service_account_json":{"private_key":null}}`)},
	{"a service account under the masked name", minimal(`,"configurations":{"masked_vertex_service_account_json":{"type":"service_account","private_key":"plain-text"}}`)},
	{"both forms of the access settings", minimal(`,"global_workspace_access":{"enabled":true},"global_workspace_access_settings":{"enabled":false}`)},
	{"both resets", minimal(`,"global_workspace_access":{"enabled":true,"usage_limits":[{"periodic_reset":"weekly","periodic_reset_days":7}]}`)},
	{"both resets, one null", minimal(`,"global_workspace_access":{"enabled":true,"usage_limits":[{"periodic_reset":null,"periodic_reset_days":7}]}`)},
	{"both resets, of wrong types", minimal(`,"global_workspace_access":{"enabled":true,"usage_limits":[{"periodic_reset":7,"periodic_reset_days":"7"}]}`)},
	{"a NUL in a string", minimal(`,"description":"a\u0000b"`)},
	{"an unmasked key", minimal(`,"key":"plain-text"`)},
	{"an unmasked key that is empty", minimal(`,"key":""`)},
	{"a null key", minimal(`,"key":null`)},
	{"an unmasked key in a configuration of another provider", minimal(`,"configurations":{"aws_secret_access_key":"plain-text"}`)},
	{"a property named as a secret, deeper", minimal(`,"configurations":{"nested":{"aws_secret_access_key":"plain-text"}}`)},
}

// dateTimes are edge cases of RFC 3339.
var dateTimes = []string{
	"2025-06-01T12:00:00Z",
	"2025-06-01T12:00:00.123456789Z",
	"2025-06-01T12:00:00.1234567890123Z",
	"2025-06-01T12:00:00+05:30",
	"2025-06-01T12:00:00-00:00",
	"2025-06-01T12:00:00+23:59",
	"2025-06-01T12:00:00+24:00",
	"2016-12-31T23:59:60Z",      // a leap second
	"2017-01-01T05:29:60+05:30", // the same one, elsewhere
	"2025-06-01T12:00:60Z",      // a second 60 that no leap second can be
	"2025-06-30T23:59:60.5Z",
	"2025-06-01T12:00:61Z",
	"2025-06-01T12:60:00Z",
	"2025-06-01T24:00:00Z",
	"2024-02-29T12:00:00Z",
	"2025-02-29T12:00:00Z",
	"2025-04-31T12:00:00Z",
	"2025-00-01T12:00:00Z",
	"2025-13-01T12:00:00Z",
	"0000-01-01T00:00:00Z",
	"9999-12-31T23:59:59Z",
	"10000-01-01T00:00:00Z",
	"2025-06-01t12:00:00z", // lower case, which RFC 3339 allows
	"2025-06-01T12:00:00z",
	"2025-06-01 12:00:00Z", // a space, which its note allows
	"2025-06-01T12:00:00",
	"2025-06-01T12:00Z",
	"2025-06-01T12:00:00.Z",
	"2025-06-01T12:00:00,5Z",
	"2025-06-01T12:00:00+0530",
	"2025-06-01T12:00:00+05",
	"2025-06-01",
	" 2025-06-01T12:00:00Z",
	"2025-06-01T12:00:00Z\n",
}

// uuids are edge cases of RFC 9562.
var uuids = []string{
	"3C90C3CC-0D44-4B50-8888-8DD25736052A",
	"3c90C3CC-0d44-4b50-8888-8dd25736052a",
	"00000000-0000-0000-0000-000000000000",
	"ffffffff-ffff-ffff-ffff-ffffffffffff",
	"3c90c3cc-0d44-9b50-7888-8dd25736052a", // a version and a variant that no RFC defines
	"urn:uuid:3c90c3cc-0d44-4b50-8888-8dd25736052a",
	"{3c90c3cc-0d44-4b50-8888-8dd25736052a}",
	"3c90c3cc0d444b5088888dd25736052a",
	"3c90c3cc-0d44-4b50-8888-8dd25736052",
	"3c90c3cc-0d44-4b50-8888-8dd25736052a0",
	"3c90c3cc-0d44-4b50-8888-8dd25736052g",
	"3c90c3cc-0d44-4b50-8888-8dd25736052a\n",
}
