package client

import (
	"bytes"
	stdjson "encoding/json"
	"fmt"
	"log/slog"
	"net/http"

	"github.com/portkey-integration/portkey-integration-go/gen"
)

// Integration is an integration as it was retrieved: typed, with the body it came in. Its fields may be changed; what
// its methods return follows from the body alone, except for Configuration and Provider, which read the fields.
//
// It prints without its content: fmt and slog show what identifies it, never a configuration.
type Integration struct {
	gen.Integration
	body []byte
}

func newIntegration(body []byte) (*Integration, error) {
	i := &Integration{body: body}
	if err := decode(http.StatusOK, body, &i.Integration); err != nil {
		return nil, err
	}
	return i, nil
}

// integration gives a checked answer its type.
func (c *checked) integration() (*Integration, error) {
	if len(c.violations) == 0 {
		return newIntegration(c.body)
	}
	i := &Integration{body: c.body}
	if err := decodeWhatFits(http.StatusOK, c.body, c.value, &i.Integration); err != nil {
		return nil, err
	}
	return i, nil
}

// Configuration returns the provider's configuration as one of the types of package gen: [gen.OpenAIConfiguration],
// [gen.AzureOpenAIConfiguration], [gen.BedrockConfiguration], [gen.SageMakerConfiguration],
// [gen.VertexAIConfiguration], [gen.AzureAIConfiguration], [gen.WorkersAIConfiguration],
// [gen.HuggingFaceConfiguration], [gen.CortexConfiguration] or [gen.CustomBaseURLConfiguration]; as an
// [UnknownConfiguration], with its raw JSON, for any other; or nil where the answer has none.
//
// The type is the one that names most of the configuration's keys; where that does not decide, it is the one of
// ai_provider_id.
func (i *Integration) Configuration() any {
	raw := i.rawConfiguration()
	if raw == nil {
		return nil
	}
	member := configurationOf(loadContract(), i.AIProviderID, configurationKeys(raw))
	return decodeConfiguration(member.name, raw)
}

func (i *Integration) rawConfiguration() []byte {
	if i.Configurations == nil {
		return nil
	}
	raw, err := i.Configurations.MarshalJSON()
	if err != nil || bytes.Equal(raw, []byte("null")) {
		return nil
	}
	return bytes.Clone(raw)
}

// Provider returns the provider. Names that mean the same are one constant ("open-ai" is [ProviderOpenAI]); where
// ai_provider_id is a UUID or unknown, the configuration tells; else it is ai_provider_id as the answer has it.
func (i *Integration) Provider() Provider {
	contract := loadContract()
	return providerOf(contract, i.AIProviderID,
		configurationOf(contract, i.AIProviderID, configurationKeys(i.rawConfiguration())))
}

// RawJSON returns the body of the answer, byte for byte. It holds what the types do not know, and it may hold secrets:
// the values of custom_headers, and whatever a deployment forgot to mask.
func (i *Integration) RawJSON() stdjson.RawMessage { return bytes.Clone(i.body) }

// Report compares the body with the contract, at each call anew. With [ValidationStrict] it has no violations, yet it
// may have drift.
func (i *Integration) Report() Report {
	report, _ := Check(http.StatusOK, i.body) // The body was decoded before.
	return report
}

// String says which integration it is and nothing of its configuration.
func (i *Integration) String() string {
	if i == nil {
		return "<nil>"
	}
	return fmt.Sprintf("integration %q of %s (%s)", i.Slug, printable(string(i.Provider())), printable(i.ID))
}

// Format implements [fmt.Formatter]: whatever the verb, it prints what String returns. A copy does so as well.
func (i Integration) Format(f fmt.State, _ rune) { _, _ = fmt.Fprint(f, i.String()) }

// LogValue implements [slog.LogValuer].
func (i Integration) LogValue() slog.Value {
	return slog.GroupValue(
		slog.String("id", i.ID),
		slog.String("slug", i.Slug),
		slog.String("provider", string(i.Provider())),
	)
}
