package client

import (
	"bytes"
	"context"
	stdjson "encoding/json"
	"fmt"
	"log/slog"
	"sync/atomic"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/portkey-integration/portkey-integration-go/contract"
	"github.com/portkey-integration/portkey-integration-go/gen"
)

// Integration is an integration as it was received: typed, with the body that it came in.
//
// Its fields may be changed. Provider, Configuration, WorkspaceAccess and CustomBaseURL read the fields; RawJSON and
// Report are about the body.
//
// It prints without its content: fmt and slog show what identifies it, never a configuration.
type Integration struct {
	gen.Integration
	source *source // Nil for one that was not received.
}

type atomicReport = atomic.Pointer[Report]

// Parse returns the integration of a body, for example of a file. A property that does not have the documented type is
// left at its zero value; Report says so. The error is a [*DecodeError] for a body that is not JSON or not an object.
func Parse(body []byte) (*Integration, error) {
	i := &Integration{source: &source{body: bytes.Clone(body)}}
	if err := decodeWhatFits(context.Background(), body, &i.Integration); err != nil {
		return nil, fmt.Errorf("client: parse integration: %w", &DecodeError{DecodeError: *contract.NewDecodeError(body, err, nil)})
	}
	return i, nil
}

// UnmarshalJSON implements [encoding/json.Unmarshaler] with what [Parse] does.
func (i *Integration) UnmarshalJSON(body []byte) error {
	if string(body) == "null" {
		return nil
	}
	parsed, err := Parse(body)
	if err != nil {
		return err
	}
	*i = *parsed
	return nil
}

// Provider returns the provider. Names that mean the same are one constant: "open-ai" is [ProviderOpenAI]. Where
// ai_provider_id is a UUID or a placeholder, the properties of the configuration tell; else it is ai_provider_id as
// received.
func (i *Integration) Provider() Provider {
	return gen.ProviderOf(i.AIProviderID, namesOf(i.Configurations))
}

// Configuration returns the provider's configuration. Its type follows from Provider alone: one of the ten types of the
// contract, or [UnknownConfiguration] with the raw JSON for another provider. It is nil where there is no configuration.
// A property that does not have the documented type is left at its zero value.
func (i *Integration) Configuration() Configuration {
	raw := i.configuration()
	if raw == nil {
		return nil
	}
	configuration, err := gen.NewConfiguration(i.Provider(), func(into any) error { return decodeWhatFits(context.Background(), raw, into) })
	if configuration == nil || err != nil {
		return UnknownConfiguration{Raw: bytes.Clone(raw)}
	}
	return configuration
}

// CustomBaseURL returns the base URL and the headers that replace the provider's own, which combine with the
// configuration of any provider. It is nil where the configuration has neither.
func (i *Integration) CustomBaseURL() *CustomBaseURLConfiguration {
	raw := i.configuration()
	if raw == nil {
		return nil
	}
	var c CustomBaseURLConfiguration
	if err := decodeWhatFits(context.Background(), raw, &c); err != nil || c.CustomHost == "" && len(c.CustomHeaders) == 0 {
		return nil
	}
	return &c
}

// configuration is the raw configuration; nil where there is none.
func (i *Integration) configuration() []byte {
	if len(i.Configurations) == 0 || string(i.Configurations) == "null" {
		return nil
	}
	return i.Configurations
}

// WorkspaceAccess returns the access of all workspaces, with its limits: global_workspace_access_settings or, where that
// is absent, global_workspace_access, the name under which it was also observed. It is nil where neither is there.
func (i *Integration) WorkspaceAccess() *GlobalWorkspaceAccess {
	if i.GlobalWorkspaceAccessSettings != nil {
		return i.GlobalWorkspaceAccessSettings
	}
	return i.GlobalWorkspaceAccess
}

// RawJSON returns the body of the response, byte for byte. It holds what the types do not know, and it may hold secrets:
// the values of custom_headers, and whatever a deployment forgot to mask. It is nil for an Integration that was not
// received.
func (i *Integration) RawJSON() stdjson.RawMessage {
	if i.source == nil {
		return nil
	}
	return bytes.Clone(i.source.body)
}

// Report returns the report of the check that was made when the integration was received, or else of one that is made
// now. An Integration that was not received has a report with a violation: nothing was checked.
func (i *Integration) Report() Report {
	if i.source == nil {
		return unchecked("there is no body to check")
	}
	if report := i.source.report.Load(); report != nil {
		return *report
	}
	report, err := i.source.check(context.Background(), i, false)
	if err != nil {
		return unchecked("the body cannot be checked: " + err.Error())
	}
	return report
}

// String returns slug, provider and id, and nothing of the configuration.
func (i *Integration) String() string {
	if i == nil {
		return "<nil>"
	}
	return fmt.Sprintf("integration %q of %s (%s)", i.printable(i.Slug), i.printable(string(i.Provider())), i.printable(i.ID))
}

// printable makes a text of the server fit to print, without the credentials that it was sent.
func (i *Integration) printable(s string) string {
	if i.source != nil && i.source.sent != nil {
		s = i.source.sent.redact(s)
	}
	return printable(s)
}

// Format implements [fmt.Formatter]: whatever the verb, it prints what String returns. A copy does so as well.
func (i Integration) Format(f fmt.State, _ rune) { _, _ = fmt.Fprint(f, i.String()) }

// LogValue implements [slog.LogValuer] with id, slug and provider.
func (i Integration) LogValue() slog.Value {
	return slog.GroupValue(
		slog.String("id", i.printable(i.ID)),
		slog.String("slug", i.printable(i.Slug)),
		slog.String("provider", i.printable(string(i.Provider()))),
	)
}

// namesOf returns the names of a JSON object.
func namesOf(raw []byte) (names []string) {
	var object map[string]jsontext.Value
	_ = json.Unmarshal(raw, &object) // What is not an object has no names.
	for name := range object {
		names = append(names, name)
	}
	return names
}
