package contracttest

import (
	"encoding/xml"
	"io"
	"strings"

	"github.com/portkey-integration/portkey-integration-go/client"
	"github.com/portkey-integration/portkey-integration-go/internal/text"
)

type junitSuites struct {
	XMLName xml.Name   `xml:"testsuites"`
	Suite   junitSuite `xml:"testsuite"`
}

type junitSuite struct {
	Name     string      `xml:"name,attr"`
	Tests    int         `xml:"tests,attr"`
	Failures int         `xml:"failures,attr"`
	Errors   int         `xml:"errors,attr"`
	Skipped  int         `xml:"skipped,attr"`
	Cases    []junitCase `xml:"testcase"`
	Output   string      `xml:"system-out,omitempty"`
}

type junitCase struct {
	Name      string        `xml:"name,attr"`
	ClassName string        `xml:"classname,attr"`
	Failure   *junitMessage `xml:"failure"`
	Skipped   *junitMessage `xml:"skipped"`
	Output    string        `xml:"system-out,omitempty"`
}

type junitMessage struct {
	Message string `xml:"message,attr"`
	Text    string `xml:",chardata"`
}

// WriteJUnit writes a result as JUnit XML, the format that CI systems display. Findings that do not fail a check, such
// as drift, are in the output of their test case; Result.NotChecked is in the output of the suite.
func WriteJUnit(w io.Writer, result *Result) error {
	suite := junitSuite{
		Name:     "contract of " + text.Safe(result.Target),
		Tests:    len(result.Checks),
		Failures: result.Count(Fail),
		Skipped:  result.Count(Skip),
	}
	if len(result.NotChecked) > 0 {
		suite.Output = "not checked: " + strings.Join(result.NotChecked, "\nnot checked: ")
	}
	for _, c := range result.Checks {
		testcase := junitCase{Name: text.Safe(c.Name), ClassName: "contracttest"}
		reason, findings := text.Safe(c.Reason), lines(c.Findings)
		switch c.Status {
		case Fail:
			testcase.Failure = &junitMessage{reason, findings}
		case Skip:
			testcase.Skipped = &junitMessage{reason, findings}
		case Pass:
			testcase.Output = strings.TrimSpace(reason + "\n" + findings)
		}
		suite.Cases = append(suite.Cases, testcase)
	}
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	enc := xml.NewEncoder(w)
	enc.Indent("", "  ")
	if err := enc.Encode(junitSuites{Suite: suite}); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\n")
	return err
}

// lines formats findings, one on each line, without characters that are unsafe for a terminal.
func lines(findings []client.Finding) string {
	var b strings.Builder
	for _, f := range findings {
		b.WriteString("\t" + text.Safe(f.String()) + "\n")
	}
	return b.String()
}
