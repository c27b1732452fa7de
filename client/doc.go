// Package client reads integrations from the Portkey Admin API and checks every response against the API's contract, the
// OpenAPI document of this module's root package.
//
//	c, err := client.New(client.WithAPIKey(key)) // or PORTKEY_API_KEY, PORTKEY_BASE_URL
//	…
//	in, err := c.RetrieveIntegration(ctx, "openai-production")
//	…
//	switch cfg := in.Configuration().(type) {
//	case client.BedrockConfiguration:
//		fmt.Println(cfg.AWSRegion)
//	case client.UnknownConfiguration:
//		fmt.Println(len(cfg.Raw))
//	}
//
// # Values
//
// Strings, times, slices and maps are values, zero where the response has null or nothing. Numbers and booleans whose zero
// means something are pointers. [Integration.RawJSON] has the response as it came.
//
// # Validation
//
// A response that violates the contract is a [*ValidationError] ([ValidationStrict], the default), is returned with a
// [Report] ([ValidationReport]), or is not checked ([ValidationOff]). Drift, such as a new property, a new value, or a
// documented property that is absent, is reported and never an error.
//
// # Errors
//
// Nothing was sent: the error wraps [ErrInvalidSlug] or an [*OptionError]. A status code other than 200 is an [*APIError],
// which matches [ErrNotFound], [ErrUnauthorized] and the other sentinels under [errors.Is]. A response that cannot be used
// is a [*ValidationError], a [*DecodeError] or a [*ResponseTooLargeError], a redirect that was refused a [*RedirectError], a
// token that was not to be had a [*TokenError]. No complete response is a [*TransportError], under which
// [context.Canceled] and [context.DeadlineExceeded] stay visible. All but the first two embed [ResponseInfo].
//
// Connection errors and the status codes 408, 429, 500, 502, 503 and 504 are retried ([WithMaxRetries]).
//
// # Many integrations
//
// A [Client] is safe for concurrent use. [Client.RetrieveIntegrations] bounds the concurrency, and pauses all its requests
// together where the control plane responds with 429.
//
// # Secrets
//
// Credentials go to the origin of the base URL and nowhere else. No error, log, or printed form of a value of this package
// holds a credential, the value of a header, of a custom header, or of a response that violates the contract.
package client
