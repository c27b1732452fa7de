package client

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"net/http"
	"net/textproto"
	"os"
	"strings"
	"time"
)

const (
	envAPIKey  = "PORTKEY_API_KEY"
	envBaseURL = "PORTKEY_BASE_URL"

	// DefaultBaseURL is the vendor's own control plane.
	DefaultBaseURL = "https://api.portkey.ai/v1"

	defaultTimeout          = 30 * time.Second
	defaultMaxRetries       = 2
	defaultMaxResponseBytes = 16 << 20
	defaultUserAgent        = "portkey-integration-go"
)

// Option sets up a [Client].
type Option func(*config) error

type config struct {
	apiKey           secret
	bearer           secret
	authChosen       bool // By an option, so that the environment does not count.
	baseURL          string
	insecureHTTP     bool
	httpClient       *http.Client
	timeout          *time.Duration
	maxRetries       int
	userAgent        string
	header           headers
	logger           *slog.Logger
	validation       Validation
	reportHandler    func(context.Context, Report)
	maxResponseBytes int64
}

func newConfig(opts []Option) (*config, error) {
	c := &config{
		baseURL:          firstOf(os.Getenv(envBaseURL), DefaultBaseURL),
		maxRetries:       defaultMaxRetries,
		userAgent:        defaultUserAgent,
		header:           headers{},
		maxResponseBytes: defaultMaxResponseBytes,
	}
	var errs []error
	for _, opt := range opts {
		if opt == nil {
			errs = append(errs, errors.New("an option is nil"))
			continue
		}
		if err := opt(c); err != nil {
			errs = append(errs, err)
		}
	}
	if !c.authChosen {
		var err error
		if key := os.Getenv(envAPIKey); key == "" {
			errs = append(errs, fmt.Errorf("no API key: use WithAPIKey or WithBearerToken, or set %s", envAPIKey))
		} else if c.apiKey, err = newCredential(key); err != nil {
			errs = append(errs, fmt.Errorf("%s: the key cannot be used: %w", envAPIKey, err))
		}
	}
	return c, errors.Join(errs...)
}

// WithAPIKey sends key in the header x-portkey-api-key. Without it and without [WithBearerToken], the environment
// variable PORTKEY_API_KEY is used. Some deployments take a JWT here.
func WithAPIKey(key string) Option {
	return func(c *config) (err error) {
		c.authChosen = true
		if c.apiKey, err = newCredential(key); err != nil {
			return fmt.Errorf("WithAPIKey: the key cannot be used: %w", err)
		}
		return nil
	}
}

// WithBearerToken sends "Authorization: Bearer token". Deployments that take a JWT there look at it only where
// x-portkey-api-key is absent, so PORTKEY_API_KEY is ignored with this option.
func WithBearerToken(token string) Option {
	return func(c *config) (err error) {
		c.authChosen = true
		if c.bearer, err = newCredential(token); err != nil {
			return fmt.Errorf("WithBearerToken: the token cannot be used: %w", err)
		}
		return nil
	}
}

// WithBaseURL sets the URL under which /integrations/{slug} is found, for example https://aws-cp.portkey.ai/api/v1 for
// a self-hosted control plane. Without it, the environment variable PORTKEY_BASE_URL is used, else [DefaultBaseURL].
// User information, a query and a fragment are refused, and plain http to anything but loopback (see
// [WithInsecureHTTP]).
func WithBaseURL(url string) Option {
	return func(c *config) error {
		if url == "" {
			return errors.New("WithBaseURL: the URL is empty")
		}
		c.baseURL = url
		return nil
	}
}

// WithInsecureHTTP allows plain http to any host. The key then crosses the network in clear.
func WithInsecureHTTP() Option {
	return func(c *config) error {
		c.insecureHTTP = true
		return nil
	}
}

// WithHTTPClient makes requests with a copy of h: its transport, cookie jar, redirect policy and timeout stay in
// force, and h itself is never changed. Redirects to another origin are refused whatever its policy.
func WithHTTPClient(h *http.Client) Option {
	return func(c *config) error {
		if h == nil {
			return errors.New("WithHTTPClient: the client is nil")
		}
		c.httpClient = h
		return nil
	}
}

// WithTimeout limits each attempt, from the connection to the last byte of the body. The default is 30 seconds, or the
// timeout of the client given with [WithHTTPClient]; 0 means no limit. The context limits the call as a whole.
func WithTimeout(d time.Duration) Option {
	return func(c *config) error {
		if d < 0 {
			return fmt.Errorf("WithTimeout: %v is negative", d)
		}
		c.timeout = &d
		return nil
	}
}

// WithMaxRetries sets how many times a request that failed may be made again; 0 means that exactly one is made. The
// default is 2. Only what is safe to repeat is: connection errors and the statuses 408, 429, 500, 502, 503 and 504. That
// net/http makes a request anew when a connection it had kept open turns out to be closed does not count.
func WithMaxRetries(n int) Option {
	return func(c *config) error {
		if n < 0 {
			return fmt.Errorf("WithMaxRetries: %d is negative", n)
		}
		c.maxRetries = n
		return nil
	}
}

// WithUserAgent sets the header User-Agent.
func WithUserAgent(agent string) Option {
	return func(c *config) error {
		if err := checkHeader("User-Agent", agent); err != nil {
			return fmt.Errorf("WithUserAgent: %w", err)
		}
		c.userAgent = agent
		return nil
	}
}

// WithHeader sends a header with each request, for example one that a gateway in front of the control plane asks for.
// Its value is treated as a secret.
func WithHeader(name, value string) Option {
	return func(c *config) error {
		if err := checkHeader(name, value); err != nil {
			return fmt.Errorf("WithHeader: %w", err)
		}
		c.header.set(name, value)
		return nil
	}
}

// WithLogger logs each attempt at level debug. The attributes are method, path (the template, not the slug), status,
// attempt, duration, bytes and trace_id; nothing else is ever logged.
func WithLogger(l *slog.Logger) Option {
	return func(c *config) error {
		if l == nil {
			return errors.New("WithLogger: the logger is nil")
		}
		c.logger = l
		return nil
	}
}

// WithValidation sets what happens to an answer that breaks the contract. The default is [ValidationStrict].
func WithValidation(v Validation) Option {
	return func(c *config) error {
		if v > ValidationOff {
			return fmt.Errorf("WithValidation: there is no mode %d", v)
		}
		c.validation = v
		return nil
	}
}

// WithReportHandler calls handle with the findings of each answer that has any, violations or drift, before
// [Client.RetrieveIntegration] returns. It is called from the goroutine of the call, so it must be safe for concurrent
// use and quick. It is not called with [ValidationOff].
func WithReportHandler(handle func(context.Context, Report)) Option {
	return func(c *config) error {
		if handle == nil {
			return errors.New("WithReportHandler: the handler is nil")
		}
		c.reportHandler = handle
		return nil
	}
}

// WithMaxResponseBytes limits the body of an answer, after decompression. The default is 16 MiB.
func WithMaxResponseBytes(n int64) Option {
	return func(c *config) error {
		if n < 1 {
			return fmt.Errorf("WithMaxResponseBytes: %d is less than 1", n)
		}
		c.maxResponseBytes = min(n, math.MaxInt64-1) // One byte more is read, to see whether there is more.
		return nil
	}
}

// CallOption sets up one call.
type CallOption func(*callConfig) error

type callConfig struct {
	workspaceID *string
	header      headers
	response    **http.Response
	concurrency int
	gate        *gate
}

func newCall(opts []CallOption) (*callConfig, error) {
	c := &callConfig{concurrency: defaultConcurrency}
	var errs []error
	for _, opt := range opts {
		if opt == nil {
			errs = append(errs, errors.New("an option is nil"))
			continue
		}
		if err := opt(c); err != nil {
			errs = append(errs, err)
		}
	}
	return c, errors.Join(errs...)
}

// WithWorkspaceID names the workspace to read from. Admin (organisation) keys should send it; workspace keys have it
// implied.
func WithWorkspaceID(id string) CallOption {
	return func(c *callConfig) error {
		if id == "" {
			return errors.New("WithWorkspaceID: the id is empty")
		}
		c.workspaceID = &id
		return nil
	}
}

// WithCallHeader sends a header with this call. Its value is treated as a secret.
func WithCallHeader(name, value string) CallOption {
	return func(c *callConfig) error {
		if err := checkHeader(name, value); err != nil {
			return fmt.Errorf("WithCallHeader: %w", err)
		}
		if c.header == nil {
			c.header = headers{}
		}
		c.header.set(name, value)
		return nil
	}
}

// WithResponse stores the last response in *r, whether the call fails or not; it stays nil where there was none. Its
// body can be read, and its request carries no headers.
func WithResponse(r **http.Response) CallOption {
	return func(c *callConfig) error {
		if r == nil {
			return errors.New("WithResponse: the pointer is nil")
		}
		*r = nil // Whatever is wrong before there is a response.
		c.response = r
		return nil
	}
}

// checkHeader refuses what net/http would refuse only once the request is made, and what has an option of its own.
// Errors name the header and never its value.
func checkHeader(name, value string) error {
	switch canonical := textproto.CanonicalMIMEHeaderKey(name); {
	case name == "" || strings.ContainsFunc(name, func(r rune) bool { return !isTokenRune(r) }):
		return errors.New("the name is not a header name") // Unquoted: a value may stand in its place by mistake.
	case canonical == headerAPIKey:
		return fmt.Errorf("%s is set with WithAPIKey", headerAPIKey)
	case canonical == "Authorization":
		return fmt.Errorf("%s is set with WithBearerToken", canonical)
	case canonical == "Host" || canonical == "Content-Length" || canonical == "Transfer-Encoding" || canonical == "Accept-Encoding":
		return fmt.Errorf("%s is for the transport to set", canonical)
	}
	for _, b := range []byte(value) {
		if b < ' ' && b != '\t' || b == 0x7f {
			return fmt.Errorf("the value of %s has a control character", name)
		}
	}
	return nil
}

// isTokenRune tells whether r may stand in a token (RFC 9110, section 5.6.2).
func isTokenRune(r rune) bool {
	return r > ' ' && r < 0x7f && !strings.ContainsRune(`"(),/:;<=>?@[\]{}`, r)
}
