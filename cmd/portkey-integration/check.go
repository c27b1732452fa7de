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

	jsonv2 "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/spf13/cobra"

	"github.com/portkey-integration/portkey-integration-go/client"
	"github.com/portkey-integration/portkey-integration-go/contracttest"
)

// checked is what became of one saved answer.
type checked struct {
	File     string           `json:"file"`
	Entry    *int             `json:"entry,omitempty"` // Of a HAR file, from 0.
	URL      string           `json:"url,omitempty"`
	Status   int              `json:"status,omitempty"`
	Conforms bool             `json:"conforms"`
	Provider client.Provider  `json:"provider"`
	Violated []client.Finding `json:"violations"`
	Drift    []client.Finding `json:"drift"`
}

func newChecked(file string, r client.Report) checked {
	return checked{File: file, Conforms: r.Conforms(), Provider: r.Provider, Violated: r.Violations, Drift: r.Drift}
}

func (a *app) checkCommand() *cobra.Command {
	var (
		output      = choose("text", "json")
		status      int
		failOnDrift bool
	)
	command := &cobra.Command{
		Use:   "check FILE...",
		Short: "Check saved answers against the contract",
		Long: `Check saved answers against the contract. Nothing is sent anywhere. - is standard input.

A file is the body of an answer, or a HAR file, as browsers and proxies save it: then each answer to
GET .../integrations/{slug} in it is checked, by the status it was recorded with.

A violation breaks the contract: exit code 1. Drift is more than the contract knows, a new property or value, and is
no failure without --fail-on-drift. A file that cannot be read or is no JSON: exit code 2, and the others are checked
all the same. Findings say where and what, and never quote the answer.`,
		Example: `  portkey-integration check answer.json
  curl -s -H "x-portkey-api-key: $PORTKEY_API_KEY" https://api.portkey.ai/v1/integrations/mine | portkey-integration check -
  portkey-integration check --status 404 not-found.json
  portkey-integration check --fail-on-drift recorded.har
  portkey-integration check *.json --output json | jq '.results[] | select(.conforms | not)'`,
		Args: cobra.MinimumNArgs(1),
		RunE: a.action(func(_ context.Context, files []string) error {
			return a.check(files, status, failOnDrift, output.value)
		}),
	}
	flags := command.Flags()
	flags.IntVar(&status, "status", http.StatusOK, "HTTP status `N` that the bodies came with")
	flags.BoolVar(&failOnDrift, "fail-on-drift", false, "make drift a failure")
	output.flag(command, "output", "o", "format")
	_ = command.RegisterFlagCompletionFunc("status", cobra.FixedCompletions(documentedStatuses(), cobra.ShellCompDirectiveNoFileComp))
	return command
}

func (a *app) check(files []string, status int, failOnDrift bool, output string) error {
	if _, err := client.Check(status, []byte("{}")); errors.Is(err, client.ErrUndocumentedStatus) {
		return fmt.Errorf("--status %d: %w; it documents %v", status, client.ErrUndocumentedStatus, documentedStatuses())
	}
	if i := slices.Index(files, "-"); i >= 0 && slices.Contains(files[i+1:], "-") {
		return errors.New("standard input can be read only once")
	}
	code := 0
	results := []checked{}
	for _, file := range files {
		found, err := a.checkFile(file, status)
		if err != nil {
			a.complain("%s", printable(err.Error()))
			code = exitUsage
		}
		for _, r := range found {
			if !r.Conforms || failOnDrift && len(r.Drift) > 0 {
				code = max(code, exitAnswer)
			}
			if output == "text" {
				a.printChecked(r)
			}
		}
		results = append(results, found...)
	}
	if output == "json" {
		if err := a.marshal(map[string]any{"results": results}); err != nil {
			return err
		}
	}
	if code != 0 {
		return failed(code)
	}
	return nil
}

func (a *app) checkFile(file string, status int) ([]checked, error) {
	data, err := a.read(file)
	if err != nil {
		return nil, err // It names the file.
	}
	if isHAR(data) {
		return a.checkHAR(file, data)
	}
	report, err := client.Check(status, data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return []checked{newChecked(file, report)}, nil
}

// isHAR tells a recording from a body by what it holds: names of files vary.
func isHAR(data []byte) bool {
	var file struct {
		Log struct {
			Entries *[]jsontext.Value `json:"entries"`
		} `json:"log"`
	}
	data = bytes.TrimPrefix(data, []byte("\ufeff")) // HAR files may begin with a byte order mark.
	err := jsonv2.Unmarshal(data, &file, jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
	return err == nil && file.Log.Entries != nil
}

func (a *app) checkHAR(file string, data []byte) ([]checked, error) {
	entries, err := contracttest.CheckHAR(bytes.NewReader(data))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	var results []checked
	for _, e := range entries {
		if e.Skipped != "" {
			continue
		}
		r := newChecked(file, e.Report)
		r.Entry, r.URL, r.Status = &e.Entry, e.URL, e.Status
		results = append(results, r)
	}
	if len(results) == 0 {
		return nil, fmt.Errorf("%s: a HAR file with no answer to GET .../integrations/{slug} that was saved with its body", file)
	}
	if skipped := len(entries) - len(results); skipped > 0 {
		a.complain("%s: %d of %d entries checked; the others are no answers to GET .../integrations/{slug}, or lack a body",
			printable(file), len(results), len(entries))
	}
	return results, nil
}

// printChecked writes a line for the answer and one for each finding, each of which names the file.
func (a *app) printChecked(r checked) {
	name := r.File
	if r.Entry != nil {
		name += "#" + strconv.Itoa(*r.Entry)
	}
	name = printable(name)
	verdict := a.paint(green, "conforms")
	if !r.Conforms {
		verdict = a.paint(red, "violates the contract")
	}
	if r.Provider != "" {
		verdict += " (" + printable(string(r.Provider)) + ")"
	}
	fmt.Fprintf(a.out, "%s: %s\n", name, verdict)
	for _, f := range r.Violated {
		fmt.Fprintf(a.out, "%s: %s %s\n", name, a.paint(red, "violation"), printable(finding(f)))
	}
	for _, f := range r.Drift {
		fmt.Fprintf(a.out, "%s: %s %s\n", name, a.paint(yellow, "drift"), printable(finding(f)))
	}
}

func (a *app) marshal(v any) error {
	encoder := json.NewEncoder(a.out)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return encoder.Encode(v)
}

func documentedStatuses() []string {
	var statuses []string
	for _, e := range contracttest.Examples() {
		if text := strconv.Itoa(e.Status); !slices.Contains(statuses, text) {
			statuses = append(statuses, text)
		}
	}
	slices.Sort(statuses)
	return statuses
}
