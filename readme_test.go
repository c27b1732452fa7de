package portkeyintegration_test

import (
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
	blocks := regexp.MustCompile("(?s)(?:<!-- from (\\S+): (\\w+) -->\n)?```(\\w+)\n(.*?)```").FindAllStringSubmatch(string(text), -1)
	if len(blocks) < 10 {
		t.Fatalf("%d blocks of code", len(blocks))
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
			_, body, found := strings.Cut(string(source), "\nfunc "+function+"(")
			if body, _, _ = strings.Cut(body, "\n}\n"); !found || !strings.Contains(squeeze(body), squeeze(code)) {
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

// squeeze drops what indentation and the alignment of comments add.
func squeeze(code string) string { return strings.Join(strings.Fields(code), " ") }
