package client

import (
	"fmt"
	"log/slog"
	"strings"
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

// scrub removes the secrets from text that a server sent, which may echo what it was sent.
func scrub(text string, secrets []secret) string {
	for _, s := range secrets {
		text = strings.ReplaceAll(text, s.reveal(), redacted)
	}
	return text
}
