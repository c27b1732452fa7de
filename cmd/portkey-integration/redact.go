package main

import (
	"bytes"
	"errors"
	"io"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

const redacted = "[redacted]"

// redact copies an answer and puts "[redacted]" in the place of what may be a secret. Everything else stays as it is,
// to the spelling of numbers and strings.
func redact(body []byte) ([]byte, error) {
	var out bytes.Buffer
	in := jsontext.NewDecoder(bytes.NewReader(body))
	to := jsontext.NewEncoder(&out, jsontext.PreserveRawStrings(true))
	for {
		if kind := in.PeekKind(); atValue(in) && kind != 'n' && isSecret(in.StackPointer(), kind) {
			if err := errors.Join(in.SkipValue(), to.WriteToken(jsontext.String(redacted))); err != nil {
				return nil, err
			}
			continue
		}
		switch in.PeekKind() {
		case '{', '[', '}', ']':
			token, err := in.ReadToken()
			if err != nil {
				return nil, err
			}
			if err := to.WriteToken(token); err != nil {
				return nil, err
			}
		default: // A value is copied as it is spelled; a token would be spelled anew.
			value, err := in.ReadValue()
			if errors.Is(err, io.EOF) {
				return out.Bytes(), nil
			}
			if err != nil {
				return nil, err
			}
			if err := to.WriteValue(value); err != nil {
				return nil, err
			}
		}
	}
}

// atValue tells whether the next token is the value of a member of an object.
func atValue(in *jsontext.Decoder) bool {
	kind, n := in.StackIndex(in.StackDepth())
	return kind == '{' && n%2 == 1
}

// isSecret tells whether the member at p may hold a secret: a header's value, or a property that the contract keeps
// out of answers, at the top or anywhere in a configuration. Elsewhere "key" is but a word.
func isSecret(p jsontext.Pointer, kind jsontext.Kind) bool {
	parent, name := p.Parent(), p.LastToken()
	switch {
	case parent.LastToken() == "custom_headers":
		return true
	case name == "custom_headers":
		return kind != '{'
	}
	return secretNames()[name] && (parent == "" || strings.HasPrefix(string(p), "/configurations/"))
}
