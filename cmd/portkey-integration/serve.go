package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/portkey-integration/portkey-integration-go/contracttest"
	"github.com/portkey-integration/portkey-integration-go/internal/text"
)

// serveGrace is how long requests in progress may take after an interrupt. Only those that a fault delays take long.
// Tests shorten it.
var serveGrace = 500 * time.Millisecond

// serve has the flags of the command serve.
type serve struct {
	listening
	fixtures      []string
	broken        []string
	faults        []string
	pathPrefix    string
	keyFile       string
	log           *choice
	failOnInvalid bool
}

func (a *app) serveCommand() *cobra.Command {
	s := serve{log: choose("text", "json")}
	command := &cobra.Command{
		Use:   "serve",
		Short: "Serve a fake control plane that obeys the contract",
		Long: `Serve a fake control plane: the contract's examples by name, errors included, and your own fixtures. It refuses
requests that violate the contract. None of its data is real, and its key is not a secret unless --api-key-file sets one.

A fixture is a JSON file with the body of a response. It is checked before it is served, and read again when it
changes. A change that violates the contract is logged and not served.

A fault makes the server misbehave for requests with a slug, or for all with '*'. It is one or more of
  status:CODE      an error with this status code, such as status:503
  delay:DURATION   a wait before the response, such as delay:2s
  hang             no response
  reset            connection reset before the response
  truncate         connection closed in the middle of the body
  stall            half of the body, then nothing
  html             a gateway's HTML error page, with status code 502 unless another is given
  drift            the integration with a property and a value that the contract does not have
  unmasked         the integration with its secrets unmasked
separated by commas, and optionally times=N (for N requests only), probability=P (up to 1) and retry-after=SECONDS.
The faults of a slug are applied in the order given, the faults of '*' after them.

/docs/ is a page with a curl command for each example, and the last requests with their problems. Requests are logged to
standard error. An interrupt or SIGTERM stops the server after the requests in progress. With --fail-on-invalid, the exit
code is then 1 if a request violated the contract, so that a CI job can test any client.

The Host of a request must be a loopback name or the address that the server listens on, so that a web page cannot reach
it under another name; --allow-host adds names.`,
		Example: `  portkey-integration serve
  portkey-integration serve --addr 127.0.0.1:0        # a free port
  portkey-integration serve --fixture mine=testdata/mine.json --fault 'mine=status:503,retry-after=1,times=2'
  portkey-integration serve --fault '*=delay:2s,probability=0.1' --log-format json --fail-on-invalid
  portkey-integration serve --addr :4010 --allow-remote --allow-host control-plane`,
		Args: cobra.NoArgs,
		RunE: a.action(func(ctx context.Context, _ []string) error { return a.serve(ctx, &s) }),
	}
	s.listening.flags(command, "127.0.0.1:4010")
	flags := command.Flags()
	flags.StringArrayVar(&s.fixtures, "fixture", nil, "`SLUG=FILE`: serve the JSON in a file under a slug; may be repeated")
	flags.StringArrayVar(&s.broken, "broken-fixture", nil, "`SLUG=FILE`: serve a file that is meant to violate the contract; may be repeated")
	flags.StringArrayVar(&s.faults, "fault", nil, "`SLUG=FAULT`: misbehave, see above; may be repeated")
	flags.StringVar(&s.pathPrefix, "path-prefix", contracttest.DefaultPathPrefix, "`path` of the API")
	flags.StringVar(&s.keyFile, "api-key-file", "", "`file` that holds the key to accept (default: the key is "+contracttest.DefaultAPIKey+")")
	flags.BoolVar(&s.failOnInvalid, "fail-on-invalid", false, "end with exit code 1 if a request violated the contract")
	s.log.flag(command, "log-format", "", "format of the log")
	for _, name := range []string{"fixture", "broken-fixture", "fault", "path-prefix"} {
		_ = command.RegisterFlagCompletionFunc(name, cobra.NoFileCompletions)
	}
	return command
}

// serve serves until ctx ends. It checks the flags before it listens.
func (a *app) serve(ctx context.Context, s *serve) error {
	key := contracttest.DefaultAPIKey
	if s.keyFile != "" {
		var err error
		if key, err = a.readSecret(ctx, "--api-key-file", s.keyFile); err != nil {
			return err
		}
	}
	prefix := strings.TrimRight(s.pathPrefix, "/")
	if prefix == "/docs" || strings.HasPrefix(prefix, "/docs/") {
		return errors.New("--path-prefix: /docs is the path of the server's own page")
	}
	seen := &recent{}
	logger := a.logger(s.log.value)
	opts := []contracttest.ServerOption{
		contracttest.WithAPIKey(key), contracttest.WithPathPrefix(prefix),
		contracttest.WithLogger(logger), contracttest.WithRequestFunc(seen.add),
	}
	slugs, err := s.options(&opts)
	if err != nil {
		return err
	}
	fake, err := contracttest.NewHandler(opts...)
	if err != nil {
		for line := range strings.Lines(err.Error()) { // One for each violation.
			a.complain("%s", strings.TrimSpace(line))
		}
		return failed(exitUsage)
	}
	defer fake.Close()
	shownKey := key
	if s.keyFile != "" {
		shownKey = ""
	}
	page, err := docsPage(prefix, shownKey, slugs, seen)
	if err != nil {
		return err
	}
	listener, err := s.listen()
	if err != nil {
		return err
	}
	origin := "http://" + listener.Addr().String()
	base := origin + prefix
	a.welcome(origin, base, shownKey, slugs)
	logger.Info("serving", "base_url", base)
	if err := s.listening.serve(ctx, listener, withPage(page, fake), serveGrace, fake.Close, logger); err != nil {
		return err
	}
	for _, unused := range fake.Unused() {
		logger.Warn("unused", "what", unused)
	}
	now := seen.now()
	logger.Info("stopped", "requests", now.Total, "invalid", now.Invalid)
	if s.failOnInvalid && now.Invalid > 0 {
		a.complain("%d of %d requests violated the contract", now.Invalid, now.Total)
		return failed(exitFailed)
	}
	return nil
}

// options adds the options for the fixtures and faults in the flags, and returns the slugs of the fixtures.
func (s *serve) options(opts *[]contracttest.ServerOption) (slugs []string, err error) {
	for _, group := range []struct {
		flag   string
		values []string
		option func(string, any) contracttest.ServerOption
	}{
		{"--fixture", s.fixtures, contracttest.WithFixture},
		{"--broken-fixture", s.broken, contracttest.WithBrokenFixture},
	} {
		for _, value := range group.values {
			slug, file, ok := strings.Cut(value, "=")
			if !ok || file == "" {
				return nil, fmt.Errorf("%s %q: want SLUG=FILE", group.flag, value)
			}
			if slices.Contains(slugs, slug) {
				return nil, fmt.Errorf("%s %q: there is another fixture for the slug", group.flag, value)
			}
			slugs = append(slugs, slug)
			*opts = append(*opts, group.option(slug, contracttest.File(file)))
		}
	}
	for _, value := range s.faults {
		slug, text, ok := strings.Cut(value, "=")
		if !ok {
			return nil, fmt.Errorf("--fault %q: want SLUG=FAULT, such as '*=status:503'", value)
		}
		fault, err := contracttest.ParseFault(text)
		if err != nil {
			return nil, fmt.Errorf("--fault: %w", err)
		}
		if slug != contracttest.AnySlug && !slices.Contains(slugs, slug) && !isExample(slug) {
			return nil, fmt.Errorf("--fault %q: there is no example and no fixture %q", value, slug)
		}
		*opts = append(*opts, contracttest.WithFault(slug, fault))
	}
	return slugs, nil
}

func isExample(slug string) bool {
	return slices.ContainsFunc(contracttest.Examples(), func(e contracttest.Fixture) bool { return e.Name == slug })
}

// logger returns a logger to standard error, in text or JSON. Both formats escape control characters.
func (a *app) logger(format string) *slog.Logger {
	if format == "json" {
		return slog.New(slog.NewJSONHandler(a.err, nil))
	}
	return slog.New(slog.NewTextHandler(a.err, &slog.HandlerOptions{ReplaceAttr: func(groups []string, attr slog.Attr) slog.Attr {
		if attr.Key == slog.TimeKey && len(groups) == 0 {
			attr.Value = slog.StringValue(attr.Value.Time().Format(time.TimeOnly))
		}
		return attr
	}}))
}

func (a *app) welcome(origin, base, key string, fixtures []string) {
	shown, header := key, "'x-portkey-api-key: "+key+"'"
	setKey := "PORTKEY_API_KEY=" + key + " "
	if key == "" {
		shown, header, setKey = "that of --api-key-file", `"x-portkey-api-key: $PORTKEY_API_KEY"`, ""
	}
	fmt.Fprintf(a.out, `A fake control plane with the contract's examples.

  base URL  %s
  key       %s, in the header x-portkey-api-key
  page      %s/docs/

Try it:

  curl -H %s %[1]s/integrations/openai-production
  %[5]sPORTKEY_BASE_URL=%[1]s portkey-integration get openai-production

`, base, shown, origin, header, setKey)
	if len(fixtures) > 0 {
		fmt.Fprintf(a.out, "Fixtures, by slug:\n\n")
		for _, slug := range fixtures {
			fmt.Fprintf(a.out, "  %s\n", slug)
		}
		fmt.Fprintln(a.out)
	}
	fmt.Fprintf(a.out, "Examples, by slug:\n\n")
	width := 0
	for _, e := range contracttest.Examples() {
		width = max(width, len(e.Name))
	}
	for _, e := range contracttest.Examples() {
		fmt.Fprintf(a.out, "  %-*s  %d  %s\n", width, e.Name, e.Status, e.Summary)
	}
	_ = a.out.Flush()
}

// withPage adds the page to the fake server, which gets all other requests with unchanged paths. A ServeMux would clean
// them.
func withPage(page, fake http.Handler) http.Handler {
	page = http.StripPrefix("/docs", page)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path == "/" || r.URL.Path == "/docs":
			http.Redirect(w, r, "/docs/", http.StatusFound)
		case strings.HasPrefix(r.URL.Path, "/docs/"):
			page.ServeHTTP(w, r)
		default:
			fake.ServeHTTP(w, r)
		}
	})
}

// recent remembers the last requests, and counts all of them.
type recent struct {
	mu             sync.Mutex
	last           []contracttest.Request
	total, invalid int
}

const remembered = 50

func (s *recent) add(r contracttest.Request) {
	r.Header, r.Query = nil, nil // They are large and not shown.
	r.Method, r.Path = text.Line(r.Method, 20), text.Line(r.Path, 300)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.total++
	if len(r.Problems) > 0 {
		s.invalid++
	}
	s.last = append(s.last, r)
	if len(s.last) > remembered {
		s.last = slices.Clone(s.last[1:])
	}
}
