package contract_test

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.yaml.in/yaml/v4"

	"github.com/portkey-integration/portkey-integration-go/contract"
)

// Every body of a genuine response conforms, and documented properties that it lacks are drift at their place.
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
	for _, entry := range manifest {
		if entry.Status == 0 {
			entry.Status = http.StatusOK
		}
		body, err := os.ReadFile(filepath.Join(folder, entry.File))
		if err != nil {
			t.Fatal(err)
		}
		report, err := contract.Check(entry.Status, body)
		if err != nil || !report.Conforms() {
			t.Errorf("%s: got %v, %v, want a body that conforms", entry.File, report.Violations, err)
		}
		var got, want []string
		for _, f := range report.Drift {
			got = append(got, f.Pointer+" "+f.Keyword)
		}
		for _, f := range entry.Drift {
			want = append(want, f.Pointer+" "+f.Keyword)
		}
		if got, want := strings.Join(got, ", "), strings.Join(want, ", "); got != want {
			t.Errorf("%s: got drift %s\nwant %s", entry.File, got, want)
		}
	}
}
