package client_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// The tests that documents cite exist.
func TestCitedTestsExist(t *testing.T) {
	var source []byte
	err := filepath.WalkDir("..", func(path string, _ fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		text, err := os.ReadFile(path)
		source = append(source, text...)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, document := range []string{"../SECURITY.md", "../docs/faults.md"} {
		text, err := os.ReadFile(document)
		if err != nil {
			t.Fatal(err)
		}
		cited := regexp.MustCompile("`((?:Test|Fuzz)[A-Za-z0-9]+)`").FindAllSubmatch(text, -1)
		if len(cited) < 10 {
			t.Errorf("%s: got %d tests cited, want at least 10", document, len(cited))
		}
		for _, name := range cited {
			if !regexp.MustCompile(`func ` + string(name[1]) + `\(`).Match(source) {
				t.Errorf("%s: got %s cited, want a test that exists", document, name[1])
			}
		}
	}
}
