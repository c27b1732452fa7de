package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/portkey-integration/portkey-integration-go/client"
	"github.com/portkey-integration/portkey-integration-go/contracttest"
)

const (
	envAPIKey  = "PORTKEY_API_KEY"
	envBaseURL = "PORTKEY_BASE_URL"

	// sandboxPrefix differs from the vendor's, so that code that forgets the prefix fails here first.
	sandboxPrefix = "/sandbox/v1"
)

// target has the flags for the control plane that a command uses.
type target struct {
	sandbox     bool
	baseURL     string
	keyFile     string
	tokenFile   string
	headers     []string // NAME=FILE
	workspaceID string
	timeout     time.Duration
}

func (t *target) flags(command *cobra.Command) {
	flags := command.Flags()
	flags.BoolVar(&t.sandbox, "sandbox", false, "use the fake server, in this process; needs no key")
	flags.StringVar(&t.baseURL, "base-url", "", "`URL` of the control plane, with its path prefix (default $"+envBaseURL+" or "+client.DefaultBaseURL+")")
	flags.StringVar(&t.keyFile, "api-key-file", "", "`file` that holds the API key, - for standard input (default: the key is $"+envAPIKey+")")
	flags.StringVar(&t.tokenFile, "bearer-token-file", "", "`file` that holds a token, to be sent as Authorization: Bearer instead of a key")
	flags.StringArrayVar(&t.headers, "header", nil, "send a header, `NAME=FILE`, whose value is in the file; may be repeated")
	flags.StringVar(&t.workspaceID, "workspace-id", "", "`ID` of the workspace to read from; admin keys should name one")
	flags.DurationVar(&t.timeout, "timeout", client.DefaultTimeout, "time limit `D` for one attempt, such as 10s; 0 for no limit")
	for _, other := range []string{"base-url", "api-key-file", "bearer-token-file"} {
		command.MarkFlagsMutuallyExclusive("sandbox", other)
	}
	command.MarkFlagsMutuallyExclusive("api-key-file", "bearer-token-file")
	for _, name := range []string{"base-url", "workspace-id", "timeout"} {
		_ = command.RegisterFlagCompletionFunc(name, cobra.NoFileCompletions)
	}
}

// connection has the address and the credentials of a target.
type connection struct {
	baseURL string
	apiKey  string
	token   string // Instead of the key.
	header  http.Header
	close   func()
}

func (a *app) connect(ctx context.Context, t *target) (*connection, error) {
	if t.timeout < 0 {
		return nil, errors.New("--timeout is negative")
	}
	header, err := a.header(ctx, t)
	if err != nil {
		return nil, err
	}
	if t.sandbox {
		return startSandbox(header)
	}
	c := &connection{
		baseURL: cmp.Or(t.baseURL, a.env(envBaseURL), client.DefaultBaseURL),
		header:  header,
		close:   func() {},
	}
	switch {
	case t.tokenFile != "":
		c.token, err = a.readSecret(ctx, "--bearer-token-file", t.tokenFile)
	case t.keyFile != "":
		c.apiKey, err = a.readSecret(ctx, "--api-key-file", t.keyFile)
	default:
		if c.apiKey = a.env(envAPIKey); c.apiKey == "" {
			err = fmt.Errorf("no API key: set %s or name a file that holds it with --api-key-file (--sandbox needs none)", envAPIKey)
		}
	}
	if err != nil {
		return nil, err
	}
	return c, nil
}

// header reads the values of --header flags. Errors do not quote the flags, which may contain a value by mistake.
func (a *app) header(ctx context.Context, t *target) (http.Header, error) {
	fromInput := 0
	for _, file := range []string{t.keyFile, t.tokenFile} {
		if file == "-" {
			fromInput++
		}
	}
	header := http.Header{}
	for _, flag := range t.headers {
		name, file, ok := strings.Cut(flag, "=")
		if !ok || name == "" || file == "" {
			return nil, errors.New("--header: want NAME=FILE, the name of a header and of a file with its value")
		}
		if file == "-" {
			fromInput++
		}
		if fromInput > 1 {
			return nil, errors.New("standard input can be read only once")
		}
		value, err := a.readSecret(ctx, "--header", file)
		if err != nil {
			return nil, err
		}
		if name = http.CanonicalHeaderKey(name); header[name] != nil {
			return nil, errors.New("--header: a header is given twice")
		}
		header[name] = []string{value}
	}
	return header, nil
}

// options returns the client options for the connection and the flags.
func (c *connection) options(t *target) []client.Option {
	opts := []client.Option{
		client.WithBaseURL(c.baseURL),
		client.WithTimeout(t.timeout),
		client.WithUserAgent("portkey-integration/" + moduleVersion()),
	}
	if c.token != "" {
		opts = append(opts, client.WithBearerToken(c.token))
	} else {
		opts = append(opts, client.WithAPIKey(c.apiKey))
	}
	for name := range c.header {
		opts = append(opts, client.WithHeader(name, c.header.Get(name)))
	}
	return opts
}

// inFlags returns the message of an error, with flags of this program in place of options of package client.
func inFlags(err error) string {
	var lines []string
	var collect func(error)
	collect = func(err error) {
		switch e := err.(type) {
		case nil:
		case *client.OptionError:
			lines = append(lines, cmp.Or(flagOf[e.Option], e.Option)+": "+e.Err.Error()+hintOf[e.Hint])
		case interface{ Unwrap() []error }:
			for _, err := range e.Unwrap() {
				collect(err)
			}
		default:
			collect(errors.Unwrap(err))
		}
	}
	collect(err)
	if tooLarge, ok := errors.AsType[*client.ResponseTooLargeError](err); ok {
		lines = append(lines, fmt.Sprintf("response is larger than %d bytes", tooLarge.Limit))
	}
	if lines == nil {
		return err.Error()
	}
	return strings.Join(lines, "; ")
}

// flagOf maps options of package client to the flags that set them.
var flagOf = map[string]string{
	"WithAPIKey":      "API key",
	"WithBearerToken": "--bearer-token-file",
	"WithBaseURL":     "--base-url",
	"WithHeader":      "--header",
	"WithWorkspaceID": "--workspace-id",
	"WithTimeout":     "--timeout",
	"WithMaxRetries":  "--max-retries",
}

// hintOf maps hints of package client to those of this program.
var hintOf = map[string]string{
	"use WithAPIKey":                         "; use " + envAPIKey + " or --api-key-file",
	"use WithBearerToken or WithTokenSource": "; use --bearer-token-file",
	"use WithAPIKey or WithBearerToken":      "; use " + envAPIKey + ", --api-key-file or --bearer-token-file",
	"use WithWorkspaceID for the workspace":  "; use --workspace-id for the workspace",
	"use https, or WithInsecureHTTP":         "; use https",
}

// startSandbox serves the contract's examples on the loopback interface until the connection is closed.
func startSandbox(header http.Header) (*connection, error) {
	handler, err := contracttest.NewHandler(contracttest.WithPathPrefix(sandboxPrefix))
	if err != nil {
		return nil, fmt.Errorf("sandbox: %w", err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("sandbox: %w", err)
	}
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = server.Serve(listener) }()
	return &connection{
		baseURL: "http://" + listener.Addr().String() + sandboxPrefix,
		apiKey:  contracttest.DefaultAPIKey,
		header:  header,
		close:   func() { handler.Close(); _ = server.Close() },
	}, nil
}
