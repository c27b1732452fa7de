package main

import (
	"cmp"
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

	// sandboxPrefix is unlike the vendor's, so that whatever forgets the prefix fails here first.
	sandboxPrefix = "/sandbox/v1"
)

// target is the control plane that a command talks to, as its flags have it.
type target struct {
	sandbox bool
	baseURL string
	keyFile string
	timeout time.Duration
}

func (t *target) flags(command *cobra.Command) {
	flags := command.Flags()
	flags.BoolVar(&t.sandbox, "sandbox", false, "talk to the fake server, in this process; needs no key")
	flags.StringVar(&t.baseURL, "base-url", "", "`URL` of the control plane, with its path prefix (default $"+envBaseURL+" or "+client.DefaultBaseURL+")")
	flags.StringVar(&t.keyFile, "api-key-file", "", "`file` that holds the API key, - for standard input (default: the key is $"+envAPIKey+")")
	flags.DurationVar(&t.timeout, "timeout", 30*time.Second, "most time `D` for one attempt, such as 10s; 0 for no limit")
	command.MarkFlagsMutuallyExclusive("sandbox", "base-url")
	command.MarkFlagsMutuallyExclusive("sandbox", "api-key-file")
	_ = command.RegisterFlagCompletionFunc("base-url", cobra.NoFileCompletions)
	_ = command.RegisterFlagCompletionFunc("timeout", cobra.NoFileCompletions)
}

// connection is where a target is and how to get in.
type connection struct {
	baseURL string
	apiKey  string
	close   func()
}

func (a *app) connect(t *target) (*connection, error) {
	if t.timeout < 0 {
		return nil, errors.New("--timeout is negative")
	}
	if t.sandbox {
		return startSandbox()
	}
	key, err := a.apiKey(t.keyFile)
	if err != nil {
		return nil, err
	}
	return &connection{
		baseURL: cmp.Or(t.baseURL, a.env(envBaseURL), client.DefaultBaseURL),
		apiKey:  key,
		close:   func() {},
	}, nil
}

func (a *app) apiKey(file string) (string, error) {
	if file == "" {
		if key := a.env(envAPIKey); key != "" {
			return key, nil
		}
		return "", fmt.Errorf("no API key: set %s or name a file that holds it with --api-key-file (--sandbox needs none)", envAPIKey)
	}
	data, err := a.read(file)
	if err != nil {
		return "", fmt.Errorf("--api-key-file: %w", err)
	}
	key := strings.TrimSpace(string(data))
	if key == "" {
		return "", fmt.Errorf("--api-key-file: %s holds no key", file)
	}
	return key, nil
}

// options are the client options of the connection and the flags.
func (c *connection) options(t *target) []client.Option {
	return []client.Option{
		client.WithBaseURL(c.baseURL),
		client.WithAPIKey(c.apiKey),
		client.WithTimeout(t.timeout),
		client.WithUserAgent("portkey-integration/" + moduleVersion()),
	}
}

// startSandbox serves the contract's examples on the loopback interface until it is closed.
func startSandbox() (*connection, error) {
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
		close:   func() { handler.Close(); _ = server.Close() },
	}, nil
}
