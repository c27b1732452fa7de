package client_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/portkey-integration/portkey-integration-go/client"
)

// An answer that was found good once is not taken for another, and the other findings about it stay the same.
func TestSameAnswerAgain(t *testing.T) {
	good := integrationBody("a")
	drifting := strings.Replace(good, `"name"`, `"tomorrow":1,"name"`, 1)
	bad := strings.Replace(good, `"name":"n"`, `"name":5`, 1)
	header := http.Header{}
	var body string
	reports := 0
	c := newBulkClient(t, func(*http.Request) (*http.Response, error) { return respond(200, header, body) },
		client.WithReportHandler(func(_ context.Context, r client.Report) { reports += len(r.Drift) + len(r.Violations) }))
	for range 3 {
		for _, step := range []struct {
			body, contentType string
			violations        int
			findings          int
		}{
			{good, "application/json", 0, 0},
			{bad, "application/json", 1, 1},
			{drifting, "application/json; charset=UTF-8", 0, 1},
			{good, "text/html", 1, 1},
			{drifting, "text/html", 1, 2},
		} {
			body, reports = step.body, 0
			header.Set("Content-Type", step.contentType)
			integration, err := c.RetrieveIntegration(t.Context(), "a")
			var validation *client.ValidationError
			switch {
			case step.violations == 0 && (err != nil || integration.Name != "n"):
				t.Errorf("%v: %v", step, err)
			case step.violations > 0 && (!errors.As(err, &validation) || len(validation.Report.Violations) != step.violations):
				t.Errorf("%v: %v", step, err)
			}
			if reports != step.findings {
				t.Errorf("%v: %d findings were reported", step, reports)
			}
		}
	}
}

// What a caller does to a result is not seen by the next one.
func TestSameAnswerIsNotShared(t *testing.T) {
	c := newBulkClient(t, func(*http.Request) (*http.Response, error) { return respond(200, nil, integrationBody("a")) })
	first, err := c.RetrieveIntegration(t.Context(), "a")
	if err != nil {
		t.Fatal(err)
	}
	first.Name = "changed"
	raw := first.RawJSON()
	clear(raw)
	second, err := c.RetrieveIntegration(t.Context(), "a")
	if err != nil || second.Name != "n" || string(second.RawJSON()) != integrationBody("a") {
		t.Errorf("%v, %v", second, err)
	}
}
