package client_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
)

// newLoopbackServer serves handler for as long as the tests run, and returns its origin.
func newLoopbackServer(handler http.Handler) string {
	return httptest.NewServer(handler).URL
}

// answering is an HTTP client that gets body whatever it asks for.
func answering(body string) *http.Client {
	return &http.Client{Transport: transport(func(*http.Request) (*http.Response, error) {
		return &http.Response{
			StatusCode: http.StatusOK,
			Header:     http.Header{"Content-Type": {"application/json"}},
			Body:       io.NopCloser(strings.NewReader(body)),
		}, nil
	})}
}
