package contracttest_test

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/portkey-integration/portkey-integration-go/client"
	"github.com/portkey-integration/portkey-integration-go/contracttest"
)

func response(status int, contentType, body string) *http.Response {
	return &http.Response{
		StatusCode: status,
		Header:     http.Header{"Content-Type": {contentType}},
		Body:       io.NopCloser(strings.NewReader(body)),
	}
}

func TestCheckResponse(t *testing.T) {
	const leak = "sk-leak-of-mine"
	fine := string(exampleBody(t, "rich"))
	for _, test := range []struct {
		name   string
		resp   *http.Response
		errors []string
		logs   string
	}{
		{"fine", response(200, "application/json; charset=utf-8", fine), nil, ""},
		{"drift", response(200, "application/json", `{"news":1,`+fine[1:]), nil, "/news"},
		{"broken", response(200, "application/json", `{"key":"`+leak+`",`+strings.Replace(fine[1:], `"name":`, `"nom":`, 1)), []string{"/key", "/name"}, "/nom"},
		{"not JSON", response(200, "application/json", "{"+leak), []string{"JSON"}, ""},
		{"empty", response(404, "application/json", ""), []string{"empty"}, ""},
		{"content type", response(200, "text/plain", fine), []string{"Content-Type is not application/json"}, ""},
		{"charset", response(200, "application/json; charset=utf-16", fine), []string{"charset"}, ""},
		{"page", response(502, "text/html; charset=utf-8", "<p>"), nil, ""},
		{"page that is none", response(404, "text/html", string(exampleBody(t, "not-found"))), []string{"Content-Type"}, ""},
		{"error", response(429, "application/json", string(exampleBody(t, "rate-limited"))), nil, ""},
		{"broken error", response(429, "application/json", `{"success":"no"}`), []string{"/success"}, ""},
		{"status", response(418, "application/json", "{}"), []string{"status code 418"}, ""},
		{"no body", &http.Response{StatusCode: 200, Header: http.Header{"Content-Type": {"application/json"}}}, []string{"empty"}, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			before := test.resp.Body
			var want []byte
			if before != nil {
				want, _ = io.ReadAll(before)
				test.resp.Body = io.NopCloser(bytes.NewReader(want))
			}
			fake := fails(t, func(tb testing.TB) { contracttest.CheckResponse(tb, test.resp) })
			if len(fake.errors) != len(test.errors) {
				t.Errorf("reported %q", fake.errors)
			}
			for _, want := range test.errors {
				if !strings.Contains(strings.Join(fake.errors, "\n"), want) {
					t.Errorf("reported %q, want %s in it", fake.errors, want)
				}
			}
			if logs := strings.Join(fake.logs, "\n"); !strings.Contains(logs, test.logs) || (logs == "") != (test.logs == "") {
				t.Errorf("logged %q, want %s in it", logs, test.logs)
			}
			if strings.Contains(fake.all(), leak) {
				t.Error("a value was printed")
			}
			if before != nil {
				if got, err := io.ReadAll(test.resp.Body); err != nil || !bytes.Equal(got, want) {
					t.Errorf("the body reads differently afterwards: %v", err)
				}
			}
		})
	}
}

func TestCheckResponseCompressed(t *testing.T) {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, _ = z.Write([]byte(`{"key":"x",` + string(exampleBody(t, "rich"))[1:]))
	_ = z.Close()
	want := b.String()
	resp := response(200, "application/json", want)
	resp.Header.Set("Content-Encoding", "gzip")
	fake := fails(t, func(tb testing.TB) { contracttest.CheckResponse(tb, resp) })
	if got, _ := io.ReadAll(resp.Body); len(fake.errors) != 1 || !strings.Contains(fake.errors[0], "/key") || string(got) != want {
		t.Errorf("reported %q", fake.errors)
	}
}

// A large body is not buffered completely, but the caller can still read all of it.
func TestCheckResponseLarge(t *testing.T) {
	const size = 17 << 20
	resp := response(200, "application/json", strings.Repeat(" ", size))
	fake := fails(t, func(tb testing.TB) { contracttest.CheckResponse(tb, resp) })
	if n, err := io.Copy(io.Discard, resp.Body); len(fake.errors) != 1 || !strings.Contains(fake.errors[0], "larger than") || n != size || err != nil {
		t.Errorf("reported %q; then %d bytes and %v", fake.errors, n, err)
	}
}

// The caller still gets the error that ends a body.
func TestCheckResponseBrokenOff(t *testing.T) {
	srv := contracttest.NewServer(t, contracttest.WithFault("rich", contracttest.Fault{Truncate: true}))
	r, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, srv.URL+"/integrations/rich", nil)
	r.Header.Set("x-portkey-api-key", srv.APIKey())
	resp, err := srv.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	fake := fails(t, func(tb testing.TB) { contracttest.CheckResponse(tb, resp) })
	body, err := io.ReadAll(resp.Body)
	if len(fake.errors) != 1 || !errors.Is(err, io.ErrUnexpectedEOF) || len(body) != len(exampleBody(t, "rich"))/2 {
		t.Errorf("reported %q; then %d bytes and %v", fake.errors, len(body), err)
	}
}

// So it does if the reader returns the error only once.
func TestCheckResponseBrokenOffOnce(t *testing.T) {
	resp := response(200, "application/json", "")
	resp.Body = io.NopCloser(iotest.TimeoutReader(iotest.OneByteReader(strings.NewReader("{}"))))
	fake := fails(t, func(tb testing.TB) { contracttest.CheckResponse(tb, resp) })
	body, err := io.ReadAll(resp.Body)
	if len(fake.errors) != 1 || !errors.Is(err, iotest.ErrTimeout) || string(body) != "{" {
		t.Errorf("reported %q; then %q and %v", fake.errors, body, err)
	}
}

// A response to HEAD conforms without a body.
func TestCheckResponseHead(t *testing.T) {
	resp := response(200, "application/json", "")
	resp.Request = &http.Request{Method: http.MethodHead}
	contracttest.CheckResponse(t, resp)
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestTransport(t *testing.T) {
	for _, test := range []struct {
		method, path string
		checked      bool
	}{
		{"GET", "/v1/integrations/a", true},
		{"GET", "/integrations/a?workspace_id=x", true},
		{"GET", "/integrations/integrations/integrations/a", true},
		{"HEAD", "/v1/integrations/a", true},
		{"PUT", "/v1/integrations/a", false},
		{"GET", "/v1/integrations/", false},
		{"GET", "/v1/integrations", false},
		{"GET", "/v1/integrations/a/models", false},
		{"GET", "/v1/virtual-keys/a", false},
	} {
		var reports []client.Report
		c := http.Client{Transport: &contracttest.Transport{
			Base: roundTrip(func(r *http.Request) (*http.Response, error) {
				resp := response(200, "text/plain", `{"id":1}`)
				resp.Request = r
				return resp, nil
			}),
			Report: func(_ *http.Response, r client.Report) { reports = append(reports, r) },
		}}
		r, _ := http.NewRequestWithContext(t.Context(), test.method, "https://example.test"+test.path, nil)
		resp, err := c.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		if body, _ := io.ReadAll(resp.Body); string(body) != `{"id":1}` {
			t.Errorf("%s %s: body %q", test.method, test.path, body)
		}
		if (len(reports) == 1 && !reports[0].Conforms()) != test.checked {
			t.Errorf("%s %s: reports %v", test.method, test.path, reports)
		}
	}
}

// With a real client, only the response that violates the contract fails the test.
func TestNewTransport(t *testing.T) {
	fake := fails(t, func(tb testing.TB) {
		srv := contracttest.NewServer(t, contracttest.WithFault("rich", contracttest.Fault{UnmaskedSecret: true, Times: 1}),
			contracttest.WithFault("sparse", contracttest.Fault{Reset: true}))
		c, err := client.New(client.WithBaseURL(srv.URL), client.WithAPIKey(srv.APIKey()), client.WithMaxRetries(0),
			client.WithHTTPClient(&http.Client{Transport: contracttest.NewTransport(tb, srv.Client().Transport)}))
		if err != nil {
			t.Error(err)
			return
		}
		for _, slug := range []string{"rich", "rich", "not-found", "sparse"} {
			_, err := c.RetrieveIntegration(t.Context(), slug)
			if slug == "not-found" && !errors.Is(err, client.ErrNotFound) {
				t.Errorf("%s: %v", slug, err)
			}
		}
	})
	if !slices.ContainsFunc(fake.errors, func(s string) bool { return strings.Contains(s, "/key") }) ||
		slices.ContainsFunc(fake.errors, func(s string) bool {
			return !strings.Contains(s, "secret") || strings.Contains(s, contracttest.UnmaskedSecret)
		}) {
		t.Errorf("reported %q", fake.errors)
	}
}
