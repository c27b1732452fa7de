package client_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/portkey-integration/portkey-integration-go/client"
)

// redirecting returns a transport that redirects from the keys of moves to their values, and responds to other requests
// with an integration. It counts the requests to each origin.
func redirecting(moves map[string]string) (handle transport, hits map[string]int) {
	hits = map[string]int{}
	return func(r *http.Request) (*http.Response, error) {
		hits[r.URL.Scheme+"://"+r.URL.Host]++
		if to := moves[r.URL.Scheme+"://"+r.URL.Host+r.URL.Path]; to != "" {
			return respond(http.StatusFound, http.Header{"Location": {to}}, "")
		}
		return respond(200, nil, integrationBody("some-slug"))
	}, hits
}

func TestRedirectToAnotherOriginIsRefused(t *testing.T) {
	for _, test := range []struct{ name, base, to, from, refused string }{
		{"host", "https://cp.example/v1", "https://evil.example/v1/integrations/some-slug", "https://cp.example:443", "https://evil.example:443"},
		{"subdomain", "https://cp.example/v1", "https://a.cp.example/", "https://cp.example:443", "https://a.cp.example:443"},
		{"host without a scheme", "https://cp.example/v1", "//evil.example/", "https://cp.example:443", "https://evil.example:443"},
		{"host that looks like user info", "https://cp.example/v1", "https://cp.example@evil.example/", "https://cp.example:443", "https://evil.example:443"},
		{"port", "https://cp.example/v1", "https://cp.example:8443/", "https://cp.example:443", "https://cp.example:8443"},
		{"port to default", "https://cp.example:8443/v1", "https://cp.example/", "https://cp.example:8443", "https://cp.example:443"},
		{"scheme down", "https://cp.example/v1", "http://cp.example/", "https://cp.example:443", "http://cp.example:80"},
		{"scheme down, same port", "https://cp.example/v1", "http://cp.example:443/", "https://cp.example:443", "http://cp.example:443"},
		{"scheme up", "http://localhost/v1", "https://localhost/", "http://localhost:80", "https://localhost:443"},
		{"loopback by another name", "http://localhost/v1", "http://127.0.0.1/", "http://localhost:80", "http://127.0.0.1:80"},
		{"another scheme", "https://cp.example/v1", "ftp://cp.example/", "https://cp.example:443", "ftp://cp.example:"},
	} {
		t.Run(test.name, func(t *testing.T) {
			handle, hits := redirecting(map[string]string{test.base + "/integrations/some-slug": test.to})
			_, err := retrieve(newClient(t, test.base, over(handle)), client.WithHeader("X-Call", theCallValue))
			e := as[*client.RedirectError](t, err)
			if e.From != test.from || e.To != test.refused || !strings.Contains(err.Error(), test.from) || !strings.Contains(err.Error(), test.refused) {
				t.Errorf("got %v, want one from %s to %s", err, test.from, test.refused)
			}
			if len(hits) != 1 || hits[strings.TrimSuffix(test.base, "/v1")] != 1 {
				t.Errorf("got requests to %v, want one to the origin", hits)
			}
		})
	}
}

// A second redirect, like the first, must not leave the origin of the base URL.
func TestRedirectToAnotherOriginIsRefusedLater(t *testing.T) {
	handle, hits := redirecting(map[string]string{
		"https://cp.example/v1/integrations/some-slug": "/v2/integrations/some-slug",
		"https://cp.example/v2/integrations/some-slug": "https://evil.example/",
	})
	_, err := retrieve(newClient(t, "https://cp.example/v1", over(handle)))
	as[*client.RedirectError](t, err)
	if hits["https://cp.example"] != 2 || len(hits) != 1 {
		t.Errorf("got requests to %v, want two to the origin", hits)
	}
}

// Over real sockets, too, a server on another port gets no request.
func TestRedirectOverTheNetwork(t *testing.T) {
	var seen atomic.Int64
	evil := serve(t, func(http.ResponseWriter, *http.Request) { seen.Add(1) })
	for _, opts := range [][]client.Option{nil, {client.WithHTTPClient(http.DefaultClient)}} {
		for _, status := range []int{301, 302, 303, 307, 308} {
			c := newClient(t, serve(t, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, evil, status) }), opts...)
			_, err := retrieve(c)
			as[*client.RedirectError](t, err)
		}
	}
	if seen.Load() != 0 {
		t.Errorf("got %d requests to the other origin, want none", seen.Load())
	}
}

// A redirect within the origin keeps the credentials, however the origin is spelled.
func TestRedirectWithinTheOriginIsFollowed(t *testing.T) {
	for _, to := range []string{"/v2/integrations/some-slug", "some-other", "https://cp.example:443/v2/x", "HTTPS://cp.example/v2/x", "//cp.example/v2/x", "?x=1"} {
		last := 0
		c := newClient(t, "https://cp.example/v1", over(func(r *http.Request) (*http.Response, error) {
			last++
			if last == 1 {
				return respond(http.StatusTemporaryRedirect, http.Header{"Location": {to}}, "")
			}
			if r.Header.Get("X-Portkey-Api-Key") != theKey || r.Header.Get("Authorization") != "Bearer "+theToken ||
				r.Header.Get("X-Gateway") != theHeaderValue || r.Header.Get("X-Call") != theCallValue {
				t.Errorf("got a header missing after a redirect to %s, want all", to)
			}
			return respond(200, nil, integrationBody("some-slug"))
		}))
		if _, err := retrieve(c, client.WithHeader("X-Call", theCallValue)); err != nil || last != 2 {
			t.Errorf("redirect to %s: got %d requests, %v, want 2", to, last, err)
		}
	}
}

func TestRedirectsAreLimited(t *testing.T) {
	for _, test := range []struct{ redirects, requests int }{{10, 11}, {11, 11}, {1 << 30, 11}} {
		requests := 0
		c := newClient(t, "https://cp.example/v1", over(func(*http.Request) (*http.Response, error) {
			if requests++; requests <= test.redirects {
				return respond(http.StatusFound, http.Header{"Location": {fmt.Sprint("/", requests)}}, "")
			}
			return respond(200, nil, integrationBody("some-slug"))
		}))
		_, err := retrieve(c)
		if requests != test.requests || (err == nil) != (test.redirects == 10) {
			t.Errorf("%d redirects: got %d requests, %v, want %d", test.redirects, requests, err, test.requests)
		}
		if err != nil {
			as[*client.RedirectError](t, err)
		}
	}
}

// A redirect loop ends like any other chain of redirects, and is not retried.
func TestRedirectLoop(t *testing.T) {
	var requests atomic.Int64
	c := newClient(t, serve(t, func(w http.ResponseWriter, r *http.Request) {
		requests.Add(1)
		http.Redirect(w, r, r.URL.Path, http.StatusFound)
	}))
	_, err := retrieve(c)
	as[*client.RedirectError](t, err)
	if requests.Load() != 11 {
		t.Errorf("got %d requests, want 11", requests.Load())
	}
}

func TestRedirectWithoutLocationIsAnAPIError(t *testing.T) {
	c := newClient(t, "https://cp.example/v1", over(func(*http.Request) (*http.Response, error) { return respond(302, nil, "moved") }))
	_, err := retrieve(c)
	if e := as[*client.APIError](t, err); e.StatusCode != 302 || string(e.Body) != "moved" {
		t.Errorf("got %v with %d bytes", e, len(e.Body))
	}
}

// The caller's redirect policy is called only for redirects that ours allows; its refusal is final.
func TestRedirectPolicyOfTheCaller(t *testing.T) {
	errRefused := errors.New("no redirects here")
	asked := 0
	var says error
	base := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { asked++; return says }}
	call := func(to string) (requests int, err error) {
		base.Transport = transport(func(r *http.Request) (*http.Response, error) {
			if requests++; requests == 1 {
				return respond(http.StatusFound, http.Header{"Location": {to}}, "moved")
			}
			return respond(200, nil, integrationBody("some-slug"))
		})
		_, err = retrieve(newClient(t, "https://cp.example/v1", client.WithHTTPClient(base)))
		return requests, err
	}

	if requests, err := call("/v2"); err != nil || requests != 2 || asked != 1 {
		t.Errorf("allowed: got %d requests and %d questions, %v, want 2 and 1", requests, asked, err)
	}
	says = errRefused
	requests, err := call("/v2")
	if requests != 1 || !errors.Is(err, errRefused) {
		t.Errorf("refused: got %d requests, %v, want 1 and the policy's error", requests, err)
	}
	if e := as[*client.RedirectError](t, err); e.To != "https://cp.example:443" || !strings.HasSuffix(err.Error(), "the policy of the http.Client refused it: no redirects here") {
		t.Errorf("refused: got %v, want an error with the text of the policy's", err)
	}
	says, asked = nil, 0
	if _, err := call("https://evil.example/"); asked != 0 || err == nil {
		t.Errorf("another origin: got %d questions, %v, want none and an error", asked, err)
	}
	says = http.ErrUseLastResponse
	requests, err = call("/v2")
	if e := as[*client.APIError](t, err); requests != 1 || e.StatusCode != 302 || string(e.Body) != "moved" {
		t.Errorf("last response: got %d requests, %v, want 1 and an APIError", requests, err)
	}
}

// A Client uses the parts of the caller's http.Client, but does not modify it.
func TestCallersHTTPClientIsNotModified(t *testing.T) {
	c := &http.Client{Transport: http.DefaultTransport, Jar: jar{}}
	before := *c
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if cookie, err := r.Cookie("session"); err != nil || cookie.Value != "7" {
			t.Error("got no cookie, want that of the jar")
		}
		writeIntegration(w, "some-slug")
	}))
	defer s.Close()
	if _, err := retrieve(newClient(t, s.URL, client.WithHTTPClient(c), client.WithTimeout(time.Minute))); err != nil {
		t.Fatal(err)
	}
	if c.Transport != before.Transport || c.CheckRedirect != nil || c.Jar != before.Jar || c.Timeout != before.Timeout {
		t.Error("got another http.Client, want it as it was")
	}
}

type jar struct{}

func (jar) SetCookies(*url.URL, []*http.Cookie) {}
func (jar) Cookies(*url.URL) []*http.Cookie     { return []*http.Cookie{{Name: "session", Value: "7"}} }
