package contracttest

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/portkey-integration/portkey-integration-go/client"
)

// A HARResult says what became of one entry of a HAR file.
type HARResult struct {
	Entry   int    `json:"entry"` // position in the file, from 0
	Method  string `json:"method"`
	URL     string `json:"url"` // without user information, query and fragment
	Status  int    `json:"status"`
	Skipped string `json:"skipped,omitempty"` // why the entry was not checked

	client.Report
}

// Conforms tells whether the entry was checked and has no violation.
func (r HARResult) Conforms() bool { return r.Skipped == "" && r.Report.Conforms() }

// har is what is read of HTTP Archive 1.2.
type har struct {
	Log *struct {
		Entries []harEntry
	}
}

type harEntry struct {
	Request struct {
		Method string
		URL    string
	}
	Response struct {
		Status  int
		Content struct {
			MimeType string
			Text     *string
			Encoding string
		}
	}
}

// CheckHAR checks the answers recorded in a HAR file, as browsers and proxies save it, against the contract. The result
// has every entry in order: those that are no answer to GET …/integrations/{slug}, or that were saved without a body,
// are skipped with a reason.
func CheckHAR(r io.Reader) ([]HARResult, error) {
	data, err := io.ReadAll(r)
	if err != nil {
		return nil, fmt.Errorf("read the HAR file: %w", err)
	}
	var file har
	// Tools on Windows begin the file with a byte order mark, which HAR 1.2 allows.
	if err := json.Unmarshal(bytes.TrimPrefix(data, []byte("\ufeff")), &file); err != nil {
		return nil, notHAR(err)
	}
	if file.Log == nil || file.Log.Entries == nil {
		return nil, errors.New("not a HAR file: it has no log with entries")
	}
	results := make([]HARResult, len(file.Log.Entries))
	for i, e := range file.Log.Entries {
		results[i] = e.check()
		results[i].Entry = i
	}
	return results, nil
}

// notHAR says why a file was not read. The decoder's own message could quote it.
func notHAR(err error) error {
	if syntax, ok := errors.AsType[*json.SyntaxError](err); ok {
		return fmt.Errorf("not a HAR file: no JSON at byte %d", syntax.Offset)
	}
	if wrong, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return fmt.Errorf("not a HAR file: %s is not a %s", wrong.Field, wrong.Type)
	}
	return errors.New("not a HAR file: no JSON")
}

func (e harEntry) check() HARResult {
	result := HARResult{
		Method: e.Request.Method,
		Status: e.Response.Status,
		Report: client.Report{Violations: []client.Finding{}, Drift: []client.Finding{}},
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
		result.Skipped = "no answer was recorded"
		return result
	case e.Response.Status == http.StatusNotModified:
		result.Skipped = "answered from a cache (304)"
		return result
	case content.Text == nil:
		result.Skipped = "no body was recorded"
		return result
	}
	body := []byte(*content.Text)
	if strings.EqualFold(content.Encoding, "base64") {
		if body, err = base64.StdEncoding.DecodeString(*content.Text); err != nil {
			result.Skipped = "its body is not valid base64"
			return result
		}
	}
	result.Report = checkAnswer(e.Response.Status, content.MimeType, body)
	return result
}
