package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/portkey-integration/portkey-integration-go/client"
	"github.com/portkey-integration/portkey-integration-go/contract"
	"github.com/portkey-integration/portkey-integration-go/contracttest"
	"github.com/portkey-integration/portkey-integration-go/internal/text"
)

// checked is the result for one saved response.
type checked struct {
	File           string           `json:"file"`
	Conforms       bool             `json:"conforms"`
	Provider       client.Provider  `json:"provider"`
	Violations     []client.Finding `json:"violations"`
	Drift          []client.Finding `json:"drift"`
	MoreViolations int              `json:"more_violations,omitzero"` // In addition to those listed.
	MoreDrift      int              `json:"more_drift,omitzero"`
}

func newChecked(file string, r client.Report) checked {
	return checked{
		File:           file,
		Conforms:       r.Conforms(),
		Provider:       r.Provider,
		Violations:     r.Violations,
		Drift:          r.Drift,
		MoreViolations: r.MoreViolations,
		MoreDrift:      r.MoreDrift,
	}
}

type check struct {
	status      int
	failOnDrift bool
	output      *choice
}

func (a *app) checkCommand() *cobra.Command {
	c := check{output: choose("text", "json", "junit")}
	command := &cobra.Command{
		Use:   "check PATH...",
		Short: "Check saved responses against the contract",
		Long: `Check saved responses against the contract. Nothing is sent over the network. A path is a file, a folder (with
all files in it) or - for standard input.

A file contains the body of a response in JSON or YAML, several bodies (JSON lines, YAML documents), or a HAR file as
saved by browsers and the command proxy. In a HAR file, each response to GET .../integrations/{slug} is checked with the
status code that was recorded. Output of get, of proxy and of the Recorder in package contracttest can be checked.

The exit code is 1 if a response violates the contract. Drift, such as a property that the contract does not have, is a
failure with --fail-on-drift only. The exit code is 2 if a file cannot be read or is neither JSON nor YAML; the other
files are checked nevertheless. A finding names a location and a reason, and never quotes the response.`,
		Example: `  portkey-integration check response.json
  curl -s -H "x-portkey-api-key: $PORTKEY_API_KEY" https://api.portkey.ai/v1/integrations/mine | portkey-integration check -
  portkey-integration check --status 404 not-found.json
  portkey-integration check --fail-on-drift recorded.har
  portkey-integration check recordings/ --output junit > report.xml
  portkey-integration check *.json --output json | jq '.results[] | select(.conforms | not)'`,
		Args: cobra.MinimumNArgs(1),
		RunE: a.action(func(ctx context.Context, paths []string) error { return a.check(ctx, &c, paths) }),
	}
	flags := command.Flags()
	flags.IntVar(&c.status, "status", http.StatusOK, "status code `N` of the responses")
	flags.BoolVar(&c.failOnDrift, "fail-on-drift", false, "make drift a failure")
	c.output.flag(command, "output", "o", "format")
	_ = command.RegisterFlagCompletionFunc("status", cobra.FixedCompletions(documentedStatuses(), cobra.ShellCompDirectiveNoFileComp))
	return command
}

func (a *app) check(ctx context.Context, c *check, paths []string) error {
	if !slices.Contains(documentedStatuses(), strconv.Itoa(c.status)) {
		return fmt.Errorf("--status %d: the contract documents no such status code; it documents %s", c.status, strings.Join(documentedStatuses(), ", "))
	}
	if i := slices.Index(paths, "-"); i >= 0 && slices.Contains(paths[i+1:], "-") {
		return errors.New("standard input can be read only once")
	}
	run := &checking{app: a, check: c, out: a.sink(c), progress: a.progress()}
	in := inputs{visit: func(name string, err error) { run.file(ctx, name, err) }, seen: map[string]bool{}}
	for _, path := range paths {
		if ctx.Err() == nil {
			in.walk(ctx, path)
		}
	}
	run.progress.wipe()
	if ctx.Err() != nil {
		a.complain("interrupted after %d responses", run.documents)
		run.code = max(run.code, exitFailed)
	}
	if err := run.out.end(); err != nil {
		return err
	}
	if run.code != 0 {
		return failed(run.code)
	}
	return nil
}

// checking is one run of the command.
type checking struct {
	*app
	*check
	out       sink
	progress  *progress
	code      int
	documents int
}

func (r *checking) fail(name string, err error) {
	r.progress.wipe()
	r.complain("%s: %v", name, err)
	r.out.unreadable(name, err)
	r.code = exitUsage
}

// file checks all responses in a file.
func (r *checking) file(ctx context.Context, name string, err error) {
	var data []byte
	if err == nil {
		data, err = r.readInput(ctx, name, maxFile)
	}
	switch {
	case ctx.Err() != nil:
		return
	case err != nil:
		r.fail(name, withoutPath(err))
		return
	}
	documents := split(name, data)
	if len(documents) == 0 {
		documents = []part{{body: nil}} // The check reports that it is empty.
	}
	n := 0
	next := func() string {
		if n++; n == 1 {
			return name
		}
		return name + "#" + strconv.Itoa(n)
	}
	for _, d := range documents {
		if ctx.Err() != nil {
			return
		}
		switch {
		case d.err != nil:
			r.fail(next(), d.err)
		case contracttest.IsHAR(d.body):
			r.har(ctx, name, next, d.body)
		default:
			r.body(ctx, next(), d.body)
		}
	}
}

func (r *checking) body(ctx context.Context, name string, body []byte) {
	if len(body) > maxDocument {
		r.fail(name, fmt.Errorf("it is larger than %s", size(maxDocument)))
		return
	}
	report, err := contract.Checker{}.Check(ctx, r.status, body)
	switch {
	case ctx.Err() != nil:
	case err != nil:
		r.fail(name, err)
	default:
		r.result(name, report)
	}
}

func (r *checking) har(ctx context.Context, file string, next func() string, data []byte) {
	entries, err := contracttest.CheckHAR(interruptible{ctx, bytes.NewReader(data)})
	if ctx.Err() != nil {
		return
	}
	if err != nil {
		r.fail(next(), err)
		return
	}
	checked := 0
	for _, e := range entries {
		if e.Skipped == "" {
			checked++
			r.result(next(), e.Report)
		}
	}
	switch {
	case checked == 0:
		r.fail(next(), errors.New("a HAR file with no response to GET .../integrations/{slug} that was saved with its body"))
	case checked < len(entries):
		r.progress.wipe()
		r.complain("%s: %d of %d entries checked; the others are not responses to GET .../integrations/{slug} or have no body",
			file, checked, len(entries))
	}
}

func (r *checking) result(name string, report client.Report) {
	c := newChecked(name, report)
	if !c.Conforms || r.failOnDrift && len(c.Drift) > 0 {
		r.code = max(r.code, exitFailed)
	}
	r.documents++
	r.out.add(c)
	r.progress.show(fmt.Sprintf("%d responses checked ...", r.documents))
}

// A sink receives results as they arrive.
type sink interface {
	add(checked)
	unreadable(name string, err error)
	end() error
}

func (a *app) sink(c *check) sink {
	switch c.output.value {
	case "json":
		return &jsonSink{app: a}
	case "junit":
		return &junitSink{app: a, failOnDrift: c.failOnDrift}
	}
	return textSink{a}
}

// textSink writes a line for each response and for each finding. Every line names the file.
type textSink struct{ *app }

func (s textSink) add(c checked) {
	name := text.Safe(c.File)
	verdict := s.paint(green, "conforms")
	if !c.Conforms {
		verdict = s.paint(red, "violates the contract")
	}
	if c.Provider != "" {
		verdict += " (" + text.Line(string(c.Provider), maxCell) + ")"
	}
	fmt.Fprintf(s.out, "%s: %s\n", name, verdict)
	for _, f := range c.Violations {
		fmt.Fprintf(s.out, "%s: %s %s\n", name, s.paint(red, "violation"), finding(f))
	}
	for _, f := range c.Drift {
		fmt.Fprintf(s.out, "%s: %s %s\n", name, s.paint(yellow, "drift"), finding(f))
	}
	if c.MoreViolations > 0 {
		fmt.Fprintf(s.out, "%s: %s\n", name, plural(c.MoreViolations, "more violation"))
	}
	if c.MoreDrift > 0 {
		fmt.Fprintf(s.out, "%s: drift in %s\n", name, plural(c.MoreDrift, "more place"))
	}
	_ = s.out.Flush()
}

func (s textSink) unreadable(string, error) {}
func (s textSink) end() error               { return nil }

// jsonSink writes one object with all results, each on its own line.
type jsonSink struct {
	*app
	n int
}

func (s *jsonSink) add(c checked) {
	s.begin()
	if s.n++; s.n > 1 {
		_, _ = s.out.WriteString(",")
	}
	_, _ = s.out.WriteString("\n  ")
	if err := s.marshal(c, ""); err != nil {
		panic(err) // Strings and booleans always marshal.
	}
}

func (s *jsonSink) unreadable(string, error) {}

func (s *jsonSink) begin() {
	if s.n == 0 {
		_, _ = s.out.WriteString(`{"results":[`)
	}
}

func (s *jsonSink) end() error {
	s.begin()
	_, err := s.out.WriteString("\n]}\n")
	return err
}

// junitSink writes a test case for each response, all at the end, since the format begins with their number.
type junitSink struct {
	*app
	failOnDrift bool
	result      contracttest.Result
}

func (s *junitSink) add(c checked) {
	check := contracttest.CheckResult{Name: c.File, Status: contracttest.Pass, Findings: slices.Concat(c.Violations, c.Drift)}
	switch {
	case !c.Conforms:
		check.Status, check.Reason = contracttest.Fail, "the response violates the contract"
	case len(c.Drift) > 0:
		check.Reason = "the response drifts from the contract"
		if s.failOnDrift {
			check.Status = contracttest.Fail
		}
	}
	s.result.Checks = append(s.result.Checks, check)
}

func (s *junitSink) unreadable(name string, err error) {
	s.result.Checks = append(s.result.Checks, contracttest.CheckResult{Name: name, Status: contracttest.Fail, Reason: text.Safe(err.Error())})
}

func (s *junitSink) end() error {
	s.result.Target = "saved responses"
	return contracttest.WriteJUnit(s.out, &s.result)
}

// marshal writes a value as JSON, with characters that are unsafe for a terminal escaped.
func (a *app) marshal(v any, indent string) error {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", indent)
	if err := encoder.Encode(v); err != nil {
		return err
	}
	line := b.Bytes()
	if indent == "" {
		line = bytes.TrimSuffix(line, []byte("\n"))
	}
	_, err := a.out.Write(escapeUnsafe(line))
	return err
}

func documentedStatuses() []string {
	var statuses []string
	for _, e := range contracttest.Examples() {
		if status := strconv.Itoa(e.Status); !slices.Contains(statuses, status) {
			statuses = append(statuses, status)
		}
	}
	slices.Sort(statuses)
	return statuses
}
