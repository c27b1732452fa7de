package contracttest

import (
	"context"
	"sync"

	"github.com/getkin/kin-openapi/openapi3"

	portkeyintegration "github.com/portkey-integration/portkey-integration-go"
	"github.com/portkey-integration/portkey-integration-go/client"
	"github.com/portkey-integration/portkey-integration-go/contract"
)

// pathTemplate is the path of the contract's one operation.
const (
	pathTemplate = pathStart + "{slug}"
	pathStart    = "/integrations/"
)

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

// check compares a body with the contract. Every check in this package goes through it. redact takes credentials out of
// what the report repeats of the body.
func check(ctx context.Context, status int, body []byte, redact func(string) string) (client.Report, error) {
	return contract.Checker{Redact: redact}.Check(ctx, status, body)
}

// counts returns how many violations and how many findings of drift a report has.
func counts(r client.Report) (violations, drift int) {
	return len(r.Violations) + r.MoreViolations, len(r.Drift) + r.MoreDrift
}

// secretNames are the names of the properties that the contract keeps out of responses.
var secretNames = sync.OnceValue(func() map[string]bool {
	names := map[string]bool{}
	for _, schema := range loadContract().Components.Schemas {
		for name, property := range schema.Value.Properties {
			if property.Value.WriteOnly {
				names[name] = true
			}
		}
	}
	return names
})
