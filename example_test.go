package portkeyintegration_test

import (
	"fmt"
	"go/ast"
	"go/doc"
	"go/parser"
	"go/token"
	"go/types"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	portkeyintegration "github.com/portkey-integration/portkey-integration-go"
)

// The document, for tools that read OpenAPI.
func ExampleContract() {
	version, _, _ := strings.Cut(portkeyintegration.Contract(), "\n")
	fmt.Println(version)
	// Output:
	// openapi: 3.0.3
}

// Every exported function, every method of the types listed here and every error type has an example with an output,
// which go test runs. Functions with a *testing.T parameter are exempt.
func TestEveryEntryPointHasAnExample(t *testing.T) {
	for dir, methods := range map[string][]string{
		".": nil, "client": {"Client", "Integration"}, "contract": {"Checker"}, "contracttest": nil,
	} {
		fset := token.NewFileSet()
		var files []*ast.File
		names, err := filepath.Glob(filepath.Join(dir, "*.go"))
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			file, err := parser.ParseFile(fset, name, nil, parser.ParseComments)
			if err != nil {
				t.Fatal(err)
			}
			if file.Name.Name != "tools" {
				files = append(files, file)
			}
		}
		pkg, err := doc.NewFromFiles(fset, files, "example.com/"+dir)
		if err != nil {
			t.Fatal(err)
		}
		expect := func(name string, f *doc.Func) {
			for _, parameter := range f.Decl.Type.Params.List {
				if types.ExprString(parameter.Type) == "*testing.T" {
					return
				}
			}
			if !slices.ContainsFunc(f.Examples, func(e *doc.Example) bool { return e.Output != "" }) {
				t.Errorf("%s: %s has no example with an output", dir, name)
			}
		}
		for _, f := range pkg.Funcs {
			expect(f.Name, f)
		}
		for _, typ := range pkg.Types {
			for _, f := range typ.Funcs {
				expect(f.Name, f)
			}
			for _, f := range typ.Methods {
				if slices.Contains(methods, typ.Name) && f.Name != "Format" && f.Name != "LogValue" && f.Name != "String" {
					expect(typ.Name+"."+f.Name, f)
				}
			}
			// The example of an error type shows what it has besides its text.
			if strings.HasSuffix(typ.Name, "Error") && !slices.ContainsFunc(typ.Examples, func(e *doc.Example) bool { return e.Output != "" }) {
				t.Errorf("%s: %s has no example with an output", dir, typ.Name)
			}
		}
	}
}
