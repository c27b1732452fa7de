package main

import (
	"sync"

	"go.yaml.in/yaml/v4"

	portkeyintegration "github.com/portkey-integration/portkey-integration-go"
)

// contract is the little of the document that the program itself asks for.
type contract struct {
	OpenAPI string
	Info    struct {
		Version string
	}
	Components struct {
		Schemas map[string]struct {
			Properties map[string]struct {
				WriteOnly bool `yaml:"writeOnly"`
			}
		}
	}
}

var loadContract = sync.OnceValue(func() *contract {
	var c contract
	if err := yaml.Load([]byte(portkeyintegration.Contract()), &c); err != nil {
		panic("the embedded contract: " + err.Error()) // The tests rule it out.
	}
	return &c
})

// secretNames are the properties that the contract keeps out of answers.
var secretNames = sync.OnceValue(func() map[string]bool {
	names := map[string]bool{}
	for _, schema := range loadContract().Components.Schemas {
		for name, property := range schema.Properties {
			if property.WriteOnly {
				names[name] = true
			}
		}
	}
	return names
})
