package main

import (
	"os"
	"testing"

	"github.com/portkey-integration/portkey-integration-go/contracttest"
)

// A test of a program against the fake server.
func TestRun(t *testing.T) {
	server := contracttest.NewServer(t)
	t.Setenv("PORTKEY_BASE_URL", server.URL)
	t.Setenv("PORTKEY_API_KEY", server.APIKey())
	if err := run(t.Context(), []string{"bedrock-access-key", "no-such-integration"}); err != nil {
		t.Error(err)
	}
	if n := len(server.Requests()); n != 2 {
		t.Errorf("got %d requests, want 2", n)
	}
}

// A custom response, and a server that fails once.
func TestFake(t *testing.T) {
	server := contracttest.NewServer(t,
		contracttest.WithFixture("mine", contracttest.Example("cortex").With("/slug", "mine").With("/name", "Mine")),
		contracttest.WithFault("mine", contracttest.Fault{Status: 503, Times: 1}))
	in, err := server.NewClient(t).RetrieveIntegration(t.Context(), "mine") // give the client to the code under test
	if err != nil {
		t.Fatal(err)
	}
	if got, requests := in.Name, len(server.Requests()); got != "Mine" || requests != 2 {
		t.Errorf("got %q after %d requests, want Mine after 2", got, requests)
	}
}

// A contract test of a running control plane, here the fake server.
func TestContract(t *testing.T) {
	server := contracttest.NewServer(t, contracttest.WithInvalidRequestsAllowed())
	t.Setenv("PORTKEY_BASE_URL", server.URL)
	t.Setenv("PORTKEY_API_KEY", server.APIKey())
	contracttest.Run(t, contracttest.Target{
		BaseURL: os.Getenv("PORTKEY_BASE_URL"),
		APIKey:  os.Getenv("PORTKEY_API_KEY"),
		Slugs:   []string{"bedrock-access-key"},
	})
}
