package client

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

// drift collects what an answer has beyond the contract.
type drift struct {
	contract *contract
	findings []Finding
}

func (d *drift) walk(schema *openapi3.Schema, value any, at string) {
	switch value := value.(type) {
	case string:
		if known := d.contract.known[schema]; known != nil && !slices.Contains(known, value) {
			d.add(at, "x-extensible-enum", fmt.Sprintf("the value is not among those known: %s", strings.Join(known, ", ")))
		}
	case []any:
		if schema.Items == nil {
			return
		}
		for i, item := range value {
			d.walk(schema.Items.Value, item, at+"/"+strconv.Itoa(i))
		}
	case map[string]any:
		if schema.Properties == nil && schema.AdditionalProperties.Schema == nil {
			return // An object of any shape: the contract has nothing to say.
		}
		for _, key := range sortedKeys(value) {
			below := at + "/" + pointerEscaper.Replace(key)
			switch property, additional := schema.Properties[key], schema.AdditionalProperties.Schema; {
			case property != nil:
				d.walk(property.Value, value[key], below)
			case additional != nil:
				d.walk(additional.Value, value[key], below)
			default:
				d.add(below, "properties", "the contract names no such property")
			}
		}
	}
}

func (d *drift) add(at, keyword, reason string) {
	d.findings = append(d.findings, Finding{Pointer: at, Keyword: keyword, Reason: reason})
}
