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
// # Errors
//
// Nothing was sent: the error wraps [ErrInvalidSlug], or says which option is wrong. A status other than 200 is an
// [*APIError], which matches [ErrNotFound], [ErrUnauthorized] and the other sentinels under [errors.Is]. An answer that
// cannot be used is a [*ValidationError], a [*DecodeError] or a [*ResponseTooLargeError], a redirect that was refused a
// [*RedirectError]. No complete answer is a [*TransportError], and [context.Canceled] and [context.DeadlineExceeded] stay
// visible. Connection errors and the statuses 408, 429, 500, 502, 503 and 504 were tried again before ([WithMaxRetries]).
//
// # Many at once
//
// A [Client] is safe for concurrent use. [Client.RetrieveIntegrations] bounds the concurrency and slows all its requests
// down together where the control plane asks for it.
//
// # Secrets
//
// The key goes to the origin of the base URL and nowhere else. No error, log, or printed form of a value of this
// package holds a key, a header's value, a value of a custom header, or a value of an answer that broke the contract.
package client
