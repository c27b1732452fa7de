package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"
	"go.yaml.in/yaml/v4"

	portkeyintegration "github.com/portkey-integration/portkey-integration-go"
	"github.com/portkey-integration/portkey-integration-go/cmd/portkey-integration/internal/docs"
	"github.com/portkey-integration/portkey-integration-go/contracttest"
)

// farewell is how long requests under way may take when the server is told to stop. None takes long. What uses it up are
// connections that browsers and clients open in advance, which Shutdown gives five seconds to bring a request.
const farewell = 500 * time.Millisecond

func (a *app) serveCommand() *cobra.Command {
	var (
		addr        string
		allowRemote bool
	)
	command := &cobra.Command{
		Use:   "serve",
		Short: "Serve the contract's examples: a fake control plane",
		Long: `Serve the contract's examples by their names, errors included: a fake control plane that obeys the contract and
refuses requests that break it. Nothing it serves is real, and its key is no secret.

/docs is a page that explains the contract and tries it out. Requests are logged to standard error: method, path,
status and duration. An interrupt or SIGTERM stops the server once the requests under way are answered.`,
		Example: `  portkey-integration serve
  portkey-integration serve --addr 127.0.0.1:0        # a free port
  portkey-integration serve --addr :4010 --allow-remote`,
		Args: cobra.NoArgs,
		RunE: a.action(func(ctx context.Context, _ []string) error { return a.serve(ctx, addr, allowRemote) }),
	}
	flags := command.Flags()
	flags.StringVar(&addr, "addr", "127.0.0.1:4010", "`host:port` to listen on")
	flags.BoolVar(&allowRemote, "allow-remote", false, "allow an address that other machines can reach")
	_ = command.RegisterFlagCompletionFunc("addr", cobra.NoFileCompletions)
	return command
}

func (a *app) serve(ctx context.Context, addr string, allowRemote bool) error {
	// What was looked at is what is listened on: a name could mean something else the second time.
	resolved, err := net.ResolveTCPAddr("tcp", addr)
	if err != nil {
		return fmt.Errorf("--addr: %w", err)
	}
	if !allowRemote && !resolved.IP.IsLoopback() {
		return fmt.Errorf("--addr %s can be reached from other machines: name a loopback address such as 127.0.0.1:4010, or add --allow-remote", addr)
	}
	fake, err := contracttest.NewHandler()
	if err != nil {
		return err
	}
	defer fake.Close()
	handler, err := a.withDocs(fake)
	if err != nil {
		return err
	}
	listener, err := net.ListenTCP("tcp", resolved)
	if err != nil {
		return fmt.Errorf("%w (--addr 127.0.0.1:0 takes a free port)", err)
	}
	server := &http.Server{Handler: a.logged(handler), ReadHeaderTimeout: 10 * time.Second}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(listener) }()
	a.welcome("http://" + listener.Addr().String())

	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	fake.Close()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), farewell)
	defer cancel()
	if server.Shutdown(ctx) != nil {
		_ = server.Close()
	}
	return nil
}

// withDocs puts the page in front of the fake server. All that is not the page's is for the fake server to judge, so
// no ServeMux may tidy its path.
func (a *app) withDocs(fake http.Handler) (http.Handler, error) {
	document, err := contractJSON(func(document *yaml.Node) error {
		// The page tries the server that it came from.
		return member(document, "servers").Encode([]map[string]string{{
			"url":         contracttest.DefaultPathPrefix,
			"description": "The fake server that this page comes from. Its key is " + contracttest.DefaultAPIKey + ".",
		}})
	})
	if err != nil {
		return nil, err
	}
	page := http.StripPrefix("/docs", docs.Handler(document, portkeyintegration.Contract(), contracttest.DefaultAPIKey))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path == "/" || r.URL.Path == "/docs":
			http.Redirect(w, r, "/docs/", http.StatusFound)
		case strings.HasPrefix(r.URL.Path, "/docs/"):
			page.ServeHTTP(w, r)
		default:
			fake.ServeHTTP(w, r)
		}
	}), nil
}

func (a *app) welcome(origin string) {
	base := origin + contracttest.DefaultPathPrefix
	fmt.Fprintf(a.out, `A fake control plane with the contract's examples.

  base URL  %s
  key       %s, in the header x-portkey-api-key
  docs      %s/docs/

Try it:

  curl -H 'x-portkey-api-key: %[2]s' %[1]s/integrations/openai-production
  PORTKEY_API_KEY=%[2]s PORTKEY_BASE_URL=%[1]s portkey-integration get openai-production

Examples, by slug:

`, base, contracttest.DefaultAPIKey, origin)
	width := 0
	for _, e := range contracttest.Examples() {
		width = max(width, len(e.Name))
	}
	for _, e := range contracttest.Examples() {
		fmt.Fprintf(a.out, "  %-*s  %d  %s\n", width, e.Name, e.Status, e.Summary)
	}
	_ = a.out.Flush()
}

// logged writes a line for each request. A path is written as it was sent, escapes and all, so that it stays one line.
func (a *app) logged(next http.Handler) http.Handler {
	var mu sync.Mutex
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start := time.Now()
		recorder := &statusRecorder{ResponseWriter: w, status: http.StatusOK}
		path := r.URL.EscapedPath()
		next.ServeHTTP(recorder, r)
		mu.Lock()
		defer mu.Unlock()
		fmt.Fprintf(a.err, "%s %s %s %d %s\n", start.Format(time.TimeOnly), printable(r.Method), printable(path),
			recorder.status, time.Since(start).Round(time.Microsecond))
	})
}

type statusRecorder struct {
	http.ResponseWriter
	status int
}

func (r *statusRecorder) WriteHeader(status int) {
	r.status = status
	r.ResponseWriter.WriteHeader(status)
}

// Unwrap is for http.ResponseController.
func (r *statusRecorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }
