// Package retryable does what the vendor's Terraform provider does: go-retryablehttp, io.ReadAll, encoding/json.
package retryable

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"

	"github.com/hashicorp/go-retryablehttp"

	"github.com/portkey-integration/portkey-integration-go/bench/clients"
	"github.com/portkey-integration/portkey-integration-go/gen"
)

// New is a [clients.New].
func New(baseURL string) (clients.Retrieve, error) {
	client := retryablehttp.NewClient()
	client.HTTPClient = &http.Client{Transport: clients.Transport()}
	client.Logger = nil
	return func(ctx context.Context, slug string) (string, error) {
		req, err := retryablehttp.NewRequestWithContext(ctx, http.MethodGet, baseURL+"/integrations/"+slug, nil)
		if err != nil {
			return "", err
		}
		req.Header.Set("X-Portkey-Api-Key", clients.Key)
		resp, err := client.Do(req)
		if err != nil {
			return "", err
		}
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		if err != nil {
			return "", err
		}
		if resp.StatusCode != http.StatusOK {
			return "", fmt.Errorf("%s", resp.Status)
		}
		var in gen.Integration
		if err := json.Unmarshal(body, &in); err != nil {
			return "", err
		}
		return in.ID, nil
	}, nil
}
