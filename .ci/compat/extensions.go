package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

// The contract's extensions, which oasdiff ignores in responses. Each is compared at every location that both documents have;
// oasdiff reports locations that only one of them has.
var extensions = map[string]func(at string, before, after any) []change{
	"x-documented":      compareDocumented,
	"x-extensible-enum": compareValues("x-extensible-enum"),
	"x-ai-provider-ids": compareValues("x-ai-provider-ids"),
}

func compareExtensions(older, newer *openapi3.T) ([]change, error) {
	before, err := tree(older)
	if err != nil {
		return nil, err
	}
	after, err := tree(newer)
	if err != nil {
		return nil, err
	}
	return walkBoth("", before, after), nil
}

// tree is a decoded JSON document, with unresolved references.
func tree(document *openapi3.T) (any, error) {
	text, err := document.MarshalJSON()
	if err != nil {
		return nil, err
	}
	var v any
	return v, json.Unmarshal(text, &v)
}

// walkBoth visits the objects that have the same location in both documents.
func walkBoth(at string, before, after any) []change {
	older, ok := children(before)
	newer, ok2 := children(after)
	if !ok || !ok2 {
		return nil
	}
	var changes []change
	for _, name := range slices.Sorted(maps.Keys(extensions)) {
		if !reflect.DeepEqual(older[name], newer[name]) {
			changes = append(changes, extensions[name](strings.TrimPrefix(at, "/"), older[name], newer[name])...)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(older)) {
		if extensions[name] == nil && name != "example" && name != "examples" {
			changes = append(changes, walkBoth(at+"/"+name, older[name], newer[name])...)
		}
	}
	return changes
}

// children returns the members of an object or an array by name: the name of a reference in an array is its target, so that
// another order is not a change.
func children(value any) (map[string]any, bool) {
	if object, ok := value.(map[string]any); ok {
		return object, true
	}
	array, ok := value.([]any)
	if !ok {
		return nil, false
	}
	members := map[string]any{}
	for i, v := range array {
		name := fmt.Sprint(i)
		if object, ok := v.(map[string]any); ok && object["$ref"] != nil {
			name = fmt.Sprint(object["$ref"])
		}
		members[name] = v
	}
	return members, true
}

// compareValues compares two lists of values. Removing a value is breaking: it has a constant in Go, and responses with it
// become drift. So is adding a list. Adding a value is not breaking, as each list may grow.
func compareValues(extension string) func(at string, before, after any) []change {
	id := strings.TrimPrefix(extension, "x-")
	return func(at string, before, after any) []change {
		had, has := values(before), values(after)
		if before == nil {
			return []change{changed(true, id+"-added", "%s lists the values of `%s`, which had no list", extension, at)}
		}
		var changes []change
		for _, v := range had {
			if !slices.Contains(has, v) {
				changes = append(changes, changed(true, id+"-value-removed", "removed the value `%s` from `%s`", v, at))
			}
		}
		for _, v := range has {
			if !slices.Contains(had, v) {
				changes = append(changes, changed(false, id+"-value-added", "added the value `%s` to `%s`", v, at))
			}
		}
		return changes
	}
}

func values(list any) []string {
	var all []string
	items, _ := list.([]any)
	for _, v := range items {
		all = append(all, fmt.Sprint(v))
	}
	return all
}

// compareDocumented compares what the vendor documents beyond the schema. A stricter rule turns responses into drift, which is
// breaking for tests that fail on drift; a more lenient one is not breaking.
func compareDocumented(at string, before, after any) []change {
	had, has := map[string]any{}, map[string]any{}
	demands(had, "", before)
	demands(has, "", after)
	names := maps.Clone(had)
	maps.Copy(names, has)
	var changes []change
	for _, name := range slices.Sorted(maps.Keys(names)) {
		was, is := had[name], has[name]
		switch {
		case reflect.DeepEqual(was, is):
		case was == nil:
			changes = append(changes, changed(true, "documented-narrowed", "`%s` documents `%s`, which it did not", at, name+text(is)))
		case is == nil:
			changes = append(changes, changed(false, "documented-widened", "`%s` documents `%s` no more", at, name+text(was)))
		case narrows(name, was, is):
			changes = append(changes, changed(true, "documented-narrowed", "`%s` documents `%s`, was `%s`", at, name+text(is), name+text(was)))
		default:
			changes = append(changes, changed(false, "documented-widened", "`%s` documents `%s`, was `%s`", at, name+text(is), name+text(was)))
		}
	}
	return changes
}

// demands splits a schema fragment into its rules, each a required property, a bound or another keyword, by path.
func demands(all map[string]any, path string, fragment any) {
	keywords, _ := fragment.(map[string]any)
	for keyword, value := range keywords {
		switch nested, _ := value.(map[string]any); {
		case keyword == "required":
			for _, name := range values(value) {
				all[path+"required: "+name] = true
			}
		case keyword == "properties":
			for name, property := range nested {
				demands(all, path+"properties/"+name+"/", property)
			}
		case keyword == "items":
			demands(all, path+"items/", value)
		default:
			all[path+keyword] = value
		}
	}
}

// narrows reports whether a keyword's new value may be stricter.
func narrows(path string, was, is any) bool {
	keyword := path[strings.LastIndex(path, "/")+1:]
	before, number := was.(float64)
	after, number2 := is.(float64)
	switch {
	case number && number2 && strings.HasPrefix(keyword, "max"):
		return after < before
	case number && number2 && strings.HasPrefix(keyword, "min"):
		return after > before
	case keyword == "enum":
		return slices.ContainsFunc(values(was), func(v string) bool { return !slices.Contains(values(is), v) })
	}
	return true
}

func text(value any) string {
	if value == true {
		return "" // The path of a required property needs no value.
	}
	b, _ := json.Marshal(value)
	return ": " + string(b)
}
