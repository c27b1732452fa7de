package contract_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net/http"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/portkey-integration/portkey-integration-go/contract"
)

func ExampleCheck() {
	body := []byte(`{
		"id": "3c90c3cc-0d44-4b50-8888-8dd25736052a", "slug": "azure", "name": "Azure", "ai_provider_id": "azure-openai",
		"created_at": "2026-11-24T00:00:00Z", "key": "sk-in-clear",
		"configurations": {"azure_resource_name": "contoso", "azure_auth_mode": true, "azure_deployment_config": []}
	}`)
	report, err := contract.Check(200, body)
	if err != nil {
		log.Fatal(err) // Not JSON.
	}
	fmt.Println(report.Conforms(), report.Provider)
	for _, v := range report.Violations {
		fmt.Println(v)
	}
	for _, d := range report.Drift {
		fmt.Println("drift:", d)
	}
	// Output:
	// false azure-openai
	// /configurations/azure_auth_mode: got boolean, want string
	// /key: a secret must not be in a response, only its masked form may
	// drift: /configurations/azure_deployment_config: documented otherwise: want at least 1 item
}

// A credential that a server sends back in the name of a property is redacted in the report.
func ExampleChecker_Check() {
	checker := contract.Checker{Redact: func(s string) string { return strings.ReplaceAll(s, "pk-of-mine", "[redacted]") }}
	report, err := checker.Check(context.Background(), http.StatusUnauthorized, []byte(`{"success": false, "pk-of-mine": true}`))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(report.Conforms(), report.Drift)
	// Output:
	// true [/[redacted]: the contract names no such property]
}

// A DecodeError does not quote the body.
func ExampleDecodeError() {
	_, err := contract.Check(http.StatusOK, []byte(`{"slug": "a", "slug": "b"}`))
	var broken *contract.DecodeError
	if errors.As(err, &broken) {
		fmt.Println(broken.Offset, broken.Pointer, broken.Reason)
	}
	_, err = contract.Check(http.StatusTeapot, []byte(`{}`))
	fmt.Println(errors.Is(err, contract.ErrUndocumentedStatus))
	// Output:
	// 14 /slug a name occurs twice in an object
	// true
}

// Package json quotes what it cannot decode; a DecodeError does not.
func ExampleNewDecodeError() {
	body := []byte(`{"slug": "\xff"}`)
	err := json.Unmarshal(body, new(map[string]string))
	fmt.Println(contract.NewDecodeError(body, err, nil).Pointer)
	// Output:
	// /slug
}

func ExampleReadablePointer() {
	p := jsontext.Pointer("/configurations/sk-in-clear/a\x1b[2Jb")
	fmt.Printf("%q\n", contract.ReadablePointer(p, func(s string) string { return strings.ReplaceAll(s, "sk-in-clear", "[redacted]") }))
	// Output:
	// "/configurations/[redacted]/a [2Jb"
}

func ExampleKnown() {
	body := []byte(`{"id": "3c90c3cc-0d44-4b50-8888-8dd25736052a", "slug": "s", "name": "n", "ai_provider_id": "known",
		"created_at": "2026-11-24T00:00:00Z"}`)
	fmt.Println(contract.Known(body))
	if _, err := contract.Check(http.StatusOK, body); err != nil {
		log.Fatal(err)
	}
	fmt.Println(contract.Known(body))
	// Output:
	// false false
	// true false
}

func ExampleParseTime() {
	t, err := contract.ParseTime("2016-12-31T23:59:60Z") // A leap second.
	fmt.Println(t, err)
	// Output:
	// 2017-01-01 00:00:00 +0000 UTC <nil>
}

func ExampleParseInteger() {
	for _, number := range []string{"3.0", "1e3", "0.5", "9223372036854775808"} {
		fmt.Println(contract.ParseInteger(number))
	}
	// Output:
	// 3 <nil>
	// 1000 <nil>
	// 0 not an integer of 64 bits
	// 0 not an integer of 64 bits
}

func ExampleFinding() {
	report, err := contract.Check(200, []byte(`{"id": 7}`))
	if err != nil {
		log.Fatal(err)
	}
	v := report.Violations[3]
	fmt.Printf("%s %s: %s\n", v.Pointer, v.Keyword, v.Reason)
	// Output:
	// /name required: a required property is missing
}
