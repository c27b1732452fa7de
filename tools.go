//go:build tools

// Pins the generator in go.mod, so that go generate runs the version that go.sum names. The build tag is never set:
// nothing that an importer builds reaches it.

package portkeyintegration

import (
	_ "github.com/oapi-codegen/oapi-codegen/v2/cmd/oapi-codegen"
)
