package contracttest_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v4"

	portkeyintegration "github.com/portkey-integration/portkey-integration-go"
	"github.com/portkey-integration/portkey-integration-go/contract"
	"github.com/portkey-integration/portkey-integration-go/contracttest"
)

func TestExamples(t *testing.T) {
	var document struct {
		Components struct{ Examples yaml.Node }
	}
	if err := yaml.Load([]byte(portkeyintegration.Contract()), &document); err != nil {
		t.Fatal(err)
	}
	var want, got []string // names, in the order of the document
	for i := 0; i < len(document.Components.Examples.Content); i += 2 {
		want = append(want, document.Components.Examples.Content[i].Value)
	}
	for _, e := range contracttest.Examples() {
		got = append(got, e.Name)
		if e.Summary == "" || e.Status == 0 {
			t.Errorf("%s lacks a summary or a status code", e.Name)
		}
		if one := contracttest.Example(e.Name); !bytes.Equal(one.Body, e.Body) || one.Status != e.Status {
			t.Errorf("%s: Example returns another fixture", e.Name)
		}
		if e.ContentType != "application/json" {
			continue
		}
		if report, err := contract.Check(e.Status, e.Body); err != nil || !report.Conforms() {
			t.Errorf("%s violates the contract: %v %v", e.Name, err, report.Violations)
		}
		if slug, _ := bodyOf(t, e.Body)["slug"].(string); e.Status == 200 && e.Name != "documented" && slug != e.Name {
			t.Errorf("%s: got the slug %s", e.Name, slug)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the examples differ from the document's (-want +got):\n%s", diff)
	}
	// Properties are in the order of the document, in nested objects too.
	body := string(contracttest.Example("documented").Body)
	if !strings.HasPrefix(body, `{"id":`) || strings.Index(body, `"usage_limits"`) > strings.Index(body, `"rate_limits"`) {
		t.Errorf("the documented example is in another order: %.60s", body)
	}
}

// A caller that modifies an example must not affect other callers.
func TestExamplesAreCopies(t *testing.T) {
	contracttest.Examples()[0].Body[0] = '!'
	if b := contracttest.Examples()[0].Body[0]; b != '{' {
		t.Errorf("the first example begins with %q", b)
	}
}

func bodyOf(t *testing.T, body []byte) map[string]any {
	t.Helper()
	var object map[string]any
	if err := json.Unmarshal(body, &object); err != nil {
		t.Fatal(err)
	}
	return object
}
