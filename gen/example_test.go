package gen_test

import (
	"context"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"

	"github.com/portkey-integration/portkey-integration-go/contracttest"
	"github.com/portkey-integration/portkey-integration-go/gen"
)

// The generated client alone: typed, and no more than that. Package client adds all the rest.
func ExampleNewClientWithResponses() {
	handler, err := contracttest.NewHandler()
	if err != nil {
		log.Fatal(err)
	}
	defer handler.Close()
	server := httptest.NewServer(handler)
	defer server.Close()

	c, err := gen.NewClientWithResponses(server.URL+"/v1", gen.WithRequestEditorFn(func(_ context.Context, r *http.Request) error {
		r.Header.Set("x-portkey-api-key", contracttest.DefaultAPIKey)
		return nil
	}))
	if err != nil {
		log.Fatal(err)
	}
	response, err := c.RetrieveIntegrationWithResponse(context.Background(), "cortex", nil)
	if err != nil {
		log.Fatal(err)
	}
	cfg, err := response.JSON200.Configurations.AsCortexConfiguration()
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(response.StatusCode(), response.JSON200.Name, cfg.SnowflakeAccount)
	// Output:
	// 200 Snowflake Cortex acme-eu_west_1
}

// A slug that would lead elsewhere makes no request.
func ExampleSlug_MarshalText() {
	for _, slug := range []gen.Slug{"openai-production", "../keys", ""} {
		text, err := slug.MarshalText()
		fmt.Printf("%q %v\n", text, err)
	}
	// Output:
	// "openai-production" <nil>
	// "" want 1 to 255 characters that match ^[a-zA-Z0-9_-]+$
	// "" want 1 to 255 characters that match ^[a-zA-Z0-9_-]+$
}
