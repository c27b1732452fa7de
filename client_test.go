package portkeyintegration_test

import (
	"bytes"
	"context"
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/google/go-cmp/cmp"

	portkeyintegration "github.com/portkey-integration/portkey-integration-go"
	"github.com/portkey-integration/portkey-integration-go/client"
	"github.com/portkey-integration/portkey-integration-go/contract"
	"github.com/portkey-integration/portkey-integration-go/contracttest"
	"github.com/portkey-integration/portkey-integration-go/gen"
)

func TestContractIsValid(t *testing.T) {
	file, err := os.ReadFile("openapi.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if string(file) != portkeyintegration.Contract() {
		t.Error("Contract() is not openapi.yaml")
	}
	if err := document(t).Validate(t.Context(), openapi3.EnableExamplesValidation()); err != nil {
		t.Error(err)
	}
}

func document(t *testing.T) *openapi3.T {
	t.Helper()
	document, err := openapi3.NewLoader().LoadFromData([]byte(portkeyintegration.Contract()))
	if err != nil {
		t.Fatal(err)
	}
	return document
}

func newClient(t *testing.T, server *contracttest.Server, opts ...client.Option) *client.Client {
	t.Helper()
	c, err := client.New(append([]client.Option{
		client.WithBaseURL(server.URL), client.WithAPIKey(server.APIKey()),
	}, opts...)...)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// Each named example is retrieved, typed as its provider's configuration, and kept as it was sent.
func TestEveryExampleIsRetrieved(t *testing.T) {
	server := contracttest.NewServer(t)
	c := newClient(t, server)
	typed := map[client.Provider]bool{}
	for _, example := range contracttest.Examples() {
		if example.Status != http.StatusOK {
			continue
		}
		in, err := c.RetrieveIntegration(t.Context(), example.Name)
		if err != nil {
			t.Errorf("%s: %v", example.Name, err)
			continue
		}
		typed[in.Provider()] = true
		var want client.Configuration = client.UnknownConfiguration{}
		if known, err := gen.NewConfiguration(in.Provider(), func(any) error { return nil }); err == nil && known != nil {
			want = known
		}
		if got := in.Configuration(); got != nil && reflect.TypeOf(got) != reflect.TypeOf(want) {
			t.Errorf("%s: got a %T of %s, want a %T", example.Name, got, in.Provider(), want)
		}
		if diff := cmp.Diff(decoded(t, example.Body), decoded(t, in.RawJSON())); diff != "" {
			t.Errorf("%s: RawJSON differs from what was sent:\n%s", example.Name, diff)
		}
		if diff := cmp.Diff(known(t, example.Body), known(t, marshal(t, in.Integration))); diff != "" {
			t.Errorf("%s: the types lose something:\n%s", example.Name, diff)
		}
		if report := in.Report(); !report.Conforms() {
			t.Errorf("%s: got %v", example.Name, report.Violations)
		}
	}
	for _, provider := range gen.Providers() {
		if !typed[provider] {
			t.Errorf("got no example of %s", provider)
		}
	}
}

// known is body less its nulls, which the types do not tell from absence.
func known(t *testing.T, body []byte) any {
	var prune func(any) any
	prune = func(value any) any {
		if object, ok := value.(map[string]any); ok {
			for key, child := range object {
				if child == nil {
					delete(object, key)
				} else if key != "configurations" { // Kept as it came.
					object[key] = prune(child)
				}
			}
		}
		if list, ok := value.([]any); ok {
			for i := range list {
				list[i] = prune(list[i])
			}
		}
		return value
	}
	return prune(decoded(t, body))
}

func decoded(t *testing.T, body []byte) any {
	t.Helper()
	var value any
	if err := json.Unmarshal(body, &value); err != nil {
		t.Fatal(err)
	}
	return value
}

func marshal(t *testing.T, v any) []byte {
	t.Helper()
	body, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return body
}

// The vendor's documented example, kept as a file, is the example of that name, and conforms.
func TestDocumentedExample(t *testing.T) {
	body, err := os.ReadFile(filepath.Join("testdata", "documented-200.json"))
	if err != nil {
		t.Fatal(err)
	}
	report, err := contract.Check(http.StatusOK, body)
	if err != nil || !report.Conforms() || len(report.Drift) > 0 {
		t.Errorf("got %+v, %v", report, err)
	}
	example := document(t).Components.Examples["documented"].Value.Value
	if diff := cmp.Diff(decoded(t, body), decoded(t, marshal(t, example))); diff != "" {
		t.Errorf("the named example is another:\n%s", diff)
	}
}

// The comment of each exported method that makes a call names the operation, its method and path as the contract does.
func TestMethodsNameTheirOperation(t *testing.T) {
	operation := document(t).Paths.Value("/integrations/{slug}").Get.OperationID
	files, err := filepath.Glob(filepath.Join("client", "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	methods := 0
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range file.Decls {
			f, ok := d.(*ast.FuncDecl)
			if !ok || f.Recv == nil || !strings.HasPrefix(f.Name.Name, "Retrieve") {
				continue
			}
			methods++
			text := strings.Join(strings.Fields(f.Doc.Text()), " ")
			if !strings.Contains(text, operation) || !strings.Contains(text, "GET /integrations/{slug}") {
				t.Errorf("the comment of %s does not name %s, GET /integrations/{slug}", f.Name.Name, operation)
			}
		}
	}
	if methods < 2 {
		t.Errorf("%d methods found", methods)
	}
}

// What an importer builds: no generator, no command line, no test code; of the types alone, not even kin-openapi.
func TestImportersBuildNothingElse(t *testing.T) {
	// The consumer's go.mod is what "go mod tidy" makes of it, which .ci/run checks.
	if required, err := os.ReadFile("testdata/consumer/go.mod"); err != nil || bytes.Contains(required, []byte("oapi-codegen/oapi-codegen")) {
		t.Errorf("an importer requires the generator (%v)", err)
	}
	never := []string{"oapi-codegen/v2", "spf13/", "speakeasy", "/contracttest", "testing", "net/http/httptest", "go-cmp", "goleak"}
	for pkg, forbidden := range map[string][]string{
		"./client":   never,
		"./contract": append([]string{"portkey-integration-go/client"}, never...),
		"./gen":      append([]string{"kin-openapi", "go-json-experiment", "portkey-integration-go/client"}, never...),
		".":          append([]string{"kin-openapi", "net/http", "portkey-integration-go/"}, never...),
	} {
		out, err := exec.CommandContext(t.Context(), "go", "list", "-deps", pkg).Output()
		if err != nil {
			t.Fatal(err)
		}
		for _, dependency := range bytes.Fields(out) {
			for _, f := range forbidden {
				if d := string(dependency); d == f || strings.Contains(d, f) && strings.ContainsAny(f, "/-.") {
					t.Errorf("%s builds %s", pkg, d)
				}
			}
		}
	}
}

// What a client that is generated and nothing more makes of what goes wrong. The README says so; here is why.
func TestPlainGeneratedClient(t *testing.T) {
	const key = "pk-in-transit"
	var arrived string
	elsewhere := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		arrived = r.Header.Get("x-portkey-api-key")
	}))
	defer elsewhere.Close()
	handlers := map[string]http.HandlerFunc{
		"broken": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			_, _ = w.Write([]byte(`{"slug":"broken","configurations":{"azure_resource_name":"r"},"key":"sk-in-clear"}`))
		},
		"page": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html")
			w.WriteHeader(http.StatusBadGateway)
		},
		"redirect": func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, elsewhere.URL, http.StatusFound) },
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		handlers[path.Base(r.URL.Path)](w, r)
	}))
	defer server.Close()
	plain, err := gen.NewClientWithResponses(server.URL, gen.WithRequestEditorFn(func(_ context.Context, r *http.Request) error {
		r.Header.Set("x-portkey-api-key", key)
		return nil
	}))
	if err != nil {
		t.Fatal(err)
	}
	if r, err := plain.RetrieveIntegrationWithResponse(t.Context(), "broken", nil); err != nil || r.JSON200 == nil {
		t.Errorf("it refuses a broken response: %v", err)
	}
	if r, err := plain.RetrieveIntegrationWithResponse(t.Context(), "page", nil); err != nil || r.JSON502 != nil {
		t.Errorf("it has an error for a gateway's page: %v", err)
	}
	if _, err := plain.RetrieveIntegrationWithResponse(t.Context(), "redirect", nil); err != nil || arrived != key {
		t.Errorf("it keeps the key from another host: %v", err)
	}

	c, err := client.New(client.WithBaseURL(server.URL), client.WithAPIKey(key), client.WithMaxRetries(0))
	if err != nil {
		t.Fatal(err)
	}
	arrived = ""
	for slug := range handlers {
		if _, err := c.RetrieveIntegration(t.Context(), slug); err == nil || arrived != "" {
			t.Errorf("%s: ours returns no error, or the key arrived", slug)
		}
	}
}
