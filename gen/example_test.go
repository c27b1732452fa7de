package gen_test

import (
	"encoding/json"
	"fmt"
	"log"
	"maps"

	"github.com/portkey-integration/portkey-integration-go/gen"
)

// The types alone. Package client does all of this, and checks the response as well.
func ExampleNewConfiguration() {
	body := `{"id": "e0a3a91f-2346-4c13-bc27-ed12b10877a9", "slug": "prod", "name": "Production",
		"ai_provider_id": "bedrock", "created_at": "2025-02-08T01:13:29Z", "configurations": {"aws_region": "eu-central-1"}}`
	var in gen.Integration
	if err := json.Unmarshal([]byte(body), &in); err != nil {
		log.Fatal(err)
	}
	configuration, err := gen.NewConfiguration(gen.ProviderOf(in.AIProviderID, nil), func(into any) error {
		return json.Unmarshal(in.Configurations, into)
	})
	if err != nil {
		log.Fatal(err)
	}
	switch c := configuration.(type) {
	case gen.BedrockConfiguration:
		fmt.Println(c.AWSRegion)
	case nil:
		fmt.Println("a provider without a type")
	}
	// Output: eu-central-1
}

// Null and absence mean the default, 0 is a price.
func ExamplePricingMultiplier_Effective() {
	var m *gen.PricingMultiplier
	if err := json.Unmarshal([]byte(`{"default": 0.8, "request_token": null, "response_token": 0}`), &m); err != nil {
		log.Fatal(err)
	}
	for _, kind := range []string{"request_token", "response_token", "reasoning_token", "no such kind"} {
		fmt.Println(m.Effective(kind))
	}
	// Output:
	// 0.8 true
	// 0 true
	// 0.8 true
	// 0 false
}

// The factor of every kind of token. A kind that is absent has the default's.
func ExamplePricingMultiplier_All() {
	var m *gen.PricingMultiplier
	if err := json.Unmarshal([]byte(`{"default": 0.8, "response_token": 0}`), &m); err != nil {
		log.Fatal(err)
	}
	factors := maps.Collect(m.All())
	fmt.Println(factors["request_token"], factors["response_token"])
	// Output: 0.8 0
}

// A slug that would lead elsewhere makes no request.
func ExampleSlug_MarshalText() {
	for _, slug := range []gen.Slug{"openai-production", "../keys", ""} {
		text, err := slug.MarshalText()
		fmt.Printf("%q %v\n", text, err)
	}
	// Output:
	// "openai-production" <nil>
	// "" want 1 to 255 characters that match ^[a-zA-Z0-9_-]+$
	// "" want 1 to 255 characters that match ^[a-zA-Z0-9_-]+$
}
