package client_test

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"
)

// The documents that rest on tests name tests that exist.
func TestCitedTestsExist(t *testing.T) {
	files, err := filepath.Glob("*_test.go")
	if err != nil {
		t.Fatal(err)
	}
	var source []byte
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		source = append(source, text...)
	}
	for _, document := range []string{"../SECURITY.md", "../docs/faults.md"} {
		text, err := os.ReadFile(document)
		if err != nil {
			t.Fatal(err)
		}
		cited := regexp.MustCompile("`((?:Test|Fuzz)[A-Za-z0-9]+)`").FindAllSubmatch(text, -1)
		if len(cited) < 10 {
			t.Errorf("%s cites %d tests", document, len(cited))
		}
		for _, name := range cited {
			if !regexp.MustCompile(`func ` + string(name[1]) + `\(`).Match(source) {
				t.Errorf("%s cites %s, which does not exist", document, name[1])
			}
		}
	}
}
