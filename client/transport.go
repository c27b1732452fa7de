package client

import (
	"cmp"
	"net/http"
	"net/url"
	"time"
)

// NewTransport returns the transport that a [Client] uses by default: that of package net/http made for many requests to
// one host, of which it would keep two connections, and with a limit of 1 MiB of response headers. It is for wrapping:
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
	t.MaxResponseHeaderBytes = 1 << 20 // Of which net/http would read ten times as many.
	return t
}

// newHTTPClient makes the client that sends requests, a copy of base with our redirect policy in front of its own, and
// says how long an attempt may take. A context limits that: http.Client would start a goroutine for each request.
func newHTTPClient(base *http.Client, timeout *time.Duration, u *url.URL) (*http.Client, time.Duration) {
	var h http.Client
	if base != nil {
		h = *base
	} else if _, ok := http.DefaultTransport.(*http.Transport); ok {
		h.Transport = NewTransport()
	} // Else a program has put something of its own there.
	limit := cmp.Or(h.Timeout, defaultTimeout)
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

// oneOrigin refuses requests to another origin than that of the base URL: all that is sent carries the key. The redirect
// policy refuses most of them earlier, but a caller's own policy may change the URL after it.
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

// CloseIdleConnections closes the connections that are kept for later calls, as that of [http.Client] does: those of the
// client given with [WithHTTPClient] too, where there is one. A program that ends need not call it.
func (c *Client) CloseIdleConnections() {
	(&http.Client{Transport: c.http.Transport.(*oneOrigin).base}).CloseIdleConnections()
}
