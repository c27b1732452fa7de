package contracttest

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"mime"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/portkey-integration/portkey-integration-go/client"
	"github.com/portkey-integration/portkey-integration-go/internal/text"
)

const (
	// maxBody limits what is kept of a body to check it: no more than a client takes.
	maxBody = client.DefaultMaxResponseBytes
	// maxText limits, in characters, a text of a server that a message repeats.
	maxText = 300
)

// CheckResponse checks the status code, the content type and the body of a response to GET /integrations/{slug} against
// the contract. It calls tb.Errorf for each violation and tb.Log for drift, which is not an error. The body can still
// be read afterwards.
func CheckResponse(tb testing.TB, resp *http.Response) {
	tb.Helper()
	report, err := checkResponse(resp)
	if err != nil {
		tb.Errorf("contracttest: a response with status code %d cannot be checked: %v", resp.StatusCode, err)
		return
	}
	tell(tb, resp, report)
}

// Transport is an [http.RoundTripper] that checks responses to GET and HEAD …/integrations/{slug}. Other exchanges are
// not checked, and neither are incomplete responses.
type Transport struct {
	// Base makes the exchanges; nil means [http.DefaultTransport].
	Base http.RoundTripper
	// Report is called with each report on a response, conforming or not, before the response is returned. Calls may be
	// concurrent.
	Report func(*http.Response, client.Report)
}

// NewTransport returns a Transport that reports to a test as [CheckResponse] does.
func NewTransport(tb testing.TB, base http.RoundTripper) *Transport {
	return &Transport{Base: base, Report: func(resp *http.Response, report client.Report) { tell(tb, resp, report) }}
}

// RoundTrip implements [http.RoundTripper].
func (t *Transport) RoundTrip(r *http.Request) (*http.Response, error) {
	base := t.Base
	if base == nil {
		base = http.DefaultTransport
	}
	resp, err := base.RoundTrip(r)
	if err != nil || t.Report == nil || !isOperation(r.Method, r.URL.EscapedPath()) {
		return resp, err
	}
	if report, err := checkResponse(resp); err == nil {
		t.Report(resp, report)
	}
	return resp, nil
}

func tell(tb testing.TB, resp *http.Response, report client.Report) {
	tb.Helper()
	for _, f := range report.Violations {
		tb.Errorf("contracttest: a response with status code %d violates the contract: %s", resp.StatusCode, f)
	}
	for _, f := range report.Drift {
		tb.Logf("contracttest: a response with status code %d drifts from the contract: %s", resp.StatusCode, f)
	}
	violations, drift := counts(report)
	if more := violations - len(report.Violations); more > 0 {
		tb.Errorf("contracttest: a response with status code %d has %d more violations", resp.StatusCode, more)
	}
	if more := drift - len(report.Drift); more > 0 {
		tb.Logf("contracttest: a response with status code %d has %d more findings of drift", resp.StatusCode, more)
	}
}

// isOperation reports whether a request is the contract's, whatever prefix its server has.
func isOperation(method, escapedPath string) bool {
	i := max(strings.LastIndex(escapedPath, pathStart), 0)
	_, ok := operationSlug(escapedPath, escapedPath[:i])
	return ok && (method == http.MethodGet || method == http.MethodHead)
}

// hasBody reports whether a response has a body to read. What follows 101 is another protocol, and may never end.
func hasBody(method string, status int) bool {
	return method != http.MethodHead && status >= 200 && status != http.StatusNoContent && status != http.StatusNotModified
}

// checkResponse reads a response, leaves it readable, and checks it. The error is about reading.
func checkResponse(resp *http.Response) (client.Report, error) {
	ctx, method := context.Background(), http.MethodGet
	var header http.Header
	if resp.Request != nil {
		ctx, method, header = resp.Request.Context(), resp.Request.Method, resp.Request.Header
	}
	if !hasBody(method, resp.StatusCode) {
		return checkHead(resp.StatusCode, resp.Header.Get("Content-Type")), nil
	}
	body, err := peek(resp)
	if err != nil {
		return client.Report{}, err
	}
	// Where net/http asked for compression, it has undone it, and the header is gone.
	if body, err = decompress(resp.Header.Get("Content-Encoding"), body); err != nil {
		return client.Report{}, err
	}
	return checkBody(ctx, resp.StatusCode, resp.Header.Get("Content-Type"), body, redactor(header))
}

// errTooLarge is about a body of more than maxBody bytes.
var errTooLarge = fmt.Errorf("the body is larger than %d MiB", maxBody>>20)

// peek reads the body and puts it back, with the error that ended it if there was one.
func peek(resp *http.Response) ([]byte, error) {
	if resp.Body == nil {
		return nil, nil
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxBody+1))
	rest := io.Reader(resp.Body)
	if err != nil {
		rest = failingReader{err}
	}
	resp.Body = struct {
		io.Reader
		io.Closer
	}{io.MultiReader(bytes.NewReader(body), rest), resp.Body}
	if err == nil && len(body) > maxBody {
		err = errTooLarge
	}
	return body, err
}

type failingReader struct{ err error }

func (r failingReader) Read([]byte) (int, error) { return 0, r.err }

// errUnknownCoding is about a content coding that this package cannot undo.
var errUnknownCoding = errors.New("the body is compressed in a way that cannot be undone here (Content-Encoding)")

// decompress undoes the content coding of a body.
func decompress(coding string, body []byte) ([]byte, error) {
	var (
		reader io.Reader
		err    error
	)
	switch coding = lower(strings.TrimSpace(coding)); coding {
	case "", "identity":
		return body, nil
	case "gzip", "x-gzip":
		reader, err = gzip.NewReader(bytes.NewReader(body))
	case "deflate":
		// By RFC 9110 it is zlib's format; some servers leave its frame out.
		if reader, err = zlib.NewReader(bytes.NewReader(body)); errors.Is(err, zlib.ErrHeader) {
			reader, err = flate.NewReader(bytes.NewReader(body)), nil
		}
	default:
		return nil, errUnknownCoding
	}
	if err == nil {
		body, err = io.ReadAll(io.LimitReader(reader, maxBody+1))
	}
	switch {
	case err != nil:
		return nil, fmt.Errorf("the body is not %s, as the header Content-Encoding says", coding)
	case len(body) > maxBody:
		return nil, errTooLarge
	}
	return body, nil
}

// checkHead checks what a response without a body has.
func checkHead(status int, contentType string) client.Report {
	report := client.Report{Violations: []client.Finding{}, Drift: []client.Finding{}}
	if f, ok := checkContentType(status, contentType); !ok {
		report.Violations = append(report.Violations, f)
	}
	return report
}

// checkBody checks a complete response. The error is the end of ctx.
func checkBody(ctx context.Context, status int, contentType string, body []byte, redact func(string) string) (client.Report, error) {
	report := checkHead(status, contentType)
	documented := operation().Responses.Status(status) != nil
	if mediaType, _, _ := mime.ParseMediaType(contentType); !documented || report.Conforms() && mediaType != jsonType {
		return report, nil // nothing to compare it with, or a page for people
	}
	found, err := check(ctx, status, body, redact)
	if err != nil {
		if end := ctx.Err(); end != nil {
			return report, end
		}
		f := client.Finding{Reason: text.Line(redact(err.Error()), maxText)}
		if undecodable, ok := errors.AsType[*client.DecodeError](err); ok {
			f.Pointer = text.Line(redact(undecodable.Pointer), maxText)
		}
		report.Violations = append(report.Violations, f)
		return report, nil
	}
	found.Violations = append(report.Violations, found.Violations...)
	return found, nil
}

// checkContentType looks for the status code and the content type in the contract. Where they are not there, it returns
// the finding that says so.
func checkContentType(status int, contentType string) (client.Finding, bool) {
	response := operation().Responses.Status(status)
	if response == nil {
		return client.Finding{Keyword: "responses", Reason: fmt.Sprintf("the contract documents no status code %d", status)}, false
	}
	mediaType, parameters, _ := mime.ParseMediaType(contentType)
	if response.Value.Content[mediaType] == nil {
		want := strings.Join(slices.Sorted(maps.Keys(response.Value.Content)), " or ")
		return client.Finding{Keyword: "content", Reason: "the header Content-Type is not " + want}, false
	}
	// JSON has no other encoding than UTF-8 (RFC 8259, section 8.1), of which ASCII is a part.
	if charset := lower(parameters["charset"]); mediaType == jsonType && !slices.Contains([]string{"", "utf-8", "utf8", "us-ascii"}, charset) {
		return client.Finding{Keyword: "content", Reason: "the charset in the header Content-Type is not utf-8"}, false
	}
	return client.Finding{}, true
}
