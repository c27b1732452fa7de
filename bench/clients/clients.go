// Package clients says what the clients that are compared have in common. Each has a package of its own, so that a
// program with one of them links no other.
package clients

import (
	"context"
	"net/http"
)

// Key is the key that every client sends. The server does not look at it.
const Key = "bench-key"

// Retrieve retrieves an integration, decoded, and returns its id.
type Retrieve func(ctx context.Context, slug string) (id string, err error)

// New makes a client of the API at a base URL.
type New func(baseURL string) (Retrieve, error)

// Transport returns a transport like that of our client: one that keeps a connection for every goroutine. All clients
// are given one, but those that are said to have another.
func Transport() http.RoundTripper {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.MaxIdleConns = 1024
	t.MaxIdleConnsPerHost = 1024
	return t
}
