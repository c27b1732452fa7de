package bench

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	jsonv2 "github.com/go-json-experiment/json"

	portkeyintegration "github.com/portkey-integration/portkey-integration-go"
	"github.com/portkey-integration/portkey-integration-go/bench/internal/responses"
	"github.com/portkey-integration/portkey-integration-go/contract"
	"github.com/portkey-integration/portkey-integration-go/gen"
)

// A part is a part of the work, done without a network. The parts show where the time of a call goes.
type part struct {
	name string
	do   func(body []byte) error
}

var parts = []part{
	{"decode-struct-v1", func(body []byte) error { return json.Unmarshal(body, new(gen.Integration)) }},
	{"decode-struct-v2", func(body []byte) error { return jsonv2.Unmarshal(body, new(gen.Integration)) }},
	decodeAny,
	{"kin-openapi", func(body []byte) error {
		var value any
		if err := json.Unmarshal(body, &value); err != nil {
			return err
		}
		return schema().VisitJSON(value, openapi3.VisitAsResponse(), openapi3.DisableSchemaErrorDetails())
	}},
	check,
	{"known", func(body []byte) error {
		if conforms, _ := contract.Known(body); !conforms {
			return errors.New("got a body whose shape is not known")
		}
		return nil
	}},
}

var (
	decodeAny = part{"decode-any-v1", func(body []byte) error { return json.Unmarshal(body, new(any)) }}
	check     = part{"check", func(body []byte) error { _, err := contract.Check(http.StatusOK, body); return err }}
)

var schema = sync.OnceValue(func() *openapi3.Schema {
	doc, err := openapi3.NewLoader().LoadFromData([]byte(portkeyintegration.Contract()))
	if err != nil {
		panic(err)
	}
	return doc.Components.Schemas["Integration"].Value
})

// BenchmarkPart runs the parts on distinct bodies. Each body gets a new id, so that only its shape is known.
func BenchmarkPart(b *testing.B) {
	for _, size := range responses.Sizes {
		size.N = min(size.N, 100)
		bodies := responses.Make(responses.Distinct, size)
		total := 0
		var ids [][]byte
		for _, body := range bodies {
			total += len(body)
			ids = append(ids, body[bytes.Index(body, []byte(`"id":"`))+len(`"id":"`):][:8])
			if err := check.do(body); err != nil {
				b.Fatal(err)
			}
		}
		for _, part := range parts {
			b.Run("size="+size.Name+"/part="+part.name, func(b *testing.B) {
				b.ReportAllocs()
				b.SetBytes(int64(total / len(bodies)))
				for i := 0; b.Loop(); i++ {
					_ = strconv.AppendInt(ids[i%len(bodies)][:0], int64(1<<28+i), 16) // Eight digits.
					if err := part.do(bodies[i%len(bodies)]); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

// BenchmarkHostile checks hostile bodies of 1 MB.
func BenchmarkHostile(b *testing.B) {
	for name, body := range responses.Hostile(1_000_000) {
		for _, part := range []part{decodeAny, check} {
			b.Run("body="+name+"/part="+part.name, func(b *testing.B) {
				b.ReportAllocs()
				b.SetBytes(int64(len(body)))
				for b.Loop() {
					if err := part.do(body); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

// BenchmarkLoad has kin-openapi parse the contract, examples included, in a warm process: its profile shows where the time
// of the first use goes.
func BenchmarkLoad(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := openapi3.NewLoader().LoadFromData([]byte(portkeyintegration.Contract())); err != nil {
			b.Fatal(err)
		}
	}
}
