// Package client reads integrations from the Portkey Admin API, GET /integrations/{slug}, and checks every response
// against the API's contract.
//
//	c, err := client.New(client.WithAPIKey(key)) // or PORTKEY_API_KEY, PORTKEY_BASE_URL
//	…
//	in, err := c.RetrieveIntegration(ctx, "openai-production")
//	…
//	switch cfg := in.Configuration().(type) {
//	case client.BedrockConfiguration:
//		fmt.Println(cfg.AWSRegion) // "" where it is absent or null
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
// The contract is the OpenAPI document of the module's root package. A response that violates it is a
// [*ValidationError] ([ValidationStrict], the default), is returned with a [Report] ([ValidationReport]), or is not
// checked ([ValidationOff]). Where a response differs from what is documented in a way that must not break a reader,
// such as a property or a value that is new, that is drift: it is reported and never an error. Package contract says
// what is a violation and what is drift.
//
// # Errors
//
// Where nothing was sent, the error wraps [ErrInvalidSlug] or an [*OptionError]. A status code other than 200 is an
// [*APIError], which matches [ErrNotFound], [ErrUnauthorized] and the other sentinels with [errors.Is]. A response that
// cannot be used is a [*ValidationError], a [*DecodeError] or a [*ResponseTooLargeError]; a redirect that was not
// followed is a [*RedirectError]; a [*TokenError] comes from the function of [WithTokenSource]. Without a complete
// response, the error is a [*TransportError] and wraps the cause, such as [context.DeadlineExceeded]. All but the first
// two have [ResponseInfo].
//
// # Retries
//
// Connection errors and the status codes 408, 429, 500, 502, 503 and 504 are retried, at most twice ([WithMaxRetries]),
// after an exponential backoff with jitter of at most 8 seconds, or as long as Retry-After says. The error is returned at
// once where Retry-After is more than a minute, or where the wait would outlast the deadline of the context.
//
// # Many integrations
//
// A [Client] is safe for concurrent use. [Client.RetrieveIntegrations] bounds the number of concurrent requests and
// slows them down together where the control plane asks for it.
//
// # Secrets
//
// Credentials go to the origin of the base URL and nowhere else. No error, log, report or printed form of a value of
// this package holds a credential, a header's value, the value of a custom header, or the content of a response that
// violates the contract.
package client
