// Package nethttp is the baseline: net/http and encoding/json into the type that our client returns, without validation.
package nethttp

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"

	"github.com/portkey-integration/portkey-integration-go/bench/clients"
	"github.com/portkey-integration/portkey-integration-go/gen"
)

// New is a [clients.New].
func New(baseURL string) (clients.Retrieve, error) {
	return get(baseURL, clients.Transport(), decode), nil
}

// NewDefault is a [clients.New] on http.DefaultTransport.
func NewDefault(baseURL string) (clients.Retrieve, error) {
	return get(baseURL, http.DefaultTransport, decode), nil
}

// NewDiscard is a [clients.New] that does not decode: the cost that every client has before it processes the body.
func NewDiscard(baseURL string) (clients.Retrieve, error) {
	return get(baseURL, clients.Transport(), func(body io.Reader) (string, error) {
		_, err := io.Copy(io.Discard, body)
		return "", err
	}), nil
}

func decode(body io.Reader) (string, error) {
	var in gen.Integration
	err := json.NewDecoder(body).Decode(&in)
	return in.ID, err
}

func get(baseURL string, transport http.RoundTripper, decode func(io.Reader) (string, error)) clients.Retrieve {
	client := &http.Client{Transport: transport}
	return func(ctx context.Context, slug string) (string, error) {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, baseURL+"/integrations/"+slug, nil)
		if err != nil {
			return "", err
		}
		req.Header.Set("X-Portkey-Api-Key", clients.Key)
		resp, err := client.Do(req)
		if err != nil {
			return "", err
		}
		defer resp.Body.Close()
		if resp.StatusCode != http.StatusOK {
			return "", fmt.Errorf("%s", resp.Status)
		}
		return decode(resp.Body)
	}
}
