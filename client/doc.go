// Package client reads integrations from the Portkey Admin API, GET /integrations/{slug}, and checks every response
// against the API's contract.
//
//	c, err := client.New(client.WithAPIKey(key)) // or PORTKEY_API_KEY, PORTKEY_BASE_URL
//	…
//	in, err := c.RetrieveIntegration(ctx, "openai-production")
//	…
//	switch cfg := in.Configuration().(type) {
//	case client.BedrockConfiguration:
//		fmt.Println(cfg.AWSRegion) // "" if it is absent or null
//	case client.UnknownConfiguration:
//		fmt.Println(len(cfg.Raw))
//	}
//
// # Values
//
// [Integration] has the fields of [gen.Integration]. Strings, times, slices and maps are values: the zero value stands
// for null and for a property that is absent. Numbers and booleans are pointers if zero has a meaning of its own.
// [Integration.RawJSON] returns the response as received.
//
// # Validation
//
// The contract is the OpenAPI document of the module's root package. What happens to a response that violates it
// depends on [WithValidation]: it is returned as a [*ValidationError] ([ValidationStrict], the default), it is returned
// as a result with a [Report] ([ValidationReport]), or it is not checked ([ValidationOff]). A difference that must not
// break a reader, such as a new property or a new value, is called drift. Drift is reported and is never an error.
// Package [contract] defines violations and drift.
//
// # Errors
//
// If the slug or an option is invalid, nothing is sent and the error wraps [ErrInvalidSlug] or an [*OptionError]. A
// status code other than 200 is an [*APIError]; with [errors.Is] it matches [ErrNotFound], [ErrUnauthorized] or another
// of the Err variables. A response that cannot be used is a [*ValidationError], a [*DecodeError] or a
// [*ResponseTooLargeError]. A redirect that was not followed is a [*RedirectError]. A failure of the function given to
// [WithTokenSource] is a [*TokenError]. If there is no complete response, the error is a [*TransportError] that wraps
// the cause, such as [context.DeadlineExceeded]. All but the first two embed [ResponseInfo].
//
// # Retries
//
// Connection errors and the status codes 408, 429, 500, 502, 503 and 504 are retried, at most twice unless
// [WithMaxRetries] says otherwise. The wait is as long as the Retry-After header says, or else an exponential backoff
// with jitter of at most 8 seconds. The error is returned at once if Retry-After is more than a minute, or if the wait
// would outlast the deadline of the context.
//
// # Many integrations
//
// A [Client] is safe for concurrent use. [Client.RetrieveIntegrations] limits the number of concurrent requests and
// pauses all of them when the control plane responds with 429.
//
// # Secrets
//
// Credentials are sent to the origin of the base URL (scheme, host and port) and nowhere else. No error, log record,
// report or printed value of this package contains a credential, a value of 8 bytes or more given to [WithHeader], the
// value of a custom header of an integration or, except for what identifies the integration, a value of a response that
// violates the contract.
package client
