// Command contractdiff compares two versions of the contract with oasdiff. It fails when a breaking change is not
// declared in the changelog, or one is declared that is not there.
//
// A breaking change is declared in the topmost section of the changelog, under "### Breaking (contract)", by a bullet
// that begins with the line printed for it and goes on with the reason.
package main

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/oasdiff/oasdiff/checker"
	"github.com/oasdiff/oasdiff/diff"
	"github.com/oasdiff/oasdiff/load"
)

func main() {
	changelog := flag.String("changelog", "CHANGELOG.md", "the `file` where breaking changes are declared")
	flag.Usage = func() {
		fmt.Fprintln(flag.CommandLine.Output(), "usage: contractdiff [-changelog FILE] OLD NEW")
		flag.PrintDefaults()
	}
	flag.Parse()
	if flag.NArg() != 2 {
		flag.Usage()
		os.Exit(2)
	}
	ok, err := run(flag.Arg(0), flag.Arg(1), *changelog)
	if err != nil {
		fmt.Fprintln(os.Stderr, "contractdiff:", err)
		os.Exit(2)
	}
	if !ok {
		os.Exit(1)
	}
}

// change is one difference, as a line of text. Its id says of which kind it is.
type change struct {
	id, text string
	breaking bool
}

// line is what declares the change in the changelog.
func (c change) line() string { return fmt.Sprintf("`%s` %s", c.id, c.text) }

func run(oldFile, newFile, changelogFile string) (bool, error) {
	changes, err := compare(oldFile, newFile)
	if err != nil {
		return false, err
	}
	text, err := os.ReadFile(changelogFile)
	if err != nil {
		return false, err
	}
	declared := declarations(string(text))

	ok, breaking := true, 0
	for _, c := range changes {
		if !c.breaking {
			fmt.Printf("fine      %s\n", c.line())
			continue
		}
		breaking++
		isDeclared := func(d string) bool { return strings.HasPrefix(d, c.line()) }
		if !slices.ContainsFunc(declared, isDeclared) {
			ok = false
			fmt.Printf("BREAKING  %s\n", c.line())
			continue
		}
		fmt.Printf("declared  %s\n", c.line())
		declared = slices.DeleteFunc(declared, isDeclared)
	}
	for _, d := range declared {
		ok = false
		fmt.Printf("NO SUCH   %s\n", d)
	}
	fmt.Printf("%d changes of the contract, %d of them breaking\n", len(changes), breaking)
	if !ok {
		fmt.Printf("Declare each breaking change in the topmost section of %s, under %q, with its line and the reason:\n- LINE: REASON\n",
			changelogFile, heading)
	}
	return ok, nil
}

// compare lists the differences that oasdiff sees, and those it does not look for.
func compare(oldFile, newFile string) ([]change, error) {
	// The guards of the contract are branches of allOf. Compared one by one they hide what they say together.
	older, err := load.NewSpecInfo(openapi3.NewLoader(), load.NewSource(oldFile), load.WithFlattenAllOf())
	if err != nil {
		return nil, err
	}
	newer, err := load.NewSpecInfo(openapi3.NewLoader(), load.NewSource(newFile), load.WithFlattenAllOf())
	if err != nil {
		return nil, err
	}
	difference, sources, err := diff.GetWithOperationsSourcesMap(diff.NewConfig(), older, newer)
	if err != nil {
		return nil, err
	}
	config := checker.NewConfig(checker.GetAllChecks(), checker.WithSeverityLevels(levels()))
	english := checker.NewLocalizer("en")

	var changes []change
	for _, c := range checker.CheckBackwardCompatibilityUntilLevel(config, difference, sources, checker.INFO) {
		if strings.HasPrefix(c.GetId(), "api-version-") || strings.HasPrefix(c.GetId(), "api-major-version-") {
			continue // The changelog and the tag say it.
		}
		text := strings.TrimSpace(c.GetUncolorizedText(english))
		changes = append(changes, change{c.GetId(), text, c.GetLevel() > checker.INFO && !guarded.MatchString(text)})
	}
	// Flattened documents have lost the names of their schemas' branches: read them again as they are.
	oldDocument, err := openapi3.NewLoader().LoadFromFile(oldFile)
	if err != nil {
		return nil, err
	}
	newDocument, err := openapi3.NewLoader().LoadFromFile(newFile)
	if err != nil {
		return nil, err
	}
	changes = append(changes, compareLists(oldDocument, newDocument)...)
	changes = append(changes, compareExamples(oldDocument, newDocument)...)
	return changes, nil
}

const heading = "### Breaking (contract)"

// declarations returns the bullets under the heading in the topmost section of a changelog, each as one line.
func declarations(changelog string) []string {
	var bullets []string
	sections, under := 0, false
	for line := range strings.Lines(changelog) {
		line = strings.TrimRight(line, " \r\n")
		switch {
		case strings.HasPrefix(line, "## "):
			sections++
			under = false
		case strings.HasPrefix(line, "#"):
			under = line == heading && sections == 1
		case !under || line == "":
		case strings.HasPrefix(line, "- "):
			bullets = append(bullets, line[len("- "):])
		case len(bullets) > 0:
			bullets[len(bullets)-1] += " " + strings.TrimSpace(line)
		}
	}
	return bullets
}
