package portkeyintegration_test

import (
	"bytes"
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/google/go-cmp/cmp"

	portkeyintegration "github.com/portkey-integration/portkey-integration-go"
	"github.com/portkey-integration/portkey-integration-go/contract"
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

// The file of the vendor's documented example equals the example of that name, and conforms.
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
	if diff := cmp.Diff(example, decoded(t, body)); diff != "" {
		t.Errorf("the file is not the named example (-want +got):\n%s", diff)
	}
}

// The comment of each exported method that makes a call has the operation, method and path of the contract.
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
		t.Errorf("got %d methods, want 2 or more", methods)
	}
}

// Importers build no generator, no command line and no test code; importers of only the types do not build kin-openapi.
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

func decoded(t *testing.T, body []byte) any {
	t.Helper()
	var value any
	if err := json.Unmarshal(body, &value); err != nil {
		t.Fatal(err)
	}
	return value
}
