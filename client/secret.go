package client

import (
	"fmt"
	"log/slog"
	"net/textproto"
	"slices"
	"strings"
	"unicode"
)

const redacted = "[redacted]"

// secret is a credential that cannot be printed by accident. The text is held in a closure because fmt does not call
// the methods of unexported fields: it would print the text of a string inside an unexported field of a Client.
type secret struct {
	reveal func() string
}

func newSecret(text string) secret {
	return secret{reveal: func() string { return text }}
}

func (s secret) isZero() bool { return s.reveal == nil }

func (s secret) Format(f fmt.State, _ rune)   { _, _ = fmt.Fprint(f, redacted) }
func (s secret) String() string               { return redacted }
func (s secret) LogValue() slog.Value         { return slog.StringValue(redacted) }
func (s secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// newCredential makes a secret of a value that will stand in a header.
func newCredential(text string) (secret, error) {
	if text == "" {
		return secret{}, fmt.Errorf("it is empty")
	}
	for _, b := range []byte(text) {
		if b <= ' ' || b > '~' {
			return secret{}, fmt.Errorf("it has a space, a control character or a non-ASCII character, which a key never has; check for a stray newline")
		}
	}
	return newSecret(text), nil
}

// secrets are all that must not be printed.
type secrets []secret

// scrub hides the secrets in text that a server sent, which may echo what it was sent, in whatever case. Secrets may
// overlap: all bytes of each are hidden.
func (all secrets) scrub(text string) string {
	folded := lower(text)
	end := make([]int, len(text)) // By the index at which secrets start: where the longest ends.
	found := false
	for _, s := range all {
		needle := lower(s.reveal())
		for i := 0; needle != ""; i++ {
			next := strings.Index(folded[i:], needle)
			if next < 0 {
				break
			}
			i += next
			end[i], found = max(end[i], i+len(needle)), true
		}
	}
	if !found {
		return text
	}
	var b strings.Builder
	hidden := 0
	for i := range len(text) {
		if i >= hidden {
			if end[i] > 0 {
				b.WriteString(redacted)
			} else {
				b.WriteByte(text[i])
			}
		}
		hidden = max(hidden, end[i])
	}
	return b.String()
}

// scrubReport is a copy of r without the secrets: names that a server made up stand in its pointers.
func (all secrets) scrubReport(r Report) Report {
	r.Provider = Provider(all.scrub(string(r.Provider)))
	for _, findings := range []*[]Finding{&r.Violations, &r.Drift} {
		*findings = slices.Clone(*findings)
		for i := range *findings {
			(*findings)[i].Pointer = all.scrub((*findings)[i].Pointer)
		}
	}
	return r
}

// lower lowers the letters of ASCII, so that indices stay.
func lower(text string) string {
	b := []byte(text)
	for i, c := range b {
		if 'A' <= c && c <= 'Z' {
			b[i] = c + 'a' - 'A'
		}
	}
	return string(b)
}

// clean makes text from a server fit to print: without the secrets, and printable.
func (all secrets) clean(text string) string { return printable(all.scrub(text)) }

// printable is text on one line, of bounded length.
func printable(text string) string {
	const most = 500
	text = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, text)
	if runes := []rune(text); len(runes) > most {
		text = string(runes[:most]) + "…"
	}
	return text
}

// headers are headers whose values are secret, by their canonical name.
type headers map[string]secret

func (h headers) set(name, value string) {
	h[textproto.CanonicalMIMEHeaderKey(name)] = newSecret(value)
}
