//go:build ogen

// Package ogen is the client that ogen generates from openapi.yaml. Its decoder validates as it decodes.
package ogen

import (
	"context"
	"fmt"
	"net/http"

	"github.com/ogen-go/ogen/ogenerrors"

	"github.com/portkey-integration/portkey-integration-go/bench/clients"
	"github.com/portkey-integration/portkey-integration-go/bench/ogen"
)

type key struct{}

func (key) PortkeyApiKey(context.Context, ogen.OperationName) (ogen.PortkeyApiKey, error) {
	return ogen.PortkeyApiKey{APIKey: clients.Key}, nil
}

func (key) BearerToken(context.Context, ogen.OperationName) (ogen.BearerToken, error) {
	return ogen.BearerToken{}, ogenerrors.ErrSkipClientSecurity
}

// New is a [clients.New].
func New(baseURL string) (clients.Retrieve, error) {
	client, err := ogen.NewClient(baseURL, key{}, ogen.WithClient(&http.Client{Transport: clients.Transport()}))
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context, slug string) (string, error) {
		resp, err := client.RetrieveIntegration(ctx, ogen.RetrieveIntegrationParams{Slug: ogen.Slug(slug)})
		if err != nil {
			return "", err
		}
		in, ok := resp.(*ogen.IntegrationHeaders)
		if !ok {
			return "", fmt.Errorf("%T", resp)
		}
		return in.Response.ID.String(), nil
	}, nil
}
