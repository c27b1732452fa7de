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

// Integration is an integration as received: the fields of [gen.Integration] and the body they were read from.
//
// Its fields may be changed. The methods Provider, Configuration, WorkspaceAccess and CustomBaseURL read the fields;
// RawJSON and Report describe the body.
//
// Package fmt and slog print its id, slug and provider only. Marshalled to JSON it is the fields, including the values
// of custom headers.
type Integration struct {
	gen.Integration
	source *source // Nil for one that was not received or parsed.
}

type atomicReport = atomic.Pointer[Report]

// Parse returns the integration in the body of a response, for example of a saved one. A property that does not have
// the documented type is left at its zero value, and the Report says so. If the body is not JSON or not an object, the
// error is a [*DecodeError].
func Parse(body []byte) (*Integration, error) {
	i := &Integration{source: &source{body: bytes.Clone(body)}}
	if err := decodeWhatFits(context.Background(), body, &i.Integration); err != nil {
		return nil, fmt.Errorf("client: parse integration: %w", &DecodeError{DecodeError: *contract.NewDecodeError(body, err, nil)})
	}
	return i, nil
}

// UnmarshalJSON implements [encoding/json.Unmarshaler] as [Parse] does.
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

// Provider returns the provider. Different ids of one provider become one constant: "open-ai" is [ProviderOpenAI]. If
// ai_provider_id is a UUID or a placeholder, the properties of the configuration decide; otherwise Provider is
// ai_provider_id as received.
func (i *Integration) Provider() Provider {
	return gen.ProviderOf(i.AIProviderID, namesOf(i.Configurations))
}

// Configuration returns the provider's configuration, or nil if there is none. Its type depends on Provider: one of
// those of the contract or, for any other provider and for a configuration that is not a JSON object,
// [UnknownConfiguration] with the raw JSON. A property that does not have the documented type is left at its zero
// value.
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

// CustomBaseURL returns the base URL and the headers that replace the provider's own. They may be set for any provider.
// It returns nil if the configuration has neither.
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

// configuration returns the raw configuration; nil if there is none.
func (i *Integration) configuration() []byte {
	if len(i.Configurations) == 0 || string(i.Configurations) == "null" {
		return nil
	}
	return i.Configurations
}

// WorkspaceAccess returns the access of all workspaces with its limits: global_workspace_access_settings or, if that is
// absent, global_workspace_access, the name under which some deployments send it. It returns nil if both are absent.
func (i *Integration) WorkspaceAccess() *GlobalWorkspaceAccess {
	if i.GlobalWorkspaceAccessSettings != nil {
		return i.GlobalWorkspaceAccessSettings
	}
	return i.GlobalWorkspaceAccess
}

// RawJSON returns the body of the response, byte for byte. It includes properties that the types do not have, and it
// may contain secrets: the values of custom_headers, and any secret that a deployment did not mask. It is nil for an
// Integration that was not received or parsed.
func (i *Integration) RawJSON() stdjson.RawMessage {
	if i.source == nil {
		return nil
	}
	return bytes.Clone(i.source.body)
}

// Report returns the report of the check that was made when the integration was received; if none was made, it checks
// the body now. An Integration that was not received or parsed has a report with one violation, which says that nothing
// was checked.
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

// String returns slug, provider and id.
func (i *Integration) String() string {
	if i == nil {
		return "<nil>"
	}
	return fmt.Sprintf("integration %q of %s (%s)", i.printable(i.Slug), i.printable(string(i.Provider())), i.printable(i.ID))
}

// printable makes text from the server safe to print, without the credentials that it was sent.
func (i *Integration) printable(s string) string {
	if i.source != nil && i.source.sent != nil {
		s = i.source.sent.redact(s)
	}
	return printable(s)
}

// Format implements [fmt.Formatter]: for every verb, it prints what String returns, also for a copy.
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
	_ = json.Unmarshal(raw, &object) // A value that is not an object has no names.
	for name := range object {
		names = append(names, name)
	}
	return names
}
