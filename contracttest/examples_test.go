package contracttest_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/portkey-integration/portkey-integration-go/client"
	"github.com/portkey-integration/portkey-integration-go/contract"
	"github.com/portkey-integration/portkey-integration-go/contracttest"
)

func TestExamples(t *testing.T) {
	examples := contracttest.Examples()
	if len(examples) != 54 || examples[0].Name != "documented" || examples[1].Name != "openai-production" ||
		examples[36].Name != "bad-request" || examples[53].Name != "gateway-timeout" {
		t.Errorf("%d examples, not in the order of the document", len(examples))
	}
	// Members come as the document has them, in inner objects too.
	if body := string(examples[0].Body); !strings.HasPrefix(body, `{"id":`) || strings.Index(body, `"usage_limits"`) > strings.Index(body, `"rate_limits"`) {
		t.Errorf("the documented example is in another order: %.60s", body)
	}
	for _, e := range examples {
		if e.Summary == "" || e.Status == 0 {
			t.Errorf("%s lacks a summary or a status", e.Name)
		}
		if e.ContentType != "application/json" {
			continue
		}
		if report, err := contract.Check(e.Status, e.Body); err != nil || !report.Conforms() {
			t.Errorf("%s breaks the contract: %v %v", e.Name, err, report.Violations)
		}
		if name, _ := bodyOf(t, e.Body)["slug"].(string); e.Status == 200 && e.Name != "documented" && name != e.Name {
			t.Errorf("%s has the slug %s", e.Name, name)
		}
	}
}

// A caller that changes what it was given must not change what another is served.
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
