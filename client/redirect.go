package client

import "net/http"

const maxRedirects = 10

// redirectPolicy refuses redirects to another origin: net/http strips Authorization and Cookie from them, but forwards
// x-portkey-api-key and custom headers. Other redirects are left to next, the caller's own policy.
func redirectPolicy(next func(*http.Request, []*http.Request) error) func(*http.Request, []*http.Request) error {
	return func(request *http.Request, via []*http.Request) error {
		from, to := origin(via[0].URL), origin(request.URL)
		switch {
		case from != to:
			return newRedirectError(from, request, "the key must not leave its origin; use the final base URL")
		case len(via) > maxRedirects:
			return newRedirectError(from, request, "more than 10 redirects")
		case next != nil:
			err := next(request, via)
			if err == nil || err == http.ErrUseLastResponse {
				return err
			}
			refused := newRedirectError(from, request, "the policy of the http.Client refused it")
			refused.Err = err
			return refused
		}
		return nil
	}
}

// newRedirectError returns the error for request, to which a redirect led.
func newRedirectError(from string, request *http.Request, reason string) *RedirectError {
	e := &RedirectError{From: from, To: origin(request.URL), Reason: reason}
	if request.Response != nil {
		e.StatusCode, e.TraceID = request.Response.StatusCode, request.Response.Header.Get(headerTraceID)
	}
	return e
}
