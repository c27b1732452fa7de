package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"golang.org/x/mod/semver"
)

// nothingReleased is the version of a placeholder baseline before the first release.
const nothingReleased = "nothing-released"

// writeBaseline makes the work tree the baseline.
func writeBaseline(out io.Writer, root string, now api, version string) error {
	if !semver.IsValid(version) && version != nothingReleased {
		return fmt.Errorf("%q is no version: want one such as v0.2.0", version)
	}
	contract, err := os.ReadFile(filepath.Join(root, contractFile))
	if err != nil {
		return err
	}
	if err := now.write(filepath.Join(root, baselineAPI), version); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(root, baselineContract), contract, 0o644); err != nil {
		return err
	}
	fmt.Fprintf(out, "%s is the contract and the Go API of %s now.\n", filepath.Dir(baselineAPI), version)
	return nil
}

// checkVersions checks that a release's versions fit the changes since the last one.
func checkVersions(then, now, root string, contract, api []change) error {
	older, err := contractVersion(filepath.Join(root, baselineContract))
	if err != nil {
		return err
	}
	newer, err := contractVersion(filepath.Join(root, contractFile))
	if err != nil {
		return err
	}
	var failures []error
	if err := checkVersion(then, now, append(contract, api...)); err != nil {
		failures = append(failures, fmt.Errorf("the module: %w", err))
	}
	if len(contract) > 0 {
		if err := checkVersion("v"+older, "v"+newer, contract); err != nil {
			failures = append(failures, fmt.Errorf("the contract (info.version): %w", err))
		}
	}
	return errors.Join(failures...)
}

// checkVersion returns an error if a version is too low for the changes. Before 1.0.0 a minor version may break.
func checkVersion(then, now string, changes []change) error {
	breaking := 0
	for _, c := range changes {
		if c.breaking {
			breaking++
		}
	}
	part, of := "major", semver.Major
	if semver.Major(then) == "v0" && semver.Major(now) == "v0" {
		part, of = "minor", semver.MajorMinor
	}
	switch {
	case !semver.IsValid(now):
		return fmt.Errorf("%q is no version: want one such as v0.2.0", now)
	case semver.Compare(now, then) <= 0:
		return fmt.Errorf("%d changes since %s, and %s is no later version", len(changes), then, now)
	case breaking > 0 && of(now) == of(then):
		return fmt.Errorf("%d breaking changes since %s need another %s version than %s has", breaking, then, part, now)
	}
	return nil
}

func contractVersion(file string) (string, error) {
	document, err := openapi3.NewLoader().LoadFromFile(file)
	if err != nil {
		return "", err
	}
	return strings.TrimSpace(document.Info.Version), nil
}
