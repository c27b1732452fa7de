// Package ours is our client, in any validation mode, with its own default transport.
package ours

import (
	"context"

	"github.com/portkey-integration/portkey-integration-go/bench/clients"
	"github.com/portkey-integration/portkey-integration-go/client"
)

// New returns a [clients.New].
func New(mode client.Validation) clients.New {
	return func(baseURL string) (clients.Retrieve, error) {
		c, err := client.New(client.WithAPIKey(clients.Key), client.WithBaseURL(baseURL), client.WithValidation(mode))
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
