package main

import (
	"encoding/json"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/portkey-integration/portkey-integration-go/contract"
)

// By default kin-openapi does not check uuid, and its date-time is not RFC 3339's.
var (
	uuid     = openapi3.NewRegexpFormatValidator(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)
	dateTime = openapi3.NewCallbackValidator(func(s string) error {
		_, err := contract.ParseTime(s)
		return err
	})
)

// conforms reports whether kin-openapi accepts a body, by the document's own schema in one call.
func conforms(schema *openapi3.Schema, body []byte) (bool, error) {
	var value any
	if err := json.Unmarshal(body, &value); err != nil {
		return false, err
	}
	err := schema.VisitJSON(value, openapi3.VisitAsResponse(), openapi3.FailFast(),
		openapi3.EnableFormatValidation(), openapi3.WithStringFormatValidator("uuid", uuid),
		openapi3.WithStringFormatValidator("date-time", dateTime))
	return err == nil, nil
}

// property returns the schema that applies to a property, whichever branch of a composition names it, or nil.
func property(schema *openapi3.Schema, name string) *openapi3.Schema {
	return properties(schema)[name]
}

// properties returns the properties that a schema and the branches of its compositions name.
func properties(schema *openapi3.Schema) map[string]*openapi3.Schema {
	all := map[string]*openapi3.Schema{}
	var collect func(*openapi3.Schema)
	collect = func(s *openapi3.Schema) {
		if s == nil {
			return
		}
		for name, ref := range s.Properties {
			if all[name] == nil {
				all[name] = ref.Value
			}
		}
		for _, branches := range []openapi3.SchemaRefs{s.AllOf, s.AnyOf, s.OneOf} {
			for _, branch := range branches {
				collect(branch.Value)
			}
		}
	}
	collect(schema)
	return all
}

// items returns the schema of an array's items, or nil.
func items(schema *openapi3.Schema) *openapi3.Schema {
	if schema == nil || schema.Items == nil {
		return nil
	}
	return schema.Items.Value
}

// sample makes a value that the schema accepts, going by its type, range and length.
func sample(schema *openapi3.Schema) any {
	switch {
	case schema.Type.Is("string") && schema.Format == "uuid":
		return "0c9d1f9e-6a43-4f6e-9d3b-0f4f5f1c2a77"
	case schema.Type.Is("string") && schema.Format == "date-time":
		return "2025-06-01T12:00:00Z"
	case schema.Type.Is("boolean"):
		return true
	case schema.Type.Is("integer"), schema.Type.Is("number"):
		return json.Number("30")
	case schema.Type.Is("array"):
		if schema.Items == nil {
			return []any{}
		}
		return []any{sample(schema.Items.Value)}
	case schema.Type.Is("object"):
		object := map[string]any{}
		for _, name := range schema.Required {
			if s := property(schema, name); s != nil {
				object[name] = sample(s)
			}
		}
		return object
	case len(schema.AnyOf) > 0:
		return sample(schema.AnyOf[0].Value)
	}
	return "a-sample"
}
