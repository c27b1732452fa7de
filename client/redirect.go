package client

import "net/http"

const maxRedirects = 10

// redirectPolicy refuses what would carry the key to another origin: net/http strips only Authorization and Cookie
// there, and forwards x-portkey-api-key and all other headers. What it allows is then left to next, the caller's own.
func redirectPolicy(next func(*http.Request, []*http.Request) error) func(*http.Request, []*http.Request) error {
	return func(request *http.Request, via []*http.Request) error {
		from, to := origin(via[0].URL), origin(request.URL)
		switch {
		case from != to:
			return &RedirectError{From: from, To: to, Reason: "the key must not leave its origin; use the final base URL"}
		case len(via) > maxRedirects:
			return &RedirectError{From: from, To: to, Reason: "more than 10 redirects"}
		case next != nil:
			err := next(request, via)
			if err == nil || err == http.ErrUseLastResponse {
				return err
			}
			return &RedirectError{From: from, To: to, Reason: "the policy of the http.Client refused it", Err: err}
		}
		return nil
	}
}
