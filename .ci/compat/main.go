// Command compat compares the work tree with the last release: its contract, openapi.yaml, and the Go API of its public
// packages. README.md describes how to declare a change.
//
//	compat [-C DIR]                     compares with the baseline
//	compat [-C DIR] -refresh VERSION    makes the work tree the baseline, when a release is made
//
// The exit code is 1 if a breaking change is not declared in CHANGELOG.md, and 2 if there is no baseline or something cannot be
// compared.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

func main() {
	root := flag.String("C", "..", "the `directory` of the repository")
	refresh := flag.String("refresh", "", "make the work tree the baseline, under the `version` that is released")
	flag.Usage = func() {
		fmt.Fprintln(flag.CommandLine.Output(), "usage: compat [-C DIR] [-refresh VERSION]")
		flag.PrintDefaults()
	}
	flag.Parse()
	if flag.NArg() > 0 {
		flag.Usage()
		os.Exit(2)
	}
	undeclared, err := run(os.Stdout, *root, *refresh)
	switch {
	case err != nil:
		fmt.Fprintf(os.Stderr, "compat: cannot compare: %v\n", err)
		os.Exit(2)
	case undeclared:
		os.Exit(1)
	}
}

// The files of the last release, below the root of the repository.
const (
	contractFile     = "openapi.yaml"
	changelogFile    = "CHANGELOG.md"
	baselineContract = ".ci/compat/baseline/openapi.yaml"
	baselineAPI      = ".ci/compat/baseline/api.txt"
)

// run compares, and reports whether there is an undeclared breaking change. With a version to refresh to, it then makes the work
// tree the baseline.
func run(out io.Writer, root, refresh string) (undeclared bool, err error) {
	now, cannotLoad := loadAPI(root)
	if refresh != "" && cannotLoad != nil {
		return false, cannotLoad
	}
	then, err := readAPI(filepath.Join(root, baselineAPI))
	if refresh != "" && (errors.Is(err, os.ErrNotExist) || then.version == nothingReleased) {
		return false, writeBaseline(out, root, now, refresh) // Nothing has been released yet.
	}
	if err != nil {
		return false, fmt.Errorf("%w\n%s has the API of the last release: restore it from version control", err, filepath.Dir(baselineAPI))
	}
	changelog, err := os.ReadFile(filepath.Join(root, changelogFile))
	if err != nil {
		return false, err
	}
	contract, err := compareContracts(filepath.Join(root, baselineContract), filepath.Join(root, contractFile))
	if err != nil {
		return false, err
	}
	api := compareAPIs(then, now)

	missing := []string{}
	ok := true
	for _, part := range []struct {
		title, heading string
		changes        []change
	}{
		{"The contract", "### Breaking (contract)", contract},
		{"The Go API", "### Breaking (Go API)", api},
	} {
		v := judge(part.changes, declarations(string(changelog), part.heading))
		fmt.Fprintf(out, "%s, since %s: %d changes, %d of them breaking\n", part.title, then.version, len(part.changes), v.breaking)
		for _, line := range v.lines {
			fmt.Fprintf(out, "  %s\n", line)
		}
		if len(v.undeclared) > 0 {
			missing = append(missing, part.heading+"\n\n- "+strings.Join(v.undeclared, ": REASON\n- ")+": REASON\n")
		}
		ok = ok && v.ok
	}
	if len(missing) > 0 {
		fmt.Fprintf(out, "\nRevert the BREAKING changes, or declare them in %s under %q, with the reasons:\n\n%s",
			changelogFile, unreleased, strings.Join(missing, "\n"))
	}
	if cannotLoad != nil {
		return !ok, cannotLoad
	}
	if !ok || refresh == "" {
		return !ok, nil
	}
	if err := checkVersions(then.version, refresh, root, contract, api); err != nil {
		return false, err
	}
	return false, writeBaseline(out, root, now, refresh)
}

// change is one difference, as the line that declares it in the changelog. A change to the Go API also has a symbol, and a
// declaration of the symbol, or of one that it belongs to, declares the change.
type change struct {
	line     string
	symbol   string
	breaking bool
}

type verdict struct {
	lines      []string
	undeclared []string // To be added to the changelog.
	breaking   int
	ok         bool
}

// judge compares the changes with the declarations. A declaration without a change is an error, as is a breaking change without
// a declaration.
func judge(changes []change, declared []string) verdict {
	v := verdict{ok: true}
	used := make([]bool, len(declared))
	for _, c := range changes {
		if !c.breaking {
			v.lines = append(v.lines, "fine      "+c.line)
			continue
		}
		v.breaking++
		found := false
		for i, d := range declared {
			if c.declaredBy(d) {
				found, used[i] = true, true
			}
		}
		if found {
			v.lines = append(v.lines, "declared  "+c.line)
			continue
		}
		v.ok = false
		v.lines = append(v.lines, "BREAKING  "+c.line)
		what := c.line
		if c.symbol != "" {
			what = "`" + c.symbol + "`"
		}
		if !slices.Contains(v.undeclared, what) {
			v.undeclared = append(v.undeclared, what)
		}
	}
	for i, d := range declared {
		if !used[i] {
			v.ok = false
			v.lines = append(v.lines, "NO SUCH   "+d+" (declared in "+changelogFile+": remove it)")
		}
	}
	return v
}

func (c change) declaredBy(declaration string) bool {
	if c.symbol == "" {
		return strings.HasPrefix(declaration, c.line)
	}
	rest, ok := strings.CutPrefix(declaration, "`")
	name, _, closed := strings.Cut(rest, "`")
	return ok && closed && (name == c.symbol || strings.HasPrefix(c.symbol, name+"."))
}

const unreleased = "## Unreleased"

// declarations returns the bullets under the heading in the changelog's unreleased section, each as one line.
func declarations(changelog, heading string) []string {
	var bullets []string
	inSection, under := false, false
	for line := range strings.Lines(changelog) {
		line = strings.TrimRight(line, " \r\n")
		switch {
		case strings.HasPrefix(line, "## "):
			inSection, under = line == unreleased, false
		case strings.HasPrefix(line, "#"):
			under = inSection && line == heading
		case !under || line == "":
		case strings.HasPrefix(line, "- "):
			bullets = append(bullets, line[len("- "):])
		case len(bullets) > 0:
			bullets[len(bullets)-1] += " " + strings.TrimSpace(line)
		}
	}
	return bullets
}
