package contracttest_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"unicode"

	"github.com/google/go-cmp/cmp"

	"github.com/portkey-integration/portkey-integration-go/client"
	"github.com/portkey-integration/portkey-integration-go/contracttest"
	"github.com/portkey-integration/portkey-integration-go/gen"
)

// send makes a request with the server's key, unless edit changes it, and reads the whole response.
func send(t *testing.T, srv *contracttest.Server, path string, edit ...func(*http.Request)) (*http.Response, []byte) {
	t.Helper()
	resp, body, err := try(t, srv, path, edit...)
	if err != nil {
		t.Fatal(err)
	}
	return resp, body
}

func try(t *testing.T, srv *contracttest.Server, path string, edit ...func(*http.Request)) (*http.Response, []byte, error) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, srv.URL+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("x-portkey-api-key", srv.APIKey())
	for _, f := range edit {
		f(r)
	}
	c := *srv.Client()
	c.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	resp, err := c.Do(r)
	if err != nil {
		return nil, nil, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	return resp, body, err
}

func TestServesEveryExample(t *testing.T) {
	srv := contracttest.NewServer(t)
	if !strings.HasPrefix(srv.URL, "http://127.0.0.1:") || !strings.HasSuffix(srv.URL, contracttest.DefaultPathPrefix) {
		t.Errorf("URL is %s", srv.URL)
	}
	traces, sent := map[string]bool{}, 0
	for _, e := range contracttest.Examples() {
		paths := []string{"/integrations/" + e.Name}
		if e.Status == http.StatusOK {
			paths = append(paths, "/integrations/"+bodyOf(t, e.Body)["id"].(string))
		}
		for _, path := range paths {
			resp, body := send(t, srv, path)
			sent++
			if resp.StatusCode != e.Status || resp.Header.Get("Content-Type") != e.ContentType || string(body) != string(e.Body) {
				t.Errorf("%s: status %d, content type %s, the example's body: %t", path, resp.StatusCode,
					resp.Header.Get("Content-Type"), string(body) == string(e.Body))
			}
			traces[resp.Header.Get("x-portkey-trace-id")] = true
		}
	}
	if len(traces) != sent || !traces["00000000-0000-4000-8000-000000000001"] {
		t.Errorf("got %d trace ids for %d requests", len(traces), sent)
	}
}

// Each refused request gets an error in the API's shape. It fails the test, unless only the key is wrong or the
// integration does not exist.
func TestRefusals(t *testing.T) {
	header := func(name, value string) func(*http.Request) {
		return func(r *http.Request) { r.Header.Set(name, value) }
	}
	method := func(m string) func(*http.Request) { return func(r *http.Request) { r.Method = m } }
	noKey := header("x-portkey-api-key", "")
	for _, test := range []struct {
		name   string
		path   string
		edit   []func(*http.Request)
		status int
		code   string
		report string // substring of the failure; "" for none
	}{
		{"bearer", "/integrations/sparse", []func(*http.Request){noKey, header("Authorization", "bearer "+contracttest.DefaultAPIKey)}, 200, "", ""},
		{"workspace", "/integrations/sparse?workspace_id=ws-1", nil, 200, "", ""},
		{"unknown slug", "/integrations/nothing-here", nil, 404, "AB08", ""},
		{"wrong key", "/integrations/sparse", []func(*http.Request){header("x-portkey-api-key", "another")}, 401, "AB05", ""},
		{"wrong key beats bearer", "/integrations/sparse", []func(*http.Request){header("x-portkey-api-key", "another"), header("Authorization", "Bearer "+contracttest.DefaultAPIKey)}, 401, "AB05", ""},
		{"no key", "/integrations/sparse", []func(*http.Request){noKey}, 401, "AB05", "no key"},
		{"basic", "/integrations/sparse", []func(*http.Request){noKey, header("Authorization", "Basic "+contracttest.DefaultAPIKey)}, 401, "AB05", "no key"},
		{"post", "/integrations/sparse", []func(*http.Request){method("POST")}, 405, "", "method POST"},
		{"lower-case method", "/integrations/sparse", []func(*http.Request){method("get")}, 405, "", "method get"},
		{"list", "/integrations/", nil, 404, "AB02", "path: want /v1/integrations/{slug}"},
		{"another path", "/integrations/sparse/models", nil, 404, "AB02", "path: want"},
		{"slash in slug", "/integrations/a%2Fb", nil, 400, "AB01", "path parameter slug: "},
		{"bad slug", "/integrations/a.b", nil, 400, "AB01", "path parameter slug: "},
		{"long slug", "/integrations/" + strings.Repeat("a", 256), nil, 400, "AB01", "path parameter slug: "},
		{"empty workspace", "/integrations/sparse?workspace_id=", nil, 400, "AB01", "query parameter workspace_id: "},
		{"two workspaces", "/integrations/sparse?workspace_id=a&workspace_id=b", nil, 400, "AB01", "given 2 times"},
		{"unknown parameter", "/integrations/sparse?secret=hunter2", nil, 400, "AB01", "query parameter secret: not in the contract"},
		{"malformed query", "/integrations/sparse?a;b", nil, 400, "AB01", "query: "},
		{"body", "/integrations/sparse", []func(*http.Request){func(r *http.Request) {
			r.Body, r.ContentLength = io.NopCloser(strings.NewReader("{}")), 2
		}}, 400, "AB01", "body: "},
	} {
		t.Run(test.name, func(t *testing.T) {
			fake := fails(t, func(tb testing.TB) {
				srv := contracttest.NewServer(tb)
				resp, body := send(t, srv, test.path, test.edit...)
				if resp.StatusCode != test.status {
					t.Errorf("status %d, want %d", resp.StatusCode, test.status)
				}
				if test.status == http.StatusOK {
					return
				}
				var e gen.ErrorResponse
				if err := json.Unmarshal(body, &e); err != nil || e.Data == nil || e.Data.Message == "" {
					t.Fatalf("not the API's error: %v", err)
				}
				if got := e.Data.ErrorCode; test.code != "" && got != test.code {
					t.Errorf("code %v, want %s", got, test.code)
				}
				if allow := resp.Header.Get("Allow"); test.status == 405 && allow != "GET, HEAD" {
					t.Errorf("Allow is %q", allow)
				}
			})
			if got := fake.all(); !strings.Contains(got, test.report) || (test.report == "") != (len(fake.errors) == 0) {
				t.Errorf("reported %q, want %q", got, test.report)
			}
			if got := fake.all(); strings.Contains(got, "hunter2") || strings.Contains(got, contracttest.DefaultAPIKey) {
				t.Errorf("a value was printed: %s", got)
			}
		})
	}
}

func TestInvalidRequestsAllowed(t *testing.T) {
	srv := contracttest.NewServer(t, contracttest.WithInvalidRequestsAllowed())
	send(t, srv, "/integrations/a.b?x=1")
	if r := srv.Requests(); len(r) != 1 || len(r[0].Problems) != 2 {
		t.Errorf("recorded %+v", r)
	}
}

func TestHead(t *testing.T) {
	srv := contracttest.NewServer(t)
	get, body := send(t, srv, "/integrations/rich")
	head, none := send(t, srv, "/integrations/rich", func(r *http.Request) { r.Method = http.MethodHead })
	if head.StatusCode != 200 || len(none) != 0 || head.ContentLength != int64(len(body)) ||
		head.Header.Get("Content-Type") != get.Header.Get("Content-Type") {
		t.Errorf("HEAD: status %d, %d bytes, length %d", head.StatusCode, len(none), head.ContentLength)
	}
}

func TestRequests(t *testing.T) {
	var seen []contracttest.Request
	srv := contracttest.NewServer(t, contracttest.WithAPIKey("a-key-of-mine"), contracttest.WithPathPrefix("/api/v1/"),
		contracttest.WithRequestFunc(func(r contracttest.Request) { seen = append(seen, r) }))
	if !strings.HasSuffix(srv.URL, "/api/v1") {
		t.Errorf("URL is %s", srv.URL)
	}
	send(t, srv, "/integrations/%73parse?workspace_id=ws-1", func(r *http.Request) {
		r.Header.Set("User-Agent", "me/1.0")
		r.Header.Set("X-Session-Token", "a-token-of-mine")
		r.Header.Set("Cookie", "a-cookie-of-mine")
	})
	requests := srv.Requests()
	if len(requests) != 1 || len(seen) != 1 {
		t.Fatalf("%d requests recorded, %d seen", len(requests), len(seen))
	}
	r := requests[0]
	if r.Method != "GET" || r.Path != "/api/v1/integrations/%73parse" || r.Slug != "sparse" || r.Status != 200 ||
		r.Query.Get("workspace_id") != "ws-1" || r.Header.Get("User-Agent") != "me/1.0" || !r.HasAPIKey || !r.Authorized {
		t.Errorf("recorded %+v", r)
	}
	recorded, err := json.Marshal(requests)
	if err != nil || strings.Contains(string(recorded), "of-mine") {
		t.Errorf("credentials were recorded: %v", err)
	}
}

func TestFixtures(t *testing.T) {
	typed := gen.Integration{ID: "11111111-2222-4333-8444-555555555555", Slug: "mine", Name: "Mine", AIProviderID: "groq"}
	text := `{"id":"61111111-2222-4333-8444-555555555555","slug":"mine","name":"Mine","ai_provider_id":"groq","created_at":"2025-01-01T00:00:00Z"}`
	for name, fixture := range map[string]any{
		"value":   typed,
		"pointer": &typed,
		"bytes":   []byte(text),
		"raw":     json.RawMessage(text),
		"string":  text,
		"map":     map[string]any{"id": typed.ID, "slug": "mine", "name": "<Mine>", "ai_provider_id": "x", "created_at": "2025-01-01T00:00:00Z"},
	} {
		t.Run(name, func(t *testing.T) {
			srv := contracttest.NewServer(t, contracttest.WithFixture("mine", fixture), contracttest.WithFixture("sparse", fixture))
			for _, slug := range []string{"mine", "sparse", bodyOf(t, must(send(t, srv, "/integrations/mine")))["id"].(string)} {
				resp, body := send(t, srv, "/integrations/"+slug)
				if resp.StatusCode != 200 || bodyOf(t, body)["slug"] != "mine" {
					t.Errorf("%s: status %d", slug, resp.StatusCode)
				}
			}
			// The example that the fixture replaces is gone, under its id too.
			if resp, _ := send(t, srv, "/integrations/01907a11-0ffb-4296-a316-7aa570961e16"); resp.StatusCode != 404 {
				t.Errorf("the replaced example's id: status %d", resp.StatusCode)
			}
		})
	}
}

// A retrieved integration is served byte for byte, including properties that the types do not have.
func TestRetrievedFixture(t *testing.T) {
	body := `{"news": [1.0],` + string(exampleBody(t, "rich"))[1:]
	from := contracttest.NewServer(t, contracttest.WithFixture("mine", body))
	c, err := client.New(client.WithBaseURL(from.URL), client.WithAPIKey(from.APIKey()), client.WithHTTPClient(from.Client()))
	if err != nil {
		t.Fatal(err)
	}
	in, err := c.RetrieveIntegration(t.Context(), "mine")
	if err != nil {
		t.Fatal(err)
	}
	srv := contracttest.NewServer(t, contracttest.WithFixture("mine", in))
	if _, got := send(t, srv, "/integrations/mine"); string(got) != body {
		t.Errorf("served %s", got)
	}
}

func must(_ *http.Response, body []byte) []byte { return body }

func TestFixturesRefused(t *testing.T) {
	const leak = "sk-leak-of-mine"
	broken := `{"id":"61111111-2222-4333-8444-555555555555","slug":"mine","name":7,"ai_provider_id":"groq","created_at":"2025-01-01T00:00:00Z","key":"` + leak + `"}`
	fine := string(contracttest.Examples()[1].Body)
	for _, test := range []struct {
		name string
		opt  contracttest.ServerOption
		want []string
	}{
		{"broken", contracttest.WithFixture("mine", broken), []string{`"mine"`, "/name", "/key", "declare it broken"}},
		{"not JSON", contracttest.WithFixture("mine", "{"+leak), []string{`"mine"`}},
		{"slug", contracttest.WithFixture("a.b", fine), []string{`"a.b"`, "slug"}},
		{"does not marshal", contracttest.WithFixture("mine", func() {}), []string{`"mine"`}},
		{"not broken", contracttest.WithBrokenFixture("mine", fine), []string{`"mine"`, "conforms"}},
		{"nil integration", contracttest.WithFixture("mine", (*client.Integration)(nil)), []string{`"mine"`, "nil"}},
		{"nil option", nil, []string{"nil"}},
		{"prefix", contracttest.WithPathPrefix("v1"), []string{`"v1"`}},
		{"prefix with dots", contracttest.WithPathPrefix("/../v1"), []string{`"/../v1"`, "plain"}},
		{"prefix with an empty segment", contracttest.WithPathPrefix("//v1"), []string{`"//v1"`, "plain"}},
		{"prefix of two lines", contracttest.WithPathPrefix("/a\nb"), []string{`"/a\nb"`, "plain"}},
		{"prefix that would be escaped", contracttest.WithPathPrefix("/é"), []string{`"/é"`, "plain"}},
		{"prefix with a query", contracttest.WithPathPrefix("/v1?a"), []string{`"/v1?a"`}},
		{"key", contracttest.WithAPIKey(""), []string{"empty"}},
		{"key of two lines", contracttest.WithAPIKey("a\n" + leak), []string{"header"}},
		{"logger", contracttest.WithLogger(nil), []string{"logger", "nil"}},
		{"fault", contracttest.WithFault("mine", contracttest.Fault{Status: 20, Hang: true, Reset: true, Times: -1, HTML: true, Drift: true}),
			[]string{`"mine"`, "status is 20", "hang", "times", "HTML"}},
		{"fault's slug", contracttest.WithFault("a.b"), []string{`"a.b"`}},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := contracttest.NewHandler(test.opt)
			fake := fails(t, func(tb testing.TB) { contracttest.NewServer(tb, test.opt) })
			for _, want := range test.want {
				if err == nil || !strings.Contains(err.Error(), want) {
					t.Errorf("error is %v, want %s in it", err, want)
				}
				if !strings.Contains(fake.fatal, want) {
					t.Errorf("got %q, want %s in it", fake.fatal, want)
				}
			}
			if strings.Contains(fake.all(), leak) {
				t.Error("a value was printed")
			}
		})
	}
}

func TestOptionErrorsAreJoined(t *testing.T) {
	_, err := contracttest.NewHandler(contracttest.WithAPIKey(""), contracttest.WithPathPrefix("v1"))
	if err == nil || !strings.Contains(err.Error(), "API key") || !strings.Contains(err.Error(), "path prefix") {
		t.Errorf("error is %v", err)
	}
}

func TestBrokenFixture(t *testing.T) {
	srv := contracttest.NewServer(t, contracttest.WithBrokenFixture("mine", "{not json"))
	if resp, body := send(t, srv, "/integrations/mine"); resp.StatusCode != 200 || string(body) != "{not json" {
		t.Errorf("status %d, %d bytes", resp.StatusCode, len(body))
	}
}

// A handler works with any server, and two handlers share nothing.
func TestHandler(t *testing.T) {
	h, err := contracttest.NewHandler(contracttest.WithFixture("sparse", contracttest.Examples()[2].Body))
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close()
	other, err := contracttest.NewHandler()
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	var slugs []any
	for _, h := range []http.Handler{h, other} {
		slugs = append(slugs, bodyOf(t, serve(h, "sparse").Body.Bytes())["slug"])
	}
	if !slices.Equal(slugs, []any{"azure-openai-default", "sparse"}) {
		t.Errorf("served %v", slugs)
	}
}

func TestNewClient(t *testing.T) {
	server := contracttest.NewServer(t, contracttest.WithPathPrefix("/api/v1"), contracttest.WithAPIKey("a-key-of-mine"))
	in, err := server.NewClient(t, client.WithUserAgent("me/1.0")).RetrieveIntegration(t.Context(), "rich")
	if err != nil || in.Slug != "rich" {
		t.Fatalf("got %v, %v", in, err)
	}
	requests := server.Requests()
	if len(requests) != 1 || !requests[0].Authorized || !strings.Contains(requests[0].Header.Get("User-Agent"), "me/1.0") {
		t.Errorf("got the requests %+v, want one with the key and the user agent", requests)
	}
	fake := fails(t, func(tb testing.TB) { server.NewClient(tb, client.WithBaseURL("ftp://x")) })
	if !strings.Contains(fake.fatal, "contracttest: ") {
		t.Errorf("with an invalid option, got %q", fake.fatal)
	}
}

func TestResetRequests(t *testing.T) {
	server := contracttest.NewServer(t)
	send(t, server, "/integrations/rich")
	server.ResetRequests()
	if got := server.Requests(); len(got) != 0 {
		t.Errorf("after the reset, got %+v", got)
	}
	send(t, server, "/integrations/sparse")
	if got := server.Requests(); len(got) != 1 || got[0].Slug != "sparse" {
		t.Errorf("got %+v, want the request for sparse", got)
	}
}

// The log describes each request and contains nothing that could be a secret.
func TestLog(t *testing.T) {
	var log bytes.Buffer
	var mu sync.Mutex
	ended := make(chan struct{}, 10)
	server := contracttest.NewServer(t, contracttest.WithInvalidRequestsAllowed(),
		contracttest.WithLogger(slog.New(slog.NewJSONHandler(writer(func(b []byte) (int, error) {
			mu.Lock()
			defer mu.Unlock()
			defer func() { ended <- struct{}{} }()
			return log.Write(b)
		}), nil))),
		contracttest.WithFault("rich", contracttest.Fault{Status: 503, Times: 1}, contracttest.Fault{Truncate: true, Times: 1}))
	send(t, server, "/integrations/rich?workspace_id=hunter2", func(r *http.Request) { r.Header.Set("X-Mine", "hunter2") })
	_, _, _ = try(t, server, "/integrations/rich")
	send(t, server, "/integrations/rich?hunter=hunter2", func(r *http.Request) { r.Header.Set("x-portkey-api-key", "hunter2") })
	for range 3 {
		<-ended
	}
	mu.Lock()
	defer mu.Unlock()
	if strings.Contains(log.String(), "hunter2") || strings.Contains(log.String(), contracttest.DefaultAPIKey) {
		t.Errorf("a value is logged:\n%s", log.String())
	}
	type line struct {
		Level, Method, Path, Fault string
		Status                     int
		TraceID                    string   `json:"trace_id"`
		Duration                   *float64 `json:"duration_ms"`
		Problems                   []string
	}
	const path = "/v1/integrations/rich"
	want := []line{
		{Level: "INFO", Method: "GET", Path: path, Status: 503, Fault: "status:503,times=1", TraceID: "00000000-0000-4000-8000-000000000001"},
		{Level: "INFO", Method: "GET", Path: path, Status: 200, Fault: "truncate,times=1", TraceID: "00000000-0000-4000-8000-000000000002"},
		{Level: "WARN", Method: "GET", Path: path, Status: 400, TraceID: "00000000-0000-4000-8000-000000000003",
			Problems: []string{"query parameter hunter: not in the contract"}},
	}
	var got []line
	for text := range strings.Lines(log.String()) {
		var l line
		if err := json.Unmarshal([]byte(text), &l); err != nil || l.Duration == nil {
			t.Fatalf("got the line %s, %v", text, err)
		}
		l.Duration = nil
		got = append(got, l)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the log differs (-want +got):\n%s", diff)
	}
	if r := server.Requests(); r[1].Fault != "truncate,times=1" || r[1].TraceID != want[1].TraceID || r[1].Time.IsZero() {
		t.Errorf("recorded %+v", r[1])
	}
}

type writer func([]byte) (int, error)

func (w writer) Write(b []byte) (int, error) { return w(b) }

// The number and the length of the problems are limited, whatever names a query has.
func TestHostileQuery(t *testing.T) {
	server := contracttest.NewServer(t, contracttest.WithInvalidRequestsAllowed())
	query := "?" + url.QueryEscape("\x1b[2J\n\u202e\u200b"+strings.Repeat("long", 1000)) + "=1"
	for i := range 1000 {
		query += fmt.Sprintf("&p%d=1", i)
	}
	_, body := send(t, server, "/integrations/rich"+query)
	problems := server.Requests()[0].Problems
	if len(problems) != 20 {
		t.Errorf("got %d problems, want 20", len(problems))
	}
	for _, text := range append(problems, bodyOf(t, body)["data"].(map[string]any)["message"].(string)) {
		if len(text) > 300 || strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsPrint(r) }) {
			t.Errorf("got %q", text)
		}
	}
}

// A body that is announced but never sent does not delay the response for long.
func TestBodyThatNeverComes(t *testing.T) {
	t.Parallel() // It waits for the server to give up.
	server := contracttest.NewServer(t, contracttest.WithInvalidRequestsAllowed())
	conn, err := net.Dial("tcp", strings.TrimSuffix(strings.TrimPrefix(server.URL, "http://"), contracttest.DefaultPathPrefix))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprintf(conn, "GET /v1/integrations/rich HTTP/1.1\r\nHost: x\r\nx-portkey-api-key: %s\r\nContent-Length: 10\r\n\r\n", server.APIKey())
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil || resp.StatusCode != http.StatusBadRequest {
		t.Errorf("got %v, %v, want status code 400", resp, err)
	}
}
