// Command retrieve retrieves every named example of the contract from a server, with this module's client in Strict
// mode, and compares it with the document. An example of an error must come back as the client's *APIError.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"net/http"
	"os"
	"reflect"
	"slices"

	"github.com/portkey-integration/portkey-integration-go/client"
	"github.com/portkey-integration/portkey-integration-go/contract"
	"github.com/portkey-integration/portkey-integration-go/contracttest"
)

func main() {
	var s settings
	flag.StringVar(&s.baseURL, "base-url", "", "base `URL` of the server")
	flag.BoolVar(&s.prefer, "prefer", false, "ask for an example with the header Prefer (RFC 7240), as Prism supports it, and not only by its slug")
	flag.BoolVar(&s.closed, "closed", false, "the server refuses to serve an example with a property that the contract does not name")
	flag.StringVar(&s.broken, "broken", "", "a `slug` whose response violates the contract: the server in between must reject it")
	flag.Parse()
	if err := run(s); err != nil {
		fmt.Fprintln(os.Stderr, "retrieve:", err)
		os.Exit(1)
	}
}

type settings struct {
	baseURL, broken string
	prefer, closed  bool
}

func run(s settings) error {
	c, err := client.New(client.WithBaseURL(s.baseURL), client.WithAPIKey(contracttest.DefaultAPIKey),
		client.WithValidation(client.ValidationStrict), client.WithMaxRetries(0))
	if err != nil {
		return err
	}
	var errs []error
	integrations, failures, refused := 0, 0, 0
	for _, example := range contracttest.Examples() {
		if example.ContentType != "application/json" {
			continue // A gateway's page: the client asks for JSON, and a server that honours it never sends one.
		}
		err := retrieve(c, example, s.prefer)
		switch unnamed := s.closed && hasUnnamed(example); {
		case unnamed && err == nil:
			errs = append(errs, fmt.Errorf("%s: got the example, want it refused: is the limitation gone?", example.Name))
		case unnamed:
			refused++
		case err != nil:
			errs = append(errs, fmt.Errorf("%s: %w", example.Name, err))
		case example.Status == http.StatusOK:
			integrations++
		default:
			failures++
		}
	}
	if len(errs) == 0 && (integrations == 0 || failures == 0) {
		errs = append(errs, errors.New("the contract has no examples"))
	}
	if s.broken != "" {
		errs = append(errs, refuses(c, s.broken))
	}
	if err := errors.Join(errs...); err != nil {
		return err
	}
	fmt.Printf("%d integrations and %d errors", integrations, failures)
	if refused > 0 {
		fmt.Printf("; %d refused for a property that the contract does not name", refused)
	}
	fmt.Println()
	return nil
}

func retrieve(c *client.Client, example contracttest.Fixture, prefer bool) error {
	var response *http.Response
	opts := []client.CallOption{client.WithResponse(&response)}
	if prefer {
		opts = append(opts, client.WithHeader("Prefer", fmt.Sprintf("code=%d, example=%s", example.Status, example.Name)))
	}
	integration, err := c.RetrieveIntegration(context.Background(), example.Name, opts...)
	if response != nil {
		if violations := response.Header.Get("sl-violations"); violations != "" {
			return fmt.Errorf("the server in between complains: %s", violations)
		}
	}
	if example.Status == http.StatusOK {
		if err != nil {
			return err
		}
		return same(integration.RawJSON(), example.Body)
	}
	var apiError *client.APIError
	if !errors.As(err, &apiError) {
		return fmt.Errorf("got %v, want an *APIError", err)
	}
	if apiError.StatusCode != example.Status {
		return fmt.Errorf("got status code %d, want %d", apiError.StatusCode, example.Status)
	}
	return same(apiError.Body, example.Body)
}

// hasUnnamed reports whether the example has a property that the contract does not name.
func hasUnnamed(example contracttest.Fixture) bool {
	report, err := contract.Check(example.Status, example.Body)
	return err == nil && slices.ContainsFunc(report.Drift, func(f contract.Finding) bool { return f.Keyword == "properties" })
}

// refuses checks that a response that violates the contract is not passed on. The validating proxy responds in its place, so
// that the client sees a failed request and never the response.
func refuses(c *client.Client, slug string) error {
	_, err := c.RetrieveIntegration(context.Background(), slug)
	var apiError *client.APIError
	if !errors.As(err, &apiError) {
		return fmt.Errorf("%s: the server in between passed on a response that violates the contract (the client says: %v)", slug, err)
	}
	return nil
}

func same(got, want []byte) error {
	var a, b any
	if err := json.Unmarshal(got, &a); err != nil {
		return err
	}
	if err := json.Unmarshal(want, &b); err != nil {
		return err
	}
	if !reflect.DeepEqual(a, b) {
		return errors.New("the response is not the example")
	}
	return nil
}
