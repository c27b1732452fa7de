package gen_test

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/portkey-integration/portkey-integration-go/gen"
)

// reachable are this package's types that a reader of an integration meets.
func reachable() map[reflect.Type]bool {
	seen := map[reflect.Type]bool{}
	var visit func(typ reflect.Type)
	visit = func(typ reflect.Type) {
		switch typ.Kind() {
		case reflect.Pointer, reflect.Slice, reflect.Map:
			if typ.PkgPath() == "" {
				visit(typ.Elem())
				return
			}
		}
		if typ.PkgPath() != reflect.TypeFor[gen.Integration]().PkgPath() || seen[typ] {
			return
		}
		seen[typ] = true
		if typ.Kind() == reflect.Struct {
			for _, f := range reflect.VisibleFields(typ) {
				visit(f.Type)
			}
		}
	}
	visit(reflect.TypeFor[gen.Integration]())
	visit(reflect.TypeFor[gen.UnknownConfiguration]())
	for _, id := range gen.Providers() {
		c, _ := gen.NewConfiguration(id, func(any) error { return nil })
		visit(reflect.TypeOf(c))
	}
	return seen
}

// What is optional is a plain value where its zero says enough, else a pointer. No number is a float32, which could not
// hold 0.8.
func TestTypes(t *testing.T) {
	pointers := []reflect.Kind{reflect.Bool, reflect.Int64, reflect.Float64, reflect.Struct}
	for typ := range reachable() {
		if typ.Kind() != reflect.Struct {
			continue
		}
		for _, f := range reflect.VisibleFields(typ) {
			at, kind := typ.Name()+"."+f.Name, f.Type.Kind()
			if kind == reflect.Pointer {
				if !slices.Contains(pointers, f.Type.Elem().Kind()) {
					t.Errorf("%s is a %s, want a plain value", at, f.Type)
				}
				continue
			}
			if optional := strings.HasSuffix(f.Tag.Get("json"), ",omitzero"); optional && slices.Contains(pointers, kind) &&
				f.Type != reflect.TypeFor[time.Time]() && at != "AzureDeployment.IsDefault" {
				t.Errorf("%s is a %s, want a pointer", at, f.Type)
			}
			if kind == reflect.Struct && f.Type.Name() == "" || kind == reflect.Float32 {
				t.Errorf("%s is a %s", at, f.Type)
			}
		}
	}
}

// No type has a field for a secret, which a response must not carry.
func TestNoFieldForSecrets(t *testing.T) {
	fields := map[string]string{}
	for typ := range reachable() {
		if typ.Kind() == reflect.Struct {
			for _, f := range reflect.VisibleFields(typ) {
				name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
				fields[name] = typ.Name() + "." + f.Name
			}
		}
	}
	for _, p := range places(schemaOf(document(t), http.StatusOK)) {
		if p.schema.WriteOnly && fields[p.path[len(p.path)-1]] != "" {
			t.Errorf("%s is a field for the secret %s", fields[p.path[len(p.path)-1]], p)
		}
	}
}

// Absence stays absence, also of what is null, and an empty list stays one.
func TestRoundTrip(t *testing.T) {
	body := `{"id":"i","slug":"s","name":"n","ai_provider_id":"","created_at":"2025-02-08T01:13:29Z",` +
		`"configurations":{"custom_host":null},"secret_mappings":[],"workspace_count":0,"allow_all_models":false}`
	for text, want := range map[string]string{
		body: body,
		strings.Replace(body, `{"custom_host":null}`, "null", 1):       strings.Replace(body, `"configurations":{"custom_host":null},`, "", 1),
		strings.Replace(body, `"workspace_count":0`, `"tags":null`, 1): strings.Replace(body, `,"workspace_count":0`, "", 1),
	} {
		var in gen.Integration
		if err := json.Unmarshal([]byte(text), &in); err != nil {
			t.Fatal(err)
		}
		got, err := json.Marshal(in)
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(decode(t, got), decode(t, []byte(want))) {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

// The generated client does not let a slug change the request, whoever calls it.
func TestGeneratedClientRefusesBadSlugs(t *testing.T) {
	for _, slug := range []gen.Slug{"", ".", "..", "a/b", `a\b`, "a?b", "a#b", "a%2fb", "a b", "a\n", "é", gen.Slug(strings.Repeat("a", 256))} {
		if r, err := gen.NewRetrieveIntegrationRequest("https://api.portkey.ai/v1/", slug, nil); err == nil {
			t.Errorf("%q makes the request %s", string(slug), r.URL)
		}
	}
	for _, slug := range []gen.Slug{"a", "A_b-9", gen.Slug(strings.Repeat("a", 255)), "3c90c3cc-0d44-4b50-8888-8dd25736052a"} {
		r, err := gen.NewRetrieveIntegrationRequest("https://api.portkey.ai/v1/", slug, nil)
		if err != nil {
			t.Errorf("%q: %v", string(slug), err)
		} else if r.Method != http.MethodGet || r.URL.String() != "https://api.portkey.ai/v1/integrations/"+string(slug) {
			t.Errorf("%q makes the request %s %s", string(slug), r.Method, r.URL)
		}
	}
}

func TestCustomHeadersDoNotPrint(t *testing.T) {
	const secret = "s3cret-value"
	c := gen.CustomBaseURLConfiguration{CustomHeaders: gen.CustomHeaders{"X-Token": secret}}
	raw := gen.Configurations(`{"custom_headers":{"X-Token":"` + secret + `"}}`)
	unknown := gen.UnknownConfiguration{Raw: json.RawMessage(raw)}
	var log strings.Builder
	slog.New(slog.NewTextHandler(&log, nil)).Info("m", "headers", c.CustomHeaders, "raw", raw, "unknown", unknown)
	printed := []string{log.String()}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x"} {
		printed = append(printed, fmt.Sprintf(verb, c), fmt.Sprintf(verb, &c), fmt.Sprintf(verb, c.CustomHeaders),
			fmt.Sprintf(verb, raw), fmt.Sprintf(verb, &raw), fmt.Sprintf(verb, unknown), fmt.Sprintf(verb, &unknown))
	}
	if slices.ContainsFunc(printed, func(s string) bool {
		return strings.Contains(s, secret) || strings.Contains(s, fmt.Sprintf("%x", secret))
	}) {
		t.Errorf("a header's value was printed: %q", printed)
	}
}

// A query parameter that is not set is not sent.
func TestUnsetParametersAreNotSent(t *testing.T) {
	id := "ws"
	for want, params := range map[string]*gen.RetrieveIntegrationParams{"": {}, "workspace_id=ws": {WorkspaceID: &id}} {
		request, err := gen.NewRetrieveIntegrationRequest("https://cp.example/v1/", "slug", params)
		if err != nil || request.URL.RawQuery != want {
			t.Errorf("got %v, %v, want the query %q", request, err, want)
		}
	}
}
