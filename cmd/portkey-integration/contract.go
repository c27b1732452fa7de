package main

import (
	"sync"

	"go.yaml.in/yaml/v4"

	portkeyintegration "github.com/portkey-integration/portkey-integration-go"
)

// header is the little of the document that the program itself asks for.
type header struct {
	OpenAPI string
	Info    struct {
		Version string
	}
}

var loadHeader = sync.OnceValue(func() *header {
	var c header
	if err := yaml.Load([]byte(portkeyintegration.Contract()), &c); err != nil {
		panic("the embedded contract: " + err.Error()) // The tests rule it out.
	}
	return &c
})
