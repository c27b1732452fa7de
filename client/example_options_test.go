package client_test

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"log"
	"net/http"
	"slices"
	"time"

	"github.com/portkey-integration/portkey-integration-go/client"
)

// The HTTP clients of these examples, which print requests or make up responses, are in example_server_test.go.

func ExampleWithAPIKey() {
	c, err := client.New(client.WithAPIKey("pk-of-an-admin"), client.WithBaseURL("https://cp.example/v1"), client.WithHTTPClient(showing("X-Portkey-Api-Key")))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%+v has no key to show\n", *c)
	_, _ = c.RetrieveIntegration(context.Background(), "cortex")

	_, err = client.New(client.WithAPIKey(""))
	fmt.Println(err)
	// Output:
	// client.Client(https://cp.example/v1/) has no key to show
	// GET https://cp.example/v1/integrations/cortex
	// X-Portkey-Api-Key: pk-of-an-admin
	// client: WithAPIKey: the key cannot be used: it is empty
}

func ExampleWithBearerToken() {
	c, err := client.New(client.WithBearerToken("a.j.wt"), client.WithBaseURL("https://cp.example/v1"), client.WithHTTPClient(showing("Authorization", "X-Portkey-Api-Key")))
	if err != nil {
		log.Fatal(err)
	}
	_, _ = c.RetrieveIntegration(context.Background(), "cortex")
	// Output:
	// GET https://cp.example/v1/integrations/cortex
	// Authorization: Bearer a.j.wt
}

func ExampleWithBaseURL() {
	c, err := client.New(client.WithBaseURL("https://aws-cp.portkey.ai/api/v1"), client.WithHTTPClient(showing()))
	if err != nil {
		log.Fatal(err)
	}
	_, _ = c.RetrieveIntegration(context.Background(), "cortex")
	// Output:
	// GET https://aws-cp.portkey.ai/api/v1/integrations/cortex
}

func ExampleWithInsecureHTTP() {
	_, err := client.New(client.WithBaseURL("http://cp.internal/v1"))
	fmt.Println(err)

	_, err = client.New(client.WithBaseURL("http://cp.internal/v1"), client.WithInsecureHTTP())
	fmt.Println(err)
	// Output:
	// client: WithBaseURL: plain http to cp.internal would show the key to the network; use https, or WithInsecureHTTP
	// <nil>
}

func ExampleWithHTTPClient() {
	base := &http.Client{
		Timeout:   10 * time.Second, // Of each attempt.
		Transport: &http.Transport{Proxy: http.ProxyFromEnvironment, MaxConnsPerHost: 4},
	}
	c, err := client.New(client.WithHTTPClient(base))
	if err != nil {
		log.Fatal(err)
	}
	defer c.CloseIdleConnections()
	integration, err := c.RetrieveIntegration(context.Background(), "cortex")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(integration.Provider(), base.CheckRedirect == nil) // base is not modified.
	// Output:
	// cortex true
}

func ExampleWithTimeout() {
	c, err := client.New(client.WithTimeout(time.Millisecond), client.WithMaxRetries(0), client.WithHTTPClient(stalled()))
	if err != nil {
		log.Fatal(err)
	}
	_, err = c.RetrieveIntegration(context.Background(), "cortex")
	fmt.Println(err)
	fmt.Println(errors.Is(err, context.DeadlineExceeded))
	// Output:
	// client: retrieve integration "cortex": request failed after 1 attempt: the attempt took longer than 1ms: context deadline exceeded
	// true
}

func ExampleWithMaxRetries() {
	for _, n := range []int{0, 2} {
		c, err := client.New(client.WithMaxRetries(n), client.WithHTTPClient(busy(2, http.StatusServiceUnavailable)))
		if err != nil {
			log.Fatal(err)
		}
		_, err = c.RetrieveIntegration(context.Background(), "cortex")
		fmt.Println(n, errors.Is(err, client.ErrServer))
	}
	// Output:
	// 0 true
	// 2 false
}

func ExampleWithUserAgent() {
	c, err := client.New(client.WithUserAgent("audit/1.2"), client.WithBaseURL("https://cp.example/v1"), client.WithHTTPClient(showing("User-Agent")))
	if err != nil {
		log.Fatal(err)
	}
	_, _ = c.RetrieveIntegration(context.Background(), "cortex")
	// Output:
	// GET https://cp.example/v1/integrations/cortex
	// User-Agent: audit/1.2
}

func ExampleWithHeader() {
	c, err := client.New(client.WithHeader("X-Gateway-Token", "of-the-gateway"), client.WithBaseURL("https://cp.example/v1"), client.WithHTTPClient(showing("X-Gateway-Token")))
	if err != nil {
		log.Fatal(err)
	}
	_, _ = c.RetrieveIntegration(context.Background(), "cortex")
	_, _ = c.RetrieveIntegration(context.Background(), "cortex", client.WithHeader("X-Gateway-Token", "of-this-call"))
	// Output:
	// GET https://cp.example/v1/integrations/cortex
	// X-Gateway-Token: of-the-gateway
	// GET https://cp.example/v1/integrations/cortex
	// X-Gateway-Token: of-this-call
}

func ExampleWithValidation() {
	broken := `{"id":"3c90c3cc-0d44-4b50-8888-8dd25736052a","slug":"s","name":null,"ai_provider_id":"openai","created_at":"2026-11-24T00:00:00Z"}`
	for _, v := range []client.Validation{client.ValidationStrict, client.ValidationReport, client.ValidationOff} {
		c, err := client.New(client.WithValidation(v), client.WithHTTPClient(responding(broken)))
		if err != nil {
			log.Fatal(err)
		}
		integration, err := c.RetrieveIntegration(context.Background(), "s")
		fmt.Printf("%v: %v, %v\n", v, integration, err)
	}
	// Output:
	// strict: <nil>, client: retrieve integration "s": response violates the contract: 1 violation: /name: null is not allowed
	// report: integration "s" of openai (3c90c3cc-0d44-4b50-8888-8dd25736052a), <nil>
	// off: integration "s" of openai (3c90c3cc-0d44-4b50-8888-8dd25736052a), <nil>
}

func ExampleWithMaxResponseBytes() {
	c, err := client.New(client.WithMaxResponseBytes(100))
	if err != nil {
		log.Fatal(err)
	}
	_, err = c.RetrieveIntegration(context.Background(), "cortex")
	fmt.Println(err)
	// Output:
	// client: retrieve integration "cortex": response is larger than 100 bytes; raise the limit with WithMaxResponseBytes
}

func ExampleWithWorkspaceID() {
	c, err := client.New(client.WithBaseURL("https://cp.example/v1"), client.WithHTTPClient(showing()))
	if err != nil {
		log.Fatal(err)
	}
	_, _ = c.RetrieveIntegration(context.Background(), "cortex", client.WithWorkspaceID("ws-shared"))
	// Output:
	// GET https://cp.example/v1/integrations/cortex?workspace_id=ws-shared
}

func ExampleWithResponse() {
	c, err := client.New()
	if err != nil {
		log.Fatal(err)
	}
	var response *http.Response
	_, err = c.RetrieveIntegration(context.Background(), "no-such-integration", client.WithResponse(&response))
	fmt.Println(errors.Is(err, client.ErrNotFound), response.Status, response.Header.Get("Content-Type"))
	// Output:
	// true 404 Not Found application/json
}

func ExampleWithConcurrency() {
	c, err := client.New()
	if err != nil {
		log.Fatal(err)
	}
	slugs := []string{"cortex", "workers-ai", "huggingface"}
	// One at a time, the results come in the order of the slugs.
	for r := range c.RetrieveIntegrations(context.Background(), slices.Values(slugs), client.WithConcurrency(1)) {
		fmt.Println(r.Slug, r.Err)
	}
	// Output:
	// cortex <nil>
	// workers-ai <nil>
	// huggingface <nil>
}

func ExampleClient_RetrieveIntegration() {
	c, err := client.New()
	if err != nil {
		log.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute) // Of the call, its retries included.
	defer cancel()
	integration, err := c.RetrieveIntegration(ctx, "workers-ai")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(integration)

	_, err = c.RetrieveIntegration(ctx, "../keys") // Nothing is sent.
	fmt.Println(err)
	fmt.Println(errors.Is(err, client.ErrInvalidSlug))
	// Output:
	// integration "workers-ai" of workers-ai (2a832340-7e9a-42dd-9d26-0d6e8e9a8013)
	// client: retrieve integration "../keys": invalid slug: want 1 to 255 characters that match ^[a-zA-Z0-9_-]+$
	// true
}

func ExampleClient_CloseIdleConnections() {
	c, err := client.New()
	if err != nil {
		log.Fatal(err)
	}
	defer c.CloseIdleConnections() // Only needed if the program goes on.
	integration, err := c.RetrieveIntegration(context.Background(), "cortex")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(integration.Slug)
	// Output:
	// cortex
}

func ExampleIntegration_Provider() {
	c, err := client.New()
	if err != nil {
		log.Fatal(err)
	}
	for _, slug := range []string{"bedrock-service-role", "custom-base-url", "unknown-provider"} {
		integration, err := c.RetrieveIntegration(context.Background(), slug)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(integration.AIProviderID, "is", integration.Provider())
	}
	// Output:
	// aws-bedrock is bedrock
	// 673e8eb9-d8b9-479e-8336-0d8b08f2c429 is custom-base-url
	// mistral-ai is mistral-ai
}

func ExampleIntegration_RawJSON() {
	c, err := client.New(client.WithHTTPClient(responding(`{
		"id": "3c90c3cc-0d44-4b50-8888-8dd25736052a", "slug": "s", "name": "n", "ai_provider_id": "openai",
		"created_at": "2026-11-24T00:00:00Z", "tomorrow": 1.0
	}`)))
	if err != nil {
		log.Fatal(err)
	}
	integration, err := c.RetrieveIntegration(context.Background(), "s")
	if err != nil {
		log.Fatal(err)
	}
	var more struct {
		Tomorrow json.RawMessage `json:"tomorrow"` // A property without a field is there as received.
	}
	err = json.Unmarshal(integration.RawJSON(), &more)
	fmt.Printf("%s %v\n", more.Tomorrow, err)
	// Output:
	// 1.0 <nil>
}

func ExampleIntegration_Report() {
	c, err := client.New(client.WithHTTPClient(responding(`{
		"id": "3c90c3cc-0d44-4b50-8888-8dd25736052a", "slug": "s", "name": "n", "ai_provider_id": "openai",
		"created_at": "2026-11-24T00:00:00Z", "status": "paused", "tomorrow": 1
	}`)))
	if err != nil {
		log.Fatal(err)
	}
	integration, err := c.RetrieveIntegration(context.Background(), "s")
	if err != nil {
		log.Fatal(err)
	}
	report := integration.Report()
	fmt.Println(report.Conforms())
	for _, f := range report.Drift {
		fmt.Println(f.Pointer, f.Keyword)
	}
	// Output:
	// true
	// /status x-extensible-enum
	// /tomorrow properties
}

func ExampleUnknownConfiguration() {
	c, err := client.New()
	if err != nil {
		log.Fatal(err)
	}
	integration, err := c.RetrieveIntegration(context.Background(), "unknown-provider")
	if err != nil {
		log.Fatal(err)
	}
	if u, ok := integration.Configuration().(client.UnknownConfiguration); ok {
		fmt.Println(u) // It prints without its content, which may be secret.
		fmt.Printf("%s\n", u.Raw)
	}
	// Output:
	// UnknownConfiguration(56 bytes redacted)
	// {"is_key_required":true,"endpoint_tier":"la-plateforme"}
}

func ExampleValidation_UnmarshalText() {
	var v client.Validation
	flags := flag.NewFlagSet("audit", flag.ContinueOnError)
	flags.TextVar(&v, "validation", client.ValidationStrict, "strict, report or off")
	err := flags.Parse([]string{"-validation", "report"})
	fmt.Println(v, err)
	// Output:
	// report <nil>
}

func ExampleValidationError() {
	c, err := client.New(client.WithHTTPClient(responding(`{
		"id": "3c90c3cc-0d44-4b50-8888-8dd25736052a", "slug": "s", "name": "n", "ai_provider_id": "bedrock",
		"created_at": "2026-11-24T00:00:00Z", "configurations": {"aws_auth_type": "accessKey", "aws_secret_access_key": "in clear"}
	}`)))
	if err != nil {
		log.Fatal(err)
	}
	_, err = c.RetrieveIntegration(context.Background(), "s")
	var broken *client.ValidationError
	if errors.As(err, &broken) {
		for _, v := range broken.Report.Violations {
			fmt.Println(v.Pointer, v.Keyword)
		}
		fmt.Println(broken.Body) // Has the bytes, but does not print them.
	}
	// Output:
	// /configurations/aws_secret_access_key writeOnly
	// Body(233 bytes)
}

func ExampleDecodeError() {
	c, err := client.New(client.WithHTTPClient(responding(`{"id": "3c90c3cc-0d44-4b50-8888-8dd25736052a", "slug": `)))
	if err != nil {
		log.Fatal(err)
	}
	_, err = c.RetrieveIntegration(context.Background(), "s")
	var broken *client.DecodeError
	if errors.As(err, &broken) {
		fmt.Println(broken.Offset, broken.Reason)
	}
	// Output:
	// 55 the body ends too early
}

func ExampleTransportError() {
	c, err := client.New(client.WithBaseURL("http://127.0.0.1:1/v1"), client.WithMaxRetries(0)) // Nobody listens there.
	if err != nil {
		log.Fatal(err)
	}
	_, err = c.RetrieveIntegration(context.Background(), "s")
	var transport *client.TransportError
	if errors.As(err, &transport) {
		fmt.Println(transport.Attempts, transport.StatusCode)
	}
	// Output:
	// 1 0
}

func ExampleRedirectError() {
	c, err := client.New(client.WithHTTPClient(sentElsewhere("https://elsewhere.example/v1/integrations/s")))
	if err != nil {
		log.Fatal(err)
	}
	_, err = c.RetrieveIntegration(context.Background(), "s")
	var redirect *client.RedirectError
	if errors.As(err, &redirect) {
		fmt.Println(redirect.To)
		fmt.Println(redirect.Reason)
	}
	// Output:
	// https://elsewhere.example:443
	// the key must not leave its origin; use the final base URL
}

func ExampleResponseTooLargeError() {
	c, err := client.New(client.WithMaxResponseBytes(100))
	if err != nil {
		log.Fatal(err)
	}
	_, err = c.RetrieveIntegration(context.Background(), "cortex")
	var tooLarge *client.ResponseTooLargeError
	if errors.As(err, &tooLarge) {
		fmt.Println(tooLarge.Limit, len(tooLarge.Body))
	}
	// Output:
	// 100 100
}
