package client_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/netip"
	"net/url"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/portkey-integration/portkey-integration-go/client"
	"github.com/portkey-integration/portkey-integration-go/contract"
	"github.com/portkey-integration/portkey-integration-go/contracttest"
	"github.com/portkey-integration/portkey-integration-go/gen"
	"github.com/portkey-integration/portkey-integration-go/internal/processor"
)

// Whatever the body, nothing panics, ValidationStrict and Check agree, and errors and reports do not print its values.
// A body that ValidationStrict accepts has a type, is kept byte for byte, and still conforms after marshalling.
func FuzzBody(f *testing.F) {
	for _, e := range contracttest.Examples() {
		f.Add(e.Body)
	}
	for _, body := range brokenBodies() {
		if len(body) < 1<<12 {
			f.Add([]byte(body))
		}
	}
	var sent []byte
	clients := map[client.Validation]*client.Client{}
	for _, v := range []client.Validation{client.ValidationStrict, client.ValidationReport, client.ValidationOff} {
		clients[v] = newClient(f, "https://cp.example/v1", client.WithValidation(v),
			over(func(*http.Request) (*http.Response, error) { return respond(200, nil, string(sent)) }))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		sent = body
		get := func(v client.Validation) (*client.Integration, error) { return retrieve(clients[v]) }
		report, checkErr := contract.Check(200, body)
		in, err := get(client.ValidationStrict)
		if accepted := checkErr == nil && report.Conforms(); accepted != (err == nil) {
			t.Fatalf("got %v and %v from Check and %v from Strict, want them to agree", report.Conforms(), checkErr, err)
		}
		for _, status := range []int{400, 502} {
			_, _ = contract.Check(status, body)
		}
		for _, v := range []client.Validation{client.ValidationReport, client.ValidationOff} {
			if in, err := get(v); err == nil {
				_, _, _ = in.Configuration(), in.Provider(), in.String()
				if !bytes.Equal(in.RawJSON(), body) {
					t.Errorf("%v: got another RawJSON, want the body", v)
				}
			} else if checkErr == nil && report.Conforms() {
				t.Errorf("%v: got %v, want what Strict accepts accepted", v, err)
			}
		}
		if err != nil {
			return
		}
		if c := in.Configuration(); c == nil && in.Configurations != nil {
			t.Error("got no configuration, want one")
		}
		again, err := json.Marshal(in)
		if err != nil {
			t.Fatalf("got %v from Marshal, want what Strict accepts marshalled", err)
		}
		if report, err := contract.Check(200, again); err != nil || !report.Conforms() {
			t.Errorf("got %v, %v of what was marshalled, want it to conform", report.Violations, err)
		}
	})
}

// A slug is sent as one path segment or not at all, by our client and by the generated one.
func FuzzSlug(f *testing.F) {
	for slug := range badSlugs() {
		f.Add(slug)
	}
	f.Add("openai-production")
	f.Add(strings.Repeat("a", 255))
	f.Fuzz(func(t *testing.T, slug string) {
		var sent []*url.URL
		handle := transport(func(r *http.Request) (*http.Response, error) {
			sent = append(sent, r.URL)
			return respond(404, nil, "{}")
		})
		_, err := newClient(t, "https://cp.example/v1", over(handle)).RetrieveIntegration(t.Context(), slug)
		if errors.Is(err, client.ErrInvalidSlug) == isSlug(slug) {
			t.Errorf("got %v", err)
		}
		generated, err := gen.NewClient("https://cp.example/v1", gen.WithHTTPClient(&http.Client{Transport: handle}))
		if err != nil {
			t.Fatal(err)
		}
		if r, err := generated.RetrieveIntegration(t.Context(), gen.Slug(slug), nil); err == nil {
			_ = r.Body.Close()
		}
		if want := map[bool]int{true: 2}[isSlug(slug)]; len(sent) != want {
			t.Fatalf("got %d requests, want %d", len(sent), want)
		}
		for _, u := range sent {
			if u.String() != "https://cp.example/v1/integrations/"+slug {
				t.Errorf("got a request to %s, want one for the slug", u)
			}
		}
	})
}

// isSlug is the contract's rule, implemented independently.
func isSlug(text string) bool {
	for _, b := range []byte(text) {
		if !strings.ContainsRune("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-", rune(b)) {
			return false
		}
	}
	return 1 <= len(text) && len(text) <= 255
}

// Requests go to the host of an accepted base URL and below its path; plain http goes only to loopback; user
// information is refused, however it is written, and not quoted.
func FuzzBaseURL(f *testing.F) {
	for text := range badBaseURLs() {
		f.Add(text)
	}
	for _, text := range goodBaseURLs {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var sent []*url.URL
		handle := over(func(r *http.Request) (*http.Response, error) {
			sent = append(sent, r.URL)
			return respond(200, nil, integrationBody("some-slug"))
		})
		if _, err := client.New(client.WithAPIKey("k"), client.WithBaseURL("https://u:"+theKey+"@"+text)); err == nil {
			// It only looks like user information, for example because it follows a slash.
			t.Error("got user information accepted, want an error")
		} else if strings.Contains(err.Error(), theKey) {
			t.Error("got user information quoted, want it left out")
		}
		c, err := client.New(client.WithAPIKey("k"), client.WithBaseURL(text), handle)
		if err != nil {
			return
		}
		if _, err := retrieve(c); err != nil || len(sent) != 1 {
			t.Fatalf("got %d requests, %v, want 1", len(sent), err)
		}
		base, err := url.Parse(text)
		if err != nil {
			t.Fatal("got it accepted, want what net/url cannot parse refused")
		}
		u := sent[0]
		if u.Hostname() != base.Hostname() || u.Port() != base.Port() || u.Scheme != base.Scheme || u.User != nil || u.RawQuery != "" || u.Fragment != "" || strings.ContainsAny(text, "?#") {
			t.Errorf("got a request to %s, want one to the host of the base URL", u)
		}
		if !strings.HasSuffix(u.EscapedPath(), "/integrations/some-slug") {
			t.Errorf("got the path %s, want one below the base URL", u.EscapedPath())
		}
		addr, _ := netip.ParseAddr(u.Hostname())
		if u.Scheme == "http" && !strings.EqualFold(u.Hostname(), "localhost") && !addr.Unmap().IsLoopback() {
			t.Errorf("got the key sent unencrypted to %s, want only loopback", u.Host)
		}
	})
}

// Whatever Retry-After says, the wait is at most a minute, and RetryAfter is never negative.
func FuzzRetryAfter(f *testing.F) {
	for _, test := range retryAfters() {
		f.Add(test.header)
	}
	f.Fuzz(func(t *testing.T, header string) {
		synctest.Test(t, func(t *testing.T) {
			start, requests := time.Now(), 0
			_, err := retrieve(newClient(t, "https://cp.example/v1", client.WithMaxRetries(1),
				over(func(*http.Request) (*http.Response, error) {
					requests++
					return respond(503, http.Header{"Retry-After": {header}}, "{}")
				})))
			e := as[*client.APIError](t, err)
			waited := time.Since(start)
			if waited < 0 || waited > time.Minute || e.RetryAfter < 0 {
				t.Errorf("got a pause of %v and RetryAfter %v, want both within bounds", waited, e.RetryAfter)
			}
			if want := map[bool]int{true: 1, false: 2}[e.RetryAfter > time.Minute]; requests != want {
				t.Errorf("got %d requests for a RetryAfter of %v, want %d", requests, e.RetryAfter, want)
			}
			if len(header) < 3 && strings.Trim(header, "0123456789") == "" {
				if seconds, err := strconv.Atoi(header); err == nil && e.RetryAfter != time.Duration(seconds)*time.Second {
					t.Errorf("got RetryAfter %v, want %d s", e.RetryAfter, seconds)
				}
			}
		})
	})
}

// Whatever bytes a server sends, the call ends with an integration or one of our errors and takes little memory and
// time, and the error, the log and the report contain no credential and no character that is unsafe for a terminal. If
// the server stops after half of the bytes, the call ends with its context.
func FuzzExchange(f *testing.F) {
	f.Add([]byte(response(200, integrationBody("some-slug"))))
	f.Add([]byte(response(200, body(`"KEY":1,"secret_mappings":[1,{}]`), "X-Portkey-Trace-Id: KEY")))
	f.Add([]byte(response(401, `{"success":false,"data":{"message":"no KEY","errorCode":"AB05"}}`, "Retry-After: 0")))
	f.Add([]byte(response(302, "", "Location: https://KEY/")))
	f.Add([]byte(response(302, "", "Location: /x") + response(200, integrationBody("some-slug"))))
	f.Add([]byte(response(200, "\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff", "Content-Encoding: gzip")))
	f.Add([]byte("HTTP/1.1 101 x\r\nConnection: Upgrade\r\nUpgrade: KEY\r\n\r\nKEY"))
	f.Add([]byte("HTTP/1.1 103 x\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\nX-T: KEY\r\n\r\n"))
	f.Add([]byte("HTTP/1.0 503 KEY\r\nConnection: close\r\n\r\n<html>KEY"))
	const limit, mostPerByte = 16 << 10, 800
	f.Fuzz(func(t *testing.T, sent []byte) {
		sent = bytes.ReplaceAll(sent, []byte("KEY"), []byte(theKey))
		var lines strings.Builder
		c := newClient(t, "http://127.0.0.1/v1", over(overRaw(string(sent))), client.WithMaxRetries(0), client.WithMaxResponseBytes(limit),
			client.WithValidation(client.ValidationReport), client.WithLogger(debugLogger(&lines)))
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		var in *client.Integration
		var err error
		// Up to 11 requests follow redirects.
		most := uint64(11*(128<<10) + mostPerByte*(limit+len(sent)))
		mostTime := 300*time.Millisecond + time.Duration(limit+len(sent))*20*time.Microsecond
		// The garbage collector or another process may add to the time, so one of several measurements must pass.
		for try := 1; ; try++ {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			start := processor.Time()
			in, err = c.RetrieveIntegration(ctx, "some-slug")
			took := processor.Time() - start
			runtime.ReadMemStats(&after)
			if got := after.TotalAlloc - before.TotalAlloc; got > most {
				t.Errorf("got %d bytes allocated for %d sent, want at most %d", got, len(sent), most)
			}
			if took <= mostTime {
				break
			}
			if try == 5 {
				t.Errorf("got %v of the processor's time for %d bytes sent, want at most %v", took, len(sent), mostTime)
				break
			}
		}
		if ctx.Err() != nil {
			t.Fatal("got a call that only the context ended")
		}
		text := lines.String()
		if err != nil {
			inspect(t, err)
			expectPrintable(t, "the error", err.Error())
			text += err.Error()
		} else {
			report, _ := json.Marshal(in.Report())
			text += string(report) + in.String()
		}
		if strings.Contains(strings.ToLower(text), strings.ToLower(theKey)) {
			t.Error("got a credential printed")
		}
		half, silent := context.WithCancel(t.Context())
		defer silent()
		c = newClient(t, "http://127.0.0.1/v1", over(overSilent(string(sent[:len(sent)/2]), silent)), client.WithMaxRetries(0), client.WithTimeout(0))
		// If the call does not end, the test times out.
		if _, err := c.RetrieveIntegration(half, "some-slug"); err != nil {
			inspect(t, err)
		}
	})
}
