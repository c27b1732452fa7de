package contracttest_test

import (
	"context"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/portkey-integration/portkey-integration-go/contracttest"
)

// A local server needs no rate limit, so the interval can be short.
func ExampleWithInterval() {
	h, err := contracttest.NewHandler()
	if err != nil {
		log.Fatal(err)
	}
	defer h.Close()
	srv := httptest.NewServer(h)
	defer srv.Close()

	result, err := contracttest.Verify(context.Background(), contracttest.Target{
		BaseURL: srv.URL + contracttest.DefaultPathPrefix,
		APIKey:  contracttest.DefaultAPIKey,
		Slugs:   []string{"rich"},
	}, contracttest.WithInterval(time.Millisecond))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(result.Count(contracttest.Pass), "of", len(result.Checks))
	// Output:
	// 14 of 14
}

// Check the response of a handler under test. t is the *testing.T.
func ExampleCheckResponse() {
	t := newT()
	defer t.end()
	yours := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(`{"id": 7, "slug": "cortex", "name": "n", "ai_provider_id": "cortex", "created_at": "2026-11-24T00:00:00Z"}`))
	})
	w := httptest.NewRecorder()
	yours.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/v1/integrations/cortex", nil))
	contracttest.CheckResponse(t, w.Result())
	// Output:
	// FAIL: contracttest: a response with status code 200 violates the contract: /id: got number, want string
}

// Check all responses that a program receives with http.DefaultClient. t is the *testing.T.
func ExampleNewTransport() {
	t := newT()
	defer t.end()
	srv := contracttest.NewServer(t, contracttest.WithFault("rich", contracttest.Fault{UnmaskedSecret: true}))
	http.DefaultClient.Transport = contracttest.NewTransport(t, nil)
	defer func() { http.DefaultClient.Transport = nil }()
	get(srv.URL+"/integrations/cortex", srv.APIKey())
	get(srv.URL+"/integrations/rich", srv.APIKey())
	// Output:
	// 200
	// FAIL: contracttest: a response with status code 200 violates the contract: /configurations/azure_entra_client_secret: a secret must not be in a response, only its masked form may
	// FAIL: contracttest: a response with status code 200 violates the contract: /key: a secret must not be in a response, only its masked form may
	// 200
}

// get prints the status code of the response to a URL.
func get(url, key string) {
	r, err := http.NewRequest(http.MethodGet, url, nil)
	if err != nil {
		log.Fatal(err)
	}
	r.Header.Set("x-portkey-api-key", key)
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		log.Fatal(err)
	}
	_, _ = io.Copy(io.Discard, resp.Body)
	_ = resp.Body.Close()
	fmt.Println(resp.StatusCode)
}

// exampleT is a testing.TB that prints failures.
type exampleT struct {
	testing.TB
	cleanups []func()
}

func newT() *exampleT { return &exampleT{} }

func (t *exampleT) Helper()                           {}
func (t *exampleT) Cleanup(f func())                  { t.cleanups = append(t.cleanups, f) }
func (t *exampleT) Errorf(format string, args ...any) { fmt.Printf("FAIL: "+format+"\n", args...) }
func (t *exampleT) Logf(string, ...any)               {}
func (t *exampleT) Name() string                      { return "TestOfMine" }
func (t *exampleT) Failed() bool                      { return false }
func (t *exampleT) Skipped() bool                     { return false }

func (t *exampleT) end() {
	for _, f := range t.cleanups {
		f()
	}
}
