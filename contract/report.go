package contract

import (
	"cmp"
	"fmt"

	"github.com/portkey-integration/portkey-integration-go/gen"
)

// MaxFindings is how many violations, and how many findings of drift, a [Report] lists. It counts what is beyond.
const MaxFindings = 100

// Report is what a check of a response found. It holds no value of the response but what names the integration.
type Report struct {
	// ID, Slug and Provider name the integration. They are empty for a response with another status code than 200, and
	// where the response does not have them.
	ID       string       `json:"id,omitempty"`
	Slug     string       `json:"slug,omitempty"`
	Provider gen.Provider `json:"provider,omitempty"`
	// Violations are the places where the response breaks the schema; the first [MaxFindings] of them, by pointer.
	Violations []Finding `json:"violations"`
	// Drift are the places where the response differs from what is documented in a way that breaks no reader; the first
	// [MaxFindings] of them, by pointer.
	Drift []Finding `json:"drift"`
	// MoreViolations and MoreDrift count the findings that are not listed.
	MoreViolations int `json:"more_violations,omitzero"`
	MoreDrift      int `json:"more_drift,omitzero"`
}

// Conforms reports whether there is no violation. Drift does not count.
func (r Report) Conforms() bool { return len(r.Violations) == 0 }

// Finding is one place where a response and the contract differ. It never holds a value of the response.
type Finding struct {
	// Pointer is the place, as a JSON Pointer (RFC 6901); "" is the whole body. A name in it of more than 100 characters
	// is cut, and characters that a terminal cannot trust are replaced.
	Pointer string `json:"pointer"`
	// Keyword is the schema keyword that the response does not meet, such as "required", "type" or "writeOnly"; for drift
	// also "properties" (the document names no such property) and "x-extensible-enum".
	Keyword string `json:"keyword"`
	// Reason says in words what was expected.
	Reason string `json:"reason"`
}

// String returns the pointer and the reason.
func (f Finding) String() string {
	return fmt.Sprintf("%s: %s", cmp.Or(f.Pointer, "the body"), f.Reason)
}

// findings is a list that stops growing at MaxFindings and counts the rest.
type findings struct {
	list []Finding
	more int
}

// add makes and lists a finding, or only counts it: making it has a cost that the count has not.
func (f *findings) add(finding func([]string, string, string) Finding, below []string, keyword, reason string) {
	if len(f.list) == MaxFindings {
		f.more++
		return
	}
	f.list = append(f.list, finding(below, keyword, reason))
}
