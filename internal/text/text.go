// Package text makes untrusted text, such as that of a server, a file or a user, safe to print.
package text

import (
	"strings"
	"unicode"
)

// Line returns Safe(s), truncated to limit runes with "…" appended if s is longer. The result is a single line.
func Line(s string, limit int) string {
	n := 0
	for i := range s {
		if n == limit {
			return Safe(s[:i]) + "…"
		}
		n++
	}
	return Safe(s)
}

// Safe returns s with a space in place of each character that moves the cursor, hides or reorders what is printed, or
// ends a line: controls, bidirectional and zero-width formatting, line and paragraph separators, private use,
// unassigned code points and invalid UTF-8.
func Safe(s string) string {
	if strings.IndexFunc(s, isUnsafe) < 0 {
		return s
	}
	return strings.Map(func(r rune) rune {
		if isUnsafe(r) {
			return ' '
		}
		return r
	}, s)
}

// isUnsafe reports whether r is not printable, or is printed as nothing. Invalid UTF-8 is decoded as U+FFFD, which is
// unsafe too.
func isUnsafe(r rune) bool {
	return r == unicode.ReplacementChar || r != ' ' && !unicode.IsPrint(r) ||
		r > unicode.MaxLatin1 && unicode.In(r, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector)
}
