package contracttest_test

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/portkey-integration/portkey-integration-go/contracttest"
)

// recordIn runs f with a recorder, which writes its recording to dir.
func recordIn(t *testing.T, dir string, f func(tb testing.TB, r *contracttest.Recorder)) *fakeTB {
	t.Helper()
	t.Setenv(contracttest.RecordEnv, "1")
	fake := fails(t, func(tb testing.TB) { f(tb, contracttest.NewRecorder(tb, dir)) })
	t.Setenv(contracttest.RecordEnv, "")
	return fake
}

// fetch makes a request with rt and returns the status, some headers and the body of the response, or the error.
func fetch(t *testing.T, rt http.RoundTripper, method, url string, edit ...func(*http.Request)) string {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("x-portkey-api-key", contracttest.DefaultAPIKey)
	for _, f := range edit {
		f(r)
	}
	resp, err := (&http.Client{Transport: rt}).Do(r)
	if err != nil {
		return "error: " + err.Error()
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return "error: " + err.Error()
	}
	return strings.Join([]string{resp.Status, resp.Header.Get("Content-Type"), resp.Header.Get("Retry-After"),
		resp.Header.Get("x-portkey-trace-id"), resp.Header.Get("Set-Cookie"), resp.Header.Get("Content-Encoding"), string(body)}, "|")
}

// A recording is replayed in order, exactly as seen while recording, for another address and without a server. It
// contains no secrets.
func TestRecorder(t *testing.T) {
	const (
		key   = "pk-of-mine-4711"
		other = "header-of-mine-4711"
		value = "custom-of-mine-4711"
		leak  = "leak-of-mine-4711"
	)
	dir := filepath.Join(t.TempDir(), "not", "there", "yet")
	server := contracttest.NewServer(t, contracttest.WithAPIKey(key), contracttest.WithPathPrefix("/cp/v1"),
		contracttest.WithFixture("mine", contracttest.Example("rich").With("/slug", "mine").
			With("/configurations/custom_headers", map[string]string{"X-Any": value}).With("/description", "echo "+strings.ToUpper(key))),
		contracttest.WithBrokenFixture("broken", contracttest.Example("sparse").With("/slug", "broken").With("/key", leak)),
		contracttest.WithFault("mine", contracttest.Fault{Status: 503, RetryAfter: "0", Times: 1}),
		contracttest.WithFault("sparse", contracttest.Fault{Status: 403, Message: "no " + key, Header: http.Header{"Set-Cookie": {"a=" + leak}}, Times: 1}))
	secrets := func(r *http.Request) {
		r.Header.Set("x-portkey-api-key", key)
		r.Header.Set("X-Gateway", other)
	}
	exchanges := func(tb testing.TB, rt http.RoundTripper, base string) (seen []string) {
		for _, step := range [][2]string{
			{"GET", "mine"}, {"GET", "mine"}, {"HEAD", "mine"}, {"GET", "sparse"}, {"GET", "broken"}, {"GET", "no-such"},
			{"GET", "sparse?workspace_id=ws-1"}, {"GET", "sparse?workspace_id=ws-2"},
		} {
			seen = append(seen, fetch(t, rt, step[0], base+"/integrations/"+step[1], secrets))
		}
		return seen
	}
	var recorded, played []string
	fake := recordIn(t, dir, func(tb testing.TB, r *contracttest.Recorder) { recorded = exchanges(tb, r, server.URL) })
	if len(fake.errors) > 0 || !strings.Contains(fake.all(), "8 exchanges are recorded in "+dir) {
		t.Errorf("while recording, got %s", fake.all())
	}
	server.Close()
	fake = fails(t, func(tb testing.TB) {
		played = exchanges(tb, contracttest.NewRecorder(tb, dir), "https://elsewhere.example/v1")
	})
	if len(fake.errors) > 0 {
		t.Errorf("while replaying, got %q", fake.errors)
	}
	for i := range recorded {
		if recorded[i] != played[i] {
			t.Errorf("exchange %d: recorded\n%s\nplayed back\n%s", i, recorded[i], played[i])
		}
	}
	for i, want := range []string{"503 Service Unavailable|application/json|0|", "200 OK|application/json||", "200 OK|", "403 Forbidden|", "200 OK|", "404 Not Found|"} {
		if !strings.HasPrefix(played[i], want) {
			t.Errorf("exchange %d: got %s, want %s", i, played[i], want)
		}
	}
	if strings.Contains(played[3], "[redacted]|") {
		t.Errorf("a header without its value is played back: %s", played[3])
	}
	if !strings.Contains(played[1], `"X-Any":"[redacted]"`) || !strings.Contains(played[1], `"slug":"mine"`) || played[2][strings.LastIndex(played[2], "|"):] != "|" {
		t.Errorf("got %s and %s", played[1], played[2])
	}

	data, err := os.ReadFile(filepath.Join(dir, "TestRecorder.har"))
	if err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{key, other, value, leak} {
		if strings.Contains(strings.ToLower(string(data)), secret) {
			t.Errorf("%s is in the recording", secret)
		}
	}
	if files, _ := os.ReadDir(dir); len(files) != 1 {
		t.Errorf("the folder has %d files", len(files))
	}
	results, err := contracttest.CheckHAR(bytes.NewReader(data))
	if err != nil || len(results) != 8 {
		t.Fatalf("got %d results, %v", len(results), err)
	}
	for i, r := range results {
		if want := i != 4 && r.Skipped == ""; r.Conforms() != want {
			t.Errorf("entry %d: got conforms %t, want %t: %v", i, r.Conforms(), want, r.Violations)
		}
	}
}

// Each difference between a test and its recording fails the test with a message that says what to do.
func TestRecorderDiffers(t *testing.T) {
	dir := t.TempDir()
	server := contracttest.NewServer(t)
	recordIn(t, dir, func(_ testing.TB, r *contracttest.Recorder) { fetch(t, r, "GET", server.URL+"/integrations/rich") })
	path := filepath.Join(dir, "TestRecorderDiffers.har")
	for _, test := range []struct {
		name string
		do   func(rt http.RoundTripper)
		want string
	}{
		{"not asked for", func(http.RoundTripper) {}, "1 responses to GET /integrations/rich, of which 1 were not asked for"},
		{"once too often", func(rt http.RoundTripper) {
			fetch(t, rt, "GET", server.URL+"/integrations/rich")
			fetch(t, rt, "GET", server.URL+"/integrations/rich")
		}, "has 1 responses to GET /integrations/rich, and this request is one more"},
		{"another slug", func(rt http.RoundTripper) { fetch(t, rt, "GET", server.URL+"/integrations/sparse") }, "has no response to GET /integrations/sparse"},
		{"another method", func(rt http.RoundTripper) { fetch(t, rt, "HEAD", server.URL+"/integrations/rich") }, "has no response to HEAD /integrations/rich"},
		{"another workspace", func(rt http.RoundTripper) {
			fetch(t, rt, "GET", server.URL+"/integrations/rich?workspace_id=ws-1&token=hunter2")
		}, "has no response to GET /integrations/rich?token=%5Bredacted%5D&workspace_id=ws-1"},
		{"another operation", func(rt http.RoundTripper) { fetch(t, rt, "GET", server.URL+"/integrations") }, "a Recorder is for GET and HEAD …/integrations/{slug}, not for GET /v1/integrations"},
	} {
		t.Run(test.name, func(t *testing.T) {
			fake := &fakeTB{TB: named{t, "TestRecorderDiffers"}}
			rt := contracttest.NewRecorder(fake, dir)
			test.do(rt)
			for _, f := range fake.clean {
				f()
			}
			if len(fake.errors) != 1 || !strings.Contains(fake.errors[0], test.want) || strings.Contains(fake.errors[0], "hunter2") {
				t.Errorf("got %q, want %q", fake.errors, test.want)
			}
			if strings.Contains(test.want, "record anew") != strings.Contains(test.want, path) {
				t.Errorf("got %q", fake.errors)
			}
		})
	}
}

// named is a testing.TB with another name.
type named struct {
	testing.TB
	name string
}

func (n named) Name() string { return n.name }

func TestRecorderWithoutARecording(t *testing.T) {
	t.Setenv(contracttest.RecordEnv, "0")
	dir := t.TempDir()
	fake := fails(t, func(tb testing.TB) { contracttest.NewRecorder(tb, dir) })
	for _, want := range []string{filepath.Join(dir, "TestRecorderWithoutARecording.har"), "no such file", "record it with PORTKEY_RECORD=1"} {
		if !strings.Contains(fake.fatal, want) {
			t.Errorf("got %q, want %s in it", fake.fatal, want)
		}
	}
	writeFile(t, filepath.Join(dir, "TestRecorderWithoutARecording.har"), []byte(`{"hunter2"`))
	fake = fails(t, func(tb testing.TB) { contracttest.NewRecorder(tb, dir) })
	if !strings.Contains(fake.fatal, "not a HAR file") || strings.Contains(fake.fatal, "hunter2") {
		t.Errorf("with a broken recording, got %q", fake.fatal)
	}
}

// A recording that fails does not replace the earlier one.
func TestRecorderKeepsTheEarlierRecording(t *testing.T) {
	dir := t.TempDir()
	server := contracttest.NewServer(t)
	recordIn(t, dir, func(_ testing.TB, r *contracttest.Recorder) { fetch(t, r, "GET", server.URL+"/integrations/rich") })
	path := filepath.Join(dir, "TestRecorderKeepsTheEarlierRecording.har")
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for name, do := range map[string]func(r *contracttest.Recorder){
		"no response": func(r *contracttest.Recorder) {
			fetch(t, r, "GET", server.URL+"/integrations/sparse")
			r.Base = roundTripper(func(*http.Request) (*http.Response, error) { return nil, errors.New("no network") })
			if got := fetch(t, r, "GET", server.URL+"/integrations/rich"); !strings.Contains(got, "no network") {
				t.Errorf("got %s, want the error of the network", got)
			}
		},
		"half a response": func(r *contracttest.Recorder) {
			server.SetFault("rich", contracttest.Fault{Truncate: true, Times: 1})
			fetch(t, r, "GET", server.URL+"/integrations/rich")
		},
		"no request": func(*contracttest.Recorder) {},
	} {
		fake := recordIn(t, dir, func(_ testing.TB, r *contracttest.Recorder) { do(r) })
		if len(fake.errors) != 1 || !strings.Contains(fake.errors[0], "is not written") {
			t.Errorf("%s: got %q", name, fake.errors)
		}
		after, err := os.ReadFile(path)
		if err != nil || !bytes.Equal(before, after) {
			t.Errorf("%s: the earlier recording has changed, %v", name, err)
		}
		if files, _ := os.ReadDir(dir); len(files) != 1 {
			t.Errorf("%s: the folder has %d files", name, len(files))
		}
	}
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// A compressed body is recorded and replayed decompressed.
func TestRecorderCompression(t *testing.T) {
	dir := t.TempDir()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Content-Encoding", "gzip")
		z := gzip.NewWriter(w)
		_, _ = z.Write(contracttest.Example("sparse").Body)
		_ = z.Close()
	}))
	defer server.Close()
	ask := func(r *http.Request) { r.Header.Set("Accept-Encoding", "gzip") } // Otherwise net/http would decompress.
	var recorded, played string
	recordIn(t, dir, func(_ testing.TB, r *contracttest.Recorder) {
		recorded = fetch(t, r, "GET", server.URL+"/v1/integrations/sparse", ask)
	})
	fails(t, func(tb testing.TB) {
		played = fetch(t, contracttest.NewRecorder(tb, dir), "GET", server.URL+"/v1/integrations/sparse", ask)
	})
	if want := "200 OK|application/json|||||" + string(contracttest.Example("sparse").Body); recorded != want || played != want {
		t.Errorf("recorded\n%s\nplayed back\n%s\nwant\n%s", recorded, played, want)
	}
}

// A recorder's client needs neither a key nor a network for replaying.
func TestRecorderNewClient(t *testing.T) {
	dir := t.TempDir()
	h, err := contracttest.NewHandler(contracttest.WithPathPrefix("/api/v1"))
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(h)
	run := func(tb testing.TB, r *contracttest.Recorder) {
		c := r.NewClient(tb)
		in, err := c.RetrieveIntegration(t.Context(), "cortex")
		if err != nil || in.Slug != "cortex" {
			t.Errorf("got %v, %v", in, err)
		}
	}
	t.Setenv("PORTKEY_API_KEY", contracttest.DefaultAPIKey)
	t.Setenv("PORTKEY_BASE_URL", server.URL+"/api/v1")
	recordIn(t, dir, run)
	server.Close()
	h.Close()
	t.Setenv("PORTKEY_API_KEY", "")
	t.Setenv("PORTKEY_BASE_URL", "")
	if fake := fails(t, func(tb testing.TB) { run(tb, contracttest.NewRecorder(tb, dir)) }); len(fake.errors) > 0 {
		t.Errorf("got %q", fake.errors)
	}
}
