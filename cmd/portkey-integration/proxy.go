package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/portkey-integration/portkey-integration-go/client"
	"github.com/portkey-integration/portkey-integration-go/contracttest"
	"github.com/portkey-integration/portkey-integration-go/internal/text"
)

// Tests shorten these times.
var (
	// proxyGrace is how long requests in progress may take after an interrupt.
	proxyGrace = 3 * time.Second
	// probe is how long the proxy tries to reach its upstream before it serves, since both may start at the same time.
	probe = time.Second
)

// maxCases is the maximum number of combinations of method, path and status code that a report distinguishes.
const maxCases = 1000

type proxy struct {
	listening
	upstream     string
	insecureHTTP bool
	junit        string
	har          string
	failOnDrift  bool
	logFormat    *choice
}

func (a *app) proxyCommand() *cobra.Command {
	p := proxy{logFormat: choose("text", "json")}
	command := &cobra.Command{
		Use:   "proxy --upstream URL",
		Short: "Pass requests of any client on to a control plane, and check the responses",
		Long: `A reverse proxy that passes the requests of any client on to a control plane and checks the responses. Configure the
client with the address of the proxy in place of the control plane's. Requests and responses are passed on unchanged as
they arrive, including bodies of any size and redirects, which the proxy does not follow. Then each response to GET or
HEAD .../integrations/{slug} is checked against the contract. Responses of other paths are not checked.

Findings are logged to standard error immediately, without any value of a response or a header. An interrupt or SIGTERM
ends the proxy: requests in progress have three seconds, then the reports are written. The exit code is 1 if a response
violates the contract, is missing or is incomplete. Drift, such as a property that the contract does not have, is a
failure with --fail-on-drift only.

The client's key is sent to the upstream only. The Host of a request must be a loopback name or the address that the
proxy listens on, so that a web page cannot reach the upstream through it; --allow-host adds names. --har records the
exchanges that are checked, without credentials and secrets, for the command check. --junit writes a test case for each
method, path and status code.`,
		Example: `  portkey-integration proxy --upstream https://api.portkey.ai/v1
  curl -H "x-portkey-api-key: $PORTKEY_API_KEY" http://127.0.0.1:4011/integrations/mine
  portkey-integration proxy --upstream http://127.0.0.1:4010 --addr 127.0.0.1:0 --junit report.xml --har recorded.har`,
		Args: cobra.NoArgs,
		RunE: a.action(func(ctx context.Context, _ []string) error { return a.proxy(ctx, &p) }),
	}
	p.listening.flags(command, "127.0.0.1:4011")
	flags := command.Flags()
	flags.StringVar(&p.upstream, "upstream", "", "`URL` of the control plane; its path is put in front of paths that lack it")
	flags.BoolVar(&p.insecureHTTP, "insecure-http", false, "allow an upstream of plain http on another machine; keys are then sent unencrypted")
	flags.StringVar(&p.junit, "junit", "", "`file` for a report in JUnit XML, written at the end")
	flags.StringVar(&p.har, "har", "", "`file` for a recording of what was checked, written as it comes")
	flags.BoolVar(&p.failOnDrift, "fail-on-drift", false, "make drift a failure")
	p.logFormat.flag(command, "log-format", "", "format of the log")
	_ = command.MarkFlagRequired("upstream")
	_ = command.RegisterFlagCompletionFunc("upstream", cobra.NoFileCompletions)
	return command
}

func (a *app) proxy(ctx context.Context, p *proxy) error {
	t := &traffic{failOnDrift: p.failOnDrift, log: a.logger(p.logFormat.value), cases: map[string]*trafficCase{}}
	opts := []contracttest.ProxyOption{contracttest.WithExchangeFunc(t.observe)}
	if p.insecureHTTP {
		opts = append(opts, contracttest.WithInsecureUpstream())
	}
	handler, err := contracttest.NewProxy(p.upstream, opts...)
	if err != nil {
		return fmt.Errorf("--upstream: %w", err)
	}
	defer handler.Close()
	if err := reach(ctx, handler.Upstream()); err != nil {
		return fmt.Errorf("--upstream: %w", err)
	}
	// Open everything that will be written before serving. If that fails, no existing file has been changed.
	listener, err := p.listen()
	if err != nil {
		return err
	}
	defer listener.Close()
	junit, err := output("--junit", p.junit)
	if err != nil {
		return err
	}
	defer junit.Close()
	har, err := output("--har", p.har)
	if err != nil {
		return err
	}
	defer har.Close()
	if junit != nil && har != nil && sameFile(junit, har) {
		return errors.New("--junit and --har name the same file")
	}
	if har != nil {
		err := har.Truncate(0)
		if err == nil {
			t.har, err = contracttest.NewHARWriter(har)
		}
		if err != nil {
			return fmt.Errorf("--har: %w", withoutPath(err))
		}
	}
	fmt.Fprintf(a.out, "http://%s stands for %s\n", listener.Addr(), text.Safe(handler.Upstream().String()))
	_ = a.out.Flush()
	if err := p.serve(ctx, listener, handler, proxyGrace, handler.Close, t.log); err != nil {
		return err
	}

	result := t.result(handler.Upstream().String())
	fmt.Fprintln(a.out, t.summary())
	if junit != nil {
		if err := errors.Join(junit.Truncate(0), contracttest.WriteJUnit(junit, result)); err != nil {
			return fmt.Errorf("--junit: %w", withoutPath(err))
		}
	}
	switch {
	case t.harErr != nil && !errors.Is(t.harErr, contracttest.ErrHARFull):
		return failed(exitUsage) // It is already logged.
	case result.Count(contracttest.Fail) > 0:
		return failed(exitFailed)
	}
	return nil
}

// output opens a file for writing, or returns nil if there is no name. It refuses pipes and devices, which cannot be
// written at an offset and may block when opened.
func output(flag, name string) (*os.File, error) {
	if name == "" {
		return nil, nil
	}
	if info, err := os.Stat(name); err == nil && !info.Mode().IsRegular() && !info.IsDir() {
		return nil, fmt.Errorf("%s %s: it is not a regular file", flag, text.Line(name, maxCell))
	}
	file, err := os.OpenFile(name, os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", flag, err)
	}
	return file, nil
}

func sameFile(a, b *os.File) bool {
	one, err := a.Stat()
	other, err2 := b.Stat()
	return err == nil && err2 == nil && os.SameFile(one, other)
}

// reach checks that something listens at the host of a URL. It sends nothing.
func reach(ctx context.Context, u *url.URL) error {
	if between, err := http.ProxyFromEnvironment(&http.Request{URL: u}); between != nil || err != nil {
		return nil // Only that proxy needs to reach it.
	}
	port := cmp.Or(u.Port(), map[string]string{"http": "80", "https": "443"}[u.Scheme])
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	for end := time.Now().Add(probe); ; {
		conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", net.JoinHostPort(u.Hostname(), port))
		if err == nil {
			return conn.Close()
		}
		if time.Now().After(end) || ctx.Err() != nil {
			return fmt.Errorf("the upstream cannot be reached: %w", err)
		}
		select {
		case <-time.After(probe / 10):
		case <-ctx.Done():
		}
	}
}

// traffic summarizes the exchanges of a proxy in bounded memory.
type traffic struct {
	log         *slog.Logger
	failOnDrift bool
	har         *contracttest.HARWriter // Nil if nothing is recorded.

	mu      sync.Mutex
	cases   map[string]*trafficCase
	names   []string // Of the cases, in order of arrival.
	others  int      // Exchanges that the contract does not cover.
	checked int
	failed  int
	drifted int
	harErr  error
}

// trafficCase counts the exchanges with a method, path and status code.
type trafficCase struct {
	n, failed, unchecked int
	drifted              bool
	reason               string // The first reason why one failed or was not checked.
	findings             []client.Finding
}

// observe logs an exchange, counts it and records it.
func (t *traffic) observe(e contracttest.Exchange) {
	t.logExchange(e)
	if t.har != nil {
		t.record(e)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if !e.Operation && !e.Failed() {
		t.others++
		return
	}
	c := t.caseOf(e)
	c.n++
	switch {
	case e.Err != nil:
		c.reason = cmp.Or(c.reason, e.Err.Error())
	case e.Unchecked != "":
		c.unchecked++
		c.reason = cmp.Or(c.reason, e.Unchecked)
	default:
		t.checked++
	}
	if e.Failed() {
		c.failed++
		t.failed++
	}
	if len(e.Report.Drift) > 0 {
		c.drifted = true
		t.drifted++
	}
	for _, f := range slices.Concat(e.Report.Violations, e.Report.Drift) {
		if len(c.findings) < 100 && !slices.Contains(c.findings, f) {
			c.findings = append(c.findings, f)
		}
	}
}

func (t *traffic) caseOf(e contracttest.Exchange) *trafficCase {
	status := fmt.Sprint(e.StatusCode)
	if e.StatusCode == 0 {
		status = "no response"
	}
	name := fmt.Sprintf("%s %s %s", text.Line(e.Method, 20), text.Line(e.Path, maxCell), status)
	if t.cases[name] == nil && len(t.names) >= maxCases {
		name = "others"
	}
	if t.cases[name] == nil {
		t.cases[name] = &trafficCase{}
		t.names = append(t.names, name)
	}
	return t.cases[name]
}

func (t *traffic) logExchange(e contracttest.Exchange) {
	log := t.log.With("method", text.Line(e.Method, 20), "path", text.Line(e.Path, maxCell), "status", e.StatusCode)
	if e.Err != nil {
		log.Error("no complete response", "reason", e.Err.Error())
	}
	if e.Unchecked != "" {
		log.Info("not checked", "reason", e.Unchecked)
	}
	for _, f := range e.Report.Violations {
		log.Error("violation", "pointer", text.Safe(f.Pointer), "keyword", f.Keyword, "reason", text.Safe(f.Reason))
	}
	for _, f := range e.Report.Drift {
		log.Warn("drift", "pointer", text.Safe(f.Pointer), "keyword", f.Keyword, "reason", text.Safe(f.Reason))
	}
}

// record writes an exchange to the HAR file, unless writing has failed before.
func (t *traffic) record(e contracttest.Exchange) {
	t.mu.Lock()
	broken := t.harErr != nil
	t.mu.Unlock()
	if broken {
		return
	}
	if err := t.har.Write(e); err != nil {
		t.mu.Lock()
		defer t.mu.Unlock()
		if t.harErr == nil {
			t.harErr = err
			t.log.Error("nothing more is recorded", "reason", withoutPath(err).Error())
		}
	}
}

// result returns a check for each case.
func (t *traffic) result(upstream string) *contracttest.Result {
	t.mu.Lock()
	defer t.mu.Unlock()
	result := &contracttest.Result{Target: upstream}
	for _, name := range t.names {
		c := t.cases[name]
		check := contracttest.CheckResult{Name: name, Status: contracttest.Pass, Reason: plural(c.n, "response"), Findings: c.findings}
		switch {
		case c.failed > 0:
			check.Status = contracttest.Fail
			check.Reason = fmt.Sprintf("%d of %s: %s", c.failed, plural(c.n, "response"), cmp.Or(c.reason, "the response violates the contract"))
		case c.drifted && t.failOnDrift:
			check.Status = contracttest.Fail
			check.Reason = plural(c.n, "response") + ": the response drifts from the contract"
		case c.unchecked == c.n:
			check.Status = contracttest.Skip
			check.Reason = plural(c.n, "response") + ": " + c.reason
		}
		result.Checks = append(result.Checks, check)
	}
	return result
}

// summary returns a line that summarizes the traffic.
func (t *traffic) summary() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	unchecked := 0
	for _, c := range t.cases {
		unchecked += c.unchecked
	}
	return fmt.Sprintf("%s checked; %d failed, %d with drift; %d not checked, %d on other paths",
		plural(t.checked, "response"), t.failed, t.drifted, unchecked, t.others)
}

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
