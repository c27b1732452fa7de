package main

import (
	"slices"
	"strings"
	"testing"
)

const changelog = `# Changelog

## Unreleased

### Added

- ` + "`client.WithA`" + `: not here.

### Breaking (Go API)

- ` + "`client.T`" + `: was of no
  use
- ` + "`gen.U.Field`" + `: neither was this.

### Breaking (contract)

- ` + "`type-changed`" + ` the response property
  changed: so says the vendor

## 0.1.0

### Breaking (Go API)

- ` + "`client.Old`" + `: long since
`

func TestDeclarations(t *testing.T) {
	for heading, want := range map[string][]string{
		"### Breaking (Go API)":   {"`client.T`: was of no use", "`gen.U.Field`: neither was this."},
		"### Breaking (contract)": {"`type-changed` the response property changed: so says the vendor"},
		"### Breaking":            nil,
	} {
		if got := declarations(changelog, heading); !slices.Equal(got, want) {
			t.Errorf("%s: got %q, want %q", heading, got, want)
		}
	}
	released := strings.Replace(changelog, unreleased, "## 0.2.0", 1)
	if got := declarations(released, "### Breaking (Go API)"); got != nil {
		t.Errorf("a released section: got %q, want nothing", got)
	}
}

func TestJudge(t *testing.T) {
	contract := change{line: "`type-changed` the response property changed", breaking: true}
	field := change{line: "client.T.F: removed: field int", symbol: "client.T.F", breaking: true}
	fine := change{line: "client.G: added: func()"}
	for _, test := range []struct {
		name     string
		changes  []change
		declared []string
		want     string // The first word of each line.
		ok       bool
	}{
		{"nothing", nil, nil, "", true},
		{"what is fine", []change{fine}, nil, "fine", true},
		{"not declared", []change{fine, field, contract}, nil, "fine BREAKING BREAKING", false},
		{"declared", []change{field, contract}, []string{"`client.T.F`: of no use", "`type-changed` the response property changed: so they say"}, "declared declared", true},
		{"declared with its type", []change{field}, []string{"`client.T`: of no use"}, "declared", true},
		{"another name declared", []change{field}, []string{"`client.T.FF`: of no use"}, "BREAKING NO", false},
		{"the beginning of a name declared", []change{field}, []string{"`client.T.`: of no use"}, "BREAKING NO", false},
		{"another change declared", []change{contract}, []string{"`type-changed` the response: so they say"}, "BREAKING NO", false},
		{"declared, and not there", nil, []string{"`client.T`: of no use"}, "NO", false},
	} {
		v := judge(test.changes, test.declared)
		var words []string
		for _, l := range v.lines {
			words = append(words, strings.Fields(l)[0])
		}
		if got := strings.Join(words, " "); got != test.want || v.ok != test.ok {
			t.Errorf("%s: got %q and ok %t, want %q and %t", test.name, got, v.ok, test.want, test.ok)
		}
	}
}

func TestCheckVersion(t *testing.T) {
	breaking, fine := []change{{line: "b", breaking: true}}, []change{{line: "f"}}
	for _, test := range []struct {
		then, now string
		changes   []change
		ok        bool
	}{
		{"v0.1.0", "v0.1.1", fine, true},
		{"v0.1.0", "v0.1.0", fine, false},
		{"v0.1.0", "v0.1.1", breaking, false},
		{"v0.1.0", "v0.2.0", breaking, true},
		{"v0.9.0", "v1.0.0", breaking, true},
		{"v1.1.0", "v1.2.0", breaking, false},
		{"v1.1.0", "v2.0.0", breaking, true},
		{"v1.1.0", "v1.0.9", nil, false},
		{"v1.1.0", "1.2", nil, false},
	} {
		if err := checkVersion(test.then, test.now, test.changes); (err == nil) != test.ok {
			t.Errorf("%s to %s with %v: got %v, want ok %t", test.then, test.now, test.changes, err, test.ok)
		}
	}
}
