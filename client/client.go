package client

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/portkey-integration/portkey-integration-go/gen"
)

const headerAPIKey = "X-Portkey-Api-Key"

// Client reads integrations. Make one with [New] and share it: it is safe for concurrent use, and its connections are
// worth reusing.
type Client struct {
	baseURL          string
	request          *http.Request // For anySlug, without a header.
	http             *http.Client
	timeout          time.Duration // Of an attempt; 0 is none.
	timeoutError     error
	maxRetries       int
	maxResponseBytes int64
	userAgent        []string
	header           headers // Those of WithHeader.
	apiKey, bearer   secret
	logger           *slog.Logger
	validation       Validation
	reportHandler    func(context.Context, Report)
}

// New makes a Client. Whatever is wrong with the options is returned in one error.
func New(opts ...Option) (*Client, error) {
	config, err := newConfig(opts)
	base, baseErr := parseBaseURL(config.baseURL, config.insecureHTTP)
	if baseErr != nil {
		err = errors.Join(err, fmt.Errorf("base URL: %w", baseErr))
	}
	if err != nil {
		return nil, fmt.Errorf("client: %w", err)
	}
	request, err := gen.NewRetrieveIntegrationRequest(base, anySlug, nil)
	if err != nil {
		return nil, fmt.Errorf("client: base URL: %w", err)
	}
	httpClient, timeout := newHTTPClient(config.httpClient, config.timeout)
	return &Client{
		baseURL:          base,
		request:          request,
		http:             httpClient,
		timeout:          timeout,
		timeoutError:     fmt.Errorf("the attempt took longer than %v: %w", timeout, context.DeadlineExceeded),
		maxRetries:       config.maxRetries,
		maxResponseBytes: config.maxResponseBytes,
		userAgent:        []string{config.userAgent},
		header:           config.header,
		apiKey:           config.apiKey,
		bearer:           config.bearer,
		logger:           config.logger,
		validation:       config.validation,
		reportHandler:    config.reportHandler,
	}, nil
}

// secretsOf are all secrets that a call sends.
func (c *Client) secretsOf(call *callConfig) secrets {
	all := secrets{c.apiKey, c.bearer}
	for _, h := range []headers{c.header, call.header} {
		all = slices.AppendSeq(all, maps.Values(h))
	}
	return slices.DeleteFunc(all, secret.isZero)
}

// Format implements [fmt.Formatter]: whatever the verb, it prints the base URL and nothing else. A copy of a Client does
// so as well.
func (c Client) Format(f fmt.State, _ rune) { _, _ = fmt.Fprintf(f, "client.Client(%s)", c.baseURL) }

// LogValue implements [slog.LogValuer] with what Format prints.
func (c Client) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(c)) }

// RetrieveIntegration returns the integration with the given slug (operation retrieveIntegration, GET
// /integrations/{slug}). Some deployments take the integration's UUID in place of the slug.
//
// The error wraps [ErrInvalidSlug] where nothing was sent, or one of [*APIError] (a status other than 200),
// [*ValidationError] (the answer breaks the contract), [*DecodeError], [*ResponseTooLargeError], [*RedirectError] and
// [*TransportError] (no complete answer, which includes the end of ctx).
func (c *Client) RetrieveIntegration(ctx context.Context, slug string, opts ...CallOption) (*Integration, error) {
	call, err := newCall(opts)
	if err != nil {
		return nil, fmt.Errorf("client: retrieve integration %q: %w", printable(slug), errors.Join(err, checkSlug(slug)))
	}
	return c.retrieve(ctx, slug, call)
}

func (c *Client) retrieve(ctx context.Context, slug string, call *callConfig) (*Integration, error) {
	integration, err := c.exchangeAndRead(ctx, slug, call)
	if err != nil {
		return nil, fmt.Errorf("client: retrieve integration %q: %w", printable(slug), err)
	}
	return integration, nil
}

func (c *Client) exchangeAndRead(ctx context.Context, slug string, call *callConfig) (*Integration, error) {
	if err := checkSlug(slug); err != nil {
		return nil, err
	}
	if c.validation != ValidationOff {
		prepareContract()
	}
	answer, err := c.exchange(ctx, slug, call)
	if call.response != nil {
		*call.response = answer.public()
	}
	if err != nil {
		return nil, err
	}
	if answer.response.StatusCode != http.StatusOK {
		return nil, apiError(answer)
	}
	integration, err := c.read(ctx, answer)
	if e := (*DecodeError)(nil); errors.As(err, &e) {
		e.Pointer = answer.secrets().scrub(e.Pointer)
	}
	return integration, err
}

var acceptJSON = []string{"application/json"}

const anySlug = "slug"

// newRequest makes a request of the one that package gen made for another slug: to parse the base URL and to build the
// path again, for each call, would cost more than all else before the wire. Only a workspace takes the long way.
func (c *Client) newRequest(ctx context.Context, slug string, call *callConfig) (*http.Request, error) {
	request := c.request
	u := *request.URL
	if call.workspaceID == nil {
		u.Path = strings.TrimSuffix(u.Path, anySlug) + slug
		if u.RawPath != "" {
			u.RawPath = strings.TrimSuffix(u.RawPath, anySlug) + slug
		}
	} else {
		made, err := gen.NewRetrieveIntegrationRequest(c.baseURL, gen.Slug(slug), &gen.RetrieveIntegrationParams{
			WorkspaceID: call.workspaceID,
		})
		if err != nil {
			return nil, err
		}
		u = *made.URL
	}
	request = request.WithContext(ctx)
	request.URL = &u
	header := http.Header{"User-Agent": c.userAgent, "Accept": acceptJSON}
	for _, h := range []headers{c.header, call.header} {
		for name, value := range h {
			header[name] = []string{value.reveal()}
		}
	}
	if !c.apiKey.isZero() {
		header[headerAPIKey] = []string{c.apiKey.reveal()}
	}
	if !c.bearer.isZero() {
		header["Authorization"] = []string{"Bearer " + c.bearer.reveal()}
	}
	request.Header = header
	return request, nil
}

// read checks an answer with status 200 and gives it its type.
func (c *Client) read(ctx context.Context, a *answer) (*Integration, error) {
	if c.validation == ValidationOff {
		return newIntegration(a.body)
	}
	contract := loadContract()
	known := contract.recall(a.body)
	if known.conforms && hasContentType(a.response.Header) && (c.reportHandler == nil || !known.drifts) {
		return newIntegration(a.body)
	}
	checked, err := checkIntegration(a.body)
	if err != nil {
		return nil, err
	}
	if len(checked.violations) == 0 {
		checked.findDrift()
		contract.remember(known, len(checked.drift) > 0)
	}
	if !hasContentType(a.response.Header) {
		checked.violations = append(checked.violations, Finding{
			Keyword: "content",
			Reason:  "the header Content-Type is not application/json",
		})
	}
	if c.reportHandler != nil {
		if report := a.secrets().scrubReport(checked.report()); len(report.Violations)+len(report.Drift) > 0 {
			c.reportHandler(ctx, report)
		}
	}
	if c.validation == ValidationStrict && len(checked.violations) > 0 {
		return nil, &ValidationError{
			StatusCode: a.response.StatusCode,
			TraceID:    a.secrets().clean(traceID(a.response)),
			Report:     a.secrets().scrubReport(checked.report()),
			Body:       keep(a.body),
		}
	}
	return checked.integration()
}

func parseBaseURL(text string, insecure bool) (string, error) {
	u, err := url.Parse(text)
	switch {
	case err != nil:
		// The error of url.Parse quotes the text, which may hold a password.
		return "", errors.New("it cannot be parsed as a URL")
	case u.Scheme != "https" && u.Scheme != "http":
		return "", errors.New("its scheme is neither https nor http")
	case u.User != nil:
		return "", errors.New("it has user information; use WithAPIKey or WithBearerToken")
	case u.Hostname() == "":
		return "", errors.New("it has no host")
	case u.RawQuery != "" || u.ForceQuery:
		return "", errors.New("it has a query; use WithWorkspaceID for the workspace")
	case u.Fragment != "" || strings.Contains(text, "#"):
		return "", errors.New("it has a fragment")
	case u.Scheme == "http" && !insecure && !isLoopback(u.Hostname()):
		return "", fmt.Errorf("plain http to %s would show the key to the network; use https, or WithInsecureHTTP", u.Hostname())
	}
	return strings.TrimRight(u.String(), "/") + "/", nil
}

func isLoopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.Unmap().IsLoopback()
}

// origin is the scheme, host and port of u (RFC 6454).
func origin(u *url.URL) string {
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
	}
	return u.Scheme + "://" + net.JoinHostPort(strings.ToLower(u.Hostname()), port)
}
