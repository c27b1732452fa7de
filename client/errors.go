package client

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/go-json-experiment/json"
)

// maxKeptBody is how much of a body an error keeps, in bytes.
const maxKeptBody = 64 << 10

// Body is what an error keeps of the body it came from. It may hold anything, so it prints as its length; convert it to
// a string to see it.
type Body []byte

// Format implements [fmt.Formatter]: whatever the verb, it prints the length and none of the content.
func (b Body) Format(f fmt.State, _ rune) { _, _ = fmt.Fprintf(f, "Body(%d bytes)", len(b)) }

// LogValue implements [slog.LogValuer] with what Format prints.
func (b Body) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(b)) }

// MarshalText implements [encoding.TextMarshaler], and so what JSON shows, with what Format prints.
func (b Body) MarshalText() ([]byte, error) { return []byte(fmt.Sprint(b)), nil }

// Errors that an [*APIError] matches with [errors.Is], by the status of the answer.
var (
	ErrBadRequest   = errors.New("bad request")  // 400, 422
	ErrUnauthorized = errors.New("unauthorized") // 401, 412 (a JWT that was refused)
	ErrForbidden    = errors.New("forbidden")    // 403
	ErrNotFound     = errors.New("not found")    // 404
	ErrRateLimited  = errors.New("rate limited") // 429
	ErrServer       = errors.New("server error") // 500 and above
)

// APIError is an answer with a status other than 200.
type APIError struct {
	StatusCode int
	Code       string        // The vendor's code, for example AB03; empty where the answer has none.
	Message    string        // What the server says, credentials removed; empty where it says nothing.
	TraceID    string        // The header x-portkey-trace-id, which the vendor's support asks for; often empty.
	RetryAfter time.Duration // The header Retry-After; 0 where there is none.
	Attempts   int           // Number of requests made.
	Body       Body          // The first 64 KiB of the body. Not part of Error().
}

func (e *APIError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "status %d", e.StatusCode)
	if text := http.StatusText(e.StatusCode); text != "" {
		b.WriteString(" " + text)
	}
	if e.Code != "" {
		b.WriteString(": " + e.Code)
	}
	if e.Message != "" {
		b.WriteString(": " + e.Message)
	}
	if e.RetryAfter > 0 {
		fmt.Fprintf(&b, " (retry after %v)", e.RetryAfter)
	}
	if e.TraceID != "" {
		fmt.Fprintf(&b, " (trace %s)", e.TraceID)
	}
	return b.String()
}

// Is reports whether target is the sentinel of e's status.
func (e *APIError) Is(target error) bool {
	switch target {
	case ErrBadRequest:
		return e.StatusCode == http.StatusBadRequest || e.StatusCode == http.StatusUnprocessableEntity
	case ErrUnauthorized:
		return e.StatusCode == http.StatusUnauthorized || e.StatusCode == http.StatusPreconditionFailed
	case ErrForbidden:
		return e.StatusCode == http.StatusForbidden
	case ErrNotFound:
		return e.StatusCode == http.StatusNotFound
	case ErrRateLimited:
		return e.StatusCode == http.StatusTooManyRequests
	case ErrServer:
		return e.StatusCode >= 500
	}
	return false
}

// ValidationError is an answer that breaks the contract. It is returned with [ValidationStrict] only.
type ValidationError struct {
	StatusCode int
	TraceID    string // The header x-portkey-trace-id.
	Report     Report // What is wrong and where; has at least one violation.
	Body       Body   // The first 64 KiB of the body, which may hold an unmasked secret. Not part of Error().
}

func (e *ValidationError) Error() string {
	const shown = 3
	violations := e.Report.Violations
	var b strings.Builder
	fmt.Fprintf(&b, "the answer breaks the contract in %d place", len(violations))
	if len(violations) != 1 {
		b.WriteByte('s')
	}
	for i, v := range violations[:min(shown, len(violations))] {
		b.WriteString([]string{": ", "; "}[min(i, 1)] + printable(v.String()))
	}
	if more := len(violations) - shown; more > 0 {
		fmt.Fprintf(&b, "; and %d more", more)
	}
	return b.String()
}

// DecodeError is a body that is not what JSON and the types of package gen can hold: no JSON at all, duplicate names,
// invalid UTF-8, data after the end, nesting deeper than 10,000, or (unless answers are validated) a wrong type.
type DecodeError struct {
	StatusCode int    // 0 where the body came without one.
	Offset     int64  // Where in the body, in bytes.
	Pointer    string // Where in the value, as a JSON Pointer.
	Reason     string // What is wrong. It quotes nothing of the body.
	Body       Body   // The first 64 KiB of the body. Not part of Error().
}

func (e *DecodeError) Error() string {
	return fmt.Sprintf("the body cannot be decoded: %s (at byte %d, %q)", e.Reason, e.Offset, printable(e.Pointer))
}

// ResponseTooLargeError is a body of more bytes than [WithMaxResponseBytes] allows, after decompression.
type ResponseTooLargeError struct {
	StatusCode int
	Limit      int64 // In bytes.
	Body       Body  // The first 64 KiB of the body. Not part of Error().
}

func (e *ResponseTooLargeError) Error() string {
	return fmt.Sprintf("the body is larger than %d bytes; raise the limit with WithMaxResponseBytes", e.Limit)
}

// RedirectError is a redirect that was not followed, since the key would have gone to another origin, since there were
// too many, or since the policy of the client given with [WithHTTPClient] refused it.
type RedirectError struct {
	From, To string // Origins: scheme, host and port.
	Reason   string
	Err      error // What the policy returned; nil where it was not asked.
}

func (e *RedirectError) Error() string {
	return fmt.Sprintf("redirect from %s to %s not followed: %s", e.From, e.To, e.Reason)
}

func (e *RedirectError) Unwrap() error { return e.Err }

// TransportError is a failure to get a complete answer: no connection, a broken one, a timeout, a context that ended.
// It wraps the cause, so that [context.Canceled], [context.DeadlineExceeded] and the errors of package net stay visible.
type TransportError struct {
	StatusCode int  // Status of the answer that broke off; 0 where none began.
	Attempts   int  // Number of requests made.
	Body       Body // What came of the body before it broke off, at most 64 KiB. Not part of Error().
	Err        error
}

func (e *TransportError) Error() string {
	s := fmt.Sprintf("no complete answer after %d attempt", e.Attempts)
	if e.Attempts != 1 {
		s += "s"
	}
	if e.StatusCode != 0 {
		s += fmt.Sprintf(" (status %d)", e.StatusCode)
	}
	return s + ": " + e.Err.Error()
}

func (e *TransportError) Unwrap() error { return e.Err }

// quietError stands for an error whose own text is not fit to print.
type quietError struct {
	text string
	err  error
}

func (e *quietError) Error() string { return e.text }
func (e *quietError) Unwrap() error { return e.err }

// quoted is what the errors of net/http hold of what a server, or the environment's proxy setting, said.
var quoted = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`"(?:[^"\\]|\\.)*"`) })

// quiet is err without what its text quotes, and without the secrets.
func quiet(err error, secrets secrets) error {
	text := secrets.clean(quoted().ReplaceAllLiteralString(err.Error(), `"…"`))
	if text == err.Error() {
		return err
	}
	return &quietError{text, err}
}

// apiError reads an answer with a status other than 200. All four documented shapes of the body are understood, and
// any other is kept.
func apiError(a *answer) *APIError {
	e := &APIError{
		StatusCode: a.response.StatusCode,
		TraceID:    a.secrets().clean(traceID(a.response)),
		Attempts:   a.attempts,
		Body:       keep(a.body),
	}
	e.RetryAfter, _ = retryAfter(a.response.Header)
	var body struct {
		Message   string `json:"message"`
		ErrorCode string `json:"errorCode"`
		Data      struct {
			Message   string `json:"message"`
			ErrorCode string `json:"errorCode"`
		} `json:"data"`
		Error struct {
			Message string `json:"message"`
			Code    any    `json:"code"`
		} `json:"error"`
	}
	// What cannot be decoded stays empty: the status alone is an error worth returning.
	_ = json.Unmarshal(a.body, &body, json.RejectUnknownMembers(false))
	e.Message = a.secrets().clean(firstOf(body.Data.Message, body.Error.Message, body.Message))
	code := ""
	if body.Error.Code != nil {
		code = fmt.Sprint(body.Error.Code)
	}
	e.Code = a.secrets().clean(firstOf(body.Data.ErrorCode, code, body.ErrorCode))
	return e
}

func firstOf(texts ...string) string {
	for _, t := range texts {
		if t != "" {
			return t
		}
	}
	return ""
}

// keep is what an error keeps of a body: a copy, as an error may live long and the whole body need not.
func keep(body []byte) Body {
	return bytes.Clone(body[:min(len(body), maxKeptBody)])
}
