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
}

var loadContract = sync.OnceValue(func() *contract {
	var c contract
	if err := yaml.Load([]byte(portkeyintegration.Contract()), &c); err != nil {
		panic("the embedded contract: " + err.Error()) // The tests rule it out.
	}
	return &c
})
