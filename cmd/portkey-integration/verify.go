package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"time"

	"github.com/spf13/cobra"

	"github.com/portkey-integration/portkey-integration-go/contracttest"
	"github.com/portkey-integration/portkey-integration-go/internal/text"
)

// verifyInterval is the time between requests. Tests shorten it.
var verifyInterval = contracttest.DefaultInterval

type verify struct {
	target
	failOnDrift bool
	output      *choice
}

func (a *app) verifyCommand() *cobra.Command {
	v := verify{output: choose("text", "json", "junit")}
	command := &cobra.Command{
		Use:   "verify [SLUG...]",
		Short: "Check a live control plane against the contract",
		Long: `Check a live control plane against the contract. For each slug: whether there is a response, conforms, is about the
integration that was requested, masks its secrets, and is the same when repeated. For all: whether requests without a key,
with a wrong key or token, with a cookie in place of a key, or for an unknown slug are refused with an error of the API
that contains no data of an integration; and whether a response repeats the key. Without a slug, only the latter are
checked. With --sandbox, the slugs are those of the examples.

Only GET and HEAD requests are sent, one after the other and at most five in a second: seven for each slug and up to
three more, or five without a slug. The exit code is 1 if a check fails; drift is a failure with --fail-on-drift only. The report ends with what
could not be checked. The format junit is XML that CI systems display.`,
		Example: `  portkey-integration verify --sandbox
  PORTKEY_API_KEY=... portkey-integration verify my-integration another
  portkey-integration verify rich --base-url http://127.0.0.1:4010/v1 --api-key-file key.txt
  portkey-integration verify my-integration --header X-Gateway=gateway.txt --bearer-token-file token.txt
  portkey-integration verify my-integration --output junit > report.xml`,
		ValidArgsFunction: a.completeSlugs(&v.target, func(status int) bool { return status == http.StatusOK }),
		RunE:              a.action(func(ctx context.Context, slugs []string) error { return a.verify(ctx, &v, slugs) }),
	}
	v.target.flags(command)
	command.Flags().BoolVar(&v.failOnDrift, "fail-on-drift", false, "make drift a failure")
	v.output.flag(command, "output", "o", "format")
	return command
}

func (a *app) verify(ctx context.Context, v *verify, slugs []string) error {
	connection, err := a.connect(ctx, &v.target)
	if err != nil {
		return err
	}
	defer connection.close()
	opts := []contracttest.VerifyOption{contracttest.WithInterval(verifyInterval)}
	if v.sandbox {
		opts = append(opts, contracttest.WithInterval(0)) // There is no load to limit.
		if len(slugs) == 0 {
			slugs = ownSlugs()
		}
	}
	if v.failOnDrift {
		opts = append(opts, contracttest.WithFailOnDrift())
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	defer transport.CloseIdleConnections()
	stop := a.waiting(fmt.Sprintf("Verifying %s ...", connection.baseURL))
	result, err := contracttest.Verify(ctx, contracttest.Target{
		BaseURL:     connection.baseURL,
		APIKey:      connection.apiKey,
		BearerToken: connection.token,
		Header:      connection.header,
		Slugs:       slugs,
		WorkspaceID: v.workspaceID,
		HTTPClient: &http.Client{
			Transport: transport,
			Timeout:   cmp.Or(v.timeout, time.Duration(math.MaxInt64)), // Verify would replace 0 with its default.
		},
	}, opts...)
	stop()
	switch {
	case ctx.Err() != nil:
		a.complain("interrupted after %s", plural(len(result.Checks), "check"))
		return failed(exitFailed)
	case err != nil:
		return err
	}
	if err := a.printVerified(result, v.output.value); err != nil {
		return err
	}
	if !result.Passed() {
		return failed(exitFailed)
	}
	return nil
}

func (a *app) printVerified(result *contracttest.Result, output string) error {
	switch output {
	case "json":
		return a.marshal(struct {
			Passed bool `json:"passed"`
			*contracttest.Result
		}{result.Passed(), result}, "  ")
	case "junit":
		return contracttest.WriteJUnit(a.out, result)
	}
	colors := map[contracttest.CheckStatus]string{
		contracttest.Pass: green, contracttest.Fail: red, contracttest.Skip: yellow,
	}
	for _, c := range result.Checks {
		line := a.paint(colors[c.Status], string(c.Status)) + "  " + c.Name
		if c.Reason != "" {
			line += ": " + text.Line(c.Reason, maxMessage)
		}
		fmt.Fprintln(a.out, line)
		for _, f := range c.Findings {
			fmt.Fprintln(a.out, "      "+finding(f))
		}
	}
	for _, what := range result.NotChecked {
		fmt.Fprintln(a.out, a.paint(yellow, "not checked")+"  "+text.Line(what, maxMessage))
	}
	_, err := fmt.Fprintf(a.out, "\n%s: %d passed, %d failed, %d skipped\n", text.Safe(result.Target),
		result.Count(contracttest.Pass), result.Count(contracttest.Fail), result.Count(contracttest.Skip))
	return err
}

// ownSlugs returns the names of the examples whose slug is their name. The slug of the vendor's documented example is a
// placeholder.
func ownSlugs() []string {
	var slugs []string
	for _, e := range contracttest.Examples() {
		var is struct{ Slug string }
		if e.Status == http.StatusOK && json.Unmarshal(e.Body, &is) == nil && is.Slug == e.Name {
			slugs = append(slugs, e.Name)
		}
	}
	return slugs
}
