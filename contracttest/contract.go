package contracttest

import (
	"context"
	"errors"
	"sync"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/go-json-experiment/json/jsontext"

	portkeyintegration "github.com/portkey-integration/portkey-integration-go"
	"github.com/portkey-integration/portkey-integration-go/client"
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
	if err := ctx.Err(); err != nil {
		return client.Report{}, err
	}
	report, err := client.Check(status, body)
	if undecodable, ok := errors.AsType[*client.DecodeError](err); ok {
		undecodable.Pointer = redactPointer(undecodable.Pointer, redact)
	}
	for _, list := range [][]client.Finding{report.Violations, report.Drift} {
		for i := range list {
			list[i].Pointer = redactPointer(list[i].Pointer, redact)
		}
	}
	report.Provider = client.Provider(redact(string(report.Provider)))
	return report, err
}

// redactPointer takes credentials out of the names in a JSON Pointer, which escapes what they may hold.
func redactPointer(pointer string, redact func(string) string) string {
	var clean jsontext.Pointer
	for token := range jsontext.Pointer(pointer).Tokens() {
		clean = clean.AppendToken(redact(token))
	}
	return string(clean)
}

// counts returns how many violations and how many findings of drift a report has.
func counts(r client.Report) (violations, drift int) {
	return len(r.Violations), len(r.Drift)
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
