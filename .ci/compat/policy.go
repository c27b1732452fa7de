package main

import (
	"regexp"

	"github.com/oasdiff/oasdiff/checker"
)

// oasdiff knows who reads a response: a property that may be missing is one a client lives without, so that its removal
// breaks nobody. This contract has two more sides. Its schemas become Go types, and it judges the responses of those who
// mock or re-implement the endpoint. What takes something from either is breaking here as well.
var policy = []struct {
	checks *regexp.Regexp
	level  checker.Level
}{
	// A property, a provider or an error that importers use goes away.
	{regexp.MustCompile(`^response-optional-(write-only-)?property-removed$`), checker.ERR},
	{regexp.MustCompile(`^response-(body|property)-(all-of|any-of|one-of)-removed$`), checker.ERR},
	{regexp.MustCompile(`^response-(non-success|success)-status-removed$`), checker.ERR},

	// A mask goes away: a secret may arrive in clear, or the masked form may be sent back as if it were one.
	{regexp.MustCompile(`^response-.*became-not-(write|read)-only$`), checker.ERR},

	// Responses that conformed do so no more.
	{regexp.MustCompile(`^response-required-property-added$`), checker.ERR},
	{regexp.MustCompile(`^response-property-became-required$`), checker.ERR},
	{regexp.MustCompile(`^response-.*became-write-only$`), checker.ERR},
	{regexp.MustCompile(`^response-(body|property)-(became-not-nullable|became-enum|enum-value-removed|pattern-added|type-specialized|list-of-types-narrowed)$`), checker.ERR},
	{regexp.MustCompile(`^response-(body|property)-(min|max)(-length|-items|-properties)?-set$`), checker.ERR},
	{regexp.MustCompile(`^response-(body|property)-max(-length|-items|-properties)?-decreased$`), checker.ERR},
	{regexp.MustCompile(`^response-(body|property)-min(-length|-items|-properties)?-increased$`), checker.ERR},

	// A provider more: the client has always had to take a configuration that it does not know.
	{regexp.MustCompile(`^response-property-(all|any)-of-added$`), checker.INFO},
}

// negated matches the place of a change below a not. What is added there takes responses away, and the other way round,
// which oasdiff does not turn about: whoever makes such a change says what it means.
var negated = regexp.MustCompile("`[^` ]*/not(/[^` ]*)?`")

// levels lays the policy over the levels of oasdiff.
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
