//go:build tools && ignore

// This file names the generator for readers; the tool directive of go.mod pins its version. internal/generate does what
// the generator cannot. The tag tools alone would not do: "go mod tidy" considers files with any tag but ignore, and
// would add the generator and its dependencies to the go.mod of every module that imports this one.

package portkeyintegration

import (
	_ "github.com/oapi-codegen/oapi-codegen/v2/cmd/oapi-codegen"
)
