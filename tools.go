//go:build tools && ignore

// Names the generator for readers; the tool directive of go.mod pins it, so that go generate runs the version that go.sum
// has. What it cannot do, internal/generate does. With the tag tools alone, "go mod tidy" of whoever imports this module,
// which sees all tags but ignore, would put the generator and all that it needs into their go.mod.

package portkeyintegration

import (
	_ "github.com/oapi-codegen/oapi-codegen/v2/cmd/oapi-codegen"
)
