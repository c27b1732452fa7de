package text_test

import (
	"testing"

	"github.com/portkey-integration/portkey-integration-go/internal/text"
)

func TestLine(t *testing.T) {
	tests := []struct {
		name, in string
		limit    int
		want     string
	}{
		{"plain", "not found", 20, "not found"},
		{"other scripts", "größe 東京 ✓", 20, "größe 東京 ✓"},
		{"cut by runes", "größe", 3, "grö…"},
		{"as long as the limit", "grö", 3, "grö"},
		{"nothing allowed", "x", 0, "…"},
		{"at the beginning", "\u202eb", 20, " b"},
		{"escape sequence", "a\x1b[31mb", 20, "a [31mb"},
		{"newlines and tab", "a\r\n\tb", 20, "a   b"},
		{"C1 control", "a\u009bb", 20, "a b"},
		{"right-to-left override", "a\u202eb", 20, "a b"},
		{"isolate", "a\u2066b", 20, "a b"},
		{"zero width", "a\u200bb\ufeffc", 20, "a b c"},
		{"printed as nothing", "a\u034fb\u3164c\ufe0fd", 20, "a b c d"},
		{"line separators", "a\u2028b\u2029c", 20, "a b c"},
		{"tag characters", "a\U000e0041b", 20, "a b"},
		{"invalid UTF-8", "a\xffb", 20, "a b"},
		{"private use", "a\ue000b", 20, "a b"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := text.Line(tt.in, tt.limit); got != tt.want {
				t.Errorf("Line(%q, %d): got %q, want %q", tt.in, tt.limit, got, tt.want)
			}
		})
	}
}
