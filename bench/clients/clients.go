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

// New makes a client of the API at a base URL. All but the rows that say otherwise are given the tuned transport.
type New func(baseURL string, transport http.RoundTripper) (Retrieve, error)

// Tuned returns a transport like that of our client: one that keeps a connection for every goroutine.
func Tuned() *http.Transport {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.MaxIdleConns = 1024
	t.MaxIdleConnsPerHost = 1024
	return t
}
