package contract_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/portkey-integration/portkey-integration-go/contract"
)

// theKey has all characters that a JSON Pointer escapes.
const theKey = "pk/live~0123456789"

var redacting = contract.Checker{Redact: func(s string) string { return strings.ReplaceAll(s, theKey, "[redacted]") }}

// Text from a server is redacted in a report, before it is escaped or truncated, and is on one line.
func TestReportsAreSafe(t *testing.T) {
	long := strings.Repeat("x", 95) + theKey
	body := fmt.Sprintf(`{"id":%q,"slug":%q,"ai_provider_id":%q,%q:1,%q:2,"a\u202eb\u0007":3}`, theKey, theKey+"\u2028", theKey, theKey, long)
	report, err := redacting.Check(t.Context(), 200, []byte(body))
	if err != nil {
		t.Fatal(err)
	}
	text, _ := json.Marshal(report)
	for _, part := range []string{theKey, "pk/live", "pk~1live", "pk/li", `\u202e`, `\u2028`, "\u202e", "\u0007"} {
		if strings.Contains(string(text), part) {
			t.Errorf("got %q in %s", part, text)
		}
	}
	if got := report.Slug; got != "[redacted] " {
		t.Errorf("got the slug %q, want it redacted", got)
	}
	if got := string(report.Provider); got != "[redacted]" {
		t.Errorf("got the provider %q, want it redacted", got)
	}
	if !strings.Contains(string(text), "/[redacted]") {
		t.Errorf("got %s, want a redacted name", text)
	}
}

// A pointer contains no credential, be it a name, a part of one, or spread over several nested names.
func TestPointersAreSafe(t *testing.T) {
	for name, tt := range map[string]struct{ body, want string }{
		"a name":             {fmt.Sprintf(`{%q:{"a":1,"a":2}}`, theKey), "/[redacted]/a"},
		"a name, escaped":    {fmt.Sprintf(`{%q:{"a~b":{"a":1,"a":2}}}`, theKey), "/[redacted]/a~0b/a"},
		"two names":          {`{"pk":{"live~0123456789":1,"live~0123456789":2}}`, "/[redacted]"},
		"two names, below":   {`{"x":{"pk":{"live~0123456789":{"a":1,"a":2}}}}`, "/x/[redacted]/a"},
		"a name and another": {fmt.Sprintf(`{%q:{"pk":{"live~0123456789":1,"live~0123456789":2}}}`, theKey), "/[redacted]/[redacted]"},
		"in a deep value":    {strings.Repeat(`{"a":`, 40), strings.Repeat("/a", 32) + "/…"},
		"as deep as shown":   {strings.Repeat(`{"a":`, 31) + "{", strings.Repeat("/a", 31)},
		"control characters": {`{"\u001b[31m\u202e":{"a":1,"a":2}}`, "/ [31m /a"},
		"no credential":      {`{"pk":{"live":1,"live":2}}`, "/pk/live"},
	} {
		_, err := redacting.Check(t.Context(), 200, []byte(tt.body))
		decode, ok := err.(*contract.DecodeError)
		if !ok {
			t.Errorf("%s: got %v, want a DecodeError", name, err)
		} else if decode.Pointer != tt.want {
			t.Errorf("%s: got the pointer %q, want %q", name, decode.Pointer, tt.want)
		}
	}
}

// Text from a server is truncated in a report, by characters.
func TestTextsInReportsAreCut(t *testing.T) {
	long := strings.Repeat("é", 300)
	report := check(t, fmt.Appendf(nil, `{"id":%q,"slug":%q,"ai_provider_id":%q,%q:1}`, long, long, long, long))
	name, named := strings.Repeat("é", 100)+"…", strings.Repeat("é", 255)+"…"
	if report.ID != named || report.Slug != named || string(report.Provider) != named {
		t.Errorf("got the names %.20s, %.20s and %.20s, want 255 characters and an ellipsis each", report.ID, report.Slug, report.Provider)
	}
	if got, want := report.Drift[0].Pointer, "/"+name; got != want {
		t.Errorf("got the pointer %q, want %q", got, want)
	}
	exact := strings.Repeat("é", 100)
	if got, want := check(t, fmt.Appendf(nil, `{%q:1}`, exact)).Drift[0].Pointer, "/"+exact; got != want {
		t.Errorf("got the pointer %q, want %q", got, want)
	}
}
