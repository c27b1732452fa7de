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

	"github.com/portkey-integration/portkey-integration-go/client"
	"github.com/portkey-integration/portkey-integration-go/contracttest"
)

func main() {
	baseURL := flag.String("base-url", "", "base `URL` of the server")
	prefer := flag.Bool("prefer", false, "ask for an example with the header Prefer (RFC 7240), as Prism takes it, and not by its slug alone")
	broken := flag.String("broken", "", "a `slug` whose response breaks the contract: the server in between must refuse it")
	flag.Parse()
	if err := run(*baseURL, *prefer, *broken); err != nil {
		fmt.Fprintln(os.Stderr, "retrieve:", err)
		os.Exit(1)
	}
}

func run(baseURL string, prefer bool, broken string) error {
	c, err := client.New(client.WithBaseURL(baseURL), client.WithAPIKey(contracttest.DefaultAPIKey),
		client.WithValidation(client.ValidationStrict), client.WithMaxRetries(0))
	if err != nil {
		return err
	}
	var errs []error
	responses, failures := 0, 0
	for _, example := range contracttest.Examples() {
		if example.ContentType != "application/json" {
			continue // A gateway's page: the client asks for JSON, and a server that honours it never sends one.
		}
		if err := retrieve(c, example, prefer); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", example.Name, err))
		}
		if example.Status == http.StatusOK {
			responses++
		} else {
			failures++
		}
	}
	if responses == 0 || failures == 0 {
		errs = append(errs, errors.New("the contract has no examples"))
	}
	if broken != "" {
		errs = append(errs, refused(c, broken))
	}
	if err := errors.Join(errs...); err != nil {
		return err
	}
	fmt.Printf("%d responses and %d errors\n", responses, failures)
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
		return fmt.Errorf("want an *APIError, got %v", err)
	}
	if apiError.StatusCode != example.Status {
		return fmt.Errorf("got status %d, want %d", apiError.StatusCode, example.Status)
	}
	return same(apiError.Body, example.Body)
}

// refused checks that a broken response does not come through. The validating proxy responses in its place, so that the
// client sees a failed request and never the response.
func refused(c *client.Client, slug string) error {
	_, err := c.RetrieveIntegration(context.Background(), slug)
	var apiError *client.APIError
	if !errors.As(err, &apiError) {
		return fmt.Errorf("%s: the server in between let a broken response pass (the client says: %v)", slug, err)
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
