package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/oasdiff/oasdiff/checker"
	"github.com/oasdiff/oasdiff/diff"
	"github.com/oasdiff/oasdiff/load"
)

// compareContracts lists the differences that oasdiff reports, and others that it does not check.
func compareContracts(oldFile, newFile string) ([]change, error) {
	changes, err := compareDocuments(oldFile, newFile)
	if err != nil {
		return nil, err
	}
	// Documents flattened by oasdiff have lost the names of their schemas: load them again unflattened.
	older, err := openapi3.NewLoader().LoadFromFile(oldFile)
	if err != nil {
		return nil, err
	}
	newer, err := openapi3.NewLoader().LoadFromFile(newFile)
	if err != nil {
		return nil, err
	}
	extensions, err := compareExtensions(older, newer)
	if err != nil {
		return nil, err
	}
	return slices.Concat(changes, extensions, compareExamples(older, newer)), nil
}

func compareDocuments(oldFile, newFile string) ([]change, error) {
	// The members of an allOf apply together: compare them merged.
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
			continue // info.version is checked when a release is made.
		}
		text := strings.TrimSpace(c.GetUncolorizedText(english))
		changes = append(changes, changed(c.GetLevel() > checker.INFO || negated.MatchString(text), c.GetId(), "%s", text))
	}
	return changes, nil
}

// changed returns a change to the contract, whose kind is id.
func changed(breaking bool, id, format string, arguments ...any) change {
	return change{line: fmt.Sprintf("`%s` ", id) + fmt.Sprintf(format, arguments...), breaking: breaking}
}

// compareExamples checks the named examples of the older document, which conformed, against the newer one.
func compareExamples(older, newer *openapi3.T) []change {
	var changes []change
	for _, path := range older.Paths.InMatchingOrder() {
		for method, operation := range older.Paths.Value(path).Operations() {
			for status, response := range operation.Responses.Map() {
				for contentType, media := range response.Value.Content {
					schema := schemaOf(newer, path, method, status, contentType)
					if schema == nil {
						continue // oasdiff reports removals.
					}
					var refused []string
					for _, name := range slices.Sorted(maps.Keys(media.Examples)) {
						err := schema.VisitJSON(media.Examples[name].Value.Value, openapi3.VisitAsResponse(), openapi3.FailFast())
						if err != nil {
							refused = append(refused, name)
						}
					}
					if len(refused) > 0 {
						changes = append(changes, changed(true, "examples-refused",
							"%d of the %d older examples of the `%s` response violate the newer contract, `%s` the first",
							len(refused), len(media.Examples), status, refused[0]))
					}
				}
			}
		}
	}
	slices.SortFunc(changes, func(a, b change) int { return strings.Compare(a.line, b.line) })
	return changes
}

func schemaOf(document *openapi3.T, path, method, status, contentType string) *openapi3.Schema {
	item := document.Paths.Value(path)
	if item == nil || item.GetOperation(method) == nil {
		return nil
	}
	response := item.GetOperation(method).Responses.Value(status)
	if response == nil {
		return nil
	}
	media := response.Value.Content[contentType]
	if media == nil || media.Schema == nil {
		return nil
	}
	return media.Schema.Value
}
