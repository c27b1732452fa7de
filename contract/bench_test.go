package contract_test

import (
	"encoding/json"
	"net/http"
	"testing"

	"github.com/portkey-integration/portkey-integration-go/contract"
)

// BenchmarkCheck checks bodies whose shape is not remembered, BenchmarkKnown those whose shape is.
func BenchmarkCheck(b *testing.B) {
	for _, name := range []string{"openai-production", "rich", "sagemaker-access-key"} {
		body, err := json.Marshal(examples(b)[name])
		if err != nil {
			b.Fatal(err)
		}
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(body)))
			for b.Loop() {
				if _, err := contract.Check(http.StatusOK, body); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkKnown(b *testing.B) {
	body, err := json.Marshal(examples(b)["openai-production"])
	if err != nil {
		b.Fatal(err)
	}
	check(b, body)
	b.ReportAllocs()
	for b.Loop() {
		if conforms, _ := contract.Known(body); !conforms {
			b.Fatal("got an unknown body")
		}
	}
}
