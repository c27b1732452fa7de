package contracttest

import (
	"sync"

	"github.com/getkin/kin-openapi/openapi3"

	portkeyintegration "github.com/portkey-integration/portkey-integration-go"
)

// pathTemplate is the path of the contract's one operation.
const pathTemplate = "/integrations/{slug}"

// loadContract parses the contract once, on first use. Nothing changes it afterwards.
var loadContract = sync.OnceValue(func() *openapi3.T {
	loader := openapi3.NewLoader()
	loader.IncludeOrigin = true // the order of the examples
	doc, err := loader.LoadFromData([]byte(portkeyintegration.Contract()))
	if err != nil {
		panic("contracttest: the embedded contract: " + err.Error())
	}
	return doc
})

func operation() *openapi3.Operation {
	return loadContract().Paths.Value(pathTemplate).Get
}
