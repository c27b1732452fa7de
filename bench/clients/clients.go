// Package clients has what the compared clients have in common. Each client has its own package, so that a program with one
// client links no other.
package clients

import (
	"context"
	"net/http"
)

// Key is the key that every client sends. The server ignores it.
const Key = "bench-key"

// Retrieve retrieves an integration, decoded, and returns its id.
type Retrieve func(ctx context.Context, slug string) (id string, err error)

// New makes a client of the API at a base URL.
type New func(baseURL string) (Retrieve, error)

// Transport returns a transport like that of our client, which keeps a connection for every goroutine. All clients use one
// unless documented otherwise.
func Transport() http.RoundTripper {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.MaxIdleConns = 1024
	t.MaxIdleConnsPerHost = 1024
	return t
}
