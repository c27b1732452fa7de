// Package naive combines the libraries as their documentation shows: the generated client, kin-openapi's router, and
// openapi3filter.ValidateResponse.
package naive

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers/gorillamux"

	portkeyintegration "github.com/portkey-integration/portkey-integration-go"
	"github.com/portkey-integration/portkey-integration-go/bench/clients"
	"github.com/portkey-integration/portkey-integration-go/gen"
)

// New is a [clients.New].
func New(baseURL string) (clients.Retrieve, error) {
	doc, err := openapi3.NewLoader().LoadFromData([]byte(portkeyintegration.Contract()))
	if err != nil {
		return nil, err
	}
	doc.Servers = openapi3.Servers{{URL: baseURL}}
	router, err := gorillamux.NewRouter(doc)
	if err != nil {
		return nil, err
	}
	client, err := gen.NewClientWithResponses(baseURL, gen.WithHTTPClient(&http.Client{Transport: clients.Transport()}),
		gen.WithRequestEditorFn(func(_ context.Context, req *http.Request) error {
			req.Header.Set("X-Portkey-Api-Key", clients.Key)
			return nil
		}))
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context, slug string) (string, error) {
		resp, err := client.RetrieveIntegrationWithResponse(ctx, gen.Slug(slug), nil)
		if err != nil {
			return "", err
		}
		req := resp.HTTPResponse.Request
		route, params, err := router.FindRoute(req)
		if err != nil {
			return "", err
		}
		err = openapi3filter.ValidateResponse(ctx, &openapi3filter.ResponseValidationInput{
			RequestValidationInput: &openapi3filter.RequestValidationInput{Request: req, PathParams: params, Route: route},
			Status:                 resp.StatusCode(),
			Header:                 resp.HTTPResponse.Header,
			Body:                   io.NopCloser(bytes.NewReader(resp.Body)),
		})
		if err != nil {
			return "", err
		}
		if resp.JSON200 == nil {
			return "", errors.New(resp.Status())
		}
		return resp.JSON200.ID, nil
	}, nil
}
