package main

import (
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestAPIChanges(t *testing.T) {
	const breaks, fine = true, false
	for _, test := range []struct {
		name     string
		old, new string // Of a package without its clause.
		breaking bool
		want     []string
	}{
		{"nothing", "func F(int) {}", "func F(int) {}", fine, nil},
		{"an option removed", "type Option func()\nfunc WithA() Option { return nil }\nfunc WithB() Option { return nil }",
			"type Option func()\nfunc WithA() Option { return nil }", breaks, []string{"p.WithB: removed: func() Option"}},
		{"a function added", "", "func F() {}", fine, []string{"p.F: added: func()"}},
		{"a parameter added", "func F(a int) {}", "func F(a int, b ...int) {}", breaks, []string{"p.F: was: func(int); is: func(int, ...int)"}},
		{"a parameter renamed", "func F(f func(a int) string) {}", "func F(g func(b int) string) {}", fine, nil},
		{"another name for a type", "func F(interface{}, []byte) {}", "type B = []byte\nfunc F(any, B) {}", fine, []string{"p.B: added: type = []byte"}},
		{"an alias of another module's", "func F() {}", "import \"os\"\nfunc F() {}\nfunc G(os.FileMode) {}", fine, []string{"p.G: added: func(os.FileMode)"}},
		{"what is not exported", "func f() {}\ntype t struct{ A int }", "", fine, nil},

		{"a field removed", "type T struct{ A, B int }", "type T struct{ A int }", breaks, []string{"p.T.B: removed: field int"}},
		{"a field added", "type T struct{ A int }", "type T struct{ A, B int }", fine, []string{"p.T.B: added: field int"}},
		{"an unexported field removed", "type T struct{ A, b int }", "type T struct{ A int }", fine, nil},
		{"a field that cannot be compared", "type T struct{ A int }", "type T struct{ A int; b []int }", breaks, []string{"p.T: removed: comparable"}},
		{"a field of an embedded unexported struct removed", "type T struct{ t }\ntype t struct{ A, B int }", "type T struct{ t }\ntype t struct{ A int }", breaks,
			[]string{"p.T.B: removed: field int"}},
		{"a type removed", "type T struct{ A int }\nfunc (T) M() {}", "", breaks, []string{"p.T: removed: type struct; comparable"}},
		{"a type added", "", "type T struct{ A int }\nfunc (T) M() {}", fine, []string{"p.T: added: type struct; comparable"}},
		{"a type of another kind", "type T string", "type T int", breaks, []string{"p.T: was: type string; is: type int"}},

		{"a method removed", "type T struct{}\nfunc (T) M() {}", "type T struct{}", breaks, []string{"p.T.M: removed: (T) func()"}},
		{"a method moved to the pointer", "type T struct{}\nfunc (T) M() {}", "type T struct{}\nfunc (*T) M() {}", breaks, []string{"p.T.M: was: (T) func(); is: (*T) func()"}},
		{"a promoted method removed", "type T struct{ t }\ntype t struct{}\nfunc (t) M() {}", "type T struct{ t }\ntype t struct{}", breaks, []string{"p.T.M: removed: (T) func()"}},

		{"an interface that others implement asks for more", "type I interface{ A() }", "type I interface{ A(); B() }", breaks,
			[]string{"p.I: was: implementers need A; is: implementers need A, B", "p.I.B: added: (I) func()"}},
		{"an interface that only we implement asks for more", "type I interface{ A(); i() }", "type I interface{ A(); B(); i() }", fine, []string{"p.I.B: added: (I) func()"}},
		{"an interface is sealed", "type I interface{ A() }", "type I interface{ A(); i() }", breaks, []string{"p.I: removed: implementers need A"}},
		{"a seal is broken", "type I interface{ A(); i() }", "type I interface{ A() }", fine, []string{"p.I: added: implementers need A"}},

		{"a constant's value", "const C = 1", "const C = 2", breaks, []string{"p.C: was: const untyped int = 1; is: const untyped int = 2"}},
		{"a variable's type", "var V error", "var V any", breaks, []string{"p.V: was: var error; is: var any"}},
		{"a constraint", "func F[T any](T) {}", "func F[T comparable](T) {}", breaks, []string{"p.F: was: func[T any](T); is: func[T comparable](T)"}},
		{"an instance", "type G[T any] struct{ A T }\nvar V G[func(a int)]", "type G[T any] struct{ A T }\nvar V G[func(b int)]", fine, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			changes := compareAPIs(apiOf(t, "p", test.old), apiOf(t, "p", test.new))
			var lines []string
			for _, c := range changes {
				lines = append(lines, c.line)
				if c.breaking != test.breaking && !(test.breaking && strings.Contains(c.line, ": added:")) {
					t.Errorf("%s: got breaking %t, want %t", c.line, c.breaking, test.breaking)
				}
			}
			if !slices.Equal(lines, test.want) {
				t.Errorf("got %q, want %q", lines, test.want)
			}
		})
	}
}

// oapi-codegen's types are listed, its other declarations are not.
func TestRawClientIsNotPromised(t *testing.T) {
	source := `type ( Client struct{}; ClientOption func(*Client) error; RetrieveIntegrationResponse struct{}; ErrorResponse struct{}; Integration struct{} )
func NewClient() {}; func WithHTTPClient() {}; func NewRetrieveIntegrationRequest() {}; func ParseRetrieveIntegrationResponse() {}`
	for name, want := range map[string]int{"gen": 2, "client": 9} {
		symbols := map[string]bool{}
		for _, l := range apiOf(t, name, source).packages[name] {
			symbols[l.symbol] = true
		}
		if len(symbols) != want {
			t.Errorf("package %s: got %v, want %d symbols", name, symbols, want)
		}
	}
}

func TestAPIIsReadAsItWasWritten(t *testing.T) {
	want := apiOf(t, "client", "type T struct{ A, B map[string][]int }\nfunc (*T) M() {}\nconst C = \"a\\tb\\n\"")
	want.packages[""] = []line{}
	file := filepath.Join(t.TempDir(), "api.txt")
	if err := want.write(file, "v1.2.3"); err != nil {
		t.Fatal(err)
	}
	got, err := readAPI(file)
	if err != nil {
		t.Fatal(err)
	}
	if changes := append(compareAPIs(want, got), compareAPIs(got, want)...); len(changes) > 0 || got.version != "v1.2.3" {
		t.Errorf("got %v and version %s, want no change and v1.2.3", changes, got.version)
	}
}

func apiOf(t *testing.T, name, source string) api {
	t.Helper()
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, name+".go", "package "+name+"\n"+source, 0)
	if err != nil {
		t.Fatal(err)
	}
	config := types.Config{Importer: importer.Default()}
	pkg, err := config.Check("example.com/m/"+name, fset, []*ast.File{file}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return api{packages: map[string][]line{name: listPackage(pkg, "example.com/m")}}
}
