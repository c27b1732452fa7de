package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/portkey-integration/portkey-integration-go/contracttest"
)

// checkedJSON is the documented output of check --output json.
type checkedJSON struct {
	Results []struct {
		File       string        `json:"file"`
		Conforms   bool          `json:"conforms"`
		Provider   string        `json:"provider"`
		Violations []findingJSON `json:"violations"`
		Drift      []findingJSON `json:"drift"`
	} `json:"results"`
}

type findingJSON struct {
	Pointer string `json:"pointer"`
	Keyword string `json:"keyword"`
	Reason  string `json:"reason"`
}

func parseChecked(t *testing.T, text string) checkedJSON {
	t.Helper()
	var c checkedJSON
	d := json.NewDecoder(strings.NewReader(text))
	d.DisallowUnknownFields() // There are no other properties.
	if err := d.Decode(&c); err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
	return c
}

func TestCheckEveryExample(t *testing.T) {
	for _, e := range contracttest.Examples() {
		if e.ContentType != "application/json" {
			continue
		}
		file := save(t, e.Name+".json", e.Body)
		status := strconv.Itoa(e.Status)
		o := invoke(t, "check", "--status", status, file).want(t, 0)
		if !strings.HasPrefix(o.out, file+": conforms") || strings.Contains(o.out, ": violation ") {
			t.Errorf("%s: %s", e.Name, o.out)
		}
		o = input{stdin: string(e.Body)}.run(t, "check", "--status", status, "-o", "json", "-").want(t, 0)
		c := parseChecked(t, o.out)
		if len(c.Results) != 1 || !c.Results[0].Conforms || c.Results[0].File != "-" || c.Results[0].Violations == nil || c.Results[0].Drift == nil {
			t.Errorf("%s: %s", e.Name, o.out)
		}
		if e.Status == http.StatusOK == (c.Results[0].Provider == "") {
			t.Errorf("%s: provider is %q", e.Name, c.Results[0].Provider)
		}
	}
}

// variant is a response that violates the contract in one place.
type variant struct {
	name, pointer string
	integration   map[string]any
}

func variants(t *testing.T, e contracttest.Fixture) []variant {
	t.Helper()
	var all []variant
	add := func(name, pointer string, change func(integration, configuration map[string]any)) {
		integration := decode(t, e.Body)
		configuration, _ := integration["configurations"].(map[string]any)
		change(integration, configuration)
		all = append(all, variant{name + " " + pointer, pointer, integration})
	}
	schemas := document(t).Components.Schemas
	for _, name := range schemas["Integration"].Value.Required {
		add("without", "/"+name, func(i, _ map[string]any) { delete(i, name) })
		add("null", "/"+name, func(i, _ map[string]any) { i[name] = nil })
	}
	original := decode(t, e.Body)
	configuration, _ := original["configurations"].(map[string]any)
	for _, schema := range schemas {
		ids, _ := schema.Value.Extensions["x-ai-provider-ids"].([]any)
		if !slices.Contains(ids, any(original["ai_provider_id"])) || len(configuration) < 2 {
			continue
		}
		for _, name := range schema.Value.Required {
			add("without", "/configurations/"+name, func(_, c map[string]any) { delete(c, name) })
		}
		for name, property := range schema.Value.Properties {
			if property.Value.WriteOnly {
				add("unmasked", "/configurations/"+name, func(_, c map[string]any) { c[name] = leak })
			}
		}
	}
	add("unmasked", "/key", func(i, _ map[string]any) { i["key"] = leak })
	for pointer, leaf := range leaves("", original) {
		path := strings.Split(pointer, "/")[1:]
		if leaf == nil || path[0] == "tags" || path[0] == "configurations" && schemaless(e.Name) || path[len(path)-1] == "masked_vertex_service_account_json" {
			continue
		}
		wrong := any([]any{leak})
		if _, ok := leaf.(string); !ok {
			wrong = leak
		}
		add("retyped", pointer, func(i, _ map[string]any) { put(i, path, wrong) })
	}
	return all
}

func schemaless(name string) bool { return name == "unknown-provider" }

// put changes the value at a path.
func put(v any, path []string, value any) {
	for _, name := range path[:len(path)-1] {
		switch container := v.(type) {
		case map[string]any:
			v = container[name]
		case []any:
			i, _ := strconv.Atoi(name)
			v = container[i]
		}
	}
	last := path[len(path)-1]
	switch container := v.(type) {
	case map[string]any:
		container[last] = value
	case []any:
		i, _ := strconv.Atoi(last)
		container[i] = value
	}
}

func TestCheckRejectsBrokenVariants(t *testing.T) {
	n := 0
	for _, e := range integrations() {
		all := variants(t, e)
		var lines [][]byte
		for _, v := range all {
			lines = append(lines, encode(t, v.integration))
		}
		o := input{stdin: string(bytes.Join(lines, []byte("\n")))}.run(t, "check", "-o", "json", "-").want(t, 1)
		c := parseChecked(t, o.out)
		if len(c.Results) != len(all) {
			t.Fatalf("%s: %d results for %d lines", e.Name, len(c.Results), len(all))
		}
		for i, r := range c.Results {
			if r.Conforms || !slices.ContainsFunc(r.Violations, func(f findingJSON) bool { return f.Pointer == all[i].pointer }) {
				t.Errorf("%s %s: %+v", e.Name, all[i].name, r.Violations)
			}
		}
		if strings.Contains(o.out, leak) {
			t.Errorf("%s: a value of the response is printed", e.Name)
		}
		n += len(all)
	}
	t.Logf("%d broken variants rejected", n)
}

func TestCheckText(t *testing.T) {
	integration := example(t, "openai-production")
	integration["workspace_count"] = "many"
	integration["status"] = "paused"
	file := save(t, "response.json", encode(t, integration))
	o := invoke(t, "check", file).want(t, 1)
	want := fmt.Sprintf("%[1]s: violates the contract (openai)\n"+
		"%[1]s: violation /workspace_count: got string, want integer (type)\n"+
		"%[1]s: drift /status: the value is not one of those known: active, archived (x-extensible-enum)\n", file)
	if o.out != want {
		t.Errorf("got\n%s\nwant\n%s", o.out, want)
	}
}

func TestCheckDrift(t *testing.T) {
	integration := example(t, "openai-production")
	integration["brand_new"] = true
	file := save(t, "response.json", encode(t, integration))
	o := invoke(t, "check", "-o", "json", file).want(t, 0)
	r := parseChecked(t, o.out).Results[0]
	if !r.Conforms || len(r.Drift) != 1 || r.Drift[0].Pointer != "/brand_new" || r.Drift[0].Keyword != "properties" || r.Drift[0].Reason == "" {
		t.Errorf("got %s", o.out)
	}
	invoke(t, "check", "--fail-on-drift", file).want(t, 1)
}

func TestCheckOfWhatIsNoObject(t *testing.T) {
	for _, body := range []string{`[]`, `"x"`, `1`, `null`, `true`} {
		o := input{stdin: body}.run(t, "check", "-", "-o", "json").want(t, 1)
		if r := parseChecked(t, o.out).Results[0]; r.Conforms || r.Violations[0].Pointer != "" {
			t.Errorf("%s: %s", body, o.out)
		}
	}
}

func TestCheckGoesOnAfterABadFile(t *testing.T) {
	good := save(t, "good.json", encode(t, example(t, "rich")))
	bad := save(t, "bad.json", []byte("{"))
	broken := save(t, "broken.json", []byte("{}"))
	o := invoke(t, "check", "-o", "json", bad, good, broken).want(t, 2, "bad.json: the body ends too early")
	if c := parseChecked(t, o.out); len(c.Results) != 2 || !c.Results[0].Conforms || c.Results[1].Conforms {
		t.Errorf("got %s", o.out)
	}
}

func TestCheckStatus(t *testing.T) {
	file := save(t, "error.json", []byte(`{"success":false,"data":[]}`))
	invoke(t, "check", "--status", "404", file).want(t, 1)
	invoke(t, "check", "--status", "404", save(t, "ok.json", []byte(`{"message":"gone"}`))).want(t, 0)
}

// entry returns an entry of a HAR file.
func entry(method, url string, status int, body any) map[string]any {
	content := map[string]any{"mimeType": "application/json; charset=utf-8"}
	if body != nil {
		content["text"] = body
	}
	return map[string]any{
		"request":  map[string]any{"method": method, "url": url, "headers": []any{map[string]any{"name": "x-portkey-api-key", "value": leak}}},
		"response": map[string]any{"status": status, "content": content},
	}
}

func TestCheckHAR(t *testing.T) {
	integration := example(t, "rich")
	good := string(encode(t, integration))
	integration["workspace_count"] = "7"
	const base = "https://api.portkey.ai/v1/integrations/"
	har := func(entries ...any) []byte {
		if entries == nil {
			entries = []any{}
		}
		return encode(t, map[string]any{"log": map[string]any{"version": "1.2", "entries": entries}})
	}
	recorded := append([]byte("\ufeff"), har(
		entry("GET", base+"rich?workspace_id="+leak, 200, good),
		entry("GET", "https://api.portkey.ai/v1/models", 200, "{}"),
		entry("GET", base+"rich", 200, string(encode(t, integration))),
		entry("GET", base+"gone", 404, `{"message":"gone"}`),
	)...)
	// A HAR file is recognized by its content, not by its name.
	for _, in := range []struct {
		file string
		input
	}{
		{save(t, "recorded.json", recorded), input{}},
		{"-", input{stdin: string(recorded)}},
	} {
		o := in.run(t, "check", "-o", "json", in.file).want(t, 1, "3 of 4 entries checked")
		if strings.Contains(o.out+o.err, leak) {
			t.Error("a credential or a query of the recording is printed")
		}
		c := parseChecked(t, o.out)
		if len(c.Results) != 3 {
			t.Fatalf("got %s", o.out)
		}
		for i, want := range []struct {
			file     string
			conforms bool
		}{{in.file, true}, {in.file + "#2", false}, {in.file + "#3", true}} {
			if r := c.Results[i]; r.File != want.file || r.Conforms != want.conforms {
				t.Errorf("result %d: got %+v, want %+v", i, r, want)
			}
		}
	}
	o := invoke(t, "check", save(t, "x.har", recorded)).want(t, 1)
	if !strings.Contains(o.out, "x.har#2: violation /workspace_count") {
		t.Errorf("got\n%s", o.out)
	}
	invoke(t, "check", save(t, "none.har", har(entry("GET", base+"rich", 200, nil)))).want(t, 2, "no response to GET")
	invoke(t, "check", save(t, "empty.har", har())).want(t, 2, "no response to GET")
}
