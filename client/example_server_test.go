package client_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"path"
)

// newLoopbackServer serves handler for as long as the tests run, and returns its origin.
func newLoopbackServer(handler http.Handler) string {
	return httptest.NewServer(handler).URL
}

// responding returns an HTTP client that gets body for every request.
func responding(body string) *http.Client {
	return &http.Client{Transport: transport(func(*http.Request) (*http.Response, error) { return respond(200, nil, body) })}
}

// showing returns an HTTP client that prints each request with the named headers, and gets an integration.
func showing(headers ...string) *http.Client {
	return &http.Client{Transport: transport(func(r *http.Request) (*http.Response, error) {
		fmt.Println(r.Method, r.URL)
		for _, name := range headers {
			for _, value := range r.Header.Values(name) {
				fmt.Printf("%s: %s\n", name, value)
			}
		}
		return respond(200, nil, integrationBody(path.Base(r.URL.Path)))
	})}
}

// busy returns an HTTP client that gets a status code the given number of times, and then an integration.
func busy(times, status int) *http.Client {
	return &http.Client{Transport: transport(func(r *http.Request) (*http.Response, error) {
		if times--; times >= 0 {
			return respond(status, http.Header{"Retry-After": {"0"}}, "{}")
		}
		return respond(200, nil, integrationBody(path.Base(r.URL.Path)))
	})}
}

// sentElsewhere returns an HTTP client that gets a redirect for every request.
func sentElsewhere(to string) *http.Client {
	return &http.Client{Transport: transport(func(*http.Request) (*http.Response, error) {
		return respond(http.StatusTemporaryRedirect, http.Header{"Location": {to}}, "")
	})}
}

// stalled returns an HTTP client that gets no response.
func stalled() *http.Client {
	return &http.Client{Transport: transport(func(r *http.Request) (*http.Response, error) {
		<-r.Context().Done()
		return nil, r.Context().Err()
	})}
}

// expiring returns an HTTP client that gets a 401 for one value of Authorization, otherwise an integration.
func expiring(refused string) *http.Client {
	return &http.Client{Transport: transport(func(r *http.Request) (*http.Response, error) {
		if r.Header.Get("Authorization") == refused {
			return respond(http.StatusUnauthorized, nil, "{}")
		}
		return respond(200, nil, integrationBody(path.Base(r.URL.Path)))
	})}
}
