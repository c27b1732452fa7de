// Package ogen is what ogen generates from openapi.yaml: fourteen thousand lines that are not kept. Until "go generate"
// has made them, only code with the build tag ogen misses them.
package ogen

//go:generate go tool ogen --target . --package ogen --config ogen.yaml --clean --loglevel error ../../openapi.yaml

// What the generated code imports, so that go.mod is the same with it and without.
import (
	_ "github.com/go-faster/errors"
	_ "github.com/go-faster/jx"
	_ "github.com/google/uuid"
	_ "github.com/ogen-go/ogen/uri"
)
