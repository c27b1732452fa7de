package main

import (
	"fmt"
	"maps"
	"slices"

	"github.com/getkin/kin-openapi/openapi3"
)

// The lists of the contract's own, of which oasdiff reports nothing in answers.
var lists = []string{"x-extensible-enum", "x-ai-provider-ids"}

// compareLists compares the lists of the schemas that both documents have.
func compareLists(older, newer *openapi3.T) []change {
	var changes []change
	for _, name := range slices.Sorted(maps.Keys(older.Components.Schemas)) {
		after := newer.Components.Schemas[name]
		if after == nil {
			continue // oasdiff reports the schema itself.
		}
		before := older.Components.Schemas[name]
		for _, list := range lists {
			had, has := values(before, list), values(after, list)
			for _, value := range had {
				if !slices.Contains(has, value) {
					changes = append(changes, change{list[len("x-"):] + "-value-removed",
						fmt.Sprintf("removed the value `%s` from `%s`", value, name), true})
				}
			}
			for _, value := range has {
				if !slices.Contains(had, value) {
					changes = append(changes, change{list[len("x-"):] + "-value-added",
						fmt.Sprintf("added the value `%s` to `%s`", value, name), false})
				}
			}
		}
	}
	return changes
}

func values(schema *openapi3.SchemaRef, list string) []string {
	var all []string
	items, _ := schema.Value.Extensions[list].([]any)
	for _, v := range items {
		all = append(all, fmt.Sprint(v))
	}
	return all
}

// compareExamples holds the named examples of the older document against the newer one. They are answers that conformed.
func compareExamples(older, newer *openapi3.T) []change {
	var changes []change
	for _, path := range older.Paths.InMatchingOrder() {
		after := newer.Paths.Value(path)
		if after == nil || after.Get == nil {
			continue
		}
		responses := older.Paths.Value(path).Get.Responses.Map()
		for _, status := range slices.Sorted(maps.Keys(responses)) {
			media := responses[status].Value.Content.Get("application/json")
			response := after.Get.Responses.Value(status)
			if media == nil || response == nil || response.Value.Content.Get("application/json") == nil {
				continue
			}
			schema := response.Value.Content.Get("application/json").Schema.Value
			var refused []string
			for _, name := range slices.Sorted(maps.Keys(media.Examples)) {
				err := schema.VisitJSON(media.Examples[name].Value.Value, openapi3.VisitAsResponse(), openapi3.FailFast())
				if err != nil {
					refused = append(refused, name)
				}
			}
			if len(refused) > 0 {
				changes = append(changes, change{"examples-refused",
					fmt.Sprintf("%d of the %d older examples of status `%s` break the newer contract, `%s` the first",
						len(refused), len(media.Examples), status, refused[0]), true})
			}
		}
	}
	return changes
}
