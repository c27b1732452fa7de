package main

import (
	"net/http/httptest"
	"os"

	"github.com/portkey-integration/portkey-integration-go/contracttest"
)

// The README's first program, against the fake server.
func Example() {
	handler, err := contracttest.NewHandler()
	if err != nil {
		panic(err)
	}
	defer handler.Close()
	server := httptest.NewServer(handler)
	defer server.Close()
	os.Setenv("PORTKEY_BASE_URL", server.URL+contracttest.DefaultPathPrefix)
	os.Setenv("PORTKEY_API_KEY", contracttest.DefaultAPIKey)
	main()
	// Output:
	// AWS Bedrock (assumedRole) bedrock
	// eu-central-1 assumedRole
}
