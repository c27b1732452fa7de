package client_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/portkey-integration/portkey-integration-go/client"
)

// A server that switches protocols and says nothing more does not hold a call, nor the context, nor a loop over many.
func TestSwitchedProtocolsEndTheCall(t *testing.T) {
	var requests int
	baseURL, opts := raw("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n")(t, new(atomic.Int64))
	c := newClient(t, baseURL, append(opts, client.WithMaxRetries(2), client.WithTimeout(0))...)
	_, err := retrieve(c)
	if e := as[*client.TransportError](t, err); e.StatusCode != 101 || e.Attempts != 1 {
		t.Errorf("got %v after %d attempts, want status code 101 after 1", err, e.Attempts)
	}
	for r := range c.RetrieveIntegrations(t.Context(), slices.Values([]string{"a", "b"})) {
		requests++
		as[*client.TransportError](t, r.Err)
	}
	if requests != 2 {
		t.Errorf("got %d results, want 2", requests)
	}
}

// deaf is a body whose Read ends only when it is closed, as a transport's that does not know the context.
type deaf struct{ closed chan struct{} }

func (b *deaf) Read([]byte) (int, error) { <-b.closed; return 0, io.ErrClosedPipe }
func (b *deaf) Close() error             { close(b.closed); return nil }

// A body that does not end with the context ends the call all the same.
func TestDeafBodyEndsWithTheContext(t *testing.T) {
	for _, status := range []int{200, 503} {
		synctest.Test(t, func(t *testing.T) {
			c := newClient(t, "https://cp.example/v1", client.WithMaxRetries(0), over(func(*http.Request) (*http.Response, error) {
				r, err := respond(status, nil, "")
				r.Body = &onceClosed{deaf: deaf{make(chan struct{})}}
				return r, err
			}))
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			start := time.Now()
			_, err := c.RetrieveIntegration(ctx, "some-slug")
			if took := time.Since(start); !errors.Is(err, context.DeadlineExceeded) || took != time.Second {
				t.Errorf("%d: got %v after %v, want the deadline after a second", status, err, took)
			}
		})
	}
}

// onceClosed may be closed more than once, as bodies may.
type onceClosed struct {
	deaf
	once sync.Once
}

func (b *onceClosed) Close() error {
	b.once.Do(func() { _ = b.deaf.Close() })
	return nil
}

// A short header value is no secret: it takes nothing out of other texts. A longer one is, as net/http sends it.
func TestHeaderValuesInTexts(t *testing.T) {
	echo := func(text string) client.Option {
		return over(func(*http.Request) (*http.Response, error) {
			return respond(403, http.Header{"X-Portkey-Trace-Id": {"trace-" + text}}, fmt.Sprintf(`{"message":"no %s"}`, text))
		})
	}
	_, err := retrieve(newClient(t, "https://cp.example/v1", client.WithHeader("X-Debug", "1"), echo("1-1-1")))
	if e := as[*client.APIError](t, err); e.TraceID != "trace-1-1-1" || e.Message != "no 1-1-1" {
		t.Errorf("got %q and %q, want the texts as they came", e.TraceID, e.Message)
	}
	_, err = retrieve(newClient(t, "https://cp.example/v1", client.WithHeader("X-Token", " \tpadded-value "), echo("padded-value")))
	if e := as[*client.APIError](t, err); strings.Contains(e.Error(), "padded") {
		t.Errorf("got %q, want no value of a header", e.Error())
	}
}

// A key with the characters that JSON Pointers escape is found in them, and in the report of a result.
func TestKeysInPointersAreHidden(t *testing.T) {
	const key = "pk/live~0/secret-4f7a"
	text := strings.Replace(integrationBody("some-slug"), `"name"`, fmt.Sprintf(`%q:1,"name"`, key), 1)
	c, err := client.New(client.WithAPIKey(key), client.WithBaseURL("https://cp.example/v1"),
		over(func(*http.Request) (*http.Response, error) { return respond(200, nil, text) }))
	if err != nil {
		t.Fatal(err)
	}
	in, err := retrieve(c)
	if err != nil {
		t.Fatal(err)
	}
	if printed := fmt.Sprint(in.Report()); strings.Contains(printed, "secret-4f7a") || !strings.Contains(printed, "/[redacted]") {
		t.Errorf("got %s", printed)
	}
}

// A policy of the caller's that changes the URL of a redirect does not lead the key to another origin.
func TestRedirectPolicyCannotMoveTheKey(t *testing.T) {
	elsewhere := 0
	policy := func(r *http.Request, _ []*http.Request) error {
		r.URL = &url.URL{Scheme: "https", Host: "evil.example", Path: "/"}
		return nil
	}
	c := newClient(t, "https://cp.example/v1", client.WithHTTPClient(&http.Client{
		CheckRedirect: policy,
		Transport: transport(func(r *http.Request) (*http.Response, error) {
			if r.URL.Host != "cp.example" {
				elsewhere++
			}
			return respond(302, http.Header{"Location": {"/v1/integrations/moved"}}, "")
		}),
	}))
	_, err := retrieve(c)
	if e := as[*client.RedirectError](t, err); elsewhere != 0 || e.StatusCode != 302 || !strings.Contains(e.To, "evil.example") {
		t.Errorf("got %v and %d requests elsewhere", err, elsewhere)
	}
}

// A source of slugs that waits for the previous result gets it.
func TestBulkHoldsNoResultBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newBulkClient(t, func(*http.Request) (*http.Response, error) { return respond(200, nil, integrationBody("a")) })
		done := make(chan struct{})
		source := func(yield func(string) bool) {
			for _, slug := range []string{"a", "b", "c"} {
				if !yield(slug) {
					return
				}
				<-done // the result of the slug before
			}
		}
		n := 0
		for range c.RetrieveIntegrations(t.Context(), source) {
			n++
			done <- struct{}{}
		}
		if n != 3 {
			t.Errorf("got %d results, want 3", n)
		}
	})
}

// Goroutines are started as there is work, not as many as are allowed.
func TestBulkStartsWhatItNeeds(t *testing.T) {
	before, most := runtime.NumGoroutine(), 0
	var mu sync.Mutex
	c := newBulkClient(t, func(*http.Request) (*http.Response, error) {
		mu.Lock()
		defer mu.Unlock()
		most = max(most, runtime.NumGoroutine())
		return respond(200, nil, integrationBody("a"))
	})
	for range c.RetrieveIntegrations(t.Context(), numbered(3), client.WithConcurrency(1_000_000)) {
	}
	if most > before+100 {
		t.Errorf("got %d goroutines for 3 slugs, %d before", most, before)
	}
}

func TestNilContextIsAnError(t *testing.T) {
	c := newBulkClient(t, func(*http.Request) (*http.Response, error) { return respond(500, nil, "") })
	var none context.Context
	if _, err := c.RetrieveIntegration(none, "a"); err == nil || !strings.Contains(err.Error(), "context is nil") {
		t.Errorf("got %v", err)
	}
	for r := range c.RetrieveIntegrations(none, numbered(1)) {
		if r.Err == nil {
			t.Error("got no error")
		}
	}
}

// Only a body of the API's own makes a 404 mean that there is no such integration.
func TestNotFoundIsTheAPIs(t *testing.T) {
	for body, want := range map[string]bool{
		`{"success":false,"data":{"message":"m","errorCode":"AB08"}}`:                                  true,
		`{"success":false,"data":{"message":"m"}}`:                                                     true,
		`{"success":false,"status_code":404,"error":{"message":"m","slug":"s","code":"c","type":"t"}}`: true,
		`{"errorCode":"AB02","message":"m"}`:                                                           true,
		`{"error":{"message":"m","code":null,"param":null,"type":"t"}}`:                                true,
		`{"message":"no Route matched with those values"}`:                                             false,
		`{"msg":"Access denied"}`:                                                                      false,
		`{"error":"Not Found"}`:                                                                        false,
		`<html>404</html>`:                                                                             false,
		``:                                                                                             false,
		`[]`:                                                                                           false,
	} {
		err := answeredWith(t, 404, body)
		if got := errors.Is(err, client.ErrNotFound); got != want {
			t.Errorf("%s: got ErrNotFound %t, want %t", body, got, want)
		}
	}
	for body, want := range map[string]string{`{"msg":"Access denied"}`: "Access denied", `{"error":"text"}`: "text"} {
		if e := as[*client.APIError](t, answeredWith(t, 403, body)); e.Message != want {
			t.Errorf("%s: got the message %q, want %q", body, e.Message, want)
		}
	}
}

// What a terminal cannot trust reaches no error.
func TestTextsOfTheServerAreSafe(t *testing.T) {
	const bad = "a\u202eb\u200bc\u2028d\u2066e\u001bf"
	text, _ := json.Marshal(bad)
	err := answeredWith(t, 403, fmt.Sprintf(`{"data":{"message":%s,"errorCode":%s}}`, text, text))
	if e := as[*client.APIError](t, err); e.Message != "a b c d e f" || e.Code != "a b c d e f" {
		t.Errorf("got %q and %q", e.Message, e.Code)
	}
}
