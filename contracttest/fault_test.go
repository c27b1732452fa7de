package contracttest_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"math"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/portkey-integration/portkey-integration-go/client"
	"github.com/portkey-integration/portkey-integration-go/contract"
	"github.com/portkey-integration/portkey-integration-go/contracttest"
)

const slug = "azure-openai-entra"

func TestFaultsThatRespond(t *testing.T) {
	for _, test := range []struct {
		name  string
		fault contracttest.Fault
		want  int
		body  string // substring
		head  [2]string
	}{
		{"status of the contract", contracttest.Fault{Status: 429}, 429, `"errorCode":"AB06"`, [2]string{"Content-Type", "application/json"}},
		{"status unknown to the contract", contracttest.Fault{Status: 418}, 418, `"message":"I'm a teapot"`, [2]string{}},
		{"code and message", contracttest.Fault{Status: 403, Code: "XY99", Message: "<no>"}, 403, `"message":"<no>"`, [2]string{}},
		{"code alone", contracttest.Fault{Code: "XY99"}, 500, `"errorCode":"XY99"`, [2]string{}},
		{"retry after", contracttest.Fault{Status: 503, RetryAfter: "7"}, 503, "Service unavailable", [2]string{"Retry-After", "7"}},
		{"header", contracttest.Fault{Header: http.Header{"x-portkey-trace-id": nil, "content-type": {"text/plain"}}}, 200, `"slug"`, [2]string{"Content-Type", "text/plain"}},
		{"no trace id", contracttest.Fault{Header: http.Header{"X-Portkey-Trace-Id": nil}}, 200, `"slug"`, [2]string{"X-Portkey-Trace-Id", ""}},
		{"body", contracttest.Fault{Body: []byte("[1")}, 200, "[1", [2]string{}},
		{"empty body", contracttest.Fault{Status: 500, Body: []byte{}}, 500, "", [2]string{"Content-Length", "0"}},
		{"status without a body", contracttest.Fault{Status: 204, RetryAfter: "1"}, 204, "", [2]string{"Retry-After", "1"}},
		{"status without a length", contracttest.Fault{Status: 204}, 204, "", [2]string{"Content-Length", ""}},
		{"status without a content type", contracttest.Fault{Status: 204}, 204, "", [2]string{"Content-Type", ""}},
		{"status without a type", contracttest.Fault{Status: 304}, 304, "", [2]string{"Content-Type", ""}},
		{"page", contracttest.Fault{HTML: true}, 502, "<html>", [2]string{"Content-Type", "text/html"}},
		{"page with 200", contracttest.Fault{HTML: true, Status: 200}, 200, "<html>", [2]string{}},
		{"redirect", contracttest.Fault{Redirect: "https://elsewhere.example/x"}, 302, "", [2]string{"Location", "https://elsewhere.example/x"}},
		{"permanent redirect", contracttest.Fault{Redirect: "https://elsewhere.example/x", Status: 308}, 308, "", [2]string{}},
	} {
		t.Run(test.name, func(t *testing.T) {
			srv := contracttest.NewServer(t, contracttest.WithFault(slug, test.fault))
			resp, body := send(t, srv, "/integrations/"+slug)
			if resp.StatusCode != test.want || !strings.Contains(string(body), test.body) || (test.body == "") != (len(body) == 0) {
				t.Errorf("status %d, body %s", resp.StatusCode, body)
			}
			if name := test.head[0]; name != "" && resp.Header.Get(name) != test.head[1] {
				t.Errorf("%s is %q", name, resp.Header.Get(name))
			}
			if r := srv.Requests(); r[0].Status != test.want {
				t.Errorf("recorded %+v", r)
			}
		})
	}
}

// A violation must be reported at its location; drift must not be reported as a violation.
func TestFaultsInTheBody(t *testing.T) {
	srv := contracttest.NewServer(t,
		contracttest.WithFault("azure-openai-entra", contracttest.Fault{UnmaskedSecret: true}),
		contracttest.WithFault("sparse", contracttest.Fault{UnmaskedSecret: true}),
		contracttest.WithFault("rich", contracttest.Fault{Drift: true}))
	for _, test := range []struct {
		slug              string
		violations, drift []string
	}{
		{"azure-openai-entra", []string{"/configurations/azure_entra_client_secret", "/key"}, nil},
		{"sparse", []string{"/key"}, nil},
		{"rich", nil, []string{"/contracttest_drift", "/status"}},
	} {
		_, body := send(t, srv, "/integrations/"+test.slug)
		report, err := contract.Check(200, body)
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range test.violations {
			if !has(report.Violations, want) {
				t.Errorf("%s: no violation at %s in %v", test.slug, want, report.Violations)
			}
		}
		for _, want := range test.drift {
			if !has(report.Drift, want) {
				t.Errorf("%s: no drift at %s in %v", test.slug, want, report.Drift)
			}
		}
		if test.violations == nil && !report.Conforms() {
			t.Errorf("%s: %v", test.slug, report.Violations)
		}
		if strings.Contains(string(body), contracttest.UnmaskedSecret) != (test.violations != nil) {
			t.Errorf("%s: the secret is not where it should be", test.slug)
		}
	}
}

func has(findings []client.Finding, pointer string) bool {
	for _, f := range findings {
		if f.Pointer == pointer {
			return true
		}
	}
	return false
}

func TestFaultsThatBreakOff(t *testing.T) {
	whole := len(exampleBody(t, slug))
	srv := contracttest.NewServer(t)

	srv.SetFault(slug, contracttest.Fault{Truncate: true})
	resp, body, err := try(t, srv, "/integrations/"+slug)
	if !errors.Is(err, io.ErrUnexpectedEOF) || resp.StatusCode != 200 || len(body) != whole/2 {
		t.Errorf("truncated: %d of %d bytes, %v", len(body), whole, err)
	}

	srv.Client().CloseIdleConnections()
	srv.SetFault(slug, contracttest.Fault{Reset: true})
	if _, _, err := try(t, srv, "/integrations/"+slug); !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("reset: %v", err)
	}
	if r := srv.Requests(); len(r) != 2 || r[1].Status != 0 {
		t.Errorf("recorded %+v", r)
	}
}

// Hang, Stall and Delay keep the client waiting until it gives up or the server closes.
func TestFaultsThatWait(t *testing.T) {
	half := len(exampleBody(t, slug)) / 2
	for _, test := range []struct {
		name  string
		fault contracttest.Fault
		sent  int // bytes of the body sent before the end
	}{
		{"hang", contracttest.Fault{Hang: true}, 0},
		{"stall", contracttest.Fault{Stall: true}, half},
		{"delay", contracttest.Fault{Delay: 24 * time.Hour}, 0},
	} {
		for _, ending := range []string{"client", "server"} {
			t.Run(test.name+" until the end of the "+ending, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					h, err := contracttest.NewHandler(contracttest.WithFault(slug, test.fault))
					if err != nil {
						t.Fatal(err)
					}
					defer h.Close()
					ctx, cancel := context.WithCancel(t.Context())
					defer cancel()
					w := httptest.NewRecorder()
					aborted := make(chan any, 1)
					go func() {
						defer func() { aborted <- recover() }()
						h.ServeHTTP(w, request(slug).WithContext(ctx))
					}()
					synctest.Wait()
					if len(aborted) > 0 || w.Body.Len() != test.sent {
						t.Errorf("before the end: over %t, %d bytes", len(aborted) > 0, w.Body.Len())
					}
					if ending == "client" {
						cancel()
					} else {
						h.Close()
					}
					if got := <-aborted; got != http.ErrAbortHandler || w.Body.Len() != test.sent {
						t.Errorf("after the end: %v, %d bytes", got, w.Body.Len())
					}
				})
			})
		}
	}
}

// Closing the server ends all requests that hang.
func TestCloseWhileHanging(t *testing.T) {
	arrived := make(chan struct{})
	srv := contracttest.NewServer(t, contracttest.WithFault(slug, contracttest.Fault{Hang: true}),
		contracttest.WithRequestFunc(func(contracttest.Request) { arrived <- struct{}{} }))
	go func() {
		<-arrived
		<-arrived
		srv.Close()
	}()
	ended := make(chan error, 2)
	for range 2 {
		go func() {
			_, _, err := try(t, srv, "/integrations/"+slug)
			ended <- err
		}()
	}
	for range 2 {
		if err := <-ended; err == nil {
			t.Error("the response was complete")
		}
	}
}

func TestDelay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		h, err := contracttest.NewHandler(contracttest.WithFault(slug, contracttest.Fault{Delay: time.Hour}),
			contracttest.WithLogger(slog.New(slog.NewTextHandler(&log, nil))))
		if err != nil {
			t.Fatal(err)
		}
		defer h.Close()
		defer func() {
			if want := "duration_ms=3.6e+06"; !strings.Contains(log.String(), want) {
				t.Errorf("got the log %s, want %s", log.String(), want)
			}
		}()
		start := time.Now()
		if w := serve(h, slug); w.Code != 200 || time.Since(start) != time.Hour {
			t.Errorf("status %d after %s", w.Code, time.Since(start))
		}
	})
}

func serve(h http.Handler, slug string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, request(slug))
	return w
}

func request(slug string) *http.Request {
	r := httptest.NewRequest(http.MethodGet, "/v1/integrations/"+slug, nil)
	r.Header.Set("x-portkey-api-key", contracttest.DefaultAPIKey)
	return r
}

func TestFaultSequence(t *testing.T) {
	srv := contracttest.NewServer(t,
		contracttest.WithFault(slug, contracttest.Fault{Status: 503, Times: 2}, contracttest.Fault{Status: 429, Times: 1}),
		contracttest.WithFault(contracttest.AnySlug, contracttest.Fault{Status: 500, Times: 1}))
	statuses := func(paths ...string) (got []int) {
		for _, path := range paths {
			resp, _ := send(t, srv, "/integrations/"+path)
			got = append(got, resp.StatusCode)
		}
		return got
	}
	id := bodyOf(t, exampleBody(t, slug))["id"].(string)
	if got := statuses(slug, id, slug, "rich", "rich", slug); !slices.Equal(got, []int{503, 503, 429, 500, 200, 200}) {
		t.Errorf("statuses %v", got)
	}
	srv.SetFault(slug, contracttest.Fault{Status: 502})
	if got := statuses(slug, slug, slug); !slices.Equal(got, []int{502, 502, 502}) {
		t.Errorf("statuses %v", got)
	}
	srv.SetFault(slug)
	if got := statuses(slug); !slices.Equal(got, []int{200}) {
		t.Errorf("statuses %v", got)
	}
	if fake := fails(t, func(tb testing.TB) { contracttest.NewServer(tb).SetFault(slug, contracttest.Fault{Times: -1}) }); fake.fatal == "" {
		t.Error("a fault that contradicts itself was accepted")
	}
}

// A refused request does not use up a fault.
func TestFaultsAfterChecks(t *testing.T) {
	srv := contracttest.NewServer(t, contracttest.WithFault(slug, contracttest.Fault{Status: 503, Times: 1}))
	for i, want := range []int{401, 503, 200} {
		resp, _ := send(t, srv, "/integrations/"+slug, func(r *http.Request) {
			if i == 0 {
				r.Header.Set("x-portkey-api-key", "another")
			}
		})
		if resp.StatusCode != want {
			t.Errorf("request %d: status %d, want %d", i, resp.StatusCode, want)
		}
	}
}

// A body that is not an integration is not changed.
func TestFaultsOfWhatIsNoObject(t *testing.T) {
	srv := contracttest.NewServer(t, contracttest.WithBrokenFixture("mine", "[1"), contracttest.WithFault("mine", contracttest.Fault{Drift: true}))
	if _, body := send(t, srv, "/integrations/mine"); string(body) != "[1" {
		t.Errorf("served %s", body)
	}
}

// Neither the caller's faults nor the examples are modified.
func TestFaultsChangeNothingElse(t *testing.T) {
	faults := []contracttest.Fault{{UnmaskedSecret: true, Times: 2, Header: http.Header{"X-A": {"1"}}, RetryAfter: "1"}}
	srv := contracttest.NewServer(t, contracttest.WithFault(slug, faults...))
	var resp *http.Response
	for range 3 {
		resp, _ = send(t, srv, "/integrations/"+slug)
	}
	if faults[0].Times != 2 || resp.Header.Get("X-A") != "" || resp.Header.Get("Retry-After") != "" {
		t.Errorf("Times is %d, the headers afterwards are %v", faults[0].Times, resp.Header)
	}
	if _, body := send(t, contracttest.NewServer(t), "/integrations/"+slug); string(body) != string(exampleBody(t, slug)) {
		t.Error("the example changed")
	}
}

func exampleBody(t *testing.T, name string) []byte {
	t.Helper()
	for _, e := range contracttest.Examples() {
		if e.Name == name {
			return e.Body
		}
	}
	t.Fatalf("no example %s", name)
	return nil
}

// A fault with a probability is applied to some requests; the rest get the next fault.
func TestFaultProbability(t *testing.T) {
	server := contracttest.NewServer(t,
		contracttest.WithFault(slug, contracttest.Fault{Status: 503, Probability: 0.5}),
		contracttest.WithFault(slug, contracttest.Fault{Status: 429, Times: 3}))
	got := map[int]int{}
	for range 200 { // The chance that one kind is missing is below 1 in 10^50.
		resp, _ := send(t, server, "/integrations/"+slug)
		got[resp.StatusCode]++
	}
	if got[503] == 0 || got[200] == 0 || got[429] != 3 {
		t.Errorf("got the status codes %v, want some 503 and 200, and three times 429", got)
	}
}

func TestFaultsThatCannotStrike(t *testing.T) {
	for name, opts := range map[string][]contracttest.ServerOption{
		"in one option":  {contracttest.WithFault(slug, contracttest.Fault{Status: 503}, contracttest.Fault{Status: 429})},
		"in two options": {contracttest.WithFault(slug, contracttest.Fault{HTML: true, Probability: 1}), contracttest.WithFault(slug, contracttest.Fault{})},
	} {
		if _, err := contracttest.NewHandler(opts...); err == nil || !strings.Contains(err.Error(), "fault 2 of \""+slug+"\" is never applied") {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

// Every contradiction is reported, and valid combinations are accepted.
func TestFaultContradictions(t *testing.T) {
	for _, test := range []struct {
		fault contracttest.Fault
		want  string
	}{
		{contracttest.Fault{Times: -1}, "times"},
		{contracttest.Fault{Probability: -0.1}, "probability"},
		{contracttest.Fault{Probability: 1.1}, "probability"},
		{contracttest.Fault{Probability: math.NaN()}, "probability"},
		{contracttest.Fault{Delay: -1}, "delay"},
		{contracttest.Fault{Status: 101}, "status is 101"},
		{contracttest.Fault{HTML: true, Code: "AB01"}, "one of body, HTML"},
		{contracttest.Fault{Hang: true, Stall: true}, "one of hang"},
		{contracttest.Fault{Hang: true, Status: 503}, "no response"},
		{contracttest.Fault{Reset: true, Drift: true}, "no response"},
		{contracttest.Fault{Reset: true, RetryAfter: "1"}, "no response"},
		{contracttest.Fault{Truncate: true, Redirect: "https://x.example"}, "need a body"},
		{contracttest.Fault{Stall: true, Body: []byte{}}, "need a body"},
		{contracttest.Fault{Status: 204, HTML: true}, "has no body"},
		{contracttest.Fault{Status: 204, Body: []byte("{}")}, "has no body"},
		{contracttest.Fault{Status: 304, Truncate: true}, "has no body"},
		{contracttest.Fault{Status: 304, Drift: true}, "has no body"},
		{contracttest.Fault{Status: 503, RetryAfter: "1\r\nX-A: 1"}, "cannot be sent"},
		{contracttest.Fault{Header: http.Header{"X-A": {"a", "b\nc"}}}, "cannot be sent"},
		{contracttest.Fault{Status: 204, Body: []byte{}}, ""},
		{contracttest.Fault{Status: 304, Redirect: "/x"}, ""},
		{contracttest.Fault{Delay: 1, Reset: true, Times: 1, Probability: 1}, ""},
		{contracttest.Fault{Status: 503, Code: "AB04", Message: "m", RetryAfter: "soon", Truncate: true}, ""},
	} {
		_, err := contracttest.NewHandler(contracttest.WithFault(slug, test.fault))
		if (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: got %v, want %q", test.fault, err, test.want)
		}
	}
}
