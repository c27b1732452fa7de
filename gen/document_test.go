package gen_test

import (
	"encoding/json"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"go.yaml.in/yaml/v4"

	portkeyintegration "github.com/portkey-integration/portkey-integration-go"
)

// The tests here are of the document as any validator reads it: kin-openapi checks, and nothing of this module.

func document(tb testing.TB) *openapi3.T {
	tb.Helper()
	d, err := openapi3.NewLoader().LoadFromData([]byte(portkeyintegration.Contract()))
	if err != nil {
		tb.Fatal(err)
	}
	return d
}

// schemaOf is the schema of the JSON with a status code.
func schemaOf(d *openapi3.T, status int) *openapi3.Schema {
	return d.Paths.Value("/integrations/{slug}").Get.Responses.Status(status).Value.Content["application/json"].Schema.Value
}

func check(schema *openapi3.Schema, body any) error { return schema.VisitJSON(body, asResponse...) }

var asResponse = []openapi3.SchemaValidationOption{
	openapi3.VisitAsResponse(), openapi3.FailFast(), openapi3.WithStringFormatValidator("uuid",
		openapi3.NewRegexpFormatValidator(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)),
}

func TestDocument(t *testing.T) {
	if err := document(t).Validate(t.Context(), openapi3.EnableExamplesValidation()); err != nil {
		t.Error(err)
	}
}

// Each body of testdata/evidence conforms, and manifest.yaml lists all of them.
func TestEvidence(t *testing.T) {
	folder := filepath.Join("..", "testdata", "evidence")
	text, err := os.ReadFile(filepath.Join(folder, "manifest.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var manifest []struct {
		File   string
		Status int
		Drift  []struct{ Pointer, Keyword string }
	}
	if err := yaml.Unmarshal(text, &manifest); err != nil {
		t.Fatal(err)
	}
	d := document(t)
	files, err := filepath.Glob(filepath.Join(folder, "*.json"))
	if err != nil {
		t.Fatal(err)
	}
	listed := map[string]bool{}
	for _, entry := range manifest {
		listed[entry.File] = true
		if entry.Status == 0 {
			entry.Status = http.StatusOK
		}
		body, err := os.ReadFile(filepath.Join(folder, entry.File))
		if err != nil {
			t.Error(err)
			continue
		}
		if err := check(schemaOf(d, entry.Status), decode(t, body)); err != nil {
			t.Errorf("%s: got %v, want a body that conforms", entry.File, err)
		}
	}
	for _, file := range files {
		if !listed[filepath.Base(file)] {
			t.Errorf("manifest.yaml does not list %s", file)
		}
	}
}

func decode(tb testing.TB, body []byte) (value any) {
	tb.Helper()
	if err := json.Unmarshal(body, &value); err != nil {
		tb.Fatal(err)
	}
	return value
}

// place is where a schema applies in a response with status code 200: below the properties of path, where "*" is an
// item of an array or a property of any name.
type place struct {
	path   []string
	schema *openapi3.Schema
}

func (p place) String() string { return "/" + strings.Join(p.path, "/") }

// places lists all that the schema names, also inside others.
func places(schema *openapi3.Schema, path ...string) []place {
	all := []place{{path, schema}}
	below := func(ref *openapi3.SchemaRef, token string) {
		if ref != nil {
			all = append(all, places(ref.Value, append(slices.Clone(path), token)...)...)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(schema.Properties)) {
		below(schema.Properties[name], name)
	}
	below(schema.Items, "*")
	below(schema.AdditionalProperties.Schema, "*")
	for _, member := range schema.AllOf {
		all = append(all, places(member.Value, path...)[1:]...)
	}
	return all
}

// put returns the body of an integration with value at the place.
func (p place) put(value any, providerID string) map[string]any {
	for _, token := range slices.Backward(p.path[1:]) {
		switch {
		case token != "*":
			value = map[string]any{token: value}
		case p.inArray():
			value = []any{value}
		default:
			value = map[string]any{"x": value}
		}
		p.path = p.path[:len(p.path)-1]
	}
	body := map[string]any{
		"id": "3c90c3cc-0d44-4b50-8888-8dd25736052a", "slug": "a", "name": "n",
		"ai_provider_id": providerID, "created_at": "2023-11-07T05:31:56Z",
	}
	body[p.path[0]] = value
	return body
}

// inArray reports whether the last token of the path is of an item: in this contract, that is where its parent's name
// says so.
func (p place) inArray() bool {
	parent := p.path[len(p.path)-2]
	return parent != "custom_headers" && parent != "additional_units"
}

// providerIDs are all that the contract names, and one of each other kind.
func providerIDs(d *openapi3.T) []string {
	ids := []string{"", "mistral-ai", "<string>", "673e8eb9-d8b9-479e-8336-0d8b08f2c429"}
	for _, schema := range d.Components.Schemas {
		ids = append(ids, strs(schema.Value.Extensions["x-ai-provider-ids"])...)
	}
	return ids
}

func strs(list any) (texts []string) {
	values, _ := list.([]any)
	for _, v := range values {
		texts = append(texts, v.(string))
	}
	return texts
}

// A schema has the keywords that every true response meets. What else the vendor documents is in x-documented.
func TestKeywords(t *testing.T) {
	allowed := strings.Fields(`type format nullable readOnly writeOnly description properties additionalProperties items
		allOf oneOf x-documented x-extensible-enum x-ai-provider-ids`)
	for _, p := range places(schemaOf(document(t), http.StatusOK)) {
		text, err := json.Marshal(p.schema)
		if err != nil {
			t.Fatal(err)
		}
		keywords := decode(t, text).(map[string]any)
		for keyword := range keywords {
			if !slices.Contains(allowed, keyword) && (keyword != "required" || len(p.path) > 0) {
				t.Errorf("%s has the keyword %s", p, keyword)
			}
		}
		if keywords["type"] == nil && keywords["oneOf"] == nil {
			t.Errorf("%s has no type", p)
		}
	}
}

// A value of a wrong type or format is refused wherever it stands, whatever the provider; a null is not, but in place of
// what every response has, and of items.
func TestTypesAreChecked(t *testing.T) {
	d := document(t)
	schema := schemaOf(d, http.StatusOK)
	values := map[string]any{"string": "x", "number": 1.5, "boolean": true, "array": []any{}, "object": map[string]any{}}
	for _, p := range places(schema)[1:] {
		if p.schema.Type == nil || p.schema.WriteOnly {
			continue
		}
		last := p.path[len(p.path)-1]
		for _, id := range providerIDs(d) {
			for kind, value := range values {
				fits := p.schema.Type.Is(kind) && p.schema.Format != "uuid" && p.schema.Format != "date-time"
				if err := check(schema, p.put(value, id)); (err == nil) != fits {
					t.Errorf("%s of %q is a %s: got %v, want conforming %t", p, id, kind, err, fits)
				}
			}
			optional := last != "*" && !slices.Contains(schema.Required, p.String()[1:]) || p.schema.Type.Is("number")
			if err := check(schema, p.put(nil, id)); (err == nil) != optional {
				t.Errorf("%s of %q is null: got %v, want conforming %t", p, id, err, optional)
			}
		}
	}
}

// A secret is refused wherever it stands, whatever the provider and whatever its type. A null is none.
func TestSecretsAreRefused(t *testing.T) {
	d := document(t)
	schema := schemaOf(d, http.StatusOK)
	// Some versions mask these, others do not.
	either := []string{"aws_access_key_id", "aws_role_arn", "aws_external_id"}
	secret, masked := map[string]place{}, map[string]bool{}
	for _, p := range places(schema)[1:] {
		name := p.path[len(p.path)-1]
		if p.schema.WriteOnly {
			secret[name] = p
		} else if plain, ok := strings.CutPrefix(name, "masked_"); ok && !slices.Contains(either, plain) {
			masked[plain] = true
		}
	}
	for name := range masked {
		if _, ok := secret[name]; !ok {
			t.Errorf("masked_%s is there, and no secret %s", name, name)
		}
	}
	for name, p := range secret {
		if !masked[name] {
			t.Errorf("%s has no masked twin", p)
		}
		for _, id := range providerIDs(d) {
			for _, value := range []any{"s3cret", "", 1.0, false, map[string]any{"private_key": "s3cret"}, []any{"s3cret"}} {
				if check(schema, p.put(value, id)) == nil {
					t.Errorf("%s of %q is %v: got no error", p, id, value)
				}
			}
			if err := check(schema, p.put(nil, id)); err != nil {
				t.Errorf("%s of %q is null: got %v", p, id, err)
			}
		}
	}
	account := place{[]string{"configurations", "masked_vertex_service_account_json"}, nil}
	for value, want := range map[any]bool{"****": true, true: true, 1.0: true, nil: true} {
		if err := check(schema, account.put(value, "vertex-ai")); (err == nil) != want {
			t.Errorf("%s is %v: got %v, want conforming %t", account, value, err, want)
		}
	}
	if check(schema, account.put(map[string]any{"private_key": "s3cret"}, "vertex-ai")) == nil {
		t.Errorf("%s is an unmasked key: got no error", account)
	}
}

// What a response never lacks.
func TestCorePropertiesAreRequired(t *testing.T) {
	schema := schemaOf(document(t), http.StatusOK)
	for _, name := range []string{"id", "slug", "name", "ai_provider_id", "created_at"} {
		body := place{path: []string{"status"}}.put("active", "openai")
		delete(body, name)
		if check(schema, body) == nil {
			t.Errorf("without %s: got no error", name)
		}
	}
	if err := check(schema, place{path: []string{"a_new_property"}}.put(1.0, "openai")); err != nil {
		t.Errorf("with a new property: got %v", err)
	}
}

// Each property that a response may have stands in an example.
func TestExamplesShowEveryProperty(t *testing.T) {
	d := document(t)
	shown := map[*openapi3.SchemaRef]bool{}
	var visit func(schema *openapi3.Schema, value any)
	visit = func(schema *openapi3.Schema, value any) {
		for _, member := range slices.Concat(schema.AllOf, schema.OneOf) {
			visit(member.Value, value)
		}
		switch value := value.(type) {
		case []any:
			for _, item := range value {
				if schema.Items != nil {
					visit(schema.Items.Value, item)
				}
			}
		case map[string]any:
			for name, child := range value {
				if property := schema.Properties[name]; property != nil {
					shown[property] = shown[property] || child != nil
					visit(property.Value, child)
				}
			}
		}
	}
	for _, e := range examples(d) {
		if text, ok := e.value.(string); !ok {
			visit(schemaOf(d, e.status), e.value)
		} else if e.status == http.StatusOK {
			t.Errorf("%s is the text %q, want an integration", e.name, text)
		}
	}
	var missing func(name string, schema *openapi3.Schema)
	missing = func(name string, schema *openapi3.Schema) {
		for property, ref := range schema.Properties {
			if !shown[ref] && !ref.Value.WriteOnly {
				t.Errorf("%s of %s stands in no example", property, name)
			}
		}
		for _, member := range slices.Concat(schema.AllOf, schema.OneOf) {
			if member.Ref == "" {
				missing(name, member.Value)
			}
		}
	}
	for name, schema := range d.Components.Schemas {
		missing(name, schema.Value)
	}
}

type example struct {
	name   string
	status int
	value  any
}

// examples are those of the operation's responses.
func examples(d *openapi3.T) (all []example) {
	for code, response := range d.Paths.Value("/integrations/{slug}").Get.Responses.Map() {
		status, _ := strconv.Atoi(code)
		for _, media := range response.Value.Content {
			for name, e := range media.Examples {
				all = append(all, example{name, status, e.Value.Value})
			}
		}
	}
	return all
}

// Each value of ai_provider_id that the contract knows has an example, with a property of its configuration.
func TestEachProviderHasAnExample(t *testing.T) {
	d := document(t)
	shown := map[string]bool{}
	for _, e := range examples(d) {
		body, _ := e.value.(map[string]any)
		configuration, _ := body["configurations"].(map[string]any)
		id, _ := body["ai_provider_id"].(string)
		for _, schema := range d.Components.Schemas["Configurations"].Value.AllOf {
			names := properties(schema.Value)
			if ids, ok := schema.Value.Extensions["x-ai-provider-ids"]; ok && slices.ContainsFunc(names, func(name string) bool {
				return configuration[name] != nil
			}) && (slices.Contains(strs(ids), id) || len(strs(ids)) == 0 && len(configuration) > 0) {
				shown[id], shown[schema.Ref] = true, true
			}
		}
	}
	for _, schema := range d.Components.Schemas["Configurations"].Value.AllOf {
		ids, ok := schema.Value.Extensions["x-ai-provider-ids"]
		if ok && !shown[schema.Ref] {
			t.Errorf("%s has no example", schema.Ref)
		}
		for _, id := range strs(ids) {
			if !shown[id] {
				t.Errorf("the ai_provider_id %s of %s has no example", id, schema.Ref)
			}
		}
	}
}

func properties(s *openapi3.Schema) []string {
	names := slices.Collect(maps.Keys(s.Properties))
	for _, member := range s.AllOf {
		names = append(names, properties(member.Value)...)
	}
	return names
}

// Tools pair the examples of a request and of a response by name: each response's example has its slug.
func TestExamplesAreFoundBySlug(t *testing.T) {
	d := document(t)
	slugs := d.Components.Parameters["Slug"].Value.Examples
	named := map[string]bool{}
	for _, e := range examples(d) {
		named[e.name] = true
		want := e.name
		if body, _ := e.value.(map[string]any); e.status == http.StatusOK && !strings.HasPrefix(body["slug"].(string), "<") {
			want = body["slug"].(string)
		}
		if slug := slugs[e.name]; slug == nil || slug.Value.Value != want {
			t.Errorf("%s: got %v for the parameter slug, want the example %s", e.name, slug, want)
		}
	}
	for name := range slugs {
		if !named[name] {
			t.Errorf("the parameter slug has an example %s, and no response has", name)
		}
	}
}

// Nothing stands in components that nothing refers to.
func TestComponentsAreUsed(t *testing.T) {
	var raw map[string]any
	if err := yaml.Unmarshal([]byte(portkeyintegration.Contract()), &raw); err != nil {
		t.Fatal(err)
	}
	used := map[string]bool{}
	var visit func(value any)
	visit = func(value any) {
		switch value := value.(type) {
		case map[string]any:
			if ref, ok := value["$ref"].(string); ok {
				used[ref] = true
			}
			for _, child := range value {
				visit(child)
			}
		case []any:
			for _, child := range value {
				visit(child)
			}
		}
	}
	visit(raw)
	for section, components := range raw["components"].(map[string]any) {
		for name := range components.(map[string]any) {
			if ref := "#/components/" + section + "/" + name; section != "securitySchemes" && !used[ref] {
				t.Errorf("nothing refers to %s", ref)
			}
		}
	}
}

// What is documented beyond a schema is about what the schema has.
func TestDocumentedFragments(t *testing.T) {
	for _, p := range append(places(schemaOf(document(t), http.StatusOK)), configurationPlaces(t)...) {
		fragment, ok := p.schema.Extensions["x-documented"]
		if !ok {
			continue
		}
		text, err := json.Marshal(fragment)
		if err != nil {
			t.Fatal(err)
		}
		var schema openapi3.Schema
		if err := json.Unmarshal(text, &schema); err != nil {
			t.Errorf("%s: %v", p, err)
			continue
		}
		if len(schema.Extensions) > 0 {
			t.Errorf("%s: got %s, want keywords of a schema", p, text)
		}
		required := schema.Required
		if schema.Not != nil {
			required = append(required, schema.Not.Value.Required...)
		}
		for _, name := range required {
			if !slices.Contains(properties(p.schema), name) {
				t.Errorf("%s: x-documented requires %s, which the schema does not name", p, name)
			}
		}
	}
}

func configurationPlaces(t *testing.T) (all []place) {
	for _, member := range document(t).Components.Schemas["Configurations"].Value.AllOf {
		all = append(all, place{[]string{"configurations", member.Ref}, member.Value})
	}
	return all
}

// A check of a typical body, and of the largest example.
func BenchmarkCheck(b *testing.B) {
	d := document(b)
	schema := schemaOf(d, http.StatusOK)
	for _, name := range []string{"openai-production", "azure-openai-entra", "rich"} {
		text, err := json.Marshal(d.Components.Examples[name].Value.Value)
		if err != nil {
			b.Fatal(err)
		}
		body := decode(b, text)
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := check(schema, body); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
