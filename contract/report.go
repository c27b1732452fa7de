package contract

import (
	"cmp"
	"fmt"

	"github.com/portkey-integration/portkey-integration-go/gen"
)

// MaxFindings is the maximum number of violations, and of findings of drift, that a [Report] lists. It counts the rest.
const MaxFindings = 100

// Report is the result of checking a response. It contains no values of the response except those that identify the
// integration.
type Report struct {
	// ID, Slug and Provider identify the integration, as the response names it. Provider is one of the constants or
	// else the ai_provider_id. They are empty for a status code other than 200, and if the response does not have them.
	ID       string       `json:"id,omitempty"`
	Slug     string       `json:"slug,omitempty"`
	Provider gen.Provider `json:"provider,omitempty"`
	// Violations lists where the response violates the schema, sorted by pointer; at most [MaxFindings].
	Violations []Finding `json:"violations"`
	// Drift lists where the response differs from the documentation without breaking a reader, sorted by pointer; at
	// most [MaxFindings].
	Drift []Finding `json:"drift"`
	// MoreViolations and MoreDrift are the numbers of findings beyond [MaxFindings].
	MoreViolations int `json:"more_violations,omitzero"`
	MoreDrift      int `json:"more_drift,omitzero"`
}

// Conforms reports whether there is no violation. Drift does not count.
func (r Report) Conforms() bool { return len(r.Violations) == 0 }

// Finding is one difference between a response and the contract. It contains no value of the response.
type Finding struct {
	// Pointer is the place, as a JSON Pointer (RFC 6901); "" is the whole body. Names in it are truncated to 100
	// characters, and characters that are not safe to print are replaced.
	Pointer string `json:"pointer"`
	// Keyword is the schema keyword that the response violates, such as "required", "type" or "writeOnly". For
	// drift it may also be "properties" (the document does not describe this property), "x-extensible-enum" or, from
	// package client, "identity".
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

// add appends a finding or, if the list is full, counts it without the cost of making it.
func (f *findings) add(finding func([]string, string, string) Finding, below []string, keyword, reason string) {
	if len(f.list) == MaxFindings {
		f.more++
		return
	}
	f.list = append(f.list, finding(below, keyword, reason))
}
