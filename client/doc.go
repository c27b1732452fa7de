// Package client reads integrations from the Portkey Admin API and checks every answer against the API's contract.
//
//	c, err := client.New(client.WithAPIKey(key)) // or PORTKEY_API_KEY, PORTKEY_BASE_URL
//	…
//	integration, err := c.RetrieveIntegration(ctx, "openai-production")
//	…
//	switch cfg := integration.Configuration().(type) {
//	case gen.BedrockConfiguration:
//		fmt.Println(cfg.AWSRegion)
//	}
//
// # Validation
//
// The contract is the OpenAPI document of the module's root package. An answer that breaks it is a [*ValidationError]
// ([ValidationStrict], the default), is returned with a [Report] ([ValidationReport]), or passes ([ValidationOff]). What
// an answer has beyond the contract, a new property or a new value, is drift: it is reported and never an error.
//
// # Secrets
//
// The key goes to the origin of the base URL and nowhere else. No error, log, or printed form of a value of this
// package holds a key, a header's value, a value of a custom header, or a value of an answer that broke the contract.
package client
