package client

import (
	"cmp"
	"net/http"
	"net/url"
	"time"
)

// NewTransport returns the transport that a [Client] uses by default. It differs from [http.DefaultTransport] in that
// it keeps many idle connections to one host instead of two, and limits response headers to 1 MiB. Use it to add a
// layer of your own:
//
//	client.WithHTTPClient(&http.Client{Transport: otelhttp.NewTransport(client.NewTransport())})
func NewTransport() *http.Transport {
	t, ok := http.DefaultTransport.(*http.Transport)
	if ok {
		t = t.Clone()
	} else {
		t = &http.Transport{Proxy: http.ProxyFromEnvironment, ForceAttemptHTTP2: true, IdleConnTimeout: 90 * time.Second}
	}
	t.MaxIdleConns = 1024
	t.MaxIdleConnsPerHost = 1024
	t.MaxResponseHeaderBytes = 1 << 20 // A tenth of the default of net/http.
	return t
}

// newHTTPClient returns the client that sends requests, a copy of base with our redirect policy in front of its own,
// and the timeout of an attempt. A context enforces it: http.Client.Timeout would start a goroutine for each request.
func newHTTPClient(base *http.Client, timeout *time.Duration, u *url.URL) (*http.Client, time.Duration) {
	var h http.Client
	if base != nil {
		h = *base
	} else if _, ok := http.DefaultTransport.(*http.Transport); ok {
		h.Transport = NewTransport()
	} // Otherwise the program has replaced http.DefaultTransport; keep its replacement.
	limit := cmp.Or(h.Timeout, DefaultTimeout)
	if timeout != nil {
		limit = *timeout
	}
	h.CheckRedirect = redirectPolicy(h.CheckRedirect)
	if h.Transport == nil {
		h.Transport = http.DefaultTransport
	}
	h.Transport, h.Timeout = &oneOrigin{base: h.Transport, url: u}, 0
	return &h, limit
}

// oneOrigin refuses requests to an origin other than that of the base URL, because every request carries the key. The
// redirect policy refuses most of them earlier, but the caller's policy, which runs after it, may change the URL.
type oneOrigin struct {
	base http.RoundTripper
	url  *url.URL
}

func (t *oneOrigin) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Scheme != t.url.Scheme || r.URL.Host != t.url.Host {
		if from, to := origin(t.url), origin(r.URL); from != to {
			return nil, newRedirectError(from, r, "the key must not leave its origin; use the final base URL")
		}
	}
	return t.base.RoundTrip(r)
}

// CloseIdleConnections closes the idle connections of the client, including those of the client given to
// [WithHTTPClient], as [http.Client.CloseIdleConnections] does. A program that ends need not call it.
func (c *Client) CloseIdleConnections() {
	(&http.Client{Transport: c.http.Transport.(*oneOrigin).base}).CloseIdleConnections()
}
