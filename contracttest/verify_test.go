package contracttest_test

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/portkey-integration/portkey-integration-go/contracttest"
)

// inMemory returns a client that calls h without a network, so that it works in a synctest bubble.
func inMemory(h http.Handler) *http.Client {
	return &http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		resp := w.Result()
		resp.Request = r
		if r.Method == http.MethodHead {
			resp.Body = http.NoBody
		}
		return resp, nil
	})}
}

func handler(t *testing.T, opts ...contracttest.ServerOption) *contracttest.Handler {
	t.Helper()
	h, err := contracttest.NewHandler(opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(h.Close)
	return h
}

func target(h http.Handler, slugs ...string) contracttest.Target {
	return contracttest.Target{
		BaseURL:    "http://127.0.0.1/v1",
		APIKey:     contracttest.DefaultAPIKey,
		HTTPClient: inMemory(h),
		Slugs:      slugs,
	}
}

func verify(t *testing.T, target contracttest.Target) map[string]contracttest.CheckResult {
	t.Helper()
	result, err := contracttest.Verify(t.Context(), target, contracttest.WithInterval(0))
	if err != nil {
		t.Fatal(err)
	}
	checks := map[string]contracttest.CheckResult{}
	for _, c := range result.Checks {
		checks[c.Name] = c
	}
	if len(checks) != len(result.Checks) {
		t.Errorf("names are not unique: %v", result.Checks)
	}
	return checks
}

func TestVerifyPasses(t *testing.T) {
	var slugs []string
	for _, e := range contracttest.Examples() {
		if e.Status == 200 && e.Name != "documented" {
			slugs = append(slugs, e.Name)
		}
	}
	id := strings.ToUpper("01907a11-0ffb-4296-a316-7aa570961e16") // A deployment may accept ids in any case.
	distinct := len(slugs) + 1
	slugs = append(slugs, id, slugs[0])
	h := handler(t, contracttest.WithFixture(id, exampleBody(t, "sparse")))
	result, err := contracttest.Verify(t.Context(), target(h, slugs...), contracttest.WithInterval(0))
	if err != nil {
		t.Fatal(err)
	}
	if got, want := len(result.Checks), distinct*8+6; got != want {
		t.Errorf("got %d checks, want %d", got, want)
	}
	for _, c := range result.Checks {
		if c.Status != contracttest.Pass {
			t.Errorf("%+v", c)
		}
	}
	if !result.Passed() {
		t.Error("it did not pass")
	}
}

// Each fault must affect the listed checks only.
func TestVerifyFindsFaults(t *testing.T) {
	body := exampleBody(t, slug)
	changed := func(from, to string) []byte {
		if !bytes.Contains(body, []byte(from)) {
			t.Fatalf("the example has no %s", from)
		}
		return bytes.Replace(body, []byte(from), []byte(to), 1)
	}
	first := contracttest.Fault{Times: 1}
	for _, test := range []struct {
		name   string
		faults []contracttest.Fault
		want   map[string]contracttest.CheckStatus // those that do not pass
		in     string                              // in the reason or the findings of one of these
	}{
		{"error", []contracttest.Fault{{Status: 500}}, only("status", "fail", "content-type", "conforms", "masked", "identity", "drift", "head", "repeatable"), "status code 500, want 200"},
		{"broken off", []contracttest.Fault{{Status: 302, Redirect: "https://elsewhere.example"}}, only("status", "fail", "content-type", "conforms", "masked", "identity", "drift", "head", "repeatable"), "status code 302"},
		{"content type", []contracttest.Fault{{Header: http.Header{"Content-Type": {"text/plain"}}}}, map[string]contracttest.CheckStatus{"content-type": "fail", "head": "fail"}, "Content-Type"},
		{"not JSON", []contracttest.Fault{{Body: []byte("{hunter2")}}, map[string]contracttest.CheckStatus{"conforms": "fail", "identity": "skip", "repeatable": "skip"}, "JSON"},
		{"missing", []contracttest.Fault{{Body: changed(`"name":`, `"nom":`)}}, only("conforms", "fail"), "/name"},
		{"secret", []contracttest.Fault{{UnmaskedSecret: true}}, only("masked", "fail"), "/configurations/azure_entra_client_secret"},
		{"another integration", []contracttest.Fault{{Body: exampleBody(t, "sparse")}}, only("identity", "fail"), "neither"},
		{"drift", []contracttest.Fault{{Drift: true}}, nil, ""},
		{"head", []contracttest.Fault{first, {Times: 1, Status: 500}}, only("head", "fail"), "status code 500"},
		{"head refused", []contracttest.Fault{first, {Times: 1, Status: 405}}, nil, ""},
		{"gone", []contracttest.Fault{first, first, {Status: 404}}, only("repeatable", "fail"), "status code 404"},
		{"changed", []contracttest.Fault{first, first, {Body: changed(`"alias"`, `"alibi"`)}}, only("repeatable", "fail"), "/configurations/azure_deployment_config/0/alias"},
		{"new value changed", []contracttest.Fault{{Times: 1, Body: changed(`"active"`, `"asleep"`)}, first, {Body: changed(`"active"`, `"awake"`)}}, only("repeatable", "fail"), "/status"},
		{"null gone", []contracttest.Fault{{Times: 1, Body: changed("{", `{"tags":null,`)}}, only("repeatable", "fail"), "/tags"},
		{"less", []contracttest.Fault{{Times: 1, Body: changed("{", `{"tags":[1,2],`)}, first, {Body: changed("{", `{"tags":[1],`)}}, only("repeatable", "fail"), "/tags"},
		{"more", []contracttest.Fault{{Times: 1, Body: changed("{", `{"tags":[1],`)}, first, {Body: changed("{", `{"tags":[1,2],`)}}, only("repeatable", "fail"), "/tags"},
		{"undocumented, later", []contracttest.Fault{first, first, {Body: changed("{", `{"current_usage":1,`)}}, nil, ""},
		{"type changed", []contracttest.Fault{first, first, {Body: []byte(`{"id":[]}`)}}, only("repeatable", "fail"), "/id"},
		{"undocumented counter", []contracttest.Fault{{Times: 1, Body: changed("{", `{"current_usage":{"a":1},`)}, first, {Body: changed("{", `{"current_usage":[2],`)}}, nil, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			checks := verify(t, target(handler(t, contracttest.WithFault(slug, test.faults...)), slug))
			if len(checks) != 14 {
				t.Errorf("%d checks", len(checks))
			}
			reasons := ""
			for name, c := range checks {
				want := contracttest.Pass
				if s, ok := test.want[strings.TrimPrefix(name, "integration/"+slug+"/")]; ok {
					want = s
				}
				if c.Status != want {
					t.Errorf("%s: %s, want %s: %s %v", name, c.Status, want, c.Reason, c.Findings)
				}
				if c.Status != contracttest.Pass && c.Reason == "" {
					t.Errorf("%s: %s without a reason", name, c.Status)
				}
				if c.Status == contracttest.Fail {
					reasons += fmt.Sprint(c.Reason, c.Findings)
				}
			}
			if !strings.Contains(reasons, test.in) {
				t.Errorf("reasons are %s, want %s in them", reasons, test.in)
			}
			if strings.Contains(fmt.Sprint(checks), "hunter2") || strings.Contains(fmt.Sprint(checks), contracttest.UnmaskedSecret) {
				t.Error("a value was printed")
			}
		})
	}
}

// only returns that one check has a status and that others are skipped because of it.
func only(name string, status contracttest.CheckStatus, skipped ...string) map[string]contracttest.CheckStatus {
	want := map[string]contracttest.CheckStatus{name: status}
	for _, s := range skipped {
		want[s] = contracttest.Skip
	}
	return want
}

func TestVerifyDriftIsListed(t *testing.T) {
	c := verify(t, target(handler(t, contracttest.WithFault(slug, contracttest.Fault{Drift: true})), slug))["integration/"+slug+"/drift"]
	if c.Status != contracttest.Pass || !strings.Contains(c.Reason, "2 places") || !has(c.Findings, "/contracttest_drift") || !has(c.Findings, "/status") {
		t.Errorf("%+v", c)
	}
}

func TestVerifyAuth(t *testing.T) {
	h := handler(t)
	reply := func(status int, body string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(status)
			_, _ = io.WriteString(w, body)
		}
	}
	fine := reply(200, string(exampleBody(t, slug)))
	for _, test := range []struct {
		name                string
		noKey, wrongKey     http.HandlerFunc
		unknown             http.HandlerFunc
		fail                []string
		reasonOfTheLastFail string
	}{
		{"all well", h.ServeHTTP, h.ServeHTTP, h.ServeHTTP, nil, ""},
		{"open door", fine, fine, h.ServeHTTP, []string{"auth/no-key", "auth/wrong-token", "auth/wrong-key"}, "status code 200, want 401 or 403 or 412"},
		{"token rejected", h.ServeHTTP, reply(412, string(exampleBody(t, "token-rejected"))), h.ServeHTTP, nil, ""},
		{"403 without a key", reply(403, string(exampleBody(t, "forbidden"))), h.ServeHTTP, h.ServeHTTP, []string{"auth/no-key"}, "status code 403, want 401"},
		{"no proper error", reply(401, "no"), h.ServeHTTP, h.ServeHTTP, []string{"auth/wrong-token", "auth/no-key"}, "not with an error of the API"},
		{"everything exists", h.ServeHTTP, h.ServeHTTP, fine, []string{"unknown-slug"}, "status code 200, want 404 or 403"},
		{"unknown is forbidden", h.ServeHTTP, h.ServeHTTP, reply(403, string(exampleBody(t, "forbidden"))), nil, ""},
	} {
		for _, slugs := range [][]string{{slug}, nil} {
			t.Run(fmt.Sprint(test.name, slugs), func(t *testing.T) {
				checks := verify(t, target(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					switch key := r.Header.Get("x-portkey-api-key"); {
					case key == "":
						test.noKey(w, r)
					case key != contracttest.DefaultAPIKey:
						test.wrongKey(w, r)
					case !strings.HasSuffix(r.URL.Path, slug):
						test.unknown(w, r)
					default:
						h.ServeHTTP(w, r)
					}
				}), slugs...))
				for name, c := range checks {
					fail := slices.Contains(test.fail, name)
					if (c.Status == contracttest.Fail) != fail {
						t.Errorf("%s: %s %s", name, c.Status, c.Reason)
					}
					if fail && name == test.fail[len(test.fail)-1] && !strings.Contains(c.Reason, test.reasonOfTheLastFail) {
						t.Errorf("%s: %s, want %s", name, c.Reason, test.reasonOfTheLastFail)
					}
				}
				if c, ok := checks["integration"]; (slugs == nil) != (ok && c.Status == contracttest.Skip) {
					t.Errorf("without slugs: %+v", c)
				}
			})
		}
	}
}

func TestVerifySends(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var sent []string
		h, err := contracttest.NewHandler(contracttest.WithPathPrefix("/api/v1"))
		if err != nil {
			t.Fatal(err)
		}
		defer h.Close()
		start := time.Now()
		target := target(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			auth := "none"
			switch token := r.Header.Get("Authorization"); {
			case token == "Bearer "+contracttest.DefaultAPIKey:
				auth = "bearer"
			case token != "":
				auth = "token"
			case r.Header.Get("x-portkey-api-key") != "":
				auth = "key"
			}
			sent = append(sent, fmt.Sprint(time.Since(start), " ", r.Method, " ", r.URL, " ", auth, " ", r.Header.Get("Cookie")))
			http.SetCookie(w, &http.Cookie{Name: "session", Value: "1"})
			h.ServeHTTP(w, r)
		}), "sparse")
		target.BaseURL, target.WorkspaceID = "http://127.0.0.1/api/v1/", "ws-1"
		target.APIKey, target.BearerToken = "", contracttest.DefaultAPIKey
		target.HTTPClient.Jar, _ = cookiejar.New(nil)

		result, err := contracttest.Verify(t.Context(), target)
		if err != nil || !result.Passed() || result.Target != "http://127.0.0.1/api/v1/" {
			t.Errorf("%+v %v", result, err)
		}
		const sparse = "http://127.0.0.1/api/v1/integrations/sparse?workspace_id=ws-1"
		// Random slugs and keys differ from run to run.
		for i := range sent {
			sent[i] = madeUp.ReplaceAllString(sent[i], "MADE-UP")
		}
		made := func(slug string) string { return strings.Replace(sparse, "sparse", slug, 1) }
		want := []string{
			"0s GET " + sparse + " bearer ", "200ms HEAD " + sparse + " bearer ", "400ms GET " + sparse + " bearer ",
			"600ms GET " + sparse + " none ", "800ms HEAD " + sparse + " none ",
			"1s GET " + sparse + " key ", "1.2s GET " + sparse + " token ",
			"1.4s GET " + sparse + " none session=1",
			"1.6s GET " + made("contracttest-MADE-UP") + " bearer ", "1.8s GET " + made("sparse-MADE-UP") + " bearer ",
		}
		if !slices.Equal(sent, want) {
			t.Errorf("sent\n%s\nwant\n%s", strings.Join(sent, "\n"), strings.Join(want, "\n"))
		}
		if u, _ := url.Parse(sparse); len(target.HTTPClient.Jar.Cookies(u)) != 0 || target.HTTPClient.Timeout != 0 {
			t.Error("the caller's client was used or changed")
		}
	})
}

var madeUp = regexp.MustCompile(`[a-z2-7]{26}`)

func TestVerifyRefuses(t *testing.T) {
	ask := http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("a request was sent") })
	for name, change := range map[string]func(*contracttest.Target){
		"BaseURL":         func(t *contracttest.Target) { t.BaseURL = "" },
		"neither https":   func(t *contracttest.Target) { t.BaseURL = "ftp://x" },
		"user info":       func(t *contracttest.Target) { t.BaseURL = "https://me:hunter2@x/v1?k=hunter2" },
		"plain http":      func(t *contracttest.Target) { t.BaseURL = "http://cp.example/v1" },
		"an APIKey or":    func(t *contracttest.Target) { t.APIKey = "" },
		"and not both":    func(t *contracttest.Target) { t.BearerToken = "hunter2" },
		"slug":            func(t *contracttest.Target) { t.Slugs = []string{"sparse", ".."} },
		"BearerToken":     func(t *contracttest.Target) { t.APIKey, t.BearerToken = "", "" },
		"contracttest: c": func(t *contracttest.Target) { t.APIKey = "hunter2\n" },
	} {
		target := target(ask, "sparse")
		change(&target)
		result, err := contracttest.Verify(t.Context(), target)
		if err == nil || name != "user info" && !strings.Contains(err.Error(), name) || result.Passed() {
			t.Errorf("%s: %v", name, err)
		}
		if strings.Contains(fmt.Sprint(err, result), "hunter2") {
			t.Errorf("%s: a secret was printed", name)
		}
	}
	insecure := target(handler(t), "sparse")
	insecure.BaseURL, insecure.InsecureHTTP = "http://cp.example/v1", true
	if c := verify(t, insecure)["integration/sparse/status"]; c.Status != contracttest.Pass {
		t.Errorf("%+v", c)
	}
}

func TestVerifyWithoutResponse(t *testing.T) {
	down := target(nil, "sparse")
	down.WorkspaceID = "ws-hunter2"
	down.HTTPClient = &http.Client{Transport: roundTrip(func(*http.Request) (*http.Response, error) { return nil, errors.New("nobody home") })}
	checks := verify(t, down)
	for _, name := range []string{"integration/sparse/status", "auth/no-key", "auth/wrong-key", "unknown-slug"} {
		if c := checks[name]; c.Status != contracttest.Fail || !strings.Contains(c.Reason, "nobody home") || strings.Contains(c.Reason, "hunter2") {
			t.Errorf("%s: %+v", name, c)
		}
	}
}

func TestVerifyEndsWithItsContext(t *testing.T) {
	for _, at := range []string{"", "HEAD"} {
		ctx, cancel := context.WithCancelCause(t.Context())
		h := handler(t)
		if at == "" {
			cancel(errors.New("enough"))
		}
		target := target(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method == at {
				cancel(errors.New("enough"))
			}
			h.ServeHTTP(w, r)
		}), "sparse")
		memory := target.HTTPClient.Transport
		target.HTTPClient = &http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
			resp, _ := memory.RoundTrip(r)
			if err := r.Context().Err(); err != nil {
				return nil, err
			}
			return resp, nil
		})}
		result, err := contracttest.Verify(ctx, target, contracttest.WithInterval(0))
		if err == nil || !strings.Contains(err.Error(), "enough") || result.Count(contracttest.Fail) != 0 || (at == "") != (len(result.Checks) == 0) {
			t.Errorf("%+v %v", result, err)
		}
		cancel(nil)
	}
}

func TestTargetPrintsNoSecret(t *testing.T) {
	target := contracttest.Target{BaseURL: "https://me:hunter2@cp.example/v1?x=hunter2", APIKey: "hunter2", BearerToken: "hunter2", Slugs: []string{"a"}}
	var b bytes.Buffer
	slog.New(slog.NewJSONHandler(&b, nil)).Info("x", "target", target)
	fmt.Fprintf(&b, "%v %+v %#v %s %q %v", target, target, target, target, target, &target)
	if strings.Contains(b.String(), "hunter2") || !strings.Contains(b.String(), "https://cp.example/v1") {
		t.Errorf("printed %s", b.String())
	}
}

// Run is tested in a separate process, since some of its subtests must fail.
func TestRun(t *testing.T) {
	if os.Getenv("CONTRACTTEST_RUN") == "1" {
		h := handler(t, contracttest.WithFault("rich", contracttest.Fault{UnmaskedSecret: true, Times: 1}, contracttest.Fault{Drift: true}),
			contracttest.WithFault("sparse", contracttest.Fault{Status: 500}))
		contracttest.Run(t, target(h, "rich", "sparse"), contracttest.WithInterval(0))
		return
	}
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestRun$", "-test.v")
	cmd.Env = append(os.Environ(), "CONTRACTTEST_RUN=1")
	out, err := cmd.CombinedOutput()
	if err == nil {
		t.Error("it passed")
	}
	for _, want := range []string{
		"--- PASS: TestRun/integration/rich/conforms", "--- FAIL: TestRun/integration/rich/masked", "/key",
		"--- PASS: TestRun/auth/no-key", "--- FAIL: TestRun/integration/sparse/status", "status code 500, want 200",
		"--- SKIP: TestRun/integration/sparse/conforms", "there is no response with status code 200",
	} {
		if !strings.Contains(string(out), want) {
			t.Errorf("the output lacks %s:\n%s", want, out)
		}
	}
}

func TestResultJSON(t *testing.T) {
	result, err := contracttest.Verify(t.Context(), target(handler(t, contracttest.WithFault("rich", contracttest.Fault{Status: 500})), "rich"), contracttest.WithInterval(0))
	if err != nil {
		t.Fatal(err)
	}
	got, err := json.Marshal(result)
	if want := `{"target":"http://127.0.0.1/v1","checks":[{"name":"integration/rich/status","status":"fail","reason":"status code 500, want 200"},{"name":"integration/rich/content-type","status":"skip"`; err != nil || !strings.HasPrefix(string(got), want) {
		t.Errorf("%s %v", got, err)
	}
}

func TestWriteJUnit(t *testing.T) {
	result, err := contracttest.Verify(t.Context(), target(handler(t,
		contracttest.WithFault("rich", contracttest.Fault{UnmaskedSecret: true, Times: 1}),
		contracttest.WithFault("sparse", contracttest.Fault{Status: 500}),
		contracttest.WithFault(slug, contracttest.Fault{Drift: true})), "rich", "sparse", slug), contracttest.WithInterval(0))
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := contracttest.WriteJUnit(&b, result); err != nil {
		t.Fatal(err)
	}
	var file struct {
		Suites []struct {
			Tests    int `xml:"tests,attr"`
			Failures int `xml:"failures,attr"`
			Skipped  int `xml:"skipped,attr"`
			Cases    []struct {
				Name    string `xml:"name,attr"`
				Failure *struct {
					Message string `xml:"message,attr"`
					Text    string `xml:",chardata"`
				} `xml:"failure"`
				Skipped *struct {
					Message string `xml:"message,attr"`
				} `xml:"skipped"`
				Output string `xml:"system-out"`
			} `xml:"testcase"`
		} `xml:"testsuite"`
	}
	if err := xml.Unmarshal(b.Bytes(), &file); err != nil || len(file.Suites) != 1 {
		t.Fatalf("%v in\n%s", err, b.String())
	}
	s := file.Suites[0]
	if s.Tests != 30 || s.Failures != 3 || s.Skipped != 7 || len(s.Cases) != 30 {
		t.Errorf("counts %d %d %d %d", s.Tests, s.Failures, s.Skipped, len(s.Cases))
	}
	for _, c := range s.Cases {
		switch c.Name {
		case "integration/rich/masked":
			if c.Failure == nil || c.Failure.Message == "" || !strings.Contains(c.Failure.Text, "/key") {
				t.Errorf("%+v", c)
			}
		case "integration/sparse/masked":
			if c.Skipped == nil || c.Skipped.Message == "" || c.Failure != nil {
				t.Errorf("%+v", c)
			}
		case "integration/" + slug + "/drift":
			if c.Failure != nil || c.Skipped != nil || !strings.Contains(c.Output, "/contracttest_drift") {
				t.Errorf("%+v", c)
			}
		case "unknown-slug":
			if c.Failure != nil || c.Skipped != nil || c.Output != "" {
				t.Errorf("%+v", c)
			}
		}
	}
	if strings.Contains(b.String(), contracttest.UnmaskedSecret) {
		t.Error("a secret was printed")
	}
	if err := contracttest.WriteJUnit(failingWriter{}, result); err == nil {
		t.Error("an error of the writer was lost")
	}
}

type failingWriter struct{}

func (failingWriter) Write([]byte) (int, error) { return 0, errors.New("disk full") }
