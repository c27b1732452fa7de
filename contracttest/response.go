package contracttest

import (
	"bytes"
	"compress/gzip"
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
	"github.com/portkey-integration/portkey-integration-go/contract"
)

// maxBody bounds what is read of an answer. No integration comes near it.
const maxBody = 16 << 20

// CheckResponse holds an answer to GET /integrations/{slug} against the contract: its status, its content type and its
// body. Each finding is reported with tb.Errorf; drift, which is no error, is logged. The body can be read afterwards
// as if it had not been touched.
func CheckResponse(tb testing.TB, resp *http.Response) {
	tb.Helper()
	report, err := checkResponse(resp)
	if err != nil {
		tb.Errorf("contracttest: status %d: the answer broke off: %v", resp.StatusCode, err)
		return
	}
	tell(tb, resp, report)
}

// Transport is an [http.RoundTripper] that checks the answers passing through it to GET and HEAD …/integrations/{slug}.
// Other exchanges pass unchecked, and so do those without a complete answer.
type Transport struct {
	// Base makes the exchanges; nil means [http.DefaultTransport].
	Base http.RoundTripper
	// Report is called with each report on an answer, conforming or not, before the answer is returned. Calls may be
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
		tb.Errorf("contracttest: status %d breaks the contract: %s", resp.StatusCode, f)
	}
	for _, f := range report.Drift {
		tb.Logf("contracttest: status %d drifts from the contract: %s", resp.StatusCode, f)
	}
}

// isOperation tells whether a request is the contract's, whatever prefix its server has.
func isOperation(method, escapedPath string) bool {
	start, _, _ := strings.Cut(pathTemplate, "{")
	i := max(strings.LastIndex(escapedPath, start), 0)
	_, ok := operationSlug(escapedPath, escapedPath[:i])
	return ok && (method == http.MethodGet || method == http.MethodHead)
}

// checkResponse reads an answer, leaves it readable, and checks it. The error is one of reading.
func checkResponse(resp *http.Response) (client.Report, error) {
	if resp.Request != nil && resp.Request.Method == http.MethodHead {
		return checkHead(resp.StatusCode, resp.Header.Get("Content-Type")), nil
	}
	body, err := peek(resp)
	if err != nil {
		return client.Report{}, err
	}
	if resp.Header.Get("Content-Encoding") == "gzip" { // the caller asked for it, so net/http left it
		if body, err = gunzip(body); err != nil {
			return client.Report{}, err
		}
	}
	return checkAnswer(resp.StatusCode, resp.Header.Get("Content-Type"), body), nil
}

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
		err = fmt.Errorf("the body is larger than %d bytes", maxBody)
	}
	return body, err
}

type failingReader struct{ err error }

func (r failingReader) Read([]byte) (int, error) { return 0, r.err }

func gunzip(body []byte) ([]byte, error) {
	z, err := gzip.NewReader(bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	return io.ReadAll(io.LimitReader(z, maxBody))
}

// checkHead checks what an answer to HEAD has.
func checkHead(status int, contentType string) client.Report {
	report := client.Report{Violations: []client.Finding{}, Drift: []client.Finding{}}
	if f, ok := checkContentType(status, contentType); !ok {
		report.Violations = append(report.Violations, f)
	}
	return report
}

// checkAnswer checks a complete answer.
func checkAnswer(status int, contentType string, body []byte) client.Report {
	report := checkHead(status, contentType)
	documented := operation().Responses.Status(status) != nil
	if mediaType, _, _ := mime.ParseMediaType(contentType); !documented || report.Conforms() && mediaType != jsonType {
		return report // nothing to hold it against, or a page for people
	}
	found, err := contract.Check(status, body)
	if err != nil {
		f := client.Finding{Reason: err.Error()}
		if broken, ok := errors.AsType[*client.DecodeError](err); ok {
			f.Pointer = broken.Pointer
		}
		report.Violations = append(report.Violations, f)
		return report
	}
	found.Violations = append(report.Violations, found.Violations...)
	return found
}

// checkContentType looks for the status and the content type in the contract. Where they are not there, it returns the
// finding that says so.
func checkContentType(status int, contentType string) (client.Finding, bool) {
	response := operation().Responses.Status(status)
	if response == nil {
		return client.Finding{Keyword: "responses", Reason: fmt.Sprintf("the contract documents no status %d", status)}, false
	}
	mediaType, _, _ := mime.ParseMediaType(contentType)
	if response.Value.Content[mediaType] == nil {
		want := strings.Join(slices.Sorted(maps.Keys(response.Value.Content)), " or ")
		return client.Finding{Keyword: "content", Reason: "the header Content-Type is not " + want}, false
	}
	return client.Finding{}, true
}
