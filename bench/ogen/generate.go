// Package ogen is what ogen generates from a variant of the contract; the command variant says what differs.
package ogen

//go:generate sh -c "go run ./variant < ../../openapi.yaml > variant.yaml"
//go:generate go tool ogen --target . --package ogen --config ogen.yaml --clean variant.yaml
//go:generate rm variant.yaml
