// Package portkeyintegration carries the contract of one operation of the Portkey Admin API, GET /integrations/{slug}:
// the OpenAPI document from which this module's types and client are generated and against which responses are checked.
//
// Programs that read integrations import package client. Tests and mocks of a control plane import contracttest.
// Programs that need only the types import gen. This package is for programs that need the document itself.
package portkeyintegration

import _ "embed"

//go:generate go run ./internal/generate overlay
//go:generate go run github.com/oapi-codegen/oapi-codegen/v2/cmd/oapi-codegen --config gen/config.yaml openapi.yaml
//go:generate go run ./internal/generate code

//go:embed openapi.yaml
var contract string

// Contract returns the contract: an OpenAPI 3.0.3 document in YAML. It is the file openapi.yaml of this module's root,
// byte for byte.
func Contract() string { return contract }
