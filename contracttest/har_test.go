package contracttest_test

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/portkey-integration/portkey-integration-go/contracttest"
)

func entry(method, url string, status int, content map[string]any) map[string]any {
	return map[string]any{
		"request":  map[string]any{"method": method, "url": url, "headers": []any{}},
		"response": map[string]any{"status": status, "content": content},
	}
}

func TestCheckHAR(t *testing.T) {
	const url = "https://me:hunter2@cp.example/api/v1/integrations/rich?token=hunter2#hunter2"
	fine := string(exampleBody(t, "rich"))
	broken := `{"key":"hunter2",` + fine[1:]
	content := func(mime, text string) map[string]any {
		return map[string]any{"size": len(text), "mimeType": mime, "text": text}
	}
	coded := content("application/json", base64.StdEncoding.EncodeToString([]byte(broken)))
	coded["encoding"] = "base64"
	noise := content("application/json", "%%%")
	noise["encoding"] = "base64"

	entries := []any{
		entry("GET", url, 200, content("application/json; charset=utf-8", fine)),
		entry("GET", url, 200, content("application/json", broken)),
		entry("GET", url, 200, coded),
		entry("GET", url, 404, content("application/json", string(exampleBody(t, "not-found")))),
		entry("GET", url, 502, content("text/html", "<p>")),
		entry("GET", url, 200, content("application/json", "")),
		entry("GET", url, 200, content("text/plain", fine)),
		entry("GET", url, 200, map[string]any{"size": 0, "mimeType": "application/json"}),
		entry("GET", url, 200, noise),
		entry("GET", url, 0, map[string]any{}),
		entry("GET", url, 304, map[string]any{}),
		entry("HEAD", url, 200, map[string]any{}),
		entry("OPTIONS", url, 204, map[string]any{}),
		entry("GET", "https://cp.example/api/v1/integrations?page_size=1", 200, content("application/json", "{}")),
		entry("GET", ":", 200, content("application/json", "{}")),
	}
	want := []string{ // "conforms", or part of the finding or of the reason for skipping
		"conforms", "/key", "/key", "conforms", "conforms", "empty", "Content-Type",
		"skipped: no body", "skipped: its body is not valid base64", "skipped: no response", "skipped: it came from a cache",
		"skipped: not GET", "skipped: not GET", "skipped: not GET", "skipped: its URL",
	}
	file, err := json.Marshal(map[string]any{"log": map[string]any{"version": "1.2", "entries": entries}})
	if err != nil {
		t.Fatal(err)
	}
	results, err := contracttest.CheckHAR(strings.NewReader("\ufeff" + string(file)))
	if err != nil || len(results) != len(entries) {
		t.Fatalf("%d results, %v", len(results), err)
	}
	for i, r := range results {
		got := "conforms"
		if r.Skipped != "" {
			got = "skipped: " + r.Skipped
		} else if !r.Conforms() {
			got = fmt.Sprint(r.Violations)
		}
		if !strings.Contains(got, want[i]) || r.Entry != i || (got == "conforms") != r.Conforms() {
			t.Errorf("entry %d: %s, want %s", i, got, want[i])
		}
	}
	if r := results[0]; r.Method != "GET" || r.URL != "https://cp.example/api/v1/integrations/rich" || r.Status != 200 || r.Provider != "azure-openai" {
		t.Errorf("result %+v", r)
	}
	printed, err := json.Marshal(results)
	if err != nil || strings.Contains(string(printed), "hunter2") {
		t.Errorf("a value was printed: %v", err)
	}
	for _, name := range []string{`"entry":1`, `"violations":[{"pointer":"/key"`, `"drift":[]`, `"skipped":"no body was recorded"`} {
		if !strings.Contains(string(printed), name) {
			t.Errorf("the JSON lacks %s", name)
		}
	}
}

func TestCheckHARRefuses(t *testing.T) {
	for _, text := range []string{"", "{", "hunter2", `{"log":{"version":"1.2","entries":"hunter2"}}`, "{}", `{"log":{}}`, "[]", `{"log":null}`,
		`{"log":{"version":"1.2"}}`, `{"log":{"version":"1.2","entries":[{]}}`,
		`{"log":{"version":"1.2","entries":[`} {
		if _, err := contracttest.CheckHAR(strings.NewReader(text)); err == nil || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: error is %v", text, err)
		}
	}
	want := errors.New("disk on fire")
	if _, err := contracttest.CheckHAR(iotest.ErrReader(want)); !errors.Is(err, want) {
		t.Errorf("error is %v", err)
	}
	if r, err := contracttest.CheckHAR(strings.NewReader(`{"log":{"entries":[],"version":"1.2"}}`)); err != nil || len(r) != 0 {
		t.Errorf("no entries: %v %v", r, err)
	}
}
