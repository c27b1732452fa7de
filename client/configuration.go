package client

import (
	stdjson "encoding/json"
	"fmt"
	"log/slog"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/portkey-integration/portkey-integration-go/gen"
)

// Provider is a provider of models. The constants are the providers whose configuration the contract describes; any
// other value is an ai_provider_id as the answer has it.
type Provider string

// The providers whose configuration has a type.
const (
	ProviderOpenAI        Provider = "openai"
	ProviderAzureOpenAI   Provider = "azure-openai"
	ProviderBedrock       Provider = "bedrock"
	ProviderSageMaker     Provider = "sagemaker"
	ProviderVertexAI      Provider = "vertex-ai"
	ProviderAzureAI       Provider = "azure-ai"
	ProviderWorkersAI     Provider = "workers-ai"
	ProviderHuggingFace   Provider = "huggingface"
	ProviderCortex        Provider = "cortex"
	ProviderCustomBaseURL Provider = "custom-base-url"
)

// UnknownConfiguration is a configuration that no type of package gen describes. It prints without its content, which
// may be secret.
type UnknownConfiguration struct {
	Raw stdjson.RawMessage // As the answer has it.
}

// Format implements [fmt.Formatter]: whatever the verb, it prints the length of the configuration and none of it.
func (u UnknownConfiguration) Format(f fmt.State, _ rune) {
	_, _ = fmt.Fprintf(f, "UnknownConfiguration(%d bytes)", len(u.Raw))
}

// LogValue implements [slog.LogValuer] with what Format prints.
func (u UnknownConfiguration) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(u)) }

// providerOf is the provider of an integration with the given ai_provider_id and configuration. The id counts where it
// is known, under its first name where it has several. Where it is a UUID or a placeholder, the configuration tells.
func providerOf(k *contract, id string, member *configuration) Provider {
	switch known := k.byProviderID[id]; {
	case known != nil:
		return known.provider
	case member.provider != "":
		return member.provider
	case member.name == "CustomBaseURLConfiguration" && isUUID(id):
		return ProviderCustomBaseURL
	}
	return Provider(id)
}

// decodeConfiguration gives a configuration the type of its member.
func decodeConfiguration(name string, raw []byte) any {
	switch name {
	case "OpenAIConfiguration":
		return decodeAs[gen.OpenAIConfiguration](raw)
	case "AzureOpenAIConfiguration":
		return decodeAs[gen.AzureOpenAIConfiguration](raw)
	case "BedrockConfiguration":
		return decodeAs[gen.BedrockConfiguration](raw)
	case "SageMakerConfiguration":
		return decodeAs[gen.SageMakerConfiguration](raw)
	case "VertexAIConfiguration":
		return decodeAs[gen.VertexAIConfiguration](raw)
	case "AzureAIConfiguration":
		return decodeAs[gen.AzureAIConfiguration](raw)
	case "WorkersAIConfiguration":
		return decodeAs[gen.WorkersAIConfiguration](raw)
	case "HuggingFaceConfiguration":
		return decodeAs[gen.HuggingFaceConfiguration](raw)
	case "CortexConfiguration":
		return decodeAs[gen.CortexConfiguration](raw)
	case "CustomBaseURLConfiguration":
		return decodeAs[gen.CustomBaseURLConfiguration](raw)
	}
	return UnknownConfiguration{Raw: raw}
}

func decodeAs[T any](raw []byte) any {
	var value T
	if err := json.Unmarshal(raw, &value); err != nil {
		return UnknownConfiguration{Raw: raw} // Nothing is lost; the report says what is wrong.
	}
	return value
}

// configurationKeys decodes the keys of a configuration and leaves the values as they are.
func configurationKeys(raw []byte) map[string]jsontext.Value {
	var keys map[string]jsontext.Value
	_ = json.Unmarshal(raw, &keys) // What is not an object has no keys.
	return keys
}
