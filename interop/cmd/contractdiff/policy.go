package main

import (
	"regexp"

	"github.com/oasdiff/oasdiff/checker"
)

// oasdiff knows who reads an answer: a field that may be missing is a field a client lives without, so that its removal
// breaks nobody. This contract has two more sides. Its schemas become Go types, and it judges the answers of those who
// mock or re-implement the endpoint. What takes something from either is breaking here as well.
var policy = []struct {
	checks *regexp.Regexp
	level  checker.Level
}{
	// A field, a provider or an error that importers use goes away.
	{regexp.MustCompile(`^response-optional-property-removed$`), checker.ERR},
	{regexp.MustCompile(`^response-(body|property)-(any-of|one-of)-removed$`), checker.ERR},
	{regexp.MustCompile(`^response-(non-success|success)-status-removed$`), checker.ERR},

	// A secret may arrive unmasked.
	{regexp.MustCompile(`^response-.*became-not-write-only$`), checker.ERR},

	// Answers that conformed do so no more.
	{regexp.MustCompile(`^response-required-property-added$`), checker.ERR},
	{regexp.MustCompile(`^response-property-became-required$`), checker.ERR},
	{regexp.MustCompile(`^response-.*became-write-only$`), checker.ERR},
	{regexp.MustCompile(`^response-(body|property)-(became-not-nullable|became-enum|enum-value-removed|pattern-added|type-specialized|list-of-types-narrowed)$`), checker.ERR},
	{regexp.MustCompile(`^response-(body|property)-(min|max)(-length|-items|-properties)?-set$`), checker.ERR},
	{regexp.MustCompile(`^response-(body|property)-max(-length|-items|-properties)?-decreased$`), checker.ERR},
	{regexp.MustCompile(`^response-(body|property)-min(-length|-items|-properties)?-increased$`), checker.ERR},

	// A provider more: the client has always had to take a configuration that it does not know.
	{regexp.MustCompile(`^response-property-any-of-added$`), checker.INFO},
}

// guarded matches the place of a change below a not. What is added there takes answers away, and the other way round,
// which oasdiff does not turn about. The contract's guards are written so: the older examples tell what became of them.
var guarded = regexp.MustCompile("`[^` ]*/not(/[^` ]*)?`")

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
