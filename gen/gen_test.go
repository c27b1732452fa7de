package gen_test

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	portkeyintegration "github.com/portkey-integration/portkey-integration-go"
	"github.com/portkey-integration/portkey-integration-go/gen"
)

// The types are all named, and no number is a float32, which could not hold 0.8.
func TestTypes(t *testing.T) {
	seen := map[reflect.Type]bool{}
	var visit func(typ reflect.Type, path string)
	visit = func(typ reflect.Type, path string) {
		if seen[typ] {
			return
		}
		seen[typ] = true
		switch typ.Kind() {
		case reflect.Float32:
			t.Errorf("%s is a float32", path)
		case reflect.Pointer, reflect.Slice, reflect.Map:
			visit(typ.Elem(), path)
		case reflect.Struct:
			if typ.Name() == "" {
				t.Errorf("%s is an anonymous struct", path)
			}
			if typ.PkgPath() != reflect.TypeFor[gen.Integration]().PkgPath() {
				return
			}
			for _, f := range reflect.VisibleFields(typ) {
				visit(f.Type, path+"."+f.Name)
			}
		}
	}
	for _, v := range []any{
		gen.Integration{}, gen.OpenAIConfiguration{}, gen.AzureOpenAIConfiguration{}, gen.BedrockConfiguration{},
		gen.SageMakerConfiguration{}, gen.VertexAIConfiguration{}, gen.AzureAIConfiguration{},
		gen.WorkersAIConfiguration{}, gen.HuggingFaceConfiguration{}, gen.CortexConfiguration{},
		gen.CustomBaseURLConfiguration{}, gen.ErrorResponse{},
	} {
		visit(reflect.TypeOf(v), reflect.TypeOf(v).Name())
	}
}

// No type has a field for a secret that an answer must not carry.
func TestNoFieldForSecrets(t *testing.T) {
	document, err := openapi3.NewLoader().LoadFromData([]byte(portkeyintegration.Contract()))
	if err != nil {
		t.Fatal(err)
	}
	source, err := os.ReadFile("gen.go")
	if err != nil {
		t.Fatal(err)
	}
	secrets := 0
	for _, schema := range document.Components.Schemas {
		for name, property := range schema.Value.Properties {
			if property.Value.WriteOnly {
				secrets++
				if strings.Contains(string(source), "`json:\""+name+",") {
					t.Errorf("gen.go has a field for %s", name)
				}
			}
		}
	}
	if secrets == 0 {
		t.Error("the contract marks nothing as writeOnly")
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
	raw := gen.Configurations(`{"custom_headers":{"X-Token":"`+secret+`"}}`)
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
