package contracttest_test

import (
	"context"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/portkey-integration/portkey-integration-go/contracttest"
)

// upstream starts a fake control plane that serves a broken fixture.
func upstream(slug string, fixture any) *httptest.Server {
	h, err := contracttest.NewHandler(contracttest.WithBrokenFixture(slug, fixture))
	if err != nil {
		log.Fatal(err)
	}
	return httptest.NewServer(h)
}

// visit makes a GET request and discards the response.
func visit(url string) {
	r, err := http.NewRequestWithContext(context.Background(), http.MethodGet, url, nil)
	if err != nil {
		log.Fatal(err)
	}
	r.Header.Set("X-Portkey-Api-Key", contracttest.DefaultAPIKey)
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		log.Fatal(err)
	}
	defer resp.Body.Close()
	_, _ = io.Copy(io.Discard, resp.Body)
}

func ExampleNewProxy() {
	up := upstream("leaky", contracttest.Example("cortex").With("/slug", "leaky").With("/key", "sk-in-clear"))
	defer up.Close()
	over := make(chan contracttest.Exchange)
	proxy, err := contracttest.NewProxy(up.URL, contracttest.WithExchangeFunc(func(e contracttest.Exchange) { over <- e }))
	if err != nil {
		log.Fatal(err)
	}
	server := httptest.NewServer(proxy)
	defer server.Close()
	go visit(server.URL + contracttest.DefaultPathPrefix + "/integrations/leaky")
	e := <-over
	fmt.Println(e.Method, e.Path, e.StatusCode, e.Report.Violations)
	// Output:
	// GET /v1/integrations/leaky 200 [/key: a secret must not be in a response, only its masked form may]
}

func ExampleWithExchangeFunc() {
	up := upstream("numbered", contracttest.Example("cortex").With("/slug", "numbered").With("/name", 5))
	defer up.Close()
	over := make(chan bool)
	proxy, err := contracttest.NewProxy(up.URL, contracttest.WithExchangeFunc(func(e contracttest.Exchange) { over <- e.Failed() }))
	if err != nil {
		log.Fatal(err)
	}
	server := httptest.NewServer(proxy)
	defer server.Close()
	go visit(server.URL + contracttest.DefaultPathPrefix + "/integrations/numbered")
	fmt.Println("failed:", <-over)
	// Output:
	// failed: true
}

func ExampleWithInsecureUpstream() {
	_, err := contracttest.NewProxy("http://cp.example/v1")
	fmt.Println(err)
	_, err = contracttest.NewProxy("http://cp.example/v1", contracttest.WithInsecureUpstream())
	fmt.Println(err)
	// Output:
	// the upstream is reached by plain http, over which keys would cross the network in clear
	// <nil>
}

func ExampleWithUpstreamTransport() {
	_, err := contracttest.NewProxy("https://cp.example/v1", contracttest.WithUpstreamTransport(&http.Transport{DisableCompression: true}))
	fmt.Println(err)
	// Output:
	// <nil>
}

func ExampleWithStall() {
	_, err := contracttest.NewProxy("https://cp.example/v1", contracttest.WithStall(time.Minute))
	fmt.Println(err)
	// Output:
	// <nil>
}

func ExampleWithFailOnDrift() {
	h, err := contracttest.NewHandler(contracttest.WithFixture("newer", contracttest.Example("cortex").With("/slug", "newer").With("/tomorrow", 1)))
	if err != nil {
		log.Fatal(err)
	}
	server := httptest.NewServer(h)
	defer server.Close()
	target := contracttest.Target{
		BaseURL: server.URL + contracttest.DefaultPathPrefix, APIKey: contracttest.DefaultAPIKey, Slugs: []string{"newer"},
	}
	for _, opts := range [][]contracttest.VerifyOption{{contracttest.WithInterval(0)}, {contracttest.WithInterval(0), contracttest.WithFailOnDrift()}} {
		result, err := contracttest.Verify(context.Background(), target, opts...)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(result.Passed())
	}
	// Output:
	// true
	// false
}

func ExampleRedact() {
	body, err := contracttest.Redact([]byte(`{"slug": "mine", "key": "sk-in-clear", "configurations": {"custom_headers": {"X-Token": "t"}}}`))
	fmt.Println(strings.TrimSpace(string(body)), err)
	// Output:
	// {"slug":"mine","key":"[redacted]","configurations":{"custom_headers":{"X-Token":"[redacted]"}}} <nil>
}

func ExampleNewHARWriter() {
	dir, err := os.MkdirTemp("", "example")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	file, err := os.Create(filepath.Join(dir, "recorded.har"))
	if err != nil {
		log.Fatal(err)
	}
	defer file.Close()
	har, err := contracttest.NewHARWriter(file)
	if err != nil {
		log.Fatal(err)
	}
	h, err := contracttest.NewHandler()
	if err != nil {
		log.Fatal(err)
	}
	up := httptest.NewServer(h)
	defer up.Close()
	written := make(chan error)
	proxy, err := contracttest.NewProxy(up.URL, contracttest.WithExchangeFunc(func(e contracttest.Exchange) { written <- har.Write(e) }))
	if err != nil {
		log.Fatal(err)
	}
	server := httptest.NewServer(proxy)
	defer server.Close()
	go visit(server.URL + contracttest.DefaultPathPrefix + "/integrations/cortex")
	fmt.Println(<-written)
	data, err := os.ReadFile(file.Name()) // the file is complete after each exchange
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(contracttest.IsHAR(data))
	// Output:
	// <nil>
	// true
}

func ExampleIsHAR() {
	fmt.Println(contracttest.IsHAR([]byte(`{"log": {"version": "1.2", "entries": []}}`)))
	fmt.Println(contracttest.IsHAR([]byte(`{"id": "a", "log": "a property of a body"}`)))
	// Output:
	// true
	// false
}
