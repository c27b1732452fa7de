package contracttest

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/portkey-integration/portkey-integration-go/client"
	"github.com/portkey-integration/portkey-integration-go/internal/text"
)

// Redacted replaces anything that may be a secret in the output of [Redact], of a [HARWriter] and of a [Recorder].
const Redacted = "[redacted]"

// Redact returns a copy of the body of a response to GET /integrations/{slug} in which [Redacted] replaces anything
// that may be a secret: each property that the contract does not allow in a response, at the top level and at any depth
// of configurations, and the values of custom_headers. Everything else is unchanged, including the order of properties
// and the spelling of numbers and strings. It returns an error if the body is not JSON.
func Redact(body []byte) ([]byte, error) {
	var out bytes.Buffer
	r := bodyRedactor{
		in: jsontext.NewDecoder(bytes.NewReader(body), jsontext.AllowDuplicateNames(true)),
		to: jsontext.NewEncoder(&out, jsontext.AllowDuplicateNames(true), jsontext.PreserveRawStrings(true)),
	}
	err := r.run()
	return out.Bytes(), err
}

// bodyRedactor copies a body without its secrets.
type bodyRedactor struct {
	in          *jsontext.Decoder
	to          *jsontext.Encoder
	credentials func(string) string        // removes credentials from names and strings, if not nil
	found       func(name string, at area) // called for each secret, if not nil; in.StackPointer is its location

	areas []area // of the enclosing objects and arrays
	name  string // of the property whose value comes next
}

func (r *bodyRedactor) run() error {
	r.areas = []area{top}
	for {
		here := r.areas[len(r.areas)-1]
		opened, n := r.in.StackIndex(r.in.StackDepth())
		isProperty := opened == '{' && n%2 == 1
		kind := r.in.PeekKind()
		var err error
		switch {
		case isProperty && here.isSecret(r.name, kind):
			if r.found != nil {
				r.found(r.name, here)
			}
			err = errors.Join(r.in.SkipValue(), r.to.WriteToken(jsontext.String(Redacted)))
		case kind == '}' || kind == ']':
			r.areas = r.areas[:len(r.areas)-1]
			err = r.token()
		case kind == '{' || kind == '[':
			if isProperty {
				here = here.below(r.name)
			}
			r.areas = append(r.areas, here)
			err = r.token()
		default:
			err = r.scalar(opened == '{' && n%2 == 0)
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

func (r *bodyRedactor) token() error {
	token, err := r.in.ReadToken()
	if err != nil {
		return err
	}
	return r.to.WriteToken(token)
}

// scalar copies a value with its spelling, which a token would lose.
func (r *bodyRedactor) scalar(isName bool) error {
	value, err := r.in.ReadValue()
	if err != nil {
		return err
	}
	if value.Kind() == '"' && (isName || r.credentials != nil) {
		unquoted, err := jsontext.AppendUnquote(nil, value)
		if err != nil {
			return err
		}
		text := string(unquoted)
		if isName {
			r.name = text
		}
		if r.credentials != nil {
			if clean := r.credentials(text); clean != text {
				return r.to.WriteToken(jsontext.String(clean))
			}
		}
	}
	return r.to.WriteValue(value)
}

// An area is a part of a body with its own rules for what is secret.
type area byte

const (
	top            area = iota // the integration itself
	configurations             // its configurations, at any depth
	headers                    // custom_headers
	elsewhere                  // where the name "key" means nothing
)

// below returns the area of the value of a property.
func (a area) below(name string) area {
	switch {
	case name == "custom_headers":
		return headers
	case a == top && name == "configurations":
		return configurations
	case a == top:
		return elsewhere
	}
	return a
}

// isSecret reports whether the value of a property may hold a secret.
func (a area) isSecret(name string, kind jsontext.Kind) bool {
	switch {
	case kind == 'n':
		return false
	case a == headers:
		return true
	case name == "custom_headers":
		return kind != '{'
	}
	return (a == top || a == configurations) && secretNames()[name]
}

// unmasked returns a finding for each secret in a body that Redact would replace, except custom_headers, which the API
// does not promise to mask.
func unmasked(body []byte) []client.Finding {
	const most = 100
	var found []client.Finding
	r := bodyRedactor{
		in: jsontext.NewDecoder(bytes.NewReader(body), jsontext.AllowDuplicateNames(true)),
		to: jsontext.NewEncoder(io.Discard, jsontext.AllowDuplicateNames(true)),
	}
	r.found = func(name string, at area) {
		if at != headers && name != "custom_headers" && len(found) < most {
			found = append(found, client.Finding{
				Pointer: text.Line(string(r.in.StackPointer()), maxText),
				Keyword: "writeOnly",
				Reason:  "a secret must not be in a response",
			})
		}
	}
	_ = r.run() // Invalid JSON is reported by the check of the body.
	return found
}

const (
	minCredential  = 4 // A shorter string is no credential, and would be found everywhere.
	minHeaderValue = 8 // Of the value of a header that may contain a credential.
)

// publicHeaders are the request and response headers whose values are not secret.
var publicHeaders = map[string]bool{}

func init() {
	for _, name := range []string{
		"Accept", "Accept-Encoding", "Accept-Language", "Accept-Ranges", "Age", "Allow", "Cache-Control", "Connection",
		"Content-Encoding", "Content-Language", "Content-Length", "Content-Type", "Date", "Etag", "Expires", "Host",
		"If-Modified-Since", "If-None-Match", "Last-Modified", "Range", "Retry-After", "Server", "Te", "Transfer-Encoding",
		"Upgrade", "User-Agent", "Vary", "Via", traceHeader,
	} {
		publicHeaders[http.CanonicalHeaderKey(name)] = true
	}
}

// redactor returns a function that replaces credentials with [Redacted]: those given, and values of headers that may
// contain one. It ignores case, since a server may echo a credential in another case.
func redactor(header http.Header, credentials ...string) func(string) string {
	var secrets []string
	add := func(secret string, least int) {
		if secret = lower(strings.TrimSpace(secret)); len(secret) >= least && !slices.Contains(secrets, secret) {
			secrets = append(secrets, secret)
		}
	}
	for _, c := range credentials {
		add(c, minCredential)
	}
	for name, values := range header {
		for _, value := range values {
			switch {
			case name == "X-Portkey-Api-Key":
				add(value, minCredential)
			case name == "Authorization" || name == "Proxy-Authorization":
				_, token, _ := strings.Cut(value, " ")
				add(token, minCredential)
			case name == "Cookie":
				for part := range strings.SplitSeq(value, ";") {
					_, cookie, _ := strings.Cut(part, "=")
					add(cookie, minHeaderValue)
				}
			case !publicHeaders[name]:
				add(value, minHeaderValue)
			}
		}
	}
	// The longest first, since one may be part of another.
	slices.SortFunc(secrets, func(a, b string) int { return len(b) - len(a) })
	return func(s string) string {
		for _, secret := range secrets {
			s = replaceFold(s, secret)
		}
		return s
	}
}

// replaceFold replaces each occurrence of secret in s with Redacted, ignoring ASCII case. secret must be in lower case.
func replaceFold(s, secret string) string {
	folded := lower(s)
	if !strings.Contains(folded, secret) {
		return s
	}
	var b strings.Builder
	for {
		i := strings.Index(folded, secret)
		if i < 0 {
			return b.String() + s
		}
		b.WriteString(s[:i] + Redacted)
		s, folded = s[i+len(secret):], folded[i+len(secret):]
	}
}

// lower returns s with ASCII letters in lower case. Other bytes, and so indices, do not change.
func lower(s string) string {
	b := []byte(s)
	for i, c := range b {
		if 'A' <= c && c <= 'Z' {
			b[i] = c + 'a' - 'A'
		}
	}
	return string(b)
}
