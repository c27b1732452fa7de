package bench

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/go-faster/jx"
	jsonv2 "github.com/go-json-experiment/json"

	portkeyintegration "github.com/portkey-integration/portkey-integration-go"
	"github.com/portkey-integration/portkey-integration-go/bench/internal/responses"
	"github.com/portkey-integration/portkey-integration-go/bench/internal/server"
	"github.com/portkey-integration/portkey-integration-go/bench/ogen"
	"github.com/portkey-integration/portkey-integration-go/client"
	"github.com/portkey-integration/portkey-integration-go/contract"
	"github.com/portkey-integration/portkey-integration-go/gen"
)

// BenchmarkPart does one part of the work, without a network: what each costs says where the time of a call goes.
func BenchmarkPart(b *testing.B) {
	doc, err := openapi3.NewLoader().LoadFromData([]byte(portkeyintegration.Contract()))
	if err != nil {
		b.Fatal(err)
	}
	schema := doc.Components.Schemas["Integration"].Value
	parts := []struct {
		name string
		do   func(body []byte, decoded any) error
	}{
		{"decode-struct-v1", func(body []byte, _ any) error { return json.Unmarshal(body, new(gen.Integration)) }},
		{"decode-struct-v2", func(body []byte, _ any) error { return jsonv2.Unmarshal(body, new(gen.Integration)) }},
		{"decode-any-v1", func(body []byte, _ any) error { return json.Unmarshal(body, new(any)) }},
		{"decode-any-v2", func(body []byte, _ any) error { return jsonv2.Unmarshal(body, new(any)) }},
		{"visit", func(_ []byte, decoded any) error {
			return schema.VisitJSON(decoded, openapi3.VisitAsResponse(), openapi3.DisableSchemaErrorDetails())
		}},
		{"ogen", func(body []byte, _ any) error {
			var in ogen.Integration
			if err := in.Decode(jx.DecodeBytes(body)); err != nil {
				return err
			}
			return in.Validate()
		}},
		{"contract-check", func(body []byte, _ any) error { _, err := contract.Check(200, body); return err }},
	}
	for _, size := range server.Sizes {
		bodies, err := responses.Make("distinct", min(size.N, 100), size.Bytes)
		if err != nil {
			b.Fatal(err)
		}
		decoded := make([]any, len(bodies))
		total := 0
		for i, body := range bodies {
			if err := json.Unmarshal(body, &decoded[i]); err != nil {
				b.Fatal(err)
			}
			total += len(body)
		}
		for _, part := range parts {
			b.Run("size="+size.Name+"/part="+part.name, func(b *testing.B) {
				b.ReportAllocs()
				b.SetBytes(int64(total / len(bodies)))
				for i := 0; b.Loop(); i++ {
					if err := part.do(bodies[i%len(bodies)], decoded[i%len(bodies)]); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

// BenchmarkCall makes whole calls without a network, each response new: what Strict takes longer than Off is what it costs
// to find the shape of a response and to see that it is known.
func BenchmarkCall(b *testing.B) {
	for _, size := range server.Sizes {
		bodies, err := responses.Make("distinct", min(size.N, 100), size.Bytes)
		if err != nil {
			b.Fatal(err)
		}
		for _, v := range []client.Validation{client.ValidationStrict, client.ValidationOff} {
			b.Run("size="+size.Name+"/validation="+v.String(), func(b *testing.B) {
				n := 0
				c, err := client.New(client.WithAPIKey("k"), client.WithValidation(v), client.WithHTTPClient(&http.Client{
					Transport: roundTripper(func(*http.Request) (*http.Response, error) {
						n++
						body := bodies[n%len(bodies)]
						id := body[bytes.Index(body, []byte(`"id":"`))+len(`"id":"`):]
						copy(id, fmt.Sprintf("%08x", n))
						return &http.Response{
							StatusCode: http.StatusOK, Header: http.Header{"Content-Type": {"application/json"}},
							Body: io.NopCloser(bytes.NewReader(body)), ContentLength: int64(len(body)),
						}, nil
					}),
				}))
				if err != nil {
					b.Fatal(err)
				}
				call := func() {
					if _, err := c.RetrieveIntegration(b.Context(), "s"); err != nil {
						b.Fatal(err)
					}
				}
				for range bodies {
					call()
				}
				b.ReportAllocs()
				for b.Loop() {
					call()
				}
			})
		}
	}
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// BenchmarkLoad has kin-openapi parse the contract, examples and all, with its code and memory at hand: the profile of it
// says where the time of the first use goes.
func BenchmarkLoad(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := openapi3.NewLoader().LoadFromData([]byte(portkeyintegration.Contract())); err != nil {
			b.Fatal(err)
		}
	}
}
