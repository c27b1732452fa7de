package contracttest

import (
	"context"
	"sync"

	"github.com/getkin/kin-openapi/openapi3"

	portkeyintegration "github.com/portkey-integration/portkey-integration-go"
	"github.com/portkey-integration/portkey-integration-go/client"
	"github.com/portkey-integration/portkey-integration-go/contract"
)

// pathTemplate is the path of the contract's only operation.
const (
	pathTemplate = pathStart + "{slug}"
	pathStart    = "/integrations/"
)

// loadContract parses the contract once, on first use. The result must not be modified.
var loadContract = sync.OnceValue(func() *openapi3.T {
	loader := openapi3.NewLoader()
	loader.IncludeOrigin = true // for the order of the examples
	doc, err := loader.LoadFromData([]byte(portkeyintegration.Contract()))
	if err != nil {
		panic("contracttest: the embedded contract: " + err.Error())
	}
	return doc
})

func operation() *openapi3.Operation {
	return loadContract().Paths.Value(pathTemplate).Get
}

// check checks a body against the contract. All checks in this package use it. redact removes credentials from what the
// report quotes from the body.
func check(ctx context.Context, status int, body []byte, redact func(string) string) (client.Report, error) {
	return contract.Checker{Redact: redact}.Check(ctx, status, body)
}

// counts returns the numbers of violations and of drift findings, including those that the report does not list.
func counts(r client.Report) (violations, drift int) {
	return len(r.Violations) + r.MoreViolations, len(r.Drift) + r.MoreDrift
}

// secretNames returns the names of the properties that the contract declares writeOnly.
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
