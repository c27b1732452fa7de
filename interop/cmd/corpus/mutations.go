package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

// mutations writes an example's value, and every value that differs from it in one location by a change that was not yet
// made at that location.
func (w *writer) mutations(status int, name string, value any, changed map[string]bool) error {
	schema := w.schemas[status]
	emit := func(label string, root any) error {
		change := schema.Ref + index.ReplaceAllString(label, "/*")
		if changed[change] && label != "" {
			return nil
		}
		changed[change] = true
		body, err := json.Marshal(root)
		if err != nil {
			return err
		}
		return w.write(status, name+label, body)
	}
	if err := emit("", value); err != nil {
		return err
	}
	return mutate("", value, schema.Value, emit)
}

// index matches the index of an array item in a pointer: all items count as the same location.
var index = regexp.MustCompile(`/[0-9]+\b`)

// mutate emits the body once for each change to the value or to what it contains. emit inserts the changed value into the
// surrounding body.
func mutate(path string, value any, schema *openapi3.Schema, emit func(label string, value any) error) error {
	for _, r := range replacements(value, schema) {
		if err := emit(path+" is "+r.label, r.value); err != nil {
			return err
		}
	}
	switch value := value.(type) {
	case map[string]any:
		return mutateObject(path, value, schema, emit)
	case []any:
		return mutateArray(path, value, schema, emit)
	}
	return nil
}

func mutateObject(path string, object map[string]any, schema *openapi3.Schema, emit func(string, any) error) error {
	with := func(label, name string, value any) error {
		changed := maps.Clone(object)
		changed[name] = value
		return emit(label, changed)
	}
	known := properties(schema)

	for _, name := range slices.Sorted(maps.Keys(object)) {
		at := path + "/" + name
		without := maps.Clone(object)
		delete(without, name)
		if err := emit(at+" dropped", without); err != nil {
			return err
		}
		s := known[name]
		if s == nil && schema != nil {
			if extra := schema.AdditionalProperties.Schema; extra != nil {
				s = extra.Value
			}
		}
		err := mutate(at, object[name], s, func(label string, value any) error { return with(label, name, value) })
		if err != nil {
			return err
		}

		secret, masked := strings.CutPrefix(name, "masked_")
		if !masked {
			continue
		}
		for _, v := range []any{"plain-text", "", nil, map[string]any{"type": "service_account"}} {
			label := fmt.Sprintf("%s/%s unmasked as %s", path, secret, kind(v))
			if err := with(label+" beside its twin", secret, v); err != nil {
				return err
			}
			instead := maps.Clone(without)
			instead[secret] = v
			if err := emit(label+" instead of its twin", instead); err != nil {
				return err
			}
		}
	}

	for _, name := range slices.Sorted(maps.Keys(known)) {
		if _, there := object[name]; there {
			continue
		}
		at := path + "/" + name
		if err := with(at+" added", name, sample(known[name])); err != nil {
			return err
		}
		err := with(at+" added as null", name, nil)
		if err != nil {
			return err
		}
		if err := with(at+" added with the wrong type", name, wrong(sample(known[name]))); err != nil {
			return err
		}
	}
	for _, v := range []any{"text", nil, json.Number("-1"), map[string]any{"key": "text"}} {
		if err := with(path+"/unknown_field added as "+kind(v), "unknown_field", v); err != nil {
			return err
		}
	}
	return nil
}

func mutateArray(path string, array []any, schema *openapi3.Schema, emit func(string, any) error) error {
	if err := emit(path+" doubled", slices.Concat(array, array)); err != nil {
		return err
	}
	if err := emit(path+" with a null at its end", slices.Concat(array, []any{nil})); err != nil {
		return err
	}
	for i, item := range array {
		err := mutate(path+"/"+strconv.Itoa(i), item, items(schema), func(label string, value any) error {
			changed := slices.Clone(array)
			changed[i] = value
			return emit(label, changed)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

type replacement struct {
	label string
	value any
}

// replacements returns replacements for a value: one of each type, and those at the limits of its schema.
func replacements(value any, schema *openapi3.Schema) []replacement {
	var rs []replacement
	add := func(v any) { rs = append(rs, replacement{kind(v), v}) }
	for _, v := range []any{nil, true, json.Number("7"), json.Number("0.5"), "text", "", []any{}, []any{nil}, map[string]any{}} {
		add(v)
	}
	if schema == nil {
		return rs
	}
	for _, limit := range []*float64{schema.Min, schema.Max} {
		if limit == nil {
			continue
		}
		for _, by := range []float64{-1, -0.001, 0, 0.001, 1} {
			add(json.Number(strconv.FormatFloat(*limit+by, 'f', -1, 64)))
		}
	}
	if schema.Type.Is("integer") {
		for _, text := range []string{"7.0", "7e2", "-7", "7.25"} {
			add(json.Number(text))
		}
	}
	if most := schema.MaxLength; most != nil {
		for _, r := range []string{"a", "é", "😀"} {
			for _, length := range []int{int(*most), int(*most) + 1} {
				text := strings.Repeat(r, length)
				rs = append(rs, replacement{fmt.Sprintf("%d times %s", length, r), text})
			}
		}
	}
	switch schema.Format {
	case "date-time":
		for _, text := range dateTimes {
			add(text)
		}
	case "uuid":
		for _, text := range uuids {
			add(text)
		}
	}
	return rs
}

// wrong returns a value of another type.
func wrong(v any) any {
	if _, text := v.(string); text {
		return json.Number("7")
	}
	return "text"
}

// kind formats a value for a line's name.
func kind(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(text)
}
