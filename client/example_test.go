package client_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"log/slog"
	"net/http"
	"os"
	"slices"
	"sync/atomic"
	"time"

	"github.com/portkey-integration/portkey-integration-go/client"
	"github.com/portkey-integration/portkey-integration-go/contracttest"
	"github.com/portkey-integration/portkey-integration-go/gen"
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
	if cfg, ok := integration.Configuration().(gen.BedrockConfiguration); ok {
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
		client.WithMaxResponseBytes(1<<20), // 16 MiB by default, after decompression.
	)
	fmt.Println(c != nil, err)

	// All that is wrong is said at once, and no key is ever printed.
	_, err = client.New(client.WithAPIKey("two words"), client.WithTimeout(-1))
	fmt.Println(err)
	// Output:
	// true <nil>
	// client: WithAPIKey: the key cannot be used: it has a space, a control character or a non-ASCII character, which a key never has; check for a stray newline
	// WithTimeout: -1ns is negative
}

func ExampleIntegration_Configuration() {
	c, err := client.New()
	if err != nil {
		log.Fatal(err)
	}
	for _, slug := range []string{"openai-production", "azure-openai-entra", "vertex-ai-basic", "unknown-provider", "sparse"} {
		integration, err := c.RetrieveIntegration(context.Background(), slug)
		if err != nil {
			log.Fatal(err)
		}
		switch cfg := integration.Configuration().(type) {
		case gen.OpenAIConfiguration:
			fmt.Println(slug, "OpenAI organisation", cfg.OpenAIOrganization)
		case gen.AzureOpenAIConfiguration:
			fmt.Println(slug, cfg.AzureResourceName, len(cfg.AzureDeploymentConfig), "deployment")
		case gen.BedrockConfiguration:
			fmt.Println(slug, cfg.AWSRegion)
		case gen.SageMakerConfiguration:
			fmt.Println(slug, cfg.AWSRegion)
		case gen.VertexAIConfiguration:
			fmt.Println(slug, cfg.VertexRegion, cfg.VertexAuthType)
		case gen.AzureAIConfiguration:
			fmt.Println(slug, cfg.AzureFoundryURL)
		case gen.WorkersAIConfiguration:
			fmt.Println(slug, cfg.WorkersAIAccountID)
		case gen.HuggingFaceConfiguration:
			fmt.Println(slug, cfg.HuggingFaceBaseURL)
		case gen.CortexConfiguration:
			fmt.Println(slug, cfg.SnowflakeAccount)
		case gen.CustomBaseURLConfiguration:
			fmt.Println(slug, cfg.CustomHost)
		case client.UnknownConfiguration:
			fmt.Println(slug, "is of", integration.Provider(), "with", len(cfg.Raw), "bytes of configuration")
		case nil:
			fmt.Println(slug, "has no configuration")
		}
	}
	// Output:
	// openai-production OpenAI organisation org-9sTq2mVfWc
	// azure-openai-entra contoso-openai-eu 1 deployment
	// vertex-ai-basic europe-west4 basic
	// unknown-provider is of mistral-ai with 56 bytes of configuration
	// sparse has no configuration
}

func ExampleClient_RetrieveIntegration_limitsAndPricing() {
	c, err := client.New()
	if err != nil {
		log.Fatal(err)
	}
	integration, err := c.RetrieveIntegration(context.Background(), "openai-production", client.WithWorkspaceID("ws-shared"))
	if err != nil {
		log.Fatal(err)
	}
	if access := integration.GlobalWorkspaceAccessSettings; access != nil {
		for _, limit := range access.UsageLimits {
			fmt.Println(*limit.CreditLimit, limit.Type, limit.PeriodicReset)
		}
		for _, limit := range access.RateLimits {
			fmt.Println(*limit.Value, limit.Type, limit.Unit)
		}
	}
	if pricing := integration.PricingAdjustments; pricing != nil && pricing.Multiplier != nil {
		m := pricing.Multiplier
		// Nil inherits the default; 0 is a price.
		fmt.Println(*m.Default, *m.RequestToken, m.ResponseToken == nil, *m.CacheReadInputToken)
	}
	// Output:
	// 500 cost monthly
	// 600 requests rpm
	// 0.8 0.75 true 0
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
		fmt.Println("no complete answer:", err)
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
	var drift, violations atomic.Int64 // Metrics of yours.
	c, err := client.New(
		client.WithValidation(client.ValidationReport),
		client.WithReportHandler(func(_ context.Context, r client.Report) {
			drift.Add(int64(len(r.Drift)))
			violations.Add(int64(len(r.Violations)))
		}),
		client.WithHTTPClient(answering(`{
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
	fmt.Println(integration.Status, drift.Load(), violations.Load())
	for _, f := range append(integration.Report().Drift, integration.Report().Violations...) {
		fmt.Println(f)
	}
	// Output:
	// paused 1 1
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
