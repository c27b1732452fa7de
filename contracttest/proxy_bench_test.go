package contracttest_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/portkey-integration/portkey-integration-go/contracttest"
)

// BenchmarkProxy compares a request through a proxy, which checks the response, with a direct one.
func BenchmarkProxy(b *testing.B) {
	h, err := contracttest.NewHandler()
	if err != nil {
		b.Fatal(err)
	}
	defer h.Close()
	upstream := httptest.NewServer(h)
	defer upstream.Close()
	p, err := contracttest.NewProxy(upstream.URL)
	if err != nil {
		b.Fatal(err)
	}
	front := httptest.NewServer(p)
	defer front.Close()
	defer p.Close()
	for name, url := range map[string]string{"direct": upstream.URL, "proxied": front.URL} {
		b.Run(name, func(b *testing.B) {
			r, err := http.NewRequestWithContext(b.Context(), http.MethodGet, url+"/v1/integrations/rich", nil)
			if err != nil {
				b.Fatal(err)
			}
			r.Header.Set("x-portkey-api-key", contracttest.DefaultAPIKey)
			b.ReportAllocs()
			for b.Loop() {
				resp, err := http.DefaultTransport.RoundTrip(r)
				if err != nil {
					b.Fatal(err)
				}
				if _, err := io.Copy(io.Discard, resp.Body); err != nil || resp.StatusCode != http.StatusOK {
					b.Fatal(resp.StatusCode, err)
				}
				_ = resp.Body.Close()
			}
		})
	}
}
