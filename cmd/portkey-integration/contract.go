package main

import (
	"sync"

	"go.yaml.in/yaml/v4"

	portkeyintegration "github.com/portkey-integration/portkey-integration-go"
)

// header has the parts of the contract that the command version prints.
type header struct {
	OpenAPI string
	Info    struct {
		Version string
	}
}

var loadHeader = sync.OnceValue(func() *header {
	var c header
	if err := yaml.Load([]byte(portkeyintegration.Contract()), &c); err != nil {
		panic("the embedded contract: " + err.Error()) // Ruled out by the tests.
	}
	return &c
})
