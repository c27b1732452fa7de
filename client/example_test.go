package client_test

import (
	"context"
	"encoding/json"
	"errors"
	"expvar"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/portkey-integration/portkey-integration-go/client"
	"github.com/portkey-integration/portkey-integration-go/contracttest"
)

// The examples use a fake server, to which the environment variables point.
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
		client.WithAPIKey(os.Getenv("PORTKEY_API_KEY")),        // Or WithBearerToken, or WithTokenSource for one that expires.
		client.WithBaseURL(os.Getenv("PORTKEY_BASE_URL")),      // Self-hosted: https://aws-cp.portkey.ai/api/v1
		client.WithHTTPClient(&http.Client{}),                  // Your transport, proxy, tracing; never modified.
		client.WithTimeout(10*time.Second),                     // Per attempt, 30s by default; the context limits the call.
		client.WithMaxRetries(4),                               // 2 by default; 0 makes exactly one request.
		client.WithUserAgent("audit/1.2"),                      //
		client.WithHeader("X-Gateway-Token", "of-the-gateway"), // For a gateway in front of the control plane.
		client.WithWorkspaceID("ws-shared"),                    // Admin keys should name one.
		client.WithLogger(slog.Default()),                      // Attempts, at level debug; silent by default.
		client.WithMaxResponseBytes(1<<20),                     // 4 MiB by default, after decompression.
	)
	fmt.Println(c != nil, err)

	// All invalid options are reported at once, and no key is ever printed.
	_, err = client.New(client.WithAPIKey("two words"), client.WithTimeout(-1))
	fmt.Println(err)
	// Output:
	// true <nil>
	// client: WithAPIKey: the key cannot be used: it has a space, a control character or a non-ASCII character, which a key never has; check for a stray newline
	// WithTimeout: -1ns is negative
}

// account says which account or place of a provider an integration uses.
func account(in *client.Integration) string {
	switch cfg := in.Configuration().(type) { // a value, never a pointer
	case client.OpenAIConfiguration:
		return cfg.OpenAIOrganization // "" if it is absent or null
	case client.AzureOpenAIConfiguration:
		return cfg.AzureResourceName
	case client.BedrockConfiguration:
		return cfg.AWSRegion
	case client.UnknownConfiguration: // any other provider; cfg.Raw is its JSON
		return string(in.Provider())
	default: // one of the other types, or nil if there is no configuration
		return ""
	}
}

// settings prints the limits of all workspaces, a price and the custom base URL.
func settings(w io.Writer, in *client.Integration) {
	if access := in.WorkspaceAccess(); access != nil { // under either of its two names
		for _, limit := range access.UsageLimits {
			if limit.CreditLimit != nil {
				fmt.Fprintln(w, *limit.CreditLimit, limit.Type, limit.PeriodicReset)
			}
		}
		for _, limit := range access.RateLimits {
			if limit.Value != nil {
				fmt.Fprintln(w, *limit.Value, limit.Type, limit.Unit)
			}
		}
	}
	if pricing := in.PricingAdjustments; pricing != nil {
		if factor, ok := pricing.Multiplier.Effective("response_token"); ok { // the default's if it is absent or null
			fmt.Fprintln(w, "response tokens cost", factor, "of the list price")
		}
	}
	if custom := in.CustomBaseURL(); custom != nil { // for any provider
		fmt.Fprintln(w, custom.CustomHost, len(custom.CustomHeaders))
	}
}

func ExampleIntegration_Configuration() {
	c, err := client.New()
	if err != nil {
		log.Fatal(err)
	}
	for _, slug := range []string{"openai-production", "azure-openai-entra", "cortex", "unknown-provider", "sparse"} {
		in, err := c.RetrieveIntegration(context.Background(), slug)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Printf("%s: %q\n", in.Provider(), account(in))
	}
	// Output:
	// openai: "org-9sTq2mVfWc"
	// azure-openai: "contoso-openai-eu"
	// cortex: ""
	// mistral-ai: "mistral-ai"
	// openai: ""
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
	settings(os.Stdout, in)
	// Output:
	// 500 cost monthly
	// 600 requests rpm
	// response tokens cost 0.8 of the list price
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

// explain describes the outcome of a call.
func explain(err error) string {
	var (
		api       *client.APIError
		violation *client.ValidationError
	)
	switch {
	case err == nil:
		return "retrieved"
	case errors.Is(err, client.ErrInvalidSlug):
		return "nothing was sent"
	case errors.Is(err, client.ErrNotFound): // the API says so, not a proxy
		return "no such integration"
	case errors.As(err, &api): // any other status code; errors.Is matches ErrForbidden, ErrRateLimited and so on
		return fmt.Sprintf("%d %s: %s", api.StatusCode, api.Code, api.Message)
	case errors.As(err, &violation):
		return fmt.Sprint("the response violates the contract: ", violation.Report.Violations)
	default: // no complete or no usable response; errors.Is finds context.Canceled and context.DeadlineExceeded
		return err.Error()
	}
}

func ExampleAPIError() {
	c, err := client.New(client.WithMaxRetries(0))
	if err != nil {
		log.Fatal(err)
	}
	for _, slug := range []string{"no-such-integration", "forbidden", "rate-limited", "../keys"} {
		_, err = c.RetrieveIntegration(context.Background(), slug)
		fmt.Println(explain(err))
	}
	// Output:
	// no such integration
	// 403 AB03: You do not have enough permissions to execute this request
	// 429 AB06: Too many requests
	// nothing was sent
}

// A 404 is ErrNotFound only if its body is one of the API's: a wrong base URL must not look like a deletion.
func ExampleAPIError_notFound() {
	page := func(*http.Request) (*http.Response, error) {
		return respond(http.StatusNotFound, http.Header{"Content-Type": {"text/html"}}, "<h1>404 page not found</h1>")
	}
	for _, h := range []*http.Client{nil, {Transport: transport(page)}} {
		opts := []client.Option{client.WithMaxRetries(0)}
		if h != nil {
			opts = append(opts, client.WithHTTPClient(h))
		}
		c, err := client.New(opts...)
		if err != nil {
			log.Fatal(err)
		}
		_, err = c.RetrieveIntegration(context.Background(), "no-such-integration")
		var api *client.APIError
		fmt.Println(errors.As(err, &api) && api.StatusCode == http.StatusNotFound, errors.Is(err, client.ErrNotFound))
	}
	// Output:
	// true true
	// true false
}

// Every error of a call has the details that support asks for.
func ExampleResponseInfo() {
	c, err := client.New(client.WithMaxRetries(1), client.WithHTTPClient(busy(2, http.StatusTooManyRequests)))
	if err != nil {
		log.Fatal(err)
	}
	_, err = c.RetrieveIntegration(context.Background(), "cortex")
	var api *client.APIError
	if errors.As(err, &api) {
		fmt.Println(api.StatusCode, api.Attempts, string(api.Body), api.TraceID == "")
	}
	// Output:
	// 429 2 {} true
}

func ExampleClient_RetrieveIntegrations() {
	c, err := client.New()
	if err != nil {
		log.Fatal(err)
	}
	slugs := []string{"cortex", "no-such-integration", "workers-ai"}
	for r := range c.RetrieveIntegrations(context.Background(), slices.Values(slugs), client.WithConcurrency(2)) {
		if r.Err != nil {
			fmt.Println(r.Slug, explain(r.Err)) // the other slugs continue
			continue
		}
		fmt.Println(r.Slug, r.Integration.Provider())
	}
	// Unordered output:
	// cortex cortex
	// no-such-integration no such integration
	// workers-ai workers-ai
}

// reporting returns options that count drift and violations by slug, and do not fail the call for violations.
func reporting(drift, violations *expvar.Map) []client.Option {
	return []client.Option{
		client.WithValidation(client.ValidationReport),
		client.WithReportHandler(func(_ context.Context, r client.Report) {
			drift.Add(r.Slug, int64(len(r.Drift)+r.MoreDrift))
			violations.Add(r.Slug, int64(len(r.Violations)+r.MoreViolations))
		}),
	}
}

func ExampleWithReportHandler() {
	drift, violations := new(expvar.Map), new(expvar.Map) // or counters of any metrics library
	c, err := client.New(append(reporting(drift, violations), client.WithHTTPClient(responding(`{
		"id": "3c90c3cc-0d44-4b50-8888-8dd25736052a", "slug": "tomorrow", "name": "n", "ai_provider_id": "openai",
		"created_at": "2026-11-24T00:00:00Z", "status": "paused", "workspace_count": "three"
	}`)))...)
	if err != nil {
		log.Fatal(err)
	}
	for range 2 {
		in, err := c.RetrieveIntegration(context.Background(), "tomorrow")
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(in.Status, in.Report().Violations)
	}
	fmt.Println(drift, violations)
	// Output:
	// paused [/workspace_count: got string, want integer]
	// paused [/workspace_count: got string, want integer]
	// {"tomorrow": 2} {"tomorrow": 2}
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
	c, err := client.New(client.WithTokenSource(func(context.Context) (string, error) {
		asked++ // ask an issuer here
		return fmt.Sprintf("token-%d", asked), nil
	}), client.WithHTTPClient(expiring("Bearer token-1")))
	if err != nil {
		log.Fatal(err)
	}
	for range 2 { // The first token is refused: the source is asked for another, which the second call uses as well.
		_, err := c.RetrieveIntegration(context.Background(), "cortex")
		fmt.Println(asked, err)
	}
	// Output:
	// 2 <nil>
	// 2 <nil>
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

// The functions that the README shows take every example of the contract, integrations and errors.
func TestRecipesTakeEveryExample(t *testing.T) {
	c, err := client.New(append(reporting(new(expvar.Map), new(expvar.Map)), client.WithMaxRetries(0))...)
	if err != nil {
		t.Fatal(err)
	}
	accounts, printed := 0, new(strings.Builder)
	for _, e := range contracttest.Examples() {
		in, err := c.RetrieveIntegration(t.Context(), e.Name)
		if got := explain(err); (got == "retrieved") != (e.Status == http.StatusOK) {
			t.Errorf("%s, with status code %d: got %q", e.Name, e.Status, got)
		}
		if err == nil && account(in) != "" {
			accounts++
		}
		if err == nil {
			settings(printed, in)
		}
	}
	if accounts == 0 || printed.Len() == 0 {
		t.Errorf("got %d accounts and %q, want some of both", accounts, printed)
	}
}
