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
	// maxBody is the maximum size, in bytes, of a body to check: the client's default limit.
	maxBody = client.DefaultMaxResponseBytes
	// maxText is the maximum length, in characters, of what a message quotes from a server.
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

// A Transport is an [http.RoundTripper] that checks responses to GET and HEAD …/integrations/{slug}. Other exchanges
// are not checked, and neither are incomplete responses.
type Transport struct {
	// Base makes the exchanges; nil means [http.DefaultTransport].
	Base http.RoundTripper
	// Report is called with the result of each check, conforming or not, before the response is returned. Calls may be
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

// isOperation reports whether a request is GET or HEAD …/integrations/{slug}, with any path prefix.
func isOperation(method, escapedPath string) bool {
	i := max(strings.LastIndex(escapedPath, pathStart), 0)
	_, ok := operationSlug(escapedPath, escapedPath[:i])
	return ok && (method == http.MethodGet || method == http.MethodHead)
}

// hasBody reports whether a response has a body to read. After 101, another protocol follows, which may never end.
func hasBody(method string, status int) bool {
	return method != http.MethodHead && status >= 200 && status != http.StatusNoContent && status != http.StatusNotModified
}

// checkResponse checks a response and leaves its body readable. It returns an error if the body cannot be read.
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
	// If net/http requested compression, it has already decompressed the body and removed the header.
	if body, err = decompress(resp.Header.Get("Content-Encoding"), body); err != nil {
		return client.Report{}, err
	}
	return checkBody(ctx, resp.StatusCode, resp.Header.Get("Content-Type"), body, redactor(header))
}

// errTooLarge is the error for a body of more than maxBody bytes.
var errTooLarge = fmt.Errorf("the body is larger than %d MiB", maxBody>>20)

// peek reads the body and puts it back, including the error that ended it, if any.
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

// errUnknownCoding is the error for a content coding that this package cannot decode.
var errUnknownCoding = errors.New("the body is compressed in a way that cannot be undone here (Content-Encoding)")

// decompress decodes the content coding of a body.
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
		// RFC 9110 requires the zlib format, but some servers send raw DEFLATE data.
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

// checkHead checks the status code and the content type of a response.
func checkHead(status int, contentType string) client.Report {
	report := client.Report{Violations: []client.Finding{}, Drift: []client.Finding{}}
	if f, ok := checkContentType(status, contentType); !ok {
		report.Violations = append(report.Violations, f)
	}
	return report
}

// checkBody checks a complete response. It returns an error only if ctx ends.
func checkBody(ctx context.Context, status int, contentType string, body []byte, redact func(string) string) (client.Report, error) {
	report := checkHead(status, contentType)
	documented := operation().Responses.Status(status) != nil
	if mediaType, _, _ := mime.ParseMediaType(contentType); !documented || report.Conforms() && mediaType != jsonType {
		return report, nil // there is no schema, or it is an HTML page, which may be anything
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

// checkContentType checks that the contract documents the status code and the content type. If not, it returns a
// finding and false.
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
	// JSON must be encoded in UTF-8 (RFC 8259, section 8.1), of which ASCII is a subset.
	if charset := lower(parameters["charset"]); mediaType == jsonType && !slices.Contains([]string{"", "utf-8", "utf8", "us-ascii"}, charset) {
		return client.Finding{Keyword: "content", Reason: "the charset in the header Content-Type is not utf-8"}, false
	}
	return client.Finding{}, true
}
