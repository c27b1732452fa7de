package client

import (
	"errors"
	"fmt"
	"log/slog"
	"net/textproto"
	"strings"

	"github.com/portkey-integration/portkey-integration-go/internal/text"
)

const redacted = "[redacted]"

// secret is a credential that cannot be printed by accident. It is held in a closure because fmt does not call methods
// of unexported fields: it would print a string in an unexported field of a Client.
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

// newCredential returns text as a secret, or an error if a header cannot carry it.
func newCredential(text string) (secret, error) {
	if text == "" {
		return secret{}, errors.New("it is empty")
	}
	for _, b := range []byte(text) {
		if b <= ' ' || b > '~' {
			return secret{}, errors.New("it has a space, a control character or a non-ASCII character, which a key never has; check for a stray newline")
		}
	}
	return newSecret(text), nil
}

// headers maps canonical names of headers to their values, which are secret.
type headers map[string]secret

func (h headers) set(name, value string) {
	// net/http trims the values it sends, so a server may send back the trimmed value.
	h[textproto.CanonicalMIMEHeaderKey(name)] = newSecret(textproto.TrimString(value))
}

// minHidden is the length, in bytes, from which the value of a header is redacted. A shorter one, such as "1", is
// hardly a secret, and redacting it would garble unrelated text.
const minHidden = 8

// secrets are values that were sent and must not be printed, in lower case.
type secrets []string

func (all *secrets) add(s secret, shortest int) {
	if !s.isZero() && len(s.reveal()) >= shortest {
		*all = append(*all, lower(s.reveal()))
	}
}

// redact hides the secrets in text from the server, which may send back what it was sent, in upper or lower case.
// Secrets may overlap: all bytes of each are hidden.
func (all secrets) redact(text string) string {
	folded := lower(text)
	var hidden []bool
	for _, s := range all {
		for i := 0; ; i++ {
			next := strings.Index(folded[i:], s)
			if next < 0 {
				break
			}
			i += next
			if hidden == nil {
				hidden = make([]bool, len(text))
			}
			for j := range len(s) {
				hidden[i+j] = true
			}
		}
	}
	if hidden == nil {
		return text
	}
	var b strings.Builder
	for i := range len(text) {
		switch {
		case !hidden[i]:
			b.WriteByte(text[i])
		case i == 0 || !hidden[i-1]:
			b.WriteString(redacted)
		}
	}
	return b.String()
}

// lower converts ASCII letters to lower case, which does not move any byte.
func lower(text string) string {
	if strings.IndexFunc(text, func(r rune) bool { return 'A' <= r && r <= 'Z' }) < 0 {
		return text
	}
	b := []byte(text)
	for i, c := range b {
		if 'A' <= c && c <= 'Z' {
			b[i] = c + 'a' - 'A'
		}
	}
	return string(b)
}

// printable makes any text safe to print: one line of at most 500 characters.
func printable(s string) string { return text.Line(s, 500) }
