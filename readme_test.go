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

// The README's Go is taken from tests that run, and its commands run as they stand.
func TestReadme(t *testing.T) {
	text, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	blocks := regexp.MustCompile("(?s)(?:<!-- from (\\S+?)(?:: (\\w+))? -->\n)?```(\\w+)\n(.*?)```").FindAllStringSubmatch(string(text), -1)
	if len(blocks) == 0 {
		t.Fatal("got no block of code")
	}
	binary := filepath.Join(t.TempDir(), "portkey-integration")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", binary, "./cmd/portkey-integration").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, block := range blocks {
		file, function, language, code := block[1], block[2], block[3], block[4]
		switch language {
		case "go":
			source, err := os.ReadFile(file)
			if err != nil {
				t.Errorf("a block names no file that there is: %v\n%s", err, code)
				continue
			}
			body, found := string(source), true // All of the file, or a function of it.
			if function != "" {
				_, body, found = strings.Cut(body, "\nfunc "+function+"(")
				body, _, _ = strings.Cut(body, "\n}\n")
			}
			if !found || !strings.Contains(squeeze(body), squeeze(code)) {
				t.Errorf("%s: %s does not have these lines:\n%s", file, function, code)
			}
		case "sh":
			for line := range strings.Lines(code) {
				line, _, _ = strings.Cut(line, "#")
				arguments, ours := strings.CutPrefix(strings.TrimSpace(line), "go run ./cmd/portkey-integration ")
				if !ours {
					continue // The tests themselves, or a command that needs the network.
				}
				if out, err := exec.CommandContext(t.Context(), binary, strings.Fields(arguments)...).CombinedOutput(); err != nil {
					t.Errorf("%s: %v\n%s", line, err, out)
				}
			}
		}
	}
}

// The table of providers is the contract's: each configuration with its values of ai_provider_id and its Go type.
func TestProvidersAreListed(t *testing.T) {
	text, err := os.ReadFile("docs/providers.md")
	if err != nil {
		t.Fatal(err)
	}
	rows := map[string][]string{}
	for _, row := range regexp.MustCompile("(?m)^\\|.*`(\\w+Configuration)`.*$").FindAllStringSubmatch(string(text), -1) {
		rows[row[1]] = strings.Split(row[0], "|")
	}
	for _, member := range document(t).Components.Schemas["Configurations"].Value.AllOf {
		want, ok := member.Value.Extensions["x-ai-provider-ids"].([]any)
		if !ok {
			continue // For every provider.
		}
		name := strings.TrimPrefix(member.Ref, "#/components/schemas/")
		row := rows[name]
		delete(rows, name)
		if row == nil {
			t.Errorf("got no row of %s", name)
			continue
		}
		ids := []any{}
		for _, id := range regexp.MustCompile("`([^`]+)`").FindAllStringSubmatch(row[2], -1) {
			ids = append(ids, id[1])
		}
		if fmt.Sprint(ids) != fmt.Sprint(want) {
			t.Errorf("%s: got ai_provider_id %v, want %v", name, ids, want)
		}
	}
	for name := range rows {
		t.Errorf("got a row of %s, which the contract does not have", name)
	}
}

// What the documents say a test shows, a test of that name shows.
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
		text, err := os.ReadFile(document)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range regexp.MustCompile(`\b(?:Test|Fuzz)[A-Z]\w+`).FindAllString(string(text), -1) {
			if named++; !tests[name] {
				t.Errorf("%s names %s, which there is not", document, name)
			}
		}
	}
	if named == 0 {
		t.Error("got no test named in the documents")
	}
}

// squeeze drops what indentation and the alignment of comments add.
func squeeze(code string) string { return strings.Join(strings.Fields(code), " ") }
