package contract_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/portkey-integration/portkey-integration-go/contract"
	"github.com/portkey-integration/portkey-integration-go/internal/processor"
)

// Whatever the body, a check agrees with kin-openapi and with earlier checks, takes little memory and time per byte,
// ends with its context at any point, and makes a bounded report without credentials. Cost and report are also bounded
// for a body that contains the fuzzed one many times.
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
		expectCheap(t, body, func() { report, err = redacting.Check(t.Context(), http.StatusOK, body) })
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
		const plenty = 1 << 30
		total := &countdown{t.Context(), plenty}
		_, _ = contract.Checker{}.Check(total, http.StatusOK, body)
		// The check asks the context once for a number of values: this measures its work independently of the machine.
		asked := plenty - total.n
		if most := 4 + len(body)/256; asked > most {
			t.Errorf("got the context asked %d times for a body of %d bytes, want at most %d", asked, len(body), most)
		}
		for _, n := range []int{0, asked / 2, asked - 1} {
			if _, err := (contract.Checker{}).Check(&countdown{t.Context(), n}, http.StatusOK, body); !errors.Is(err, context.Canceled) {
				t.Errorf("got %v with a context that ends after %d of %d calls, want its error", err, n, asked)
			}
		}
		if len(body) > 0 && len(body) < 1<<10 {
			n := 4 << 10 / len(body)
			many := fmt.Appendf(nil, `%s,"tags":[%[2]s],"secret_mappings":[%[2]s],"configurations":{"azure_deployment_config":[%[2]s]}}`,
				core, strings.TrimSuffix(strings.Repeat(string(body)+",", n), ","))
			expectCheap(t, many, func() { report, err = redacting.Check(t.Context(), http.StatusOK, many) })
			expectBounded(t, report)
		}
	})
}

// expectCheap fails the test if check takes more memory or CPU time than a linear bound in the size of body.
func expectCheap(t *testing.T, body []byte, check func()) {
	t.Helper()
	// The constants allow for the costs of the first body of a shape and of the fuzzing engine.
	most := float64(2<<20 + mostPerByte*len(body))
	mostTime := 100*time.Millisecond + time.Duration(len(body))*20*time.Microsecond
	// The garbage collector or another process may add to the time, so one of several measurements must pass.
	for try := 1; ; try++ {
		start := processor.Time()
		allocated := allocated(check)
		took := processor.Time() - start
		if allocated > most {
			t.Errorf("got %.0f bytes allocated for a body of %d, want at most %.0f", allocated, len(body), most)
		}
		if took <= mostTime {
			return
		}
		if try == 5 {
			t.Errorf("got %v of the processor's time for a body of %d bytes, want at most %v", took, len(body), mostTime)
			return
		}
	}
}

// hasWideNumber reports whether Check refuses a number that encoding/json, with which kinOpenAPI decodes, rounds.
func hasWideNumber(report contract.Report) bool {
	for _, f := range report.Violations {
		if f.Keyword == "format" && f.Pointer == "/workspace_count" || bytes.HasSuffix([]byte(f.Pointer), []byte("/value")) {
			return true
		}
	}
	return false
}
