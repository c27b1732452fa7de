package contract_test

import (
	"fmt"
	"log"

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
