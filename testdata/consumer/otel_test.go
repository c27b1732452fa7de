package main

import (
	"net/http"
	"testing"

	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
	"go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/portkey-integration/portkey-integration-go/client"
	"github.com/portkey-integration/portkey-integration-go/contracttest"
)

// Tracing needs no support in the client: the transport creates the spans.
func TestTracing(t *testing.T) {
	server := contracttest.NewServer(t)
	t.Setenv("PORTKEY_BASE_URL", server.URL)
	t.Setenv("PORTKEY_API_KEY", server.APIKey())
	spans := tracetest.NewSpanRecorder()
	provider := trace.NewTracerProvider(trace.WithSpanProcessor(spans))

	c, err := client.New(client.WithHTTPClient(&http.Client{
		Transport: otelhttp.NewTransport(client.NewTransport(), otelhttp.WithTracerProvider(provider)),
	}))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.RetrieveIntegration(t.Context(), "cortex"); err != nil {
		t.Fatal(err)
	}
	if ended := spans.Ended(); len(ended) != 1 || ended[0].Name() != "HTTP GET" && ended[0].Name() != "GET" {
		t.Errorf("got %d spans %v, want one of a GET", len(ended), ended)
	}
}
