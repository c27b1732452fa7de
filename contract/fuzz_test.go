package contract_test

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"testing"

	"github.com/portkey-integration/portkey-integration-go/contract"
)

// Whatever the body: a check agrees with kin-openapi and with what is remembered of others, costs little for each byte,
// ends with the context, and its report is bounded and shows no credential.
func FuzzCheck(f *testing.F) {
	for i, v := range corpus(f) {
		if i%97 == 0 {
			f.Add(v.body)
		}
	}
	for _, body := range hostile(2 << 10) {
		f.Add([]byte(body))
	}
	accepts := kinOpenAPI(f)
	f.Fuzz(func(t *testing.T, body []byte) {
		body = bytes.ReplaceAll(body, []byte("KEY"), []byte(theKey))
		known, drifts := contract.Known(body)
		var report contract.Report
		var err error
		cost := allocated(func() { report, err = redacting.Check(t.Context(), http.StatusOK, body) })
		// The first body of a shape has costs of its own, and so has the fuzzing engine.
		if most := float64(2<<20 + mostPerByte*len(body)); cost > most {
			t.Errorf("got %.0f bytes allocated for a body of %d, want at most %.0f", cost, len(body), most)
		}
		if text := fmt.Sprintf("%+v %v", report, err); bytes.Contains([]byte(text), []byte(theKey)) || bytes.Contains([]byte(text), []byte("pk~1live~00123456789")) {
			t.Error("got a credential in the report or the error")
		}
		_, _ = redacting.Check(t.Context(), http.StatusBadRequest, body)
		var decode *contract.DecodeError
		if errors.As(err, &decode) {
			return
		}
		if err != nil {
			t.Fatalf("got %v, want a report or a DecodeError", err)
		}
		expectBounded(t, report)
		if known && (!report.Conforms() || drifts != (len(report.Drift) > 0)) {
			t.Errorf("got known as conforming, drift %t; want %v", drifts, report)
		}
		if got, want := report.Conforms(), accepts(body); got != want && !hasWideNumber(report) {
			t.Errorf("got %t, want kin-openapi's %t: %v", got, want, report.Violations)
		}
		if _, err := (contract.Checker{}).Check(&countdown{t.Context(), 0}, http.StatusOK, body); err == nil {
			t.Error("got a report though the context has ended")
		}
	})
}

// hasWideNumber reports whether a number is refused that encoding/json, which kinOpenAPI decodes with, rounds.
func hasWideNumber(report contract.Report) bool {
	for _, f := range report.Violations {
		if f.Keyword == "format" && f.Pointer == "/workspace_count" || bytes.HasSuffix([]byte(f.Pointer), []byte("/value")) {
			return true
		}
	}
	return false
}
