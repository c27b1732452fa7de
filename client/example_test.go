package client_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"log/slog"
	"net/http"
	"os"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/portkey-integration/portkey-integration-go/client"
	"github.com/portkey-integration/portkey-integration-go/contracttest"
)

// The examples talk to the fake server, as the environment says where the control plane is.
func init() {
	handler, err := contracttest.NewHandler()
	if err != nil {
		log.Fatal(err)
	}
	server := newLoopbackServer(handler)
	os.Setenv("PORTKEY_BASE_URL", server+"/v1")
	os.Setenv("PORTKEY_API_KEY", contracttest.DefaultAPIKey)
}

func Example() {
	c, err := client.New() // The key comes from PORTKEY_API_KEY, or from client.WithAPIKey.
	if err != nil {
		log.Fatal(err)
	}
	integration, err := c.RetrieveIntegration(context.Background(), "bedrock-assumed-role")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(integration.Name, integration.Provider())
	if cfg, ok := integration.Configuration().(client.BedrockConfiguration); ok {
		fmt.Println(cfg.AWSRegion, cfg.AWSAuthType)
	}
	// Output:
	// AWS Bedrock (assumedRole) bedrock
	// eu-central-1 assumedRole
}

func ExampleNew() {
	c, err := client.New(
		client.WithAPIKey(os.Getenv("PORTKEY_API_KEY")),        // Or WithBearerToken for a JWT.
		client.WithBaseURL(os.Getenv("PORTKEY_BASE_URL")),      // Self-hosted: https://aws-cp.portkey.ai/api/v1
		client.WithHTTPClient(&http.Client{}),                  // Your transport, proxy, tracing; never modified.
		client.WithTimeout(10*time.Second),                     // Per attempt; the context limits the whole call.
		client.WithMaxRetries(4),                               // 2 by default; 0 makes exactly one request.
		client.WithUserAgent("audit/1.2"),                      //
		client.WithHeader("X-Gateway-Token", "of-the-gateway"), // For what stands in front of the control plane.
		client.WithLogger(slog.Default()),                      // Attempts, at level debug.
		client.WithValidation(client.ValidationReport),         // Strict by default.
		client.WithReportHandler(func(context.Context, client.Report) {}),
		client.WithMaxResponseBytes(1<<20), // 4 MiB by default, after decompression.
	)
	fmt.Println(c != nil, err)

	// Everything that is wrong is said at once, and no key is ever printed.
	_, err = client.New(client.WithAPIKey("two words"), client.WithTimeout(-1))
	fmt.Println(err)
	// Output:
	// true <nil>
	// client: WithAPIKey: the key cannot be used: it has a space, a control character or a non-ASCII character, which a key never has; check for a stray newline
	// WithTimeout: -1ns is negative
}

// describe says what is particular of a provider. What a later contract adds falls into the last two cases.
func describe(in *client.Integration) string {
	switch cfg := in.Configuration().(type) {
	case client.OpenAIConfiguration:
		return "organisation " + cfg.OpenAIOrganization
	case client.AzureOpenAIConfiguration:
		return fmt.Sprint(len(cfg.AzureDeploymentConfig), " deployments of ", cfg.AzureResourceName)
	case client.BedrockConfiguration:
		return "AWS region " + cfg.AWSRegion // "" where it is absent or null
	case client.VertexAIConfiguration:
		return "Google Cloud region " + cfg.VertexRegion
	case client.UnknownConfiguration:
		return fmt.Sprint(len(cfg.Raw), " bytes of JSON") // a provider without a type: cfg.Raw
	case nil:
		return "no configuration"
	default:
		return fmt.Sprintf("a %T", cfg)
	}
}

func ExampleIntegration_Configuration() {
	c, err := client.New()
	if err != nil {
		log.Fatal(err)
	}
	for _, slug := range []string{"openai-production", "azure-openai-entra", "vertex-ai-basic", "cortex", "unknown-provider", "sparse"} {
		in, err := c.RetrieveIntegration(context.Background(), slug)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(in.Provider(), "has", describe(in))
	}
	// Output:
	// openai has organisation org-9sTq2mVfWc
	// azure-openai has 1 deployments of contoso-openai-eu
	// vertex-ai has Google Cloud region europe-west4
	// cortex has a gen.CortexConfiguration
	// mistral-ai has 56 bytes of JSON
	// openai has no configuration
}

// limits prints the limits of all workspaces. Numbers are pointers where null and absence mean something.
func limits(in *client.Integration) {
	access := in.WorkspaceAccess() // whichever of the two names the response has; nil where it has neither
	if access == nil {
		return
	}
	for _, limit := range access.UsageLimits {
		if limit.CreditLimit != nil {
			fmt.Println(*limit.CreditLimit, limit.Type, limit.PeriodicReset)
		}
	}
	for _, limit := range access.RateLimits {
		if limit.Value != nil {
			fmt.Println(*limit.Value, limit.Type, limit.Unit)
		}
	}
}

// prices prints the factor on the list price of two kinds of token.
func prices(in *client.Integration) {
	if in.PricingAdjustments == nil {
		return
	}
	for _, kind := range []string{"request_token", "response_token"} {
		// A null or absent factor is that of "default"; ok is false where there is none either.
		if factor, ok := in.PricingAdjustments.Multiplier.Effective(kind); ok {
			fmt.Println(kind, factor)
		}
	}
}

func ExampleIntegration_WorkspaceAccess() {
	c, err := client.New()
	if err != nil {
		log.Fatal(err)
	}
	in, err := c.RetrieveIntegration(context.Background(), "openai-production", client.WithWorkspaceID("ws-shared"))
	if err != nil {
		log.Fatal(err)
	}
	limits(in)
	prices(in)
	// Output:
	// 500 cost monthly
	// 600 requests rpm
	// request_token 0.75
	// response_token 0.8
}

func ExampleIntegration_CustomBaseURL() {
	c, err := client.New()
	if err != nil {
		log.Fatal(err)
	}
	for _, slug := range []string{"azure-openai-custom-base-url", "openai-production"} {
		in, err := c.RetrieveIntegration(context.Background(), slug)
		if err != nil {
			log.Fatal(err)
		}
		if base := in.CustomBaseURL(); base != nil {
			fmt.Println(in.Provider(), "is called at", base.CustomHost)
		}
	}
	// Output:
	// azure-openai is called at https://apim.contoso.example/openai
}

func ExampleParse() {
	in, err := client.Parse([]byte(`{
		"id": "3c90c3cc-0d44-4b50-8888-8dd25736052a", "slug": "saved", "name": "Saved", "ai_provider_id": "bedrock",
		"created_at": "2026-11-24T00:00:00Z", "configurations": {"aws_region": "eu-central-1", "aws_auth_type": 5}
	}`))
	if err != nil {
		log.Fatal(err) // Not JSON, or not an object.
	}
	fmt.Println(in.Name, in.Configuration().(client.BedrockConfiguration).AWSRegion)
	fmt.Println(in.Report().Violations[0])
	// Output:
	// Saved eu-central-1
	// /configurations/aws_auth_type: got number, want string
}

func ExampleIntegration_UnmarshalJSON() {
	var saved struct{ Integrations []client.Integration }
	err := json.Unmarshal([]byte(`{"integrations": [{"id": "3c90c3cc-0d44-4b50-8888-8dd25736052a", "slug": "saved", "key": "sk-in-clear"}]}`), &saved)
	if err != nil {
		log.Fatal(err)
	}
	in := &saved.Integrations[0]
	fmt.Println(in.Slug, in.Report().Conforms(), len(in.RawJSON()))
	// Output:
	// saved false 85
}

func ExampleAPIError() {
	c, err := client.New(client.WithMaxRetries(0))
	if err != nil {
		log.Fatal(err)
	}
	_, err = c.RetrieveIntegration(context.Background(), "no-such-integration")
	var (
		api        *client.APIError
		validation *client.ValidationError
		transport  *client.TransportError
	)
	switch {
	case errors.Is(err, client.ErrInvalidSlug):
		fmt.Println("nothing was sent")
	case errors.Is(err, client.ErrNotFound):
		errors.As(err, &api)
		fmt.Println(api.StatusCode, api.Code, api.Message)
	case errors.Is(err, client.ErrRateLimited):
		errors.As(err, &api)
		fmt.Println("again in", api.RetryAfter)
	case errors.As(err, &validation):
		fmt.Println(validation.Report.Violations)
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &transport):
		fmt.Println("no complete response:", err)
	}
	// Output:
	// 404 AB08 Integration not found
}

func ExampleClient_RetrieveIntegrations() {
	c, err := client.New()
	if err != nil {
		log.Fatal(err)
	}
	slugs := []string{"cortex", "no-such-integration", "workers-ai"}
	for r := range c.RetrieveIntegrations(context.Background(), slices.Values(slugs), client.WithConcurrency(2)) {
		if r.Err != nil {
			fmt.Println(r.Slug, "is missing:", errors.Is(r.Err, client.ErrNotFound))
			continue
		}
		fmt.Println(r.Slug, r.Integration.Provider())
	}
	// Unordered output:
	// cortex cortex
	// no-such-integration is missing: true
	// workers-ai workers-ai
}

func ExampleWithReportHandler() {
	var drift, violations sync.Map // metrics of yours, by slug
	c, err := client.New(
		client.WithValidation(client.ValidationReport),
		client.WithReportHandler(func(_ context.Context, r client.Report) {
			drift.Store(r.Slug, len(r.Drift)+r.MoreDrift)
			violations.Store(r.Slug, len(r.Violations)+r.MoreViolations)
		}),
		client.WithHTTPClient(respondingWith(`{
			"id": "3c90c3cc-0d44-4b50-8888-8dd25736052a", "slug": "tomorrow", "name": "n", "ai_provider_id": "openai",
			"created_at": "2026-11-24T00:00:00Z", "status": "paused", "workspace_count": "three"
		}`)),
	)
	if err != nil {
		log.Fatal(err)
	}
	integration, err := c.RetrieveIntegration(context.Background(), "tomorrow")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(integration.Status)
	fmt.Println(drift.Load("tomorrow"))
	fmt.Println(violations.Load("tomorrow"))
	for _, f := range append(integration.Report().Drift, integration.Report().Violations...) {
		fmt.Println(f)
	}
	// Output:
	// paused
	// 1 true
	// 1 true
	// /status: the value is not one of those known: active, archived
	// /workspace_count: got string, want integer
}

func ExampleWithLogger() {
	logger := slog.New(slog.NewTextHandler(os.Stdout, &slog.HandlerOptions{
		Level: slog.LevelDebug,
		ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
			if a.Key == slog.TimeKey || a.Key == "duration" || a.Key == "trace_id" {
				return slog.Attr{}
			}
			return a
		},
	}))
	c, err := client.New(client.WithLogger(logger))
	if err != nil {
		log.Fatal(err)
	}
	integration, err := c.RetrieveIntegration(context.Background(), "empty-configuration")
	if err != nil {
		log.Fatal(err)
	}
	logger.Info("retrieved", "integration", integration)
	// Output:
	// level=DEBUG msg="portkey request" method=GET path=/integrations/{slug} attempt=1 status=200 bytes=428
	// level=INFO msg=retrieved integration.id=08c27691-343e-4436-937b-8ceff4c0b0a7 integration.slug=empty-configuration integration.provider=groq
}

func ExampleWithTokenSource() {
	asked := 0
	source := func(context.Context) (string, error) { // an OAuth client, for example
		asked++
		return fmt.Sprintf("token-%d", asked), nil
	}
	c, err := client.New(client.WithTokenSource(source), client.WithBaseURL("https://cp.example/v1"),
		client.WithHTTPClient(showing("Authorization")))
	if err != nil {
		log.Fatal(err)
	}
	_, _ = c.RetrieveIntegration(context.Background(), "cortex")
	// Output:
	// GET https://cp.example/v1/integrations/cortex
	// Authorization: Bearer token-1
}

// counting is a transport around another, as those for tracing are.
type counting struct {
	base     http.RoundTripper
	requests int
}

func (c *counting) RoundTrip(r *http.Request) (*http.Response, error) {
	c.requests++
	return c.base.RoundTrip(r)
}

func ExampleNewTransport() {
	transport := &counting{base: client.NewTransport()}
	c, err := client.New(client.WithHTTPClient(&http.Client{Transport: transport}))
	if err != nil {
		log.Fatal(err)
	}
	_, err = c.RetrieveIntegration(context.Background(), "cortex")
	fmt.Println(transport.requests, err)
	// Output:
	// 1 <nil>
}

func ExampleOptionError() {
	_, err := client.New(client.WithAPIKey("k"), client.WithBaseURL("http://cp.example"))
	var option *client.OptionError
	if errors.As(err, &option) {
		fmt.Println(option.Option)
		fmt.Println(option.Err)
		fmt.Println(option.Hint)
	}
	// Output:
	// WithBaseURL
	// plain http to cp.example would show the key to the network
	// use https, or WithInsecureHTTP
}

func ExampleTokenError() {
	c, err := client.New(client.WithTokenSource(func(context.Context) (string, error) { return "", errors.New("the issuer is down") }))
	if err != nil {
		log.Fatal(err)
	}
	_, err = c.RetrieveIntegration(context.Background(), "cortex")
	var token *client.TokenError
	fmt.Println(errors.As(err, &token), err)
	// Output:
	// true client: retrieve integration "cortex": token source failed: the issuer is down
}

// The functions of the README read every example of the contract.
func TestRecipesReadEveryExample(t *testing.T) {
	c, err := client.New()
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range contracttest.Examples() {
		if e.Status != http.StatusOK {
			continue
		}
		in, err := c.RetrieveIntegration(t.Context(), e.Name)
		if err != nil {
			t.Fatal(err)
		}
		if describe(in) == "" {
			t.Errorf("%s: got no description", e.Name)
		}
		limits(in)
		prices(in)
	}
}
