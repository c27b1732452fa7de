package main

import (
	"regexp"

	"github.com/oasdiff/oasdiff/checker"
)

// oasdiff considers readers of a response only: clients can do without an optional property, so removing it is not breaking. This
// contract has two more uses. Go types are generated from its schemas, and it checks the responses of mocks and other
// implementations of the endpoint. A change that breaks either of these is breaking here as well.
var policy = []struct {
	checks *regexp.Regexp
	level  checker.Level
}{
	// A property, a provider or an error that importers use is removed.
	{regexp.MustCompile(`^response-optional-(write-only-)?property-removed$`), checker.ERR},
	{regexp.MustCompile(`^response-(body|property)-(all-of|any-of|one-of)-removed$`), checker.ERR},
	{regexp.MustCompile(`^response-(non-success|success)-status-removed$`), checker.ERR},

	// A mask is removed: a secret may arrive in clear, or its masked form may be sent back as if it were one.
	{regexp.MustCompile(`^response-.*became-not-(write|read)-only$`), checker.ERR},

	// Responses that conformed no longer do.
	{regexp.MustCompile(`^response-required-property-added$`), checker.ERR},
	{regexp.MustCompile(`^response-property-became-required$`), checker.ERR},
	{regexp.MustCompile(`^response-.*became-write-only$`), checker.ERR},
	{regexp.MustCompile(`^response-(body|property)-(became-not-nullable|became-enum|enum-value-removed|pattern-added|type-specialized|list-of-types-narrowed)$`), checker.ERR},
	{regexp.MustCompile(`^response-(body|property)-(min|max)(-length|-items|-properties)?-set$`), checker.ERR},
	{regexp.MustCompile(`^response-(body|property)-max(-length|-items|-properties)?-decreased$`), checker.ERR},
	{regexp.MustCompile(`^response-(body|property)-min(-length|-items|-properties)?-increased$`), checker.ERR},

	// A provider is added: a client must always accept configurations that it does not know.
	{regexp.MustCompile(`^response-property-(all|any)-of-added$`), checker.INFO},
}

// negated matches the location of a change below a not. There, additions make the contract stricter and removals make it more
// lenient, which oasdiff does not take into account: the author of such a change has to declare it.
var negated = regexp.MustCompile("`[^` ]*/not(/[^` ]*)?`")

// levels applies the policy to oasdiff's levels.
func levels() map[string]checker.Level {
	levels := checker.GetCheckLevels()
	for id := range levels {
		for _, p := range policy {
			if p.checks.MatchString(id) {
				levels[id] = p.level
			}
		}
	}
	return levels
}
