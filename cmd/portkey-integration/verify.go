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
)

type verify struct {
	target
	slugs       []string
	workspaceID string
	output      *choice
}

func (a *app) verifyCommand() *cobra.Command {
	v := verify{output: choose("text", "json", "junit")}
	command := &cobra.Command{
		Use:   "verify",
		Short: "Check a live control plane against the contract",
		Long: `Check a live control plane against the contract: for each slug whether it answers, conforms, is about the
integration asked for, masks its secrets, and answers the same twice; and whether requests without a key, with a wrong
one, or for an unknown slug are refused with a proper error.

Only GET and HEAD are sent, one after the other and at most five in a second: three for each slug, and three more. A
check that fails makes exit code 1. junit is XML that CI systems show.`,
		Example: `  portkey-integration verify --sandbox
  PORTKEY_API_KEY=... portkey-integration verify --slug my-integration --slug another
  portkey-integration verify --base-url http://127.0.0.1:4010/v1 --slug rich --api-key-file key.txt
  portkey-integration verify --slug my-integration --output junit > report.xml`,
		Args: cobra.NoArgs,
		RunE: a.action(func(ctx context.Context, _ []string) error { return a.verify(ctx, &v) }),
	}
	v.target.flags(command)
	flags := command.Flags()
	flags.StringArrayVar(&v.slugs, "slug", nil, "`slug` of an integration that the key can read; may be repeated (default with --sandbox: the examples)")
	flags.StringVar(&v.workspaceID, "workspace-id", "", "`ID` of the workspace to read from; admin keys should name one")
	v.output.flag(command, "output", "o", "format")
	_ = command.RegisterFlagCompletionFunc("workspace-id", cobra.NoFileCompletions)
	_ = command.RegisterFlagCompletionFunc("slug", func(*cobra.Command, []string, string) ([]cobra.Completion, cobra.ShellCompDirective) {
		if !v.sandbox {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		return exampleSlugs(func(status int) bool { return status == http.StatusOK }), cobra.ShellCompDirectiveNoFileComp
	})
	return command
}

func (a *app) verify(ctx context.Context, v *verify) error {
	connection, err := a.connect(&v.target)
	if err != nil {
		return err
	}
	defer connection.close()
	var opts []contracttest.VerifyOption
	if v.sandbox {
		opts = append(opts, contracttest.WithInterval(0)) // Nobody is to be spared.
		if len(v.slugs) == 0 {
			v.slugs = ownSlugs()
		}
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	defer transport.CloseIdleConnections()
	stop := a.waiting(fmt.Sprintf("Verifying %s ...", connection.baseURL))
	result, err := contracttest.Verify(ctx, contracttest.Target{
		BaseURL:     connection.baseURL,
		APIKey:      connection.apiKey,
		Slugs:       v.slugs,
		WorkspaceID: v.workspaceID,
		HTTPClient: &http.Client{
			Transport: transport,
			Timeout:   cmp.Or(v.timeout, time.Duration(math.MaxInt64)), // Of 0, Verify would make its default.
		},
	}, opts...)
	stop()
	switch {
	case ctx.Err() != nil:
		a.complain("interrupted after %d checks", len(result.Checks))
		return failed(exitAnswer)
	case err != nil:
		return err
	}
	if err := a.printVerified(result, v.output.value); err != nil {
		return err
	}
	if !result.Passed() {
		return failed(exitAnswer)
	}
	return nil
}

func (a *app) printVerified(result *contracttest.Result, output string) error {
	switch output {
	case "json":
		return a.marshal(struct {
			Passed bool `json:"passed"`
			*contracttest.Result
		}{result.Passed(), result})
	case "junit":
		return contracttest.WriteJUnit(a.out, result)
	}
	colors := map[contracttest.CheckStatus]string{
		contracttest.Pass: green, contracttest.Fail: red, contracttest.Skip: yellow,
	}
	for _, c := range result.Checks {
		line := a.paint(colors[c.Status], string(c.Status)) + "  " + c.Name
		if c.Reason != "" {
			line += ": " + printable(c.Reason)
		}
		fmt.Fprintln(a.out, line)
		for _, f := range c.Findings {
			fmt.Fprintln(a.out, "      "+printable(finding(f)))
		}
	}
	_, err := fmt.Fprintf(a.out, "\n%s: %d passed, %d failed, %d skipped\n", printable(result.Target),
		result.Count(contracttest.Pass), result.Count(contracttest.Fail), result.Count(contracttest.Skip))
	return err
}

// ownSlugs are the examples that are about the slug they are served by. The vendor's documented one, whose slug is a
// placeholder, is not.
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
