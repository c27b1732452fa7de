package client_test

import (
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/portkey-integration/portkey-integration-go/client"
)

// A copy of an Integration, and its raw configuration, do not print the value of a custom header.
func TestCopiesOfAnIntegrationDoNotPrint(t *testing.T) {
	const secret = "s3cret-value"
	body := strings.Replace(integrationBody("a"), `{"openai_project":"p"}`, `{"custom_headers":{"X-Token":"`+secret+`"}}`, 1)
	c, err := client.New(client.WithAPIKey("k"), client.WithBaseURL("https://cp.example"), client.WithHTTPClient(responding(body)))
	if err != nil {
		t.Fatal(err)
	}
	in, err := c.RetrieveIntegration(t.Context(), "a")
	if err != nil {
		t.Fatal(err)
	}
	var printed strings.Builder
	slog.New(slog.NewTextHandler(&printed, nil)).Info("m", "copy", *in, "nil", (*client.Integration)(nil))
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q"} {
		fmt.Fprintf(&printed, verb, *in)
		fmt.Fprintf(&printed, verb, in.Configurations)
		fmt.Fprintf(&printed, verb, (*client.Integration)(nil))
	}
	if strings.Contains(printed.String(), secret) {
		t.Errorf("a header's value was printed: %s", strings.ReplaceAll(printed.String(), secret, "…"))
	}
}
