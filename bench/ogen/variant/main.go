// Command variant reads the contract from its standard input and writes a document that ogen can take: of the same
// response, with what ogen does not implement taken out.
package main

import (
	"io"
	"log"
	"os"

	"go.yaml.in/yaml/v3"
)

type object = map[string]any

func main() {
	in, err := io.ReadAll(os.Stdin)
	if err != nil {
		log.Fatal(err)
	}
	var doc object
	if err := yaml.Unmarshal(in, &doc); err != nil {
		log.Fatal(err)
	}
	derive(doc)
	if err := yaml.NewEncoder(os.Stdout).Encode(doc); err != nil {
		log.Fatal(err)
	}
}

func derive(doc object) {
	components := doc["components"].(object)
	schemas := components["schemas"].(object)
	delete(components, "examples")

	// Each configuration as one object with the properties of its allOf: ogen cannot merge members that allow null.
	flatten := func(schema object) {}
	flatten = func(schema object) {
		members, _ := schema["allOf"].([]any)
		delete(schema, "allOf")
		for _, m := range members {
			member := m.(object)
			if ref, ok := member["$ref"].(string); ok {
				member = schemas[ref[len("#/components/schemas/"):]].(object)
			}
			flatten(member)
			if schema["properties"] == nil {
				schema["properties"] = object{}
			}
			for name, property := range member["properties"].(object) {
				schema["properties"].(object)[name] = property
			}
		}
	}
	for _, schema := range schemas {
		flatten(schema.(object))
	}

	// One error is enough: no row reads errors, and each adds a thousand generated lines.
	get := doc["paths"].(object)["/integrations/{slug}"].(object)["get"].(object)
	responses := get["responses"].(object)
	get["responses"] = object{"200": responses["200"], "404": responses["404"]}
	components["responses"] = object{"NotFound": components["responses"].(object)["NotFound"]}
	walk(doc)
}

// walk drops examples, and makes a value of several types any value: ogen keeps it raw.
func walk(v any) {
	switch v := v.(type) {
	case object:
		delete(v, "examples")
		if v["oneOf"] != nil {
			clear(v)
		}
		for _, child := range v {
			walk(child)
		}
	case []any:
		for _, child := range v {
			walk(child)
		}
	}
}
