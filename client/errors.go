package client

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/portkey-integration/portkey-integration-go/contract"
)

// maxBody is how much of a body an error keeps, in bytes.
const maxBody = 64 << 10

// Body is the beginning of the body of a response that led to an error. Since it may contain secrets, it prints as its
// length; convert it to a string to read it.
type Body []byte

// Format implements [fmt.Formatter]: for every verb, it prints the length only.
func (b Body) Format(f fmt.State, _ rune) { _, _ = fmt.Fprintf(f, "Body(%d bytes)", len(b)) }

// LogValue implements [slog.LogValuer] with what Format prints.
func (b Body) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(b)) }

// MarshalText implements [encoding.TextMarshaler], and so the JSON form, with what Format prints.
func (b Body) MarshalText() ([]byte, error) { return []byte(fmt.Sprint(b)), nil }

// ResponseInfo is embedded in the errors of a call. If there was no response, only Attempts is set.
type ResponseInfo struct {
	StatusCode int    // Of the last response; 0 if there was none.
	TraceID    string // The header x-portkey-trace-id, by which the vendor's support finds a request; often empty.
	Attempts   int    // Number of requests made.
	Body       Body   // At most the first 64 KiB of the body. It is not part of the error's text.
}

// Errors that an [*APIError] matches with [errors.Is], by its status code.
var (
	ErrBadRequest      = errors.New("bad request")      // 400, 422
	ErrUnauthorized    = errors.New("unauthorized")     // 401; 412, a JWT that was refused
	ErrPaymentRequired = errors.New("payment required") // 402: the subscription is exhausted
	ErrForbidden       = errors.New("forbidden")        // 403: no permission, in another workspace or, as the vendor documents, deleted
	ErrConflict        = errors.New("conflict")         // 409
	ErrRateLimited     = errors.New("rate limited")     // 429
	ErrServer          = errors.New("server error")     // 500 and above

	// ErrNotFound matches a 404 only if its body is an error of the API. The 404 page of a proxy, or of another server at
	// a wrong base URL, matches none of these.
	ErrNotFound = errors.New("not found")
)

// APIError reports a response with a status code other than 200.
type APIError struct {
	ResponseInfo
	Code       string        // The vendor's error code, for example AB03; empty if the response has none.
	Message    string        // The server's message without credentials, at most 500 characters; empty if the response has none.
	RetryAfter time.Duration // From the header Retry-After; 0 if there is none.

	vendor bool // The body is one of the API's own errors.
}

// Error returns the status code, the vendor's code and message, Retry-After and the trace id.
func (e *APIError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "status code %d", e.StatusCode)
	if text := http.StatusText(e.StatusCode); text != "" {
		b.WriteString(" " + text)
	}
	if e.Code != "" {
		b.WriteString(": " + e.Code)
	}
	if e.Message != "" {
		b.WriteString(": " + e.Message)
	}
	if e.StatusCode == http.StatusNotFound && !e.vendor {
		b.WriteString(" (not a response of the API: check the base URL)")
	}
	if e.RetryAfter > 0 {
		fmt.Fprintf(&b, " (retry after %v)", e.RetryAfter)
	}
	if e.TraceID != "" {
		fmt.Fprintf(&b, " (trace id %s)", e.TraceID)
	}
	return b.String()
}

// Is reports whether target is the Err variable for e's status code.
func (e *APIError) Is(target error) bool {
	switch target {
	case ErrBadRequest:
		return e.StatusCode == http.StatusBadRequest || e.StatusCode == http.StatusUnprocessableEntity
	case ErrUnauthorized:
		return e.StatusCode == http.StatusUnauthorized || e.StatusCode == http.StatusPreconditionFailed
	case ErrPaymentRequired:
		return e.StatusCode == http.StatusPaymentRequired
	case ErrForbidden:
		return e.StatusCode == http.StatusForbidden
	case ErrNotFound:
		return e.StatusCode == http.StatusNotFound && e.vendor
	case ErrConflict:
		return e.StatusCode == http.StatusConflict
	case ErrRateLimited:
		return e.StatusCode == http.StatusTooManyRequests
	case ErrServer:
		return e.StatusCode >= 500
	}
	return false
}

// ValidationError reports a response that violates the contract. It is returned with [ValidationStrict] only. Its Body
// may contain a secret that was not masked.
type ValidationError struct {
	ResponseInfo
	Report Report // What is wrong and where; has at least one violation.
}

// Error returns the number of violations and the first three of them.
func (e *ValidationError) Error() string {
	const shown = 3
	violations := e.Report.Violations
	n := len(violations) + e.Report.MoreViolations
	var b strings.Builder
	fmt.Fprintf(&b, "response violates the contract: %s", count(n, "violation"))
	for i, v := range violations[:min(shown, len(violations))] {
		b.WriteString([]string{": ", "; "}[min(i, 1)] + v.String())
	}
	if n > shown {
		fmt.Fprintf(&b, "; and %d more", n-shown)
	}
	return b.String()
}

func count(n int, thing string) string {
	if n != 1 {
		thing += "s"
	}
	return fmt.Sprintf("%d %s", n, thing)
}

// DecodeError reports a body that is not JSON or, if it was not checked against the contract, one that does not fit the
// type [Integration].
type DecodeError struct {
	ResponseInfo
	contract.DecodeError // What is wrong, and where. It does not quote the body.
}

// Error says what is wrong and where.
func (e *DecodeError) Error() string { return "response cannot be decoded: " + e.DecodeError.Error() }

// ResponseTooLargeError reports a body that is larger, after decompression, than [WithMaxResponseBytes] allows.
type ResponseTooLargeError struct {
	ResponseInfo
	Limit int64 // In bytes.
}

// Error names the limit.
func (e *ResponseTooLargeError) Error() string {
	return fmt.Sprintf("response is larger than %d bytes; raise the limit with WithMaxResponseBytes", e.Limit)
}

// RedirectError reports a redirect that was not followed: because the key would have been sent to another origin,
// because there were more than 10, or because the redirect policy of the client given to [WithHTTPClient] refused it.
type RedirectError struct {
	ResponseInfo
	From, To string // Origins (scheme, host and port).
	Reason   string
	Err      error // What the policy of the client returned; nil if it was not called.
}

// Error names both origins and the reason.
func (e *RedirectError) Error() string {
	return fmt.Sprintf("redirect from %s to %s not followed: %s", e.From, e.To, e.Reason)
}

// Unwrap returns e.Err.
func (e *RedirectError) Unwrap() error { return e.Err }

// TokenError reports that the function given to [WithTokenSource] returned an error, or a token that cannot be sent.
type TokenError struct {
	ResponseInfo // The response with status code 401 that required a new token, if any.
	Err          error
}

// Error returns the error of the source without credentials.
func (e *TokenError) Error() string { return "token source failed: " + e.Err.Error() }

// Unwrap returns e.Err.
func (e *TokenError) Unwrap() error { return e.Err }

// TransportError reports that there was no complete response: no connection, a broken connection, a timeout, or the end
// of the context. It wraps the cause, so that [errors.Is] and [errors.As] find [context.Canceled],
// [context.DeadlineExceeded] and the errors of package net. [context.DeadlineExceeded] also stands for an attempt that
// exceeded [WithTimeout]; the caller's context has ended if its Err method says so.
type TransportError struct {
	ResponseInfo // The incomplete response, if any.
	Err          error
}

// Error returns the number of attempts and the cause.
func (e *TransportError) Error() string {
	s := fmt.Sprintf("request failed after %s", count(e.Attempts, "attempt"))
	if e.StatusCode != 0 {
		s += fmt.Sprintf(" (status code %d)", e.StatusCode)
	}
	return s + ": " + e.Err.Error()
}

// Unwrap returns e.Err.
func (e *TransportError) Unwrap() error { return e.Err }

// quietError wraps an error whose own text must not be printed.
type quietError struct {
	text string
	err  error
}

func (e *quietError) Error() string { return e.text }
func (e *quietError) Unwrap() error { return e.err }

// quoted matches what errors of net/http quote from a server or from the environment's proxy setting.
var quoted = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`"(?:[^"\\]|\\.)*"`) })

// quiet returns err with quotations and secrets removed from its text.
func (x *exchange) quiet(err error) error {
	text := x.sent.line(quoted().ReplaceAllLiteralString(err.Error(), `"…"`))
	if text == err.Error() {
		return err
	}
	return &quietError{text, err}
}

// apiError returns the error for a status code other than 200. It reads the code and the message from every form of
// error body that the contract describes.
func (x *exchange) apiError() *APIError {
	e := &APIError{ResponseInfo: x.info()}
	e.RetryAfter, _ = retryAfter(x.response.Header)
	// Each of the properties may have any type.
	type details struct {
		Message   any `json:"message"`
		Code      any `json:"code"`
		ErrorCode any `json:"errorCode"`
	}
	var body struct {
		details
		Success any `json:"success"`
		Msg     any `json:"msg"`
		Data    any `json:"data"`
		Error   any `json:"error"`
	}
	// What cannot be decoded stays empty: the status code alone is an error worth returning.
	malformed := json.Unmarshal(x.body, &body)
	property := func(object any, name string) any {
		properties, _ := object.(map[string]any)
		return properties[name]
	}
	code := firstText(property(body.Data, "errorCode"), property(body.Error, "code"), body.ErrorCode)
	wrapped := firstText(property(body.Data, "message"), property(body.Error, "message"))
	e.Code = x.sent.line(code)
	e.Message = x.sent.line(firstText(wrapped, body.Message, body.Error, body.Msg))
	// Errors of a gateway in front of the API have at most a message: {"message": …}, {"msg": …}, {"error": "…"}.
	e.vendor = malformed == nil && (wrapped != "" || code != "" || body.Success == false)
	return e
}

// firstText returns the first of the values that is a non-empty string or a number, as a string.
func firstText(values ...any) string {
	for _, v := range values {
		switch v := v.(type) {
		case string:
			if v != "" {
				return v
			}
		case float64:
			return fmt.Sprint(v)
		}
	}
	return ""
}
