package contracttest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/portkey-integration/portkey-integration-go/client"
)

// RecordEnv is the environment variable that makes each [Recorder] record instead of replaying:
//
//	PORTKEY_RECORD=1 go test -run TestOfMine ./...
const RecordEnv = "PORTKEY_RECORD"

// A Recorder is an [http.RoundTripper] that records the responses of a real control plane once, so that later runs of
// the test replay them without one. It accepts GET and HEAD …/integrations/{slug} only.
//
// A recording is a HAR file, which [CheckHAR] and the command portkey-integration check can read. [Redacted] replaces
// credentials and secrets in it. A request is matched by method, slug and workspace, not by the address of the control
// plane; repeated requests get the recorded responses in order. While recording, the Recorder returns each response as
// it will replay it, so that both kinds of run see the same responses.
type Recorder struct {
	// Base makes the exchanges that are recorded; nil means [http.DefaultTransport].
	Base http.RoundTripper

	tb        testing.TB
	path      string
	recording bool

	mu      sync.Mutex
	left    map[string][]harEntry // not yet replayed, by request
	all     map[string]int        // number recorded, by request
	baseURL string                // of the first entry

	file   *os.File
	har    *HARWriter
	count  int
	failed bool // whether an exchange could not be recorded
}

// NewRecorder returns a Recorder for the file dir/<name of the test>.har. If [RecordEnv] is set, the file is written
// when the test ends, unless a response is missing. Otherwise the file must exist, and the test fails at its end if a
// recorded response was not requested.
func NewRecorder(tb testing.TB, dir string) *Recorder {
	tb.Helper()
	r := &Recorder{
		tb:        tb,
		path:      filepath.Join(dir, fileName(tb.Name())+".har"),
		recording: !slices.Contains([]string{"", "0"}, os.Getenv(RecordEnv)),
		left:      map[string][]harEntry{},
		all:       map[string]int{},
	}
	open, end := r.openRecording, r.endPlayback
	if r.recording {
		open, end = r.startRecording, r.endRecording
	}
	if err := open(); err != nil {
		tb.Fatalf("contracttest: recording %s: %v", r.path, withoutPath(err))
	}
	tb.Cleanup(end)
	return r
}

// fileName converts the name of a test to a portable file name.
func fileName(test string) string {
	return strings.Map(func(r rune) rune {
		if 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || strings.ContainsRune("-_.", r) {
			return r
		}
		return '_'
	}, test)
}

// NewClient returns a client that uses the Recorder, with the given options. While recording, it takes the base URL and
// the key from the environment, as [client.New] does. For replaying it needs neither.
func (r *Recorder) NewClient(tb testing.TB, opts ...client.Option) *client.Client {
	tb.Helper()
	own := []client.Option{client.WithHTTPClient(&http.Client{Transport: r})}
	if !r.recording {
		own = append(own, client.WithBaseURL(r.baseURL), client.WithAPIKey(DefaultAPIKey))
	}
	c, err := client.New(append(own, opts...)...)
	if err != nil {
		tb.Fatalf("contracttest: %v", err)
	}
	return c
}

// RoundTrip implements [http.RoundTripper].
func (r *Recorder) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.Body != nil {
		_ = req.Body.Close()
	}
	if !isOperation(req.Method, req.URL.EscapedPath()) {
		return nil, r.fail(fmt.Errorf("a Recorder is for GET and HEAD …%s, not for %s %s", pathTemplate, req.Method, req.URL.EscapedPath()))
	}
	if r.recording {
		return r.record(req)
	}
	return r.play(req)
}

// fail returns the error and also fails the test, since a client may ignore the error or retry.
func (r *Recorder) fail(err error) error {
	r.tb.Errorf("contracttest: %v", err)
	return fmt.Errorf("contracttest: %w", err)
}

func (r *Recorder) startRecording() (err error) {
	if err := os.MkdirAll(filepath.Dir(r.path), 0o755); err != nil {
		return err
	}
	// The earlier recording is kept until the new one is complete.
	if r.file, err = os.CreateTemp(filepath.Dir(r.path), ".recording-*"); err != nil {
		return err
	}
	r.har, err = NewHARWriter(r.file)
	return err
}

func (r *Recorder) record(req *http.Request) (*http.Response, error) {
	base := r.Base
	if base == nil {
		base = http.DefaultTransport
	}
	e := Exchange{
		Method: req.Method, Path: req.URL.EscapedPath(), Operation: true, Start: time.Now(),
		url: req.URL, proto: "HTTP/1.1", request: req.Header, redact: redactor(req.Header),
	}
	resp, err := base.RoundTrip(req)
	if err == nil {
		defer resp.Body.Close()
		e.StatusCode, e.response = resp.StatusCode, resp.Header
		if hasBody(req.Method, resp.StatusCode) {
			e.body, err = peek(resp)
		}
		if err == nil {
			e.body, err = decompress(resp.Header.Get("Content-Encoding"), e.body)
		}
	}
	e.Duration, e.size = time.Since(e.Start), int64(len(e.body))
	var entry harEntry
	if err == nil {
		var saved []byte
		if saved, err = marshal(e.har()); err == nil {
			err = json.Unmarshal(saved, &entry)
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if err == nil {
		err = r.har.Write(e)
	}
	if err != nil {
		r.failed = true
		return nil, err
	}
	r.count++
	return entry.response(req)
}

func (r *Recorder) endRecording() {
	r.mu.Lock()
	defer r.mu.Unlock()
	temporary := r.file.Name()
	err := r.file.Close()
	switch {
	case err != nil:
	case r.failed:
		err = errors.New("a response was missing or incomplete")
	case r.count == 0:
		err = errors.New("no request was made")
	default:
		if err = os.Chmod(temporary, 0o644); err == nil {
			err = os.Rename(temporary, r.path)
		}
	}
	if err != nil {
		_ = os.Remove(temporary)
		r.tb.Errorf("contracttest: the recording %s is not written: %v", r.path, withoutPath(err))
		return
	}
	r.tb.Logf("contracttest: %d exchanges are recorded in %s", r.count, r.path)
}

func (r *Recorder) openRecording() error {
	data, err := File(r.path).read()
	if err != nil {
		return fmt.Errorf("%w; record it with %s=1", err, RecordEnv)
	}
	return eachEntry(bytes.NewReader(data), func(entry *harEntry) error {
		if entry == nil {
			return nil
		}
		u, err := url.Parse(entry.Request.URL)
		if err != nil || !isOperation(entry.Request.Method, u.EscapedPath()) {
			return nil // a file that another tool has written
		}
		if r.baseURL == "" {
			r.baseURL = u.Scheme + "://" + u.Host + u.EscapedPath()[:strings.LastIndex(u.EscapedPath(), pathStart)]
		}
		request := operationOf(entry.Request.Method, u)
		r.left[request] = append(r.left[request], *entry)
		r.all[request]++
		return nil
	})
}

func (r *Recorder) play(req *http.Request) (*http.Response, error) {
	if err := req.Context().Err(); err != nil {
		return nil, err
	}
	request := operationOf(req.Method, req.URL)
	r.mu.Lock()
	entries := r.left[request]
	if len(entries) > 0 {
		r.left[request] = entries[1:]
	}
	r.mu.Unlock()
	switch {
	case len(entries) > 0:
		return entries[0].response(req)
	case r.all[request] > 0:
		return nil, r.fail(fmt.Errorf("%s has %d responses to %s, and this request is one more; record again with %s=1", r.path, r.all[request], request, RecordEnv))
	}
	return nil, r.fail(fmt.Errorf("%s has no response to %s; record again with %s=1", r.path, request, RecordEnv))
}

func (r *Recorder) endPlayback() {
	if r.tb.Failed() || r.tb.Skipped() {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	var unused []string
	for request, entries := range r.left {
		if len(entries) > 0 {
			unused = append(unused, fmt.Sprintf("contracttest: %s has %d responses to %s, of which %d were not asked for; record again with %s=1",
				r.path, r.all[request], request, len(entries), RecordEnv))
		}
	}
	slices.Sort(unused)
	for _, text := range unused {
		r.tb.Errorf("%s", text)
	}
}

// operationOf returns what identifies a request: method, slug and query. Only workspace_id has a value in recordings.
func operationOf(method string, u *url.URL) string {
	query := u.Query()
	for name, values := range query {
		if name != "workspace_id" {
			query[name] = slices.Repeat([]string{Redacted}, len(values))
		}
	}
	path := u.EscapedPath()
	request := method + " " + path[strings.LastIndex(path, pathStart):]
	if len(query) > 0 {
		request += "?" + query.Encode()
	}
	return request
}

// response returns the recorded response as the response to req.
func (e harEntry) response(req *http.Request) (*http.Response, error) {
	body, err := e.body()
	if err != nil {
		return nil, fmt.Errorf("contracttest: the recorded body: %w", err)
	}
	header := http.Header{}
	for _, pair := range e.Response.Headers {
		switch name := http.CanonicalHeaderKey(pair.Name); name {
		case "Content-Encoding", "Content-Length", "Transfer-Encoding", "Connection": // they describe the body as it was sent
		default:
			if pair.Value != Redacted {
				header.Add(name, pair.Value)
			}
		}
	}
	return &http.Response{
		Status:        fmt.Sprintf("%d %s", e.Response.Status, http.StatusText(e.Response.Status)),
		StatusCode:    e.Response.Status,
		Proto:         "HTTP/1.1",
		ProtoMajor:    1,
		ProtoMinor:    1,
		Header:        header,
		Body:          io.NopCloser(bytes.NewReader(body)),
		ContentLength: int64(len(body)),
		Request:       req,
	}, nil
}
