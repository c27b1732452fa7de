package contract_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"

	portkeyintegration "github.com/portkey-integration/portkey-integration-go"
	"github.com/portkey-integration/portkey-integration-go/contract"
)

// document is the contract as kin-openapi loads it.
var document = sync.OnceValue(func() *openapi3.T {
	d, err := openapi3.NewLoader().LoadFromData([]byte(portkeyintegration.Contract()))
	if err != nil {
		panic(err)
	}
	return d
})

// examples returns the named examples of status code 200, by name. They may be changed.
func examples(t testing.TB) map[string]map[string]any {
	t.Helper()
	content := document().Paths.Value("/integrations/{slug}").Get.Responses.Status(200).Value.Content["application/json"]
	all := map[string]map[string]any{}
	for name, example := range content.Examples {
		text, err := json.Marshal(example.Value.Value)
		if err != nil {
			t.Fatal(err)
		}
		var integration map[string]any
		if err := json.Unmarshal(text, &integration); err != nil {
			t.Fatal(err)
		}
		all[name] = integration
	}
	return all
}

// kinOpenAPI checks a body with kin-openapi alone, against the document's own schema, all of it in one call.
func kinOpenAPI(t testing.TB) func(body []byte) bool {
	schema := document().Components.Schemas["Integration"].Value
	uuid := openapi3.NewRegexpFormatValidator(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)
	dateTime := openapi3.NewCallbackValidator(func(s string) error {
		_, err := contract.ParseTime(s)
		return err
	})
	return func(body []byte) bool {
		var value any
		if err := json.Unmarshal(body, &value); err != nil {
			return false // A number out of range, which the document ignores or refuses.
		}
		return schema.VisitJSON(value, openapi3.VisitAsResponse(),
			openapi3.WithStringFormatValidator("uuid", uuid), openapi3.WithStringFormatValidator("date-time", dateTime)) == nil
	}
}

// variant is a body with one change.
type variant struct {
	change  string
	pointer string // Where it is changed.
	body    []byte
}

// dateTimes has strings that RFC 3339 allows and some that it does not.
var dateTimes = []string{
	"2025-06-01T12:00:00Z", "2025-06-01T12:00:00.5Z", "2025-06-01T12:00:00.123456789012Z", "2025-06-01T12:00:00+02:00",
	"2025-06-30T23:59:60Z", "2025-06-30T12:00:60.5Z", "2025-07-01T01:59:60+02:00", "9999-12-31T23:59:60Z", "2025-06-01T12:00:00+24:00", "2025-06-01T12:00:00+23:60", "2025-06-01T12:00:00,5Z",
	"2025-06-01T1:00:00Z", "2025-06-01T1:00:00.5Z", "2025-06-01T24:00:00Z", "2025-06-01T12:60:00Z", "2025-02-29T12:00:00Z",
	"2025-06-01t12:00:00z", "2025-06-01 12:00:00Z", "2025-06-01T12:00:00", "2025-06-01T12:00:00.Z", "2025-06-01T12:00Z",
	"02025-06-01T12:00:00Z", "2025-06-01T12:00:00.5.5Z", "2025-6-01T12:00:00.5Z", "0000-01-01T00:00:00Z",
}

// variants returns the integration with each change that applies to it, in each of its places.
func variants(integration map[string]any) []variant {
	var list []variant
	add := func(change, pointer string) {
		body, err := json.Marshal(integration)
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
	for _, key := range slices.Sorted(maps.Keys(integration)) {
		child := integration[key]
		delete(integration, key)
		add("dropped", "/"+key)
		integration[key] = child
		visit(child, "/"+key, func(x any) { integration[key] = x })
	}
	return list
}

// corpus returns the variants of all examples, and the mixes of each two.
func corpus(t testing.TB) []variant {
	all := examples(t)
	var list []variant
	for _, name := range slices.Sorted(maps.Keys(all)) {
		list = append(list, variants(all[name])...)
	}
	return append(list, mixes(all)...)
}

// mixes gives each integration the provider of every other, the properties of both configurations, or all of these.
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
				integration := maps.Clone(all[a])
				maps.Copy(integration, part)
				body, err := json.Marshal(integration)
				if err != nil {
					panic(err)
				}
				list = append(list, variant{a + " with " + change + " of " + b, "", body})
			}
		}
	}
	return list
}
