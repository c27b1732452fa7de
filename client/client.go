package client

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"github.com/portkey-integration/portkey-integration-go/contract"
	"github.com/portkey-integration/portkey-integration-go/gen"
)

// Client reads integrations. Create one with [New] and share it: it is safe for concurrent use and reuses connections.
type Client struct {
	baseURL          string
	request          *http.Request // A template: its slug is anySlug, and it has no header.
	defaults         requestConfig
	http             *http.Client
	endsWithContext  bool          // Reads of response bodies end with the context; with a custom transport, they may not.
	timeout          time.Duration // Of an attempt; 0 means none.
	timeoutError     error
	maxRetries       int
	maxResponseBytes int64
	userAgent        []string
	apiKey, bearer   secret
	tokens           *tokens // Nil without WithTokenSource.
	logger           *slog.Logger
	validation       Validation
	reportHandler    func(context.Context, Report)
}

// New returns a Client. If options cannot be used or there is no API key, the error joins an [*OptionError] for each
// problem.
func New(opts ...Option) (*Client, error) {
	cfg, err := newConfig(opts)
	var base string
	parse := option[config]{"WithBaseURL", func(c *config) (err error) {
		base, err = parseBaseURL(c.baseURL, c.insecureHTTP)
		return err
	}}
	err = errors.Join(err, parse.apply(cfg))
	if err != nil {
		return nil, fmt.Errorf("client: %w", err)
	}
	request, err := newTemplate(base, cfg.workspaceID)
	if err != nil {
		return nil, fmt.Errorf("client: %w", &OptionError{Option: "WithBaseURL", Err: err})
	}
	httpClient, timeout := newHTTPClient(cfg.httpClient, cfg.timeout, request.URL)
	_, endsWithContext := httpClient.Transport.(*oneOrigin).base.(*http.Transport)
	return &Client{
		baseURL:          base,
		request:          request,
		defaults:         cfg.requestConfig,
		http:             httpClient,
		endsWithContext:  endsWithContext,
		timeout:          timeout,
		timeoutError:     fmt.Errorf("the attempt took longer than %v: %w", timeout, context.DeadlineExceeded),
		maxRetries:       cfg.maxRetries,
		maxResponseBytes: cfg.maxResponseBytes,
		userAgent:        []string{cfg.userAgent},
		apiKey:           cfg.apiKey,
		bearer:           cfg.bearer,
		tokens:           cfg.tokens,
		logger:           cfg.logger,
		validation:       cfg.validation,
		reportHandler:    cfg.reportHandler,
	}, nil
}

// Format implements [fmt.Formatter]: for every verb, it prints the base URL only, also for a copy of a Client.
func (c Client) Format(f fmt.State, _ rune) { _, _ = fmt.Fprintf(f, "client.Client(%s)", c.baseURL) }

// LogValue implements [slog.LogValuer] with what Format prints.
func (c Client) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(c)) }

// RetrieveIntegration returns the integration with the given slug (operation retrieveIntegration, GET
// /integrations/{slug}). Some deployments accept the integration's UUID in place of the slug.
//
// If the slug or an option is invalid, nothing is sent and the error wraps [ErrInvalidSlug] or an [*OptionError].
// Otherwise it wraps one of [*APIError] (a status code other than 200), [*ValidationError] (the response violates the
// contract), [*DecodeError], [*ResponseTooLargeError], [*RedirectError], [*TokenError] and [*TransportError] (no
// complete response, for example because ctx ended).
//
// A response about an integration other than the one requested is drift: a finding with the keyword "identity" in the
// report. It is not an error because one live deployment sent a UUID as the slug in its response to a request by slug.
func (c *Client) RetrieveIntegration(ctx context.Context, slug string, opts ...CallOption) (*Integration, error) {
	var call callConfig
	if err := applyAll(opts, func(o CallOption) error { return o.configureCall(&call) }); err != nil {
		return nil, callError(slug, errors.Join(err, checkSlug(slug)))
	}
	return c.retrieve(ctx, slug, &call, nil)
}

func callError(slug string, err error) error {
	return fmt.Errorf("client: retrieve integration %q: %w", printable(slug), err)
}

// retrieve makes a whole call: request, exchange, result.
func (c *Client) retrieve(ctx context.Context, slug string, call *callConfig, limit *rateLimit) (*Integration, error) {
	if err := cmp.Or(checkContext(ctx), checkSlug(slug)); err != nil {
		return nil, callError(slug, err)
	}
	if c.validation != ValidationOff {
		contract.Prepare()
	}
	x, err := c.exchange(ctx, slug, call, limit)
	if call.response != nil {
		*call.response = x.publicResponse()
	}
	if err != nil {
		return nil, callError(slug, err)
	}
	integration, err := c.result(ctx, slug, x)
	if err != nil {
		return nil, callError(slug, err)
	}
	return integration, nil
}

func checkContext(ctx context.Context) error {
	if ctx == nil {
		return errors.New("the context is nil; use context.Background()")
	}
	return nil
}

// ErrInvalidSlug is matched by the error for a slug that the contract does not allow: anything but 1 to 255 ASCII
// letters, digits, "_" and "-". Nothing was sent. An empty slug would request the list of integrations, ".." a parent
// path, and "?" or "#" would cut the path short.
var ErrInvalidSlug = errors.New("invalid slug")

func checkSlug(slug string) error {
	if _, err := gen.Slug(slug).MarshalText(); err != nil {
		return fmt.Errorf("%w: %w", ErrInvalidSlug, err)
	}
	return nil
}
