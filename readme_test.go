package portkeyintegration_test

import (
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// The README's Go code is taken from tests, and its commands run as they are.
func TestReadme(t *testing.T) {
	readme := read(t, "README.md")
	blocks := regexp.MustCompile("(?s)(?:<!-- from (\\S+?)(?:: (\\w+))? -->\n)?```(\\w+)\n(.*?)```").FindAllStringSubmatch(readme, -1)
	if len(blocks) == 0 {
		t.Fatal("got no block of code")
	}
	binary := filepath.Join(t.TempDir(), "portkey-integration")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", binary, "./cmd/portkey-integration").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	run := func(args ...string) {
		if out, err := exec.CommandContext(t.Context(), binary, args...).CombinedOutput(); err != nil {
			t.Errorf("portkey-integration %s: %v\n%s", strings.Join(args, " "), err, out)
		}
	}
	for _, block := range blocks {
		file, function, language, code := block[1], block[2], block[3], block[4]
		switch language {
		case "go":
			source := read(t, file)
			if function != "" {
				_, source, _ = strings.Cut(source, "\nfunc "+function+"(")
				source, _, _ = strings.Cut(source, "\n}\n")
			}
			if !strings.Contains(squeeze(source), squeeze(code)) {
				t.Errorf("%s: %s does not have these lines:\n%s", file, function, code)
			}
		case "sh":
			for line := range strings.Lines(code) {
				line, _, _ = strings.Cut(line, "#")
				args, ours := strings.CutPrefix(strings.TrimSpace(line), "go run ./cmd/portkey-integration ")
				switch command, _, _ := strings.Cut(args, " "); {
				case !ours: // the tests themselves, or a command that needs the network
				case command == "serve" || command == "proxy": // They do not end. With --help, wrong flags are still errors.
					run(append(strings.Fields(args), "--help")...)
				default:
					run(strings.Fields(args)...)
				}
			}
		}
	}
	for _, row := range regexp.MustCompile("(?m)^\\| `(\\w+)").FindAllStringSubmatch(readme, -1) {
		run(row[1], "--help")
	}
}

// What the README mentions of package client exists.
func TestReadmeNamesTheAPI(t *testing.T) {
	readme, source := read(t, "README.md"), ""
	files, err := filepath.Glob("client/*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		source += read(t, file)
	}
	names := regexp.MustCompile(`\b(?:With|Err)[A-Z]\w+`).FindAllString(readme, -1)
	if len(names) == 0 {
		t.Error("got no option and no error")
	}
	for _, name := range names {
		if !strings.HasPrefix(name, "WithF") && !regexp.MustCompile(`(?m)^(?:func |var |\t)`+name+`\b`).MatchString(source) { // WithF…: contracttest's
			t.Errorf("package client has no %s", name)
		}
	}
}

// The README gives the number of modules from which an importer builds packages.
func TestReadmeCountsModules(t *testing.T) {
	out, err := exec.CommandContext(t.Context(), "go", "list", "-deps", "-f", "{{with .Module}}{{if not .Main}}{{.Path}}{{end}}{{end}}", "./client").Output()
	if err != nil {
		t.Fatal(err)
	}
	modules := map[string]bool{}
	for path := range strings.FieldsSeq(string(out)) {
		modules[path] = true
		if !strings.Contains(read(t, "docs/importer.md"), "- "+path+" ") {
			t.Errorf("docs/importer.md lacks %s: run testdata/consumer/cost", path)
		}
	}
	if want := fmt.Sprintf("packages of %d other modules", len(modules)); !strings.Contains(read(t, "README.md"), want) {
		t.Errorf("the README does not say %q", want)
	}
}

// The table of providers lists each configuration of the contract, with its values of ai_provider_id and its Go type.
// Only the names of the providers, which no program reads, are not checked.
func TestProvidersAreListed(t *testing.T) {
	rows := regexp.MustCompile("(?m)^\\| ([^|`-]+) \\| (.*Configuration` \\|)$").FindAllStringSubmatch(read(t, "docs/providers.md"), -1)
	var want []string
	for _, member := range document(t).Components.Schemas["Configurations"].Value.AllOf {
		values, ok := member.Value.Extensions["x-ai-provider-ids"].([]any)
		if !ok {
			continue // for every provider
		}
		ids := "none of its own"
		for i, id := range values {
			ids = strings.Repeat(ids+", ", min(i, 1)) + fmt.Sprintf("`%s`", id)
		}
		want = append(want, fmt.Sprintf("%s | `%s` |", ids, strings.TrimPrefix(member.Ref, "#/components/schemas/")))
	}
	for i, row := range want {
		if len(rows) <= i || rows[i][2] != row {
			t.Errorf("docs/providers.md does not have this row in place %d:\n| … | %s", i+1, row)
		}
	}
	if got := len(rows); got > len(want) {
		t.Errorf("got %d rows, want %d", got, len(want))
	}
}

// The tests that the documents name exist.
func TestDocumentsNameTests(t *testing.T) {
	tests := map[string]bool{}
	err := filepath.WalkDir(".", func(path string, entry fs.DirEntry, err error) error {
		if entry.IsDir() && entry.Name() == "node_modules" {
			return fs.SkipDir
		}
		if err == nil && strings.HasSuffix(path, "_test.go") {
			var source []byte
			if source, err = os.ReadFile(path); err == nil {
				for _, f := range regexp.MustCompile(`(?m)^func ((?:Test|Fuzz)\w+)`).FindAllSubmatch(source, -1) {
					tests[string(f[1])] = true
				}
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	documents, _ := filepath.Glob("*.md")
	more, _ := filepath.Glob("*/*.md")
	named := 0
	for _, document := range append(documents, more...) {
		for _, name := range regexp.MustCompile(`\b(?:Test|Fuzz)[A-Z]\w+`).FindAllString(read(t, document), -1) {
			if named++; !tests[name] {
				t.Errorf("%s names %s, want a test that exists", document, name)
			}
		}
	}
	if named == 0 {
		t.Error("got no test named in the documents")
	}
}

// squeeze normalizes white space, which indentation and the alignment of comments change.
func squeeze(code string) string { return strings.Join(strings.Fields(code), " ") }

func read(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
