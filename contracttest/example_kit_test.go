package contracttest_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	"github.com/portkey-integration/portkey-integration-go/client"
	"github.com/portkey-integration/portkey-integration-go/contracttest"
)

// The test in the package documentation.
func TestReadsIntegration(t *testing.T) {
	server := contracttest.NewServer(t)
	in, err := server.NewClient(t).RetrieveIntegration(t.Context(), "openai-production")
	if err != nil {
		t.Fatal(err)
	}
	if got, want := in.Provider(), client.ProviderOpenAI; got != want {
		t.Errorf("got provider %s, want %s", got, want)
	}
}

// Outside of tests, any HTTP server can serve the fake control plane.
func ExampleNewHandler() {
	h, err := contracttest.NewHandler()
	if err != nil {
		log.Fatal(err)
	}
	defer h.Close()
	srv := httptest.NewServer(h)
	defer srv.Close()

	c, err := client.New(client.WithBaseURL(srv.URL+contracttest.DefaultPathPrefix), client.WithAPIKey(contracttest.DefaultAPIKey))
	if err != nil {
		log.Fatal(err)
	}
	in, err := c.RetrieveIntegration(context.Background(), "vertex-ai-basic")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(in.Provider())

	_, err = c.RetrieveIntegration(context.Background(), "no-such-integration")
	fmt.Println(errors.Is(err, client.ErrNotFound))
	// Output:
	// vertex-ai
	// true
}

// A request that violates the contract fails the test. t is the *testing.T.
func ExampleNewServer() {
	t := newT()
	defer t.end()
	server := contracttest.NewServer(t)
	get(server.URL+"/integrations/cortex", server.APIKey())
	get(server.URL+"/integrations/cortex?workspace=ws-1", server.APIKey())
	fmt.Println(len(server.Requests()), "requests")
	// Output:
	// 200
	// FAIL: contracttest: the request GET /v1/integrations/cortex violates the contract: query parameter workspace: not in the contract
	// 400
	// 2 requests
}

// NewClient configures a client for the server. t is the *testing.T.
func ExampleServer_NewClient() {
	t := newT()
	defer t.end()
	server := contracttest.NewServer(t, contracttest.WithFault("rich", contracttest.Fault{Status: http.StatusForbidden}))
	c := server.NewClient(t, client.WithMaxRetries(0))

	_, err := c.RetrieveIntegration(context.Background(), "rich")
	fmt.Println(errors.Is(err, client.ErrForbidden))
	// Output:
	// true
}

// ResetRequests separates the requests of two parts of a test. t is the *testing.T.
func ExampleServer_ResetRequests() {
	t := newT()
	defer t.end()
	server := contracttest.NewServer(t)
	get(server.URL+"/integrations/cortex", server.APIKey())
	server.ResetRequests()
	get(server.URL+"/integrations/sparse", server.APIKey())
	for _, r := range server.Requests() {
		fmt.Println(r.Slug)
	}
	// Output:
	// 200
	// 200
	// sparse
}

// An integration that differs from one of the contract's examples only where the test needs it.
func ExampleExample() {
	mine := contracttest.Example("rich").
		With("/slug", "mine").
		With("/configurations/azure_auth_mode", "managed").
		Without("/description")
	h, err := contracttest.NewHandler(contracttest.WithFixture("mine", mine))
	if err != nil {
		log.Fatal(err)
	}
	defer h.Close()
	ask(h, "/v1/integrations/mine", contracttest.DefaultAPIKey)
	// Output:
	// /v1/integrations/mine 200
}

func ExampleExamples() {
	for _, e := range contracttest.Examples()[:3] {
		fmt.Println(e.Name, e.Status, e.ContentType)
	}
	// Output:
	// documented 200 application/json
	// openai-production 200 application/json
	// azure-openai-default 200 application/json
}

// A fixture that violates the contract is refused. The error names the location and the rule, but no value.
func ExampleWithFixture() {
	_, err := contracttest.NewHandler(contracttest.WithFixture("mine", `{
		"id": "0f6d2a6e-7f2b-4bb1-9a10-5f0c6d6d9a11", "slug": "mine", "name": "Mine", "ai_provider_id": "openai",
		"created_at": "yesterday"
	}`))
	fmt.Println(err)
	// Output:
	// fixture "mine": it violates the contract; to serve it all the same, declare it broken:
	// 	/created_at: want the format date-time
}

// A response that violates the contract, to test how a client handles it.
func ExampleWithBrokenFixture() {
	h, err := contracttest.NewHandler(contracttest.WithBrokenFixture("mine", contracttest.Example("sparse").With("/name", nil)))
	if err != nil {
		log.Fatal(err)
	}
	defer h.Close()
	ask(h, "/v1/integrations/mine", contracttest.DefaultAPIKey)
	// Output:
	// /v1/integrations/mine 200
}

// A file that changes while the server is running is read again.
func ExampleFile() {
	dir, err := os.MkdirTemp("", "")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "mine.json")
	if err := os.WriteFile(path, contracttest.Example("rich").With("/slug", "mine").Body, 0o600); err != nil {
		log.Fatal(err)
	}
	h, err := contracttest.NewHandler(contracttest.WithFixture("mine", contracttest.File(path)))
	if err != nil {
		log.Fatal(err)
	}
	defer h.Close()
	ask(h, "/v1/integrations/mine", contracttest.DefaultAPIKey)
	// Output:
	// /v1/integrations/mine 200
}

// Two failures, then the integration: a client that retries succeeds on the third attempt.
func ExampleWithFault() {
	h, err := contracttest.NewHandler(contracttest.WithFault("rich",
		contracttest.Fault{Status: http.StatusTooManyRequests, RetryAfter: "0", Times: 1},
		contracttest.Fault{Truncate: true, Times: 1},
	))
	if err != nil {
		log.Fatal(err)
	}
	defer h.Close()
	srv := httptest.NewServer(h)
	defer srv.Close()

	for range 3 {
		r, _ := http.NewRequest(http.MethodGet, srv.URL+"/v1/integrations/rich", nil)
		r.Header.Set("x-portkey-api-key", contracttest.DefaultAPIKey)
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			log.Fatal(err)
		}
		_, err = io.Copy(io.Discard, resp.Body)
		_ = resp.Body.Close()
		fmt.Println(resp.StatusCode, err)
	}
	// Output:
	// 429 <nil>
	// 200 unexpected EOF
	// 200 <nil>
}

// Faults as text, for test tables and configuration files.
func ExampleParseFault() {
	for _, text := range []string{"status:429,retry-after=1,times=2", "hang,status:503"} {
		fault, err := contracttest.ParseFault(text)
		fmt.Println(fault.Status, fault.RetryAfter, fault.Times, err)
	}
	// Output:
	// 429 1 2 <nil>
	// 0  0 fault "hang,status:503": hang and reset send no response, so none can be described
}

// The first run records the responses of a control plane; the second replays them without one. t is the *testing.T.
// PORTKEY_RECORD is normally set on the command line.
func ExampleNewRecorder() {
	dir, err := os.MkdirTemp("", "")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	test := func() {
		t := newT()
		defer t.end()
		c := contracttest.NewRecorder(t, dir).NewClient(t)
		in, err := c.RetrieveIntegration(context.Background(), "rich")
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(in.Slug, in.Provider())
	}

	h, err := contracttest.NewHandler() // stands in for the real control plane
	if err != nil {
		log.Fatal(err)
	}
	srv := httptest.NewServer(h)
	os.Setenv("PORTKEY_BASE_URL", srv.URL+contracttest.DefaultPathPrefix)
	os.Setenv("PORTKEY_API_KEY", contracttest.DefaultAPIKey)
	os.Setenv(contracttest.RecordEnv, "1")
	test()
	h.Close()
	srv.Close()

	os.Unsetenv("PORTKEY_BASE_URL")
	os.Unsetenv("PORTKEY_API_KEY")
	os.Unsetenv(contracttest.RecordEnv)
	test()
	// Output:
	// rich azure-openai
	// rich azure-openai
}

func ExampleWithAPIKey() {
	h, err := contracttest.NewHandler(contracttest.WithAPIKey("pk-of-the-test"))
	if err != nil {
		log.Fatal(err)
	}
	defer h.Close()
	ask(h, "/v1/integrations/rich", "pk-of-the-test")
	ask(h, "/v1/integrations/rich", contracttest.DefaultAPIKey)
	// Output:
	// /v1/integrations/rich 200
	// /v1/integrations/rich 401
}

func ExampleWithPathPrefix() {
	h, err := contracttest.NewHandler(contracttest.WithPathPrefix("/api/v1"))
	if err != nil {
		log.Fatal(err)
	}
	defer h.Close()
	ask(h, "/api/v1/integrations/rich", contracttest.DefaultAPIKey)
	ask(h, "/v1/integrations/rich", contracttest.DefaultAPIKey)
	// Output:
	// /api/v1/integrations/rich 200
	// /v1/integrations/rich 404
}

func ExampleWithRequestFunc() {
	h, err := contracttest.NewHandler(contracttest.WithRequestFunc(func(r contracttest.Request) {
		fmt.Println(r.Method, r.Slug, r.Query.Get("workspace_id"), r.Authorized, r.Problems)
	}))
	if err != nil {
		log.Fatal(err)
	}
	defer h.Close()
	ask(h, "/v1/integrations/rich?workspace_id=ws-shared", contracttest.DefaultAPIKey)
	// Output:
	// GET rich ws-shared true []
	// /v1/integrations/rich?workspace_id=ws-shared 200
}

// With a JSON handler, the log has a line of JSON for each request.
func ExampleWithLogger() {
	volatile := func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey || a.Key == "duration_ms" || a.Key == "trace_id" {
			return slog.Attr{}
		}
		return a
	}
	logger := slog.New(slog.NewJSONHandler(os.Stdout, &slog.HandlerOptions{ReplaceAttr: volatile}))
	h, err := contracttest.NewHandler(contracttest.WithLogger(logger))
	if err != nil {
		log.Fatal(err)
	}
	defer h.Close()
	ask(h, "/v1/integrations/rich?workspace=ws-shared", contracttest.DefaultAPIKey)
	// Output:
	// {"level":"WARN","msg":"request violates the contract","method":"GET","path":"/v1/integrations/rich","status":400,"problems":["query parameter workspace: not in the contract"]}
	// /v1/integrations/rich?workspace=ws-shared 400
}

// A test that sends an invalid request on purpose. t is the *testing.T.
func ExampleWithInvalidRequestsAllowed() {
	t := newT()
	defer t.end()
	server := contracttest.NewServer(t, contracttest.WithInvalidRequestsAllowed())
	get(server.URL+"/integrations/rich?workspace_id=", server.APIKey())
	fmt.Println(server.Requests()[0].Problems)
	// Output:
	// 400
	// [query parameter workspace_id: minimum string length is 1]
}

// A server whose fixtures are shared by several tests, each of which uses some. t is the *testing.T.
func ExampleWithUnusedAllowed() {
	t := newT()
	contracttest.NewServer(t, contracttest.WithFixture("mine", contracttest.Example("rich")), contracttest.WithUnusedAllowed())
	t.end()

	t = newT()
	contracttest.NewServer(t, contracttest.WithFixture("mine", contracttest.Example("rich")))
	t.end()
	// Output:
	// FAIL: contracttest: fixture "mine" was never requested
}

// ask prints the path and the status code of a handler's response to it.
func ask(h http.Handler, path, key string) {
	r := httptest.NewRequest(http.MethodGet, path, nil)
	r.Header.Set("x-portkey-api-key", key)
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	fmt.Println(path, w.Code)
}
