package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"path"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"go.yaml.in/yaml/v4"

	"github.com/portkey-integration/portkey-integration-go/client"
	"github.com/portkey-integration/portkey-integration-go/contracttest"
)

// withoutHeaders redacts the custom_headers of an integration, as the program does.
func withoutHeaders(integration map[string]any) map[string]any {
	configuration, _ := integration["configurations"].(map[string]any)
	headers, _ := configuration["custom_headers"].(map[string]any)
	for name := range headers {
		headers[name] = "[redacted]"
	}
	return integration
}

func TestGetEveryExample(t *testing.T) {
	s := contracttest.NewServer(t)
	c, err := client.New(client.WithBaseURL(s.URL), client.WithAPIKey(s.APIKey()), client.WithHTTPClient(s.Client()))
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range integrations() {
		t.Run(e.Name, func(t *testing.T) {
			integration := withoutHeaders(decode(t, e.Body))

			o := invoke(t, "get", "--sandbox", e.Name, "--output", "json").want(t, 0)
			if got := decode(t, []byte(o.out)); !reflect.DeepEqual(got, integration) {
				t.Error("JSON: not the response")
			}
			var y any
			o = invoke(t, "get", "--sandbox", e.Name, "--output", "yaml").want(t, 0)
			if err := yaml.Load([]byte(o.out), &y); err != nil {
				t.Fatal(err)
			}
			if got := decode(t, encode(t, y)); !reflect.DeepEqual(got, integration) {
				t.Error("YAML: not the response")
			}

			o = invoke(t, "get", "--sandbox", e.Name).want(t, 0)
			parsed, err := c.RetrieveIntegration(t.Context(), e.Name)
			if err != nil {
				t.Fatal(err)
			}
			texts := []string{parsed.Name, parsed.ID, string(parsed.Provider()), "Identity", "Access and limits", "Pricing", "Secret mappings"}
			if configuration := parsed.Configuration(); configuration != nil {
				texts = append(texts, fmt.Sprintf("Configuration (%T)", configuration))
			} else {
				texts = append(texts, "Configuration  none")
			}
			// Each leaf of the configuration is in the view.
			for pointer, leaf := range leaves("", integration["configurations"]) {
				name := pointer[strings.LastIndex(pointer, "/")+1:]
				if _, err := strconv.Atoi(name); err != nil {
					texts = append(texts, name)
				}
				if leaf != nil {
					texts = append(texts, fmt.Sprint(leaf))
				}
			}
			for _, text := range texts {
				if !strings.Contains(o.out, text) {
					t.Errorf("text: no %q", text)
				}
			}
		})
	}
}

// leaves returns the leaf values in v by their JSON Pointers.
func leaves(at string, v any) map[string]any {
	found := map[string]any{}
	children := map[string]any{}
	switch v := v.(type) {
	case map[string]any:
		children = v
	case []any:
		for i, item := range v {
			children[strconv.Itoa(i)] = item
		}
	default:
		if at != "" {
			found[at] = v
		}
	}
	for name, child := range children {
		for pointer, leaf := range leaves(at+"/"+name, child) {
			found[pointer] = leaf
		}
	}
	return found
}

func TestGetEveryError(t *testing.T) {
	for _, e := range contracttest.Examples() {
		if e.Status == http.StatusOK {
			continue
		}
		t.Run(e.Name, func(t *testing.T) {
			o := invoke(t, "get", "--sandbox", "--max-retries", "0", e.Name)
			if o.want(t, 1, e.Name, fmt.Sprint(e.Status)); o.out != "" {
				t.Errorf("stdout:\n%s", o.out)
			}
		})
	}
}

func TestGetText(t *testing.T) {
	for _, name := range []string{"documented", "openai-production", "azure-openai-custom-base-url", "unknown-provider", "sparse", "rich"} {
		golden(t, name+".txt", invoke(t, "get", "--sandbox", name).want(t, 0).out)
	}
}

func TestGetTextOfUnusualValues(t *testing.T) {
	integration := example(t, "sparse")
	integration["name"] = "\x1b[31mred\x1b[0m\nnext line \u202e"
	integration["status"] = "paused"
	integration["tags"] = map[string]any{"team": "ml", "tier": json.Number("1")}
	integration["global_workspace_access_settings"] = map[string]any{
		"enabled":      true,
		"usage_limits": []any{map[string]any{"type": "images", "credit_limit": 1234567.5, "periodic_reset": "daily"}},
		"rate_limits":  []any{map[string]any{"type": "requests", "unit": "rps", "value": 7}},
	}
	integration["global_workspace_access"] = map[string]any{
		"enabled":      false,
		"usage_limits": []any{map[string]any{"type": "cost", "credit_limit": 100}},
		"rate_limits":  []any{},
	}
	integration["pricing_adjustments"] = map[string]any{"multiplier": map[string]any{"request_token": 0.07, "response_token": nil}}
	_, in := server(t, contracttest.WithFixture("unusual", encode(t, integration)))
	o := in.run(t, "get", "unusual").want(t, 0)
	for _, text := range []string{
		" [31mred [0m next line  \n",
		"status        paused",
		"team=ml, tier=1",
		"1,234,567.5 images, reset daily",
		"7 requests per second",
		"100 USD in all, no reset",
		"request_token   7% (x 0.07)",
		"response_token  list price",
		"Drift from the contract",
		"/status",
	} {
		if !strings.Contains(o.out, text) {
			t.Errorf("no %q in\n%s", text, o.out)
		}
	}
	if strings.ContainsAny(o.out, "\x1b\u202e") {
		t.Error("control characters of the response reach the terminal")
	}
}

// odd is a response whose spelling a careless conversion would change.
const odd = `{"slug":"odd","zulu":1.50e+2,"id":"e0a3a91f-2346-4c13-bc27-ed12b10877a9","name":"caf\u00e9 \/ <b>",` +
	`"ai_provider_id":"openai","big":123456789012345678901234567890,"small":-0,"created_at":"2025-02-08T01:13:29Z",` +
	`"tags":[{"key":"env"},"yes","1:20","0x1F","null","a\nb\n",true,{},[]],"alpha":{"b":1.0,"a":null}}`

func TestGetIsLossless(t *testing.T) {
	_, in := server(t, contracttest.WithFixture("odd", odd))
	o := in.run(t, "get", "odd", "odd", "-o", "json").want(t, 0)
	if o.out != odd+"\n"+odd+"\n" {
		t.Errorf("JSON lines: got\n%s", o.out)
	}
	o = in.run(t, "get", "odd", "-o", "json").want(t, 0)
	var compact bytes.Buffer
	if err := json.Compact(&compact, []byte(o.out)); err != nil || compact.String() != odd {
		t.Errorf("JSON: %v, got\n%s", err, o.out)
	}
	o = in.run(t, "get", "odd", "-o", "yaml").want(t, 0)
	golden(t, "odd.yaml", o.out)
	var value any
	if err := yaml.Load([]byte(o.out), &value); err != nil {
		t.Fatal(err)
	}
	tags := value.(map[string]any)["tags"].([]any)
	if want := []any{map[string]any{"key": "env"}, "yes", "1:20", "0x1F", "null", "a\nb\n", true, map[string]any{}, []any{}}; !reflect.DeepEqual(tags, want) {
		t.Errorf("YAML: tags are %#v", tags)
	}
}

func TestGetManyKeepsTheirOrder(t *testing.T) {
	slugs := []string{"rich", "sparse", "no-such-slug", "openai-production", "sparse", "huggingface"}
	s, in := server(t)
	s.SetFault("rich", contracttest.Fault{Delay: 50 * time.Millisecond}) // So that it does not arrive first.

	o := in.run(t, append([]string{"get", "--output", "json"}, slugs...)...).want(t, 1, "no-such-slug: status code 404")
	var got []string
	for line := range strings.Lines(o.out) {
		got = append(got, decode(t, []byte(line))["slug"].(string))
	}
	want := []string{"rich", "sparse", "openai-production", "sparse", "huggingface"}
	if !slices.Equal(got, want) {
		t.Errorf("JSON lines: %v", got)
	}

	o = in.run(t, append([]string{"get", "--output", "yaml"}, slugs...)...).want(t, 1)
	if documents := strings.Split(o.out, "---\n"); len(documents) != len(want) {
		t.Errorf("%d YAML documents, want %d", len(documents), len(want))
	}
	o = in.run(t, append([]string{"get"}, slugs...)...).want(t, 1)
	got = nil
	for line := range strings.Lines(o.out) {
		got = append(got, strings.Fields(line)[0])
	}
	if want := append([]string{"SLUG"}, want...); !slices.Equal(got, want) {
		t.Errorf("rows: %v", got)
	}
}

func TestGetTable(t *testing.T) {
	drifting := example(t, "rich")
	drifting["status"], drifting["slug"], drifting["name"] = "hibernating", "drifting", "two\nlines"
	broken := example(t, "cortex")
	broken["id"], broken["slug"] = "no UUID", "broken"
	delete(broken, "last_updated_at")
	_, in := server(t, contracttest.WithFixture("drifting", encode(t, drifting)), contracttest.WithBrokenFixture("broken", encode(t, broken)))
	slugs := []string{"openai-production", "drifting", "broken", "azure-openai-custom-base-url", "unknown-provider"}
	o := in.run(t, append([]string{"get", "--validation", "report"}, slugs...)...)
	golden(t, "table.txt", o.out)
	if o.code != 0 || !strings.Contains(o.err, "broken: the response violates the contract") || strings.Contains(o.err, "drifting") {
		t.Errorf("exit code %d, stderr:\n%s", o.code, o.err)
	}
	o = in.run(t, append([]string{"get", "--validation", "off"}, slugs...)...).want(t, 0)
	if n := strings.Count(o.out, "not checked"); n != len(slugs) {
		t.Errorf("%d rows are not checked:\n%s", n, o.out)
	}
}

func TestGetSendsNothingForAMalformedSlug(t *testing.T) {
	s, in := server(t)
	in.run(t, "get", "rich", "a b").want(t, 2)
	if n := len(s.Requests()); n != 0 {
		t.Errorf("%d requests", n)
	}
}

func TestGetSends(t *testing.T) {
	s, in := server(t)
	file := save(t, "key", []byte(s.APIKey()+"\n"))
	input{}.run(t, "get", "rich", "--base-url", s.URL+"/", "--api-key-file", file, "--workspace-id", "ws-1").want(t, 0)
	input{stdin: s.APIKey()}.run(t, "get", "rich", "--base-url", s.URL, "--api-key-file", "-").want(t, 0)
	in.env["PORTKEY_BASE_URL"] = "http://127.0.0.1:1/v1"
	in.run(t, "get", "rich", "--base-url", s.URL).want(t, 0) // A flag overrides the environment.
	in.env["PORTKEY_API_KEY"] = "wrong"
	in.run(t, "get", "rich", "--base-url", s.URL).want(t, 1, "check the key in PORTKEY_API_KEY")
	in.run(t, "get", "rich", "--base-url", s.URL, "--api-key-file", file).want(t, 0)
	in.run(t, "get", "rich", "--sandbox").want(t, 0)
	requests := s.Requests()
	if got := requests[0].Query.Get("workspace_id"); got != "ws-1" {
		t.Errorf("workspace_id is %q", got)
	}
	if got := requests[0].Header.Get("User-Agent"); !strings.HasPrefix(got, "portkey-integration/") {
		t.Errorf("User-Agent is %q", got)
	}
}

func TestGetRetries(t *testing.T) {
	s, in := server(t, contracttest.WithFault("rich", contracttest.Fault{Times: 1, Status: 503, RetryAfter: "0"}))
	in.run(t, "get", "rich", "--max-retries", "1").want(t, 0)
	s.SetFault("rich", contracttest.Fault{Times: 1, Status: 503, RetryAfter: "0"})
	in.run(t, "get", "rich", "--max-retries", "0").want(t, 1, "503")
}

func TestGetFailures(t *testing.T) {
	broken := example(t, "azure-openai-entra")
	broken["configurations"].(map[string]any)["azure_resource_name"] = 5
	broken["id"] = "no UUID"
	s, in := server(t, contracttest.WithBrokenFixture("broken", encode(t, broken)))
	for _, c := range []struct {
		name     string
		fault    contracttest.Fault
		messages []string
	}{
		{"HTML", contracttest.Fault{HTML: true}, []string{"502"}},
		{"not JSON", contracttest.Fault{Body: []byte("<html>")}, []string{"not valid JSON"}},
		{"not an object", contracttest.Fault{Body: []byte("[]")}, []string{"got array, want object"}},
		{"empty", contracttest.Fault{Body: []byte{}}, []string{"the body is empty"}},
		{"truncated", contracttest.Fault{Truncate: true}, []string{"request failed after 1 attempt"}},
		{"slow", contracttest.Fault{Hang: true}, []string{"request failed after 1 attempt"}},
		{"elsewhere", contracttest.Fault{Redirect: "https://elsewhere.example/"}, []string{"redirect"}},
		{"unmasked", contracttest.Fault{UnmaskedSecret: true}, []string{"/key: a secret must not be in a response", "--validation report"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s.SetFault("rich", c.fault)
			o := in.run(t, "get", "rich", "--max-retries", "0", "--timeout", "300ms").want(t, 1, c.messages...)
			if o.out != "" {
				t.Errorf("stdout:\n%s", o.out)
			}
		})
	}
	in.run(t, "get", "broken").want(t, 1, "/configurations/azure_resource_name", "/id")
	input{env: map[string]string{"PORTKEY_API_KEY": "k"}}.run(t, "get", "x", "--base-url", "http://127.0.0.1:1", "--max-retries", "0").
		want(t, 1, "connection refused")

	o := in.run(t, "get", "broken", "--validation", "report").want(t, 0)
	for _, text := range []string{"Violations", "/configurations/azure_resource_name", "/id"} {
		if !strings.Contains(o.out, text) {
			t.Errorf("no %q in\n%s", text, o.out)
		}
	}
	o = in.run(t, "get", "broken", "--validation", "report", "-o", "json")
	if o.code != 0 || !strings.Contains(o.err, "/id") || decode(t, []byte(o.out))["slug"] != broken["slug"] {
		t.Errorf("exit code %d, stdout and stderr:\n%s\n%s", o.code, o.out, o.err)
	}
	if o := in.run(t, "get", "broken", "--validation", "off").want(t, 0); strings.Contains(o.out, "Violations") {
		t.Error("violations are shown without validation")
	}
}

func TestGetIsInterrupted(t *testing.T) {
	started := make(chan struct{})
	var once sync.Once
	hang := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		once.Do(func() { close(started) })
		<-r.Context().Done()
	}))
	defer hang.Close()
	ctx, cancel := cancelWhen(t, started)
	defer cancel()
	in := input{env: map[string]string{"PORTKEY_API_KEY": "k", "PORTKEY_BASE_URL": hang.URL}}
	in.runIn(ctx, "get", "x", "y").want(t, 1, "context canceled")
}

const leak = "sk-this-must-never-be-printed-0451"

// TestSecretsAreNeverPrinted puts a secret wherever one may be, and searches all output for it.
func TestSecretsAreNeverPrinted(t *testing.T) {
	var names []string
	for _, schema := range document(t).Components.Schemas {
		for name, property := range schema.Value.Properties {
			if property.Value.WriteOnly && !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	if len(names) < 4 {
		t.Fatalf("the contract has the secrets %v, and should have four at least", names)
	}
	for _, e := range integrations() {
		if !slices.Contains([]string{"openai-production", "azure-openai-entra", "sagemaker-access-key", "vertex-ai-service-account",
			"custom-base-url", "unknown-provider", "sparse"}, e.Name) {
			continue // One of each kind will do.
		}
		bodies := map[string][]byte{}
		add := func(name string, value any, secrets ...string) {
			integration := decode(t, e.Body)
			configuration, _ := integration["configurations"].(map[string]any)
			if configuration == nil {
				configuration = map[string]any{}
				integration["configurations"] = configuration
			}
			nested := map[string]any{}
			for _, secret := range secrets {
				integration[secret], configuration[secret], nested[secret] = value, value, value
			}
			configuration["nested"] = []any{nested}
			configuration["custom_headers"] = map[string]any{"X-Header": value}
			bodies[name] = encode(t, integration)
			configuration["custom_headers"] = value
			bodies[name+"-headers"] = encode(t, integration)
		}
		for _, name := range names {
			add(name, leak, name)
		}
		add("object", map[string]any{"inner": leak}, names...)
		add("array", []any{leak}, names...)
		// Some of these bodies conform, since the contract cannot describe nested secrets, so they are no broken
		// fixtures.
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			_, _ = w.Write(bodies[path.Base(r.URL.Path)])
		}))
		defer s.Close()
		slugs := slices.Collect(maps.Keys(bodies))
		in := input{env: map[string]string{"PORTKEY_API_KEY": "k", "PORTKEY_BASE_URL": s.URL}}
		for _, output := range []string{"text", "json", "yaml"} {
			for _, validation := range []string{"strict", "report", "off"} {
				look := func(slugs ...string) {
					o := in.run(t, append([]string{"get", "--output", output, "--validation", validation}, slugs...)...)
					if strings.Contains(o.out+o.err, leak) {
						t.Fatalf("%s: a secret is printed with --output %s --validation %s", e.Name, output, validation)
					}
					isTable := output == "text" && len(slugs) > 1
					if validation == "report" && !isTable && !strings.Contains(o.out, "[redacted]") {
						t.Errorf("%s: --output %s prints nothing", e.Name, output)
					}
				}
				look(slugs...)
				if output == "text" {
					for _, slug := range slugs {
						look(slug)
					}
				}
			}
		}
		for _, body := range bodies {
			for _, output := range []string{"text", "json"} {
				if o := (input{stdin: string(body)}).run(t, "check", "-", "--output", output); strings.Contains(o.out+o.err, leak) {
					t.Fatalf("%s: a secret is printed by check --output %s", e.Name, output)
				}
			}
		}
	}
}

func TestTheKeyIsNeverPrinted(t *testing.T) {
	echo := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("X-Portkey-Trace-Id", r.Header.Get("X-Portkey-Api-Key"))
		w.WriteHeader(http.StatusUnauthorized)
		fmt.Fprintf(w, `{"success":false,"data":{"message":"bad key %s"}}`, r.Header.Get("X-Portkey-Api-Key"))
	}))
	defer echo.Close()
	file := save(t, "key", []byte(leak))
	for _, in := range []input{
		{env: map[string]string{"PORTKEY_API_KEY": leak}},
		{env: map[string]string{"PORTKEY_API_KEY": leak + "\n"}},
		{stdin: leak + "\nsecond line"},
	} {
		for _, args := range [][]string{
			{"get", "x", "--base-url", echo.URL},
			{"get", "x", "--base-url", echo.URL, "--api-key-file", file},
			{"get", "x", "--base-url", echo.URL, "--api-key-file", "-"},
			{"get", "x", "--base-url", "ftp://" + leak + "@h"},
			{"get", "x", "--base-url", "http://127.0.0.1:1", "--max-retries", "0"},
		} {
			if o := in.run(t, args...); o.code == 0 || strings.Contains(o.out+o.err, leak) {
				t.Errorf("get %v: exit code %d, and the key is printed", args[1:], o.code)
			}
		}
	}
}
