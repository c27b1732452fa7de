package client

import (
	"cmp"
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

	// DefaultBaseURL is the base URL of Portkey's own control plane.
	DefaultBaseURL = "https://api.portkey.ai/v1"

	// DefaultTimeout is the time limit for one attempt unless [WithTimeout] or the http.Client says otherwise.
	DefaultTimeout = 30 * time.Second

	// DefaultMaxRetries is how often a failed request is retried unless [WithMaxRetries] says otherwise.
	DefaultMaxRetries = 2

	// DefaultMaxResponseBytes is the default of [WithMaxResponseBytes], in bytes after decompression: 4 MiB.
	DefaultMaxResponseBytes = 4 << 20

	defaultUserAgent = "portkey-integration-go"
)

// Option configures a [Client].
type Option interface{ configure(*config) error }

// CallOption configures one call of [Client.RetrieveIntegration].
type CallOption interface{ configureCall(*callConfig) error }

// BulkOption configures one call of [Client.RetrieveIntegrations].
type BulkOption interface{ configureBulk(*bulkConfig) error }

// RequestOption configures what is sent. As an [Option] it applies to every request of a client, as a [CallOption] or a
// [BulkOption] to those of one call.
type RequestOption interface {
	Option
	CallOption
	BulkOption
}

// OptionError reports an option or an environment variable that cannot be used. It never contains the value of a
// credential or a header. Several of them are joined with [errors.Join].
type OptionError struct {
	Option string // The function or the environment variable, such as "WithTimeout" or "PORTKEY_API_KEY".
	Err    error  // What is wrong. It does not name the option, so that a program can print it with the name of a flag.
	Hint   string // How to correct it, in terms of this package; may be empty.
}

// Error returns the option, what is wrong, and how to correct it.
func (e *OptionError) Error() string {
	s := e.Option + ": " + e.Err.Error()
	if e.Hint != "" {
		s += "; " + e.Hint
	}
	return s
}

// Unwrap returns e.Err.
func (e *OptionError) Unwrap() error { return e.Err }

// config is what the options of a client set.
type config struct {
	requestConfig
	apiKey           secret
	bearer           secret
	tokens           *tokens
	hasCredential    bool // Set by an option: the environment is ignored.
	baseURL          string
	insecureHTTP     bool
	httpClient       *http.Client
	timeout          *time.Duration
	maxRetries       int
	userAgent        string
	logger           *slog.Logger
	validation       Validation
	reportHandler    func(context.Context, Report)
	maxResponseBytes int64
}

// requestConfig is what a RequestOption sets.
type requestConfig struct {
	header      headers
	workspaceID string
}

// callConfig is what the options of a call set.
type callConfig struct {
	requestConfig
	response **http.Response
}

// bulkConfig is what the options of a call for many integrations set.
type bulkConfig struct {
	callConfig
	concurrency int
}

type (
	clientOption  struct{ *option[config] }
	callOption    struct{ *option[callConfig] }
	bulkOption    struct{ *option[bulkConfig] }
	requestOption struct{ *option[requestConfig] }
)

type option[C any] struct {
	name string
	set  func(*C) error
}

func (o *option[C]) apply(c *C) error {
	err := o.set(c)
	if e, ok := err.(*OptionError); ok {
		e.Option = o.name
	} else if err != nil {
		return &OptionError{Option: o.name, Err: err}
	}
	return err
}

func (o clientOption) configure(c *config) error          { return o.apply(c) }
func (o callOption) configureCall(c *callConfig) error    { return o.apply(c) }
func (o bulkOption) configureBulk(c *bulkConfig) error    { return o.apply(c) }
func (o requestOption) configure(c *config) error         { return o.apply(&c.requestConfig) }
func (o requestOption) configureCall(c *callConfig) error { return o.apply(&c.requestConfig) }
func (o requestOption) configureBulk(c *bulkConfig) error { return o.apply(&c.requestConfig) }
func newOption(name string, set func(*config) error) Option {
	return clientOption{&option[config]{name, set}}
}

// hint returns an error with a hint; option.apply adds the name of the option.
func hint(hint, format string, args ...any) error {
	return &OptionError{Err: fmt.Errorf(format, args...), Hint: hint}
}

// applyAll applies each of the options and joins their errors.
func applyAll[O comparable](opts []O, apply func(O) error) error {
	var none O
	var errs []error
	for i, opt := range opts {
		if opt == none {
			errs = append(errs, &OptionError{Option: fmt.Sprintf("option %d", i+1), Err: errors.New("it is nil")})
			continue
		}
		errs = append(errs, apply(opt))
	}
	return errors.Join(errs...)
}

func newConfig(opts []Option) (*config, error) {
	c := &config{
		baseURL:          cmp.Or(os.Getenv(envBaseURL), DefaultBaseURL),
		maxRetries:       DefaultMaxRetries,
		userAgent:        defaultUserAgent,
		maxResponseBytes: DefaultMaxResponseBytes,
	}
	err := applyAll(opts, func(o Option) error { return o.configure(c) })
	if c.hasCredential {
		return c, err
	}
	key := os.Getenv(envAPIKey)
	if key == "" {
		return c, errors.Join(err, &OptionError{
			Option: envAPIKey,
			Err:    errors.New("there is no API key"),
			Hint:   "set it, or use WithAPIKey, WithBearerToken or WithTokenSource",
		})
	}
	var keyErr error
	if c.apiKey, keyErr = newCredential(key); keyErr != nil {
		err = errors.Join(err, &OptionError{Option: envAPIKey, Err: fmt.Errorf("the key cannot be used: %w", keyErr)})
	}
	return c, err
}

// WithAPIKey sends key in the header x-portkey-api-key. The default is the environment variable PORTKEY_API_KEY, unless
// another option sets a credential. Some deployments accept a JWT here.
func WithAPIKey(key string) Option {
	return newOption("WithAPIKey", func(c *config) (err error) {
		c.hasCredential = true
		if c.apiKey, err = newCredential(key); err != nil {
			return fmt.Errorf("the key cannot be used: %w", err)
		}
		return nil
	})
}

// WithBearerToken sends the header "Authorization: Bearer" with token. Deployments that accept a JWT in this header
// read it only if x-portkey-api-key is absent, so PORTKEY_API_KEY is ignored with this option. For a token that
// expires, see [WithTokenSource].
func WithBearerToken(token string) Option {
	return newOption("WithBearerToken", func(c *config) (err error) {
		c.hasCredential, c.tokens = true, nil
		if c.bearer, err = newCredential(token); err != nil {
			return fmt.Errorf("the token cannot be used: %w", err)
		}
		return nil
	})
}

// WithTokenSource sends the header "Authorization: Bearer" with a token that source returns. It replaces
// [WithBearerToken]. A token is shared by all calls until a response has the status code 401; then source is called for
// a new one and the request is made once more. One call at a time calls source, with its own context. If source fails,
// the call returns a [*TokenError].
func WithTokenSource(source func(context.Context) (string, error)) Option {
	return newOption("WithTokenSource", func(c *config) error {
		if source == nil {
			return errors.New("the source is nil")
		}
		c.hasCredential, c.bearer = true, secret{}
		c.tokens = newTokens(source)
		return nil
	})
}

// WithBaseURL sets the URL in front of /integrations/{slug}, for example https://aws-cp.portkey.ai/api/v1 for a
// self-hosted control plane. The default is the environment variable PORTKEY_BASE_URL or, if that is empty,
// [DefaultBaseURL]. A URL with user information, a query or a fragment is refused, and so is plain http to any host but
// loopback (see [WithInsecureHTTP]).
func WithBaseURL(url string) Option {
	return newOption("WithBaseURL", func(c *config) error {
		if url == "" {
			return errors.New("the URL is empty")
		}
		c.baseURL = url
		return nil
	})
}

// WithInsecureHTTP allows plain http to any host. The key is then sent unencrypted.
func WithInsecureHTTP() Option {
	return newOption("WithInsecureHTTP", func(c *config) error {
		c.insecureHTTP = true
		return nil
	})
}

// WithHTTPClient makes requests with a copy of h, keeping its transport, cookie jar, redirect policy and timeout. h
// itself is never modified. A redirect to another origin is refused whatever the policy of h.
func WithHTTPClient(h *http.Client) Option {
	return newOption("WithHTTPClient", func(c *config) error {
		if h == nil {
			return errors.New("the client is nil")
		}
		c.httpClient = h
		return nil
	})
}

// WithTimeout limits the duration of each attempt, from the connection to the last byte of the body. The default is 30
// seconds, or the timeout of the client given to [WithHTTPClient]; 0 means no limit. A timeout is retried like a
// connection error. The context limits the call as a whole.
func WithTimeout(d time.Duration) Option {
	return newOption("WithTimeout", func(c *config) error {
		if d < 0 {
			return fmt.Errorf("%v is negative", d)
		}
		c.timeout = &d
		return nil
	})
}

// WithMaxRetries sets how often a failed request is retried. The default is 2; with 0, each call makes exactly one
// request. Connection errors and the status codes 408, 429, 500, 502, 503 and 504 are retried. Two kinds of retries are
// not counted: the one with a new token (see [WithTokenSource]), and those that net/http makes by itself when the
// server has closed an idle connection.
func WithMaxRetries(n int) Option {
	return newOption("WithMaxRetries", func(c *config) error {
		if n < 0 {
			return fmt.Errorf("%d is negative", n)
		}
		c.maxRetries = n
		return nil
	})
}

// WithUserAgent sets the header User-Agent. The default is "portkey-integration-go".
func WithUserAgent(agent string) Option {
	return newOption("WithUserAgent", func(c *config) error {
		c.userAgent = agent
		return checkHeader("User-Agent", agent)
	})
}

// WithLogger logs each attempt at level debug with the attributes method, path (the template, not the slug), attempt,
// duration, status, bytes, trace_id and error. Nothing else is logged, and no attribute contains a credential. Without
// a logger, this package logs nothing.
func WithLogger(l *slog.Logger) Option {
	return newOption("WithLogger", func(c *config) error {
		if l == nil {
			return errors.New("the logger is nil")
		}
		c.logger = l
		return nil
	})
}

// WithValidation sets what happens to a response that violates the contract. The default is [ValidationStrict].
func WithValidation(v Validation) Option {
	return newOption("WithValidation", func(c *config) error {
		if v > ValidationOff {
			return fmt.Errorf("there is no mode %d", v)
		}
		c.validation = v
		return nil
	})
}

// WithReportHandler calls handle with the report of each response that has violations or drift, before the call
// returns. handle runs on the goroutine of the call: it must be safe for concurrent use and should be quick. It is not
// called with [ValidationOff]. The Slug of the report is the one in the response; if the response is about another
// integration, a finding with the keyword "identity" says so.
func WithReportHandler(handle func(context.Context, Report)) Option {
	return newOption("WithReportHandler", func(c *config) error {
		if handle == nil {
			return errors.New("the handler is nil")
		}
		c.reportHandler = handle
		return nil
	})
}

// WithMaxResponseBytes limits the size of a response body, in bytes after decompression. The default is
// [DefaultMaxResponseBytes], 4 MiB. A larger body is a [*ResponseTooLargeError].
func WithMaxResponseBytes(n int64) Option {
	return newOption("WithMaxResponseBytes", func(c *config) error {
		if n < 1 {
			return fmt.Errorf("%d is less than 1", n)
		}
		c.maxResponseBytes = min(n, math.MaxInt64-1) // readBody reads one byte beyond the limit.
		return nil
	})
}

// WithHeader sends a header, for example one that a gateway in front of the control plane requires. Given to a call, it
// replaces the client's header of the same name. Its value is treated as a secret; in text from the server, only
// values of 8 bytes or more are redacted. Headers that have an option of their own, such as Authorization, and headers
// that the transport sets, such as Content-Length, are refused.
func WithHeader(name, value string) RequestOption {
	return requestOption{&option[requestConfig]{"WithHeader", func(c *requestConfig) error {
		if err := checkHeader(name, value); err != nil {
			return err
		}
		if c.header == nil {
			c.header = headers{}
		}
		c.header.set(name, value)
		return nil
	}}}
}

// WithWorkspaceID sends the query parameter workspace_id, the workspace to read from. According to the vendor's help
// centre, admin (organisation) keys should send it; a workspace key implies its workspace.
func WithWorkspaceID(id string) RequestOption {
	return requestOption{&option[requestConfig]{"WithWorkspaceID", func(c *requestConfig) error {
		if id == "" {
			return errors.New("the id is empty")
		}
		c.workspaceID = id
		return nil
	}}}
}

// WithResponse stores the last response of the call in *r, even if the call fails. *r is nil if there was no response.
// Its body can be read; its request has no headers, so that it contains no credential.
func WithResponse(r **http.Response) CallOption {
	return callOption{&option[callConfig]{"WithResponse", func(c *callConfig) error {
		if r == nil {
			return errors.New("the pointer is nil")
		}
		*r = nil // The call may fail before there is a response.
		c.response = r
		return nil
	}}}
}

// WithConcurrency sets how many requests [Client.RetrieveIntegrations] makes at the same time. The default is 8.
func WithConcurrency(n int) BulkOption {
	return bulkOption{&option[bulkConfig]{"WithConcurrency", func(c *bulkConfig) error {
		if n < 1 {
			return fmt.Errorf("%d is less than 1", n)
		}
		c.concurrency = n
		return nil
	}}}
}

// checkHeader rejects what net/http would reject only when the request is made, and headers that have an option of
// their own. Errors never contain the value.
func checkHeader(name, value string) error {
	switch canonical := textproto.CanonicalMIMEHeaderKey(name); {
	case name == "" || strings.ContainsFunc(name, func(r rune) bool { return !isTokenRune(r) }):
		return errors.New("the name is not a header name") // Not quoted: it may be a value passed by mistake.
	case canonical == headerAPIKey:
		return hint("use WithAPIKey", "%s is for the API key", canonical)
	case canonical == "Authorization":
		return hint("use WithBearerToken or WithTokenSource", "%s is for the token", canonical)
	case canonical == "Host" || canonical == "Content-Length" || canonical == "Transfer-Encoding" || canonical == "Accept-Encoding":
		return fmt.Errorf("%s is set by the transport", canonical)
	}
	for _, b := range []byte(value) {
		if b < ' ' && b != '\t' || b == 0x7f {
			return fmt.Errorf("the value of %s has a control character", name)
		}
	}
	return nil
}

// isTokenRune reports whether r may occur in a token (RFC 9110, section 5.6.2).
func isTokenRune(r rune) bool {
	return r > ' ' && r < 0x7f && !strings.ContainsRune(`"(),/:;<=>?@[\]{}`, r)
}
