package contracttest_test

import (
	"context"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"

	"github.com/portkey-integration/portkey-integration-go/client"
	"github.com/portkey-integration/portkey-integration-go/contracttest"
)

func ExampleVerify() {
	h, err := contracttest.NewHandler(contracttest.WithFault("rich", contracttest.Fault{UnmaskedSecret: true}))
	if err != nil {
		log.Fatal(err)
	}
	defer h.Close()
	srv := httptest.NewServer(h)
	defer srv.Close()

	result, err := contracttest.Verify(context.Background(), contracttest.Target{
		BaseURL: srv.URL + contracttest.DefaultPathPrefix,
		APIKey:  contracttest.DefaultAPIKey,
		Slugs:   []string{"rich"},
	}, contracttest.WithInterval(0))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%d of %d passed\n", result.Count(contracttest.Pass), len(result.Checks))
	for _, c := range result.Checks {
		if c.Status != contracttest.Pass {
			fmt.Printf("%s %s: %s\n", c.Status, c.Name, c.Reason)
		}
	}
	// Output:
	// 13 of 14 passed
	// fail integration/rich/masked: a secret is not masked
}

func ExampleWriteJUnit() {
	result := &contracttest.Result{
		Target: "https://cp.example/v1",
		Checks: []contracttest.CheckResult{
			{Name: "auth/no-key", Status: contracttest.Pass},
			{Name: "unknown-slug", Status: contracttest.Fail, Reason: "status code 500, want 404 or 403"},
		},
	}
	if err := contracttest.WriteJUnit(os.Stdout, result); err != nil {
		log.Fatal(err)
	}
	// Output:
	// <?xml version="1.0" encoding="UTF-8"?>
	// <testsuites>
	//   <testsuite name="contract of https://cp.example/v1" tests="2" failures="1" errors="0" skipped="0">
	//     <testcase name="auth/no-key" classname="contracttest"></testcase>
	//     <testcase name="unknown-slug" classname="contracttest">
	//       <failure message="status code 500, want 404 or 403"></failure>
	//     </testcase>
	//   </testsuite>
	// </testsuites>
}

// A Transport checks each response that an HTTP client receives.
func ExampleTransport() {
	h, err := contracttest.NewHandler(contracttest.WithFault("sparse", contracttest.Fault{Drift: true}))
	if err != nil {
		log.Fatal(err)
	}
	defer h.Close()
	srv := httptest.NewServer(h)
	defer srv.Close()

	c := http.Client{Transport: &contracttest.Transport{Report: func(resp *http.Response, report client.Report) {
		fmt.Println("conforms:", report.Conforms())
		for _, f := range report.Drift {
			fmt.Println("drift:", f)
		}
	}}}
	r, _ := http.NewRequest(http.MethodGet, srv.URL+"/v1/integrations/sparse", nil)
	r.Header.Set("x-portkey-api-key", contracttest.DefaultAPIKey)
	resp, err := c.Do(r)
	if err != nil {
		log.Fatal(err)
	}
	_ = resp.Body.Close()
	// Output:
	// conforms: true
	// drift: /contracttest_drift: the contract names no such property
	// drift: /status: the value is not one of those known: active, archived
}

func ExampleCheckHAR() {
	results, err := contracttest.CheckHAR(strings.NewReader(`{"log": {"entries": [
		{"request": {"method": "GET", "url": "https://api.portkey.ai/v1/integrations/mine"},
		 "response": {"status": 200, "content": {"mimeType": "application/json", "text": "{\"slug\": \"mine\", \"name\": null}"}}},
		{"request": {"method": "POST", "url": "https://api.portkey.ai/v1/integrations"},
		 "response": {"status": 200, "content": {}}}
	]}}`))
	if err != nil {
		log.Fatal(err)
	}
	for _, r := range results {
		fmt.Printf("entry %d: conforms %t, skipped %q\n", r.Entry, r.Conforms(), r.Skipped)
		for _, f := range r.Violations {
			fmt.Println("\t" + f.String())
		}
	}
	// Output:
	// entry 0: conforms false, skipped ""
	// 	/ai_provider_id: a required property is missing
	// 	/created_at: a required property is missing
	// 	/id: a required property is missing
	// 	/name: null is not allowed
	// entry 1: conforms false, skipped "not GET /integrations/{slug}"
}
