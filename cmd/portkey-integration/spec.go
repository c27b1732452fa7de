package main

import (
	"bytes"
	"context"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/spf13/cobra"
	"go.yaml.in/yaml/v4"

	portkeyintegration "github.com/portkey-integration/portkey-integration-go"
)

func (a *app) specCommand() *cobra.Command {
	output := choose("yaml", "json")
	command := &cobra.Command{
		Use:   "spec",
		Short: "Print the contract, an OpenAPI document",
		Long: `Print the contract, an OpenAPI document. yaml is the file openapi.yaml of this module, byte for byte; json has the
same content in the same order.`,
		Example: `  portkey-integration spec > openapi.yaml
  portkey-integration spec --output json | jq -r '.components.examples | keys[]'`,
		Args: cobra.NoArgs,
		RunE: a.action(func(context.Context, []string) error {
			if output.value == "yaml" {
				_, err := a.out.WriteString(portkeyintegration.Contract())
				return err
			}
			document, err := contractJSON(nil)
			if err != nil {
				return err
			}
			return a.printJSON(document, true)
		}),
	}
	output.flag(command, "output", "o", "format")
	return command
}

// contractJSON returns the contract as JSON on one line, after applying change if it is not nil.
func contractJSON(change func(document *yaml.Node) error) (jsontext.Value, error) {
	var document yaml.Node
	if err := yaml.Load([]byte(portkeyintegration.Contract()), &document); err != nil {
		return nil, err
	}
	if change != nil {
		if err := change(document.Content[0]); err != nil {
			return nil, err
		}
	}
	var b bytes.Buffer
	if err := writeJSON(jsontext.NewEncoder(&b), &document); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// member returns the value of a property, or nil if there is none.
func member(object *yaml.Node, name string) *yaml.Node {
	for i := 0; i+1 < len(object.Content); i += 2 {
		if object.Content[i].Value == name {
			return object.Content[i+1]
		}
	}
	return nil
}
