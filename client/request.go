package client

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"github.com/portkey-integration/portkey-integration-go/gen"
)

const (
	headerAPIKey  = "X-Portkey-Api-Key"
	headerTraceID = "X-Portkey-Trace-Id"

	anySlug = "slug"
)

var acceptJSON = []string{"application/json"}

// newTemplate returns package gen's request for anySlug.
func newTemplate(base, workspaceID string) (*http.Request, error) {
	var params *gen.RetrieveIntegrationParams
	if workspaceID != "" {
		params = &gen.RetrieveIntegrationParams{WorkspaceID: &workspaceID}
	}
	return gen.NewRetrieveIntegrationRequest(base, anySlug, params)
}

// newRequest returns the request of one call, without the token of a source. It copies a template: parsing the base URL
// and building the path for each call would cost more than everything else before the request is sent.
func (c *Client) newRequest(slug string, call *callConfig) (*http.Request, error) {
	template := c.request
	if call.workspaceID != "" {
		var err error
		if template, err = newTemplate(c.baseURL, call.workspaceID); err != nil {
			return nil, err
		}
	}
	request := template.WithContext(context.Background())
	u := *template.URL
	u.Path = strings.TrimSuffix(u.Path, anySlug) + slug
	if u.RawPath != "" {
		u.RawPath = strings.TrimSuffix(u.RawPath, anySlug) + slug
	}
	request.URL = &u
	header := http.Header{"User-Agent": c.userAgent, "Accept": acceptJSON}
	for _, h := range []headers{c.defaults.header, call.header} {
		for name, value := range h {
			header[name] = []string{value.reveal()}
		}
	}
	if !c.apiKey.isZero() {
		header[headerAPIKey] = []string{c.apiKey.reveal()}
	}
	if !c.bearer.isZero() {
		setBearer(header, c.bearer)
	}
	request.Header = header
	return request, nil
}

func setBearer(header http.Header, token secret) {
	header["Authorization"] = []string{"Bearer " + token.reveal()}
}

// sent has what a call sends and must not be printed.
type sent struct {
	client *Client
	call   *callConfig
	tokens []secret // From the token source.
}

func (s *sent) secrets() (all secrets) {
	for _, credential := range slices.Concat(s.tokens, []secret{s.client.apiKey, s.client.bearer}) {
		all.add(credential, 1)
	}
	for _, h := range []headers{s.client.defaults.header, s.call.header} {
		for _, value := range h {
			all.add(value, minHidden)
		}
	}
	return all
}

// redact hides it in text from the server.
func (s *sent) redact(text string) string { return s.secrets().redact(text) }

// line makes text from the server safe to print: redacted, on one line of at most 500 characters.
func (s *sent) line(text string) string { return printable(s.redact(text)) }
