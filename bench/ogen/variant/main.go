// Command variant reads the contract from its standard input and writes a document that ogen can take: of the same
// answer, with what ogen does not implement taken out. Where a union cannot stand, what ogen can still check does.
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

	// One object with every provider's fields: ogen has no anyOf of objects, and its oneOf needs fields that only one
	// branch has, which Bedrock beside SageMaker, an empty object and an unknown provider lack. So ogen checks the
	// fields that are there, and not that a provider's own are.
	all := object{}
	union := schemas["Configurations"].(object)
	for _, branch := range union["anyOf"].([]any) {
		name := branch.(object)["$ref"].(string)[len("#/components/schemas/"):]
		if properties, ok := schemas[name].(object)["properties"].(object); ok {
			for field, schema := range properties {
				all[field] = schema
			}
		}
	}
	delete(union, "anyOf")
	union["properties"] = all

	// A union of primitives is any value: ogen keeps it raw.
	schemas["AnyValue"] = object{}
	schemas["ErrorDetail"].(object)["properties"].(object)["code"] = object{}
	all["vertex_service_account_json"] = object{}
	delete(schemas["ErrorResponse"].(object), "anyOf")

	// One error is enough: no row reads errors, and each adds a thousand generated lines.
	get := doc["paths"].(object)["/integrations/{slug}"].(object)["get"].(object)
	responses := get["responses"].(object)
	get["responses"] = object{"200": responses["200"], "404": responses["404"]}
	components["responses"] = object{"NotFound": components["responses"].(object)["NotFound"]}
	walk(doc)
}

// walk drops guards from every schema under v.
func walk(v any) {
	switch v := v.(type) {
	case object:
		for _, keyword := range []string{"allOf", "not", "examples"} {
			delete(v, keyword)
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
