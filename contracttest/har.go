package contracttest

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	jsonv2 "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/portkey-integration/portkey-integration-go/client"
	"github.com/portkey-integration/portkey-integration-go/internal/text"
)

// A HARResult is the result for one entry of a HAR file.
type HARResult struct {
	Entry   int    `json:"entry"` // position in the file, from 0
	Method  string `json:"method"`
	URL     string `json:"url"` // without user information, query and fragment
	Status  int    `json:"status"`
	Skipped string `json:"skipped,omitempty"` // why the entry was not checked

	client.Report
}

// Conforms reports whether the entry was checked and has no violation.
func (r HARResult) Conforms() bool { return r.Skipped == "" && r.Report.Conforms() }

// harEntry has the fields that are read from an entry of an HTTP Archive 1.2 file.
type harEntry struct {
	Request struct {
		Method string `json:"method"`
		URL    string `json:"url"`
	} `json:"request"`
	Response struct {
		Status  int       `json:"status"`
		Headers []harPair `json:"headers"`
		Content struct {
			MimeType string  `json:"mimeType"`
			Text     *string `json:"text"`
			Encoding string  `json:"encoding"`
		} `json:"content"`
	} `json:"response"`
}

// IsHAR reports whether data is a HAR file: a JSON object with a log that has a version and entries. It reads no more
// of data than necessary.
func IsHAR(data []byte) bool {
	version, entries := false, false
	err := readHAR(bytes.NewReader(data), func(name string, d *jsontext.Decoder) error {
		switch kind := d.PeekKind(); {
		case name == "version" && kind == '"':
			version = true
		case name == "entries" && kind == '[':
			entries = true
		}
		if version && entries {
			return errEnough
		}
		return d.SkipValue()
	})
	return err == errEnough
}

var errEnough = errors.New("enough")

// CheckHAR checks the responses in a HAR file, as written by browsers and proxies, against the contract. The result
// contains every entry, in order. Entries that are not responses to GET …/integrations/{slug}, or that were saved
// without a body, are skipped with a reason. The file is read entry by entry. CheckHAR returns an error if r cannot be
// read or is not a HAR file.
func CheckHAR(r io.Reader) ([]HARResult, error) {
	results := []HARResult{}
	err := eachEntry(r, func(entry *harEntry) error {
		result := HARResult{Skipped: "not an entry of a HAR file", Report: checkedNothing()}
		if entry != nil {
			result = entry.check()
		}
		result.Entry = len(results)
		results = append(results, result)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return results, nil
}

// eachEntry calls f with each entry of a HAR file, or with nil for an array element that is not an entry.
func eachEntry(r io.Reader, f func(*harEntry) error) error {
	entries := false
	err := readHAR(r, func(name string, d *jsontext.Decoder) error {
		if name != "entries" || d.PeekKind() != '[' {
			return d.SkipValue()
		}
		entries = true
		return eachElement(d, func(value jsontext.Value) error {
			entry := new(harEntry)
			if jsonv2.Unmarshal(value, entry, lenient...) != nil {
				entry = nil
			}
			return f(entry)
		})
	})
	if syntax, ok := errors.AsType[*jsontext.SyntacticError](err); ok && !errors.Is(err, io.ErrUnexpectedEOF) {
		err = fmt.Errorf("not valid JSON at byte %d", syntax.ByteOffset) // the decoder's own message could quote the file
	}
	switch {
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return errors.New("not a HAR file: it ends too early")
	case err != nil:
		return fmt.Errorf("not a HAR file: %w", err)
	case !entries:
		return errors.New("not a HAR file: it has no log with entries")
	}
	return nil
}

// lenient accepts the JSON that tools write to HAR files.
var lenient = []jsontext.Options{jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true)}

// readHAR calls member with the name of each property of the log. The next value of d is that of the property.
func readHAR(r io.Reader, member func(name string, d *jsontext.Decoder) error) error {
	d := jsontext.NewDecoder(skipByteOrderMark(r), lenient...)
	if d.PeekKind() != '{' {
		return d.SkipValue()
	}
	return eachMember(d, func(name string) error {
		if name != "log" || d.PeekKind() != '{' {
			return d.SkipValue()
		}
		return eachMember(d, func(name string) error { return member(name, d) })
	})
}

func eachMember(d *jsontext.Decoder, f func(name string) error) error {
	if _, err := d.ReadToken(); err != nil {
		return err
	}
	for d.PeekKind() == '"' {
		name, err := d.ReadToken()
		if err != nil {
			return err
		}
		if err := f(name.String()); err != nil {
			return err
		}
	}
	_, err := d.ReadToken()
	return err
}

func eachElement(d *jsontext.Decoder, f func(jsontext.Value) error) error {
	if _, err := d.ReadToken(); err != nil {
		return err
	}
	for d.PeekKind() != ']' {
		value, err := d.ReadValue()
		if err != nil {
			return err
		}
		if err := f(value); err != nil {
			return err
		}
	}
	_, err := d.ReadToken()
	return err
}

// skipByteOrderMark skips a UTF-8 byte order mark, which tools on Windows write and HAR 1.2 allows.
func skipByteOrderMark(r io.Reader) io.Reader {
	const mark = "\ufeff"
	start := make([]byte, len(mark))
	n, err := io.ReadFull(r, start)
	rest := r
	if err != nil {
		rest = failingReader{err}
		if err == io.ErrUnexpectedEOF {
			rest = failingReader{io.EOF}
		}
	}
	return io.MultiReader(strings.NewReader(strings.TrimPrefix(string(start[:n]), mark)), rest)
}

func checkedNothing() client.Report {
	return client.Report{Violations: []client.Finding{}, Drift: []client.Finding{}}
}

func (e harEntry) check() HARResult {
	result := HARResult{
		Method: text.Line(e.Request.Method, 20),
		Status: e.Response.Status,
		Report: checkedNothing(),
	}
	u, err := url.Parse(e.Request.URL)
	if err != nil {
		result.Skipped = "its URL cannot be read"
		return result
	}
	result.URL = (&url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path, RawPath: u.RawPath}).String()

	content := e.Response.Content
	switch {
	case e.Request.Method != http.MethodGet || !isOperation(e.Request.Method, u.EscapedPath()):
		result.Skipped = "not GET " + pathTemplate
		return result
	case e.Response.Status == 0:
		result.Skipped = "no response was recorded"
		return result
	case e.Response.Status == http.StatusNotModified:
		result.Skipped = "it came from a cache (304)"
		return result
	case content.Text == nil:
		result.Skipped = "no body was recorded"
		return result
	}
	body, err := e.body()
	if err != nil {
		result.Skipped = "its body is not valid base64"
		return result
	}
	result.Report, _ = checkBody(context.Background(), e.Response.Status, content.MimeType, body, redactor(nil))
	return result
}

// body returns the recorded body, or nil if there is none.
func (e harEntry) body() ([]byte, error) {
	content := e.Response.Content
	switch {
	case content.Text == nil:
		return nil, nil
	case strings.EqualFold(content.Encoding, "base64"):
		return base64.StdEncoding.DecodeString(*content.Text)
	}
	return []byte(*content.Text), nil
}

// MaxHARSize is the maximum size of the file that a [HARWriter] writes, in bytes.
const MaxHARSize = 256 << 20

// ErrHARFull is returned by [HARWriter.Write] if the file would become larger than [MaxHARSize].
var ErrHARFull = fmt.Errorf("the HAR file is full at %d MiB", MaxHARSize>>20)

// A HARWriter writes exchanges to a HAR file one by one, without keeping them in memory. After each exchange the file
// is complete. Exchanges of GET and HEAD …/integrations/{slug} are written with [Redacted] in place of credentials,
// secrets, and values of headers and query parameters that may contain one. Other exchanges are not written, because it
// is unknown what they contain. A HARWriter is safe for concurrent use.
type HARWriter struct {
	mu      sync.Mutex
	w       io.WriterAt
	end     int64 // where the next entry begins
	entries int
}

const harTail = "\n]}}\n"

// NewHARWriter writes a log without entries to the beginning of w, which should be an empty file, and returns a
// HARWriter that adds entries to it.
func NewHARWriter(w io.WriterAt) (*HARWriter, error) {
	const head = `{"log":{"version":"1.2","creator":{"name":"portkey-integration","version":"1"},"entries":[`
	if _, err := w.WriteAt([]byte(head+harTail), 0); err != nil {
		return nil, err
	}
	return &HARWriter{w: w, end: int64(len(head))}, nil
}

// Write appends an exchange to the file. It ignores an exchange that is of another operation or has no response. If the
// file would become too large, it returns [ErrHARFull].
func (h *HARWriter) Write(e Exchange) error {
	if !e.Operation || e.StatusCode == 0 {
		return nil
	}
	entry, err := marshal(e.har())
	if err != nil {
		return err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	separator := ",\n"
	if h.entries == 0 {
		separator = "\n"
	}
	if h.end+int64(len(separator)+len(entry)+len(harTail)) > MaxHARSize {
		return ErrHARFull
	}
	if _, err := h.w.WriteAt(slices.Concat([]byte(separator), entry, []byte(harTail)), h.end); err != nil {
		return err
	}
	h.end += int64(len(separator) + len(entry))
	h.entries++
	return nil
}

type (
	harRecord struct {
		StartedDateTime string             `json:"startedDateTime"`
		Time            float64            `json:"time"` // in milliseconds
		Request         harRequest         `json:"request"`
		Response        harResponse        `json:"response"`
		Cache           struct{}           `json:"cache"`
		Timings         map[string]float64 `json:"timings"`
		Comment         string             `json:"comment,omitempty"`
	}
	harRequest struct {
		Method      string    `json:"method"`
		URL         string    `json:"url"`
		HTTPVersion string    `json:"httpVersion"`
		Cookies     []harPair `json:"cookies"`
		Headers     []harPair `json:"headers"`
		QueryString []harPair `json:"queryString"`
		HeadersSize int       `json:"headersSize"`
		BodySize    int       `json:"bodySize"`
	}
	harResponse struct {
		Status      int        `json:"status"`
		StatusText  string     `json:"statusText"`
		HTTPVersion string     `json:"httpVersion"`
		Cookies     []harPair  `json:"cookies"`
		Headers     []harPair  `json:"headers"`
		Content     harContent `json:"content"`
		RedirectURL string     `json:"redirectURL"`
		HeadersSize int        `json:"headersSize"`
		BodySize    int64      `json:"bodySize"`
	}
	harContent struct {
		Size     int     `json:"size"`
		MimeType string  `json:"mimeType"`
		Text     *string `json:"text,omitempty"`
	}
	harPair struct {
		Name  string `json:"name"`
		Value string `json:"value"`
	}
)

// har returns the exchange as an entry of a HAR file.
func (e Exchange) har() harRecord {
	milliseconds := float64(e.Duration) / float64(time.Millisecond)
	record := harRecord{
		StartedDateTime: e.Start.UTC().Format(time.RFC3339Nano),
		Time:            milliseconds,
		Request: harRequest{
			Method:      e.Method,
			HTTPVersion: "HTTP/1.1",
			Cookies:     []harPair{},
			Headers:     e.harHeaders(e.request),
			QueryString: []harPair{},
			HeadersSize: -1,
		},
		Response: harResponse{
			Status:      e.StatusCode,
			StatusText:  http.StatusText(e.StatusCode),
			HTTPVersion: e.proto,
			Cookies:     []harPair{},
			Headers:     e.harHeaders(e.response),
			Content:     harContent{Size: len(e.body), MimeType: e.redact(e.response.Get("Content-Type"))},
			HeadersSize: -1,
			BodySize:    e.size,
		},
		Timings: map[string]float64{"send": 0, "wait": milliseconds, "receive": 0},
	}
	query := e.url.Query()
	for _, name := range slices.Sorted(maps.Keys(query)) {
		for i, value := range query[name] {
			if name != "workspace_id" {
				query[name][i], value = Redacted, Redacted
			}
			record.Request.QueryString = append(record.Request.QueryString, harPair{e.redact(name), e.redact(value)})
		}
	}
	public := url.URL{Scheme: e.url.Scheme, Host: e.url.Host, Path: e.url.Path, RawPath: e.url.RawPath, RawQuery: query.Encode()}
	record.Request.URL = e.redact(public.String())
	switch {
	case e.Err != nil:
		record.Comment = "incomplete: " + e.Err.Error()
	case e.Unchecked != "":
		record.Comment = "not checked: " + e.Unchecked
	case hasBody(e.Method, e.StatusCode):
		body := e.harBody()
		record.Response.Content.Text = &body
	}
	return record
}

// harBody returns the body without secrets. A body that is not JSON, such as an HTML page, is replaced entirely,
// because its secrets cannot be located; the result of its check is the same.
func (e Exchange) harBody() string {
	if len(e.body) == 0 {
		return ""
	}
	var b strings.Builder
	r := bodyRedactor{
		in:          jsontext.NewDecoder(bytes.NewReader(e.body), jsontext.AllowDuplicateNames(true)),
		to:          jsontext.NewEncoder(&b, jsontext.AllowDuplicateNames(true), jsontext.PreserveRawStrings(true)),
		credentials: e.redact,
	}
	if r.run() != nil {
		return Redacted
	}
	return strings.TrimSuffix(b.String(), "\n") // added by the encoder
}

func (e Exchange) harHeaders(header http.Header) []harPair {
	pairs := []harPair{}
	for _, name := range slices.Sorted(maps.Keys(header)) {
		for _, value := range header[name] {
			if !publicHeaders[name] {
				value = Redacted
			}
			pairs = append(pairs, harPair{e.redact(name), e.redact(value)})
		}
	}
	return pairs
}
