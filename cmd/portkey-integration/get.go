package main

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/portkey-integration/portkey-integration-go/client"
	"github.com/portkey-integration/portkey-integration-go/contracttest"
	"github.com/portkey-integration/portkey-integration-go/gen"
	"github.com/portkey-integration/portkey-integration-go/internal/text"
)

type get struct {
	target
	output     *choice
	validation *choice
	maxRetries int
}

func (a *app) getCommand() *cobra.Command {
	g := get{output: choose("text", "json", "yaml"), validation: choose("strict", "report", "off")}
	command := &cobra.Command{
		Use:   "get SLUG...",
		Short: "Retrieve integrations",
		Long: `Retrieve integrations, check each response against the contract, and print them.

The format text is for people: a view of one integration, or a table of several, of limited size. json and yaml are the
response as received: all properties in their order, with unchanged numbers. With several slugs, each is one JSON line or
one YAML document, in the order of the slugs. Anything that may be a secret is printed as "[redacted]" in every format:
the values of custom_headers, and a secret that the response should have masked. Characters that are not safe to print
are escaped.

With --validation strict, a response that violates the contract is an error. With report, it is printed together with
its violations. With off, it is not checked. Drift, such as a property that the contract does not have, is never an
error.`,
		Example: `  portkey-integration get --sandbox openai-production
  portkey-integration get --sandbox rich --output yaml
  PORTKEY_API_KEY=... portkey-integration get my-integration
  portkey-integration get my-integration --api-key-file key.txt --base-url https://aws-cp.portkey.ai/api/v1
  portkey-integration get --sandbox cortex huggingface rich
  portkey-integration get one two three --output json | jq -r .ai_provider_id
  pass show portkey | portkey-integration get my-integration --api-key-file -`,
		Args:              cobra.MinimumNArgs(1),
		ValidArgsFunction: a.completeSlugs(&g.target, func(int) bool { return true }),
		RunE:              a.action(func(ctx context.Context, slugs []string) error { return a.get(ctx, &g, slugs) }),
	}
	g.target.flags(command)
	flags := command.Flags()
	g.output.flag(command, "output", "o", "format")
	g.validation.flag(command, "validation", "", "what happens to a response that violates the contract")
	flags.IntVar(&g.maxRetries, "max-retries", client.DefaultMaxRetries, "retry a failed request at most `N` times")
	_ = command.RegisterFlagCompletionFunc("max-retries", cobra.NoFileCompletions)
	return command
}

func (a *app) get(ctx context.Context, g *get, slugs []string) error {
	// Check all slugs before the first request, so that a typo is found early.
	for _, slug := range slugs {
		if _, err := gen.Slug(slug).MarshalText(); err != nil {
			return fmt.Errorf("%w %q: %w", client.ErrInvalidSlug, slug, err)
		}
	}
	if g.maxRetries < 0 {
		return errors.New("--max-retries is negative")
	}
	var validation client.Validation
	if err := validation.UnmarshalText([]byte(g.validation.value)); err != nil {
		return err
	}
	connection, err := a.connect(ctx, &g.target)
	if err != nil {
		return err
	}
	defer connection.close()
	c, err := client.New(append(connection.options(&g.target),
		client.WithMaxRetries(g.maxRetries),
		client.WithValidation(validation),
	)...)
	if err != nil {
		return err
	}
	var opts []client.BulkOption
	if g.workspaceID != "" {
		opts = append(opts, client.WithWorkspaceID(g.workspaceID))
	}

	results := inOrder(slugs, c.RetrieveIntegrations(ctx, slices.Values(slugs), opts...))
	next, end := iter.Pull(results)
	defer end()
	p := &printer{app: a, output: g.output.value, slugs: slugs, validation: validation}
	code, came := 0, 0
	for {
		note := fmt.Sprintf("Waiting for %s ...", connection.baseURL)
		if len(slugs) > 1 {
			note = fmt.Sprintf("Waiting for %s, %d of %d received ...", connection.baseURL, came, len(slugs))
		}
		stop := a.waiting(note)
		r, ok := next()
		stop()
		came++
		switch {
		case !ok && code != 0:
			return failed(code)
		case !ok:
			return ctx.Err()
		case r.Err != nil:
			a.explain(r.Slug, r.Err)
			code = max(code, exitCode(r.Err))
			continue
		}
		if err := p.print(r.Integration); err != nil {
			return err
		}
	}
}

// inOrder yields results in the order of their slugs, each as soon as all earlier ones have arrived.
func inOrder(slugs []string, results iter.Seq[client.Result]) iter.Seq[client.Result] {
	return func(yield func(client.Result) bool) {
		early := map[string][]client.Result{} // A slug may be given twice.
		for r := range results {
			early[r.Slug] = append(early[r.Slug], r)
			for len(slugs) > 0 && len(early[slugs[0]]) > 0 {
				queue := early[slugs[0]]
				early[slugs[0]], slugs = queue[1:], slugs[1:]
				if !yield(queue[0]) {
					return
				}
			}
		}
	}
}

// explain prints why there is no integration for a slug.
func (a *app) explain(slug string, err error) {
	if broken, ok := errors.AsType[*client.ValidationError](err); ok {
		a.complain("%s: the response violates the contract (--validation report prints it all the same):", slug)
		for _, f := range broken.Report.Violations {
			fmt.Fprintf(a.err, "  %s\n", finding(f))
		}
		return
	}
	if unwrapped := errors.Unwrap(err); unwrapped != nil {
		err = unwrapped // Without "client: retrieve integration".
	}
	hint := ""
	switch {
	case errors.Is(err, client.ErrUnauthorized):
		hint = "; check the key in " + envAPIKey + " or --api-key-file"
	case errors.Is(err, client.ErrForbidden):
		hint = "; the key may lack the scope organisation_integrations.read or workspace_integrations.read, or need --workspace-id"
	}
	a.complain("%s: %s%s", slug, inFlags(err), hint)
}

// printer writes integrations, one after another.
type printer struct {
	*app
	output     string
	slugs      []string // All that were requested.
	validation client.Validation
	printed    int
	widths     []int // Column widths of the table, once it has begun.
}

func (p *printer) print(integration *client.Integration) error {
	body, err := contracttest.Redact(integration.RawJSON())
	if err != nil {
		return err
	}
	var report client.Report
	if p.validation != client.ValidationOff {
		report = integration.Report()
	}
	first, several := p.printed == 0, len(p.slugs) > 1
	p.printed++
	switch {
	case p.output == "json":
		err = p.printJSON(body, !several)
	case p.output == "yaml":
		err = p.printYAML(body, !first)
	case several:
		p.tableRow(integration, report)
	default: // Findings are part of the view.
		return p.view(integration, body, report)
	}
	if !report.Conforms() {
		p.complain("%s: the response violates the contract:", integration.Slug)
		for _, f := range report.Violations {
			fmt.Fprintf(p.err, "  %s\n", finding(f))
		}
	}
	return errors.Join(err, p.out.Flush())
}

// finding formats a finding as one line, with its schema keyword and without characters that are unsafe for a terminal.
func finding(f client.Finding) string {
	line := f.String()
	if f.Keyword != "" {
		line += " (" + f.Keyword + ")"
	}
	return text.Line(line, maxCell)
}

// completeSlugs completes the slugs of the examples if --sandbox is set.
func (a *app) completeSlugs(t *target, wanted func(status int) bool) cobra.CompletionFunc {
	return func(*cobra.Command, []string, string) ([]cobra.Completion, cobra.ShellCompDirective) {
		if !t.sandbox {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		return exampleSlugs(wanted), cobra.ShellCompDirectiveNoFileComp
	}
}

// exampleSlugs returns completions for the contract's examples with the wanted status codes.
func exampleSlugs(wanted func(status int) bool) []cobra.Completion {
	var slugs []cobra.Completion
	for _, e := range contracttest.Examples() {
		if wanted(e.Status) {
			summary := e.Summary
			if e.Status != http.StatusOK {
				summary = fmt.Sprintf("%d %s", e.Status, http.StatusText(e.Status))
			}
			slugs = append(slugs, cobra.CompletionWithDesc(e.Name, strings.TrimSpace(summary)))
		}
	}
	return slugs
}
