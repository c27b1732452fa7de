// Package ours is our client, in each of its modes, on the transport that it makes for itself.
package ours

import (
	"context"
	"net/http"

	"github.com/portkey-integration/portkey-integration-go/bench/clients"
	"github.com/portkey-integration/portkey-integration-go/client"
)

// New returns a [clients.New]. Given a transport, the client uses it; given none, it makes its own.
func New(mode client.Validation) clients.New {
	return func(baseURL string, transport http.RoundTripper) (clients.Retrieve, error) {
		opts := []client.Option{client.WithAPIKey(clients.Key), client.WithBaseURL(baseURL), client.WithValidation(mode)}
		if transport != nil {
			opts = append(opts, client.WithHTTPClient(&http.Client{Transport: transport}))
		}
		c, err := client.New(opts...)
		if err != nil {
			return nil, err
		}
		return func(ctx context.Context, slug string) (string, error) {
			in, err := c.RetrieveIntegration(ctx, slug)
			if err != nil {
				return "", err
			}
			return in.ID, nil
		}, nil
	}
}
