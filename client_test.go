package portkeyintegration_test

import (
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/portkey-integration/portkey-integration-go/client"
	"github.com/portkey-integration/portkey-integration-go/contracttest"
)

// These tests use the module as importers of packages client and contracttest do.

// Each integration among the contract's examples is retrieved, kept as sent, and has the type of its provider.
func TestEveryExampleIsRetrieved(t *testing.T) {
	c := contracttest.NewServer(t).NewClient(t)
	schemas := configurationSchemas(t)
	missing := maps.Clone(schemas)
	for _, example := range contracttest.Examples() {
		if example.Status != http.StatusOK {
			continue
		}
		in, err := c.RetrieveIntegration(t.Context(), example.Name)
		if err != nil {
			t.Errorf("%s: %v", example.Name, err)
			continue
		}
		want := "UnknownConfiguration"
		if schema := schemas[in.Provider()]; schema != "" {
			want = schema
			delete(missing, in.Provider())
		}
		if got := reflect.TypeOf(in.Configuration()); got != nil && got.Name() != want {
			t.Errorf("%s: got a %s for %s, want %s", example.Name, got.Name(), in.Provider(), want)
		}
		if diff := cmp.Diff(decoded(t, example.Body), decoded(t, in.RawJSON())); diff != "" {
			t.Errorf("%s: RawJSON is not what was sent (-want +got):\n%s", example.Name, diff)
		}
		if diff := cmp.Diff(known(decoded(t, example.Body)), known(decoded(t, marshal(t, in.Integration)))); diff != "" {
			t.Errorf("%s: the types lose something (-want +got):\n%s", example.Name, diff)
		}
		if report := in.Report(); !report.Conforms() || report.ID != in.ID || report.Slug != in.Slug || report.Provider != in.Provider() {
			t.Errorf("%s: got %+v", example.Name, report)
		}
	}
	for provider, schema := range missing {
		t.Errorf("got no example of %s, a %s", provider, schema)
	}
}

// Each error among the contract's examples has its status code and message.
func TestEveryErrorIsTyped(t *testing.T) {
	c := contracttest.NewServer(t).NewClient(t, client.WithMaxRetries(0))
	for _, example := range contracttest.Examples() {
		if example.Status == http.StatusOK {
			continue
		}
		_, err := c.RetrieveIntegration(t.Context(), example.Name)
		var api *client.APIError
		if !errors.As(err, &api) || api.StatusCode != example.Status || api.Attempts != 1 || string(api.Body) != string(example.Body) {
			t.Errorf("%s: got %v, want an *APIError with status code %d", example.Name, err, example.Status)
		} else if api.Message == "" && len(example.Body) > 0 && json.Valid(example.Body) {
			t.Errorf("%s: got no message of %s", example.Name, example.Body)
		}
	}
}

// A bulk of all examples yields each once.
func TestEveryExampleIsYielded(t *testing.T) {
	c := contracttest.NewServer(t).NewClient(t, client.WithMaxRetries(0))
	var want, got []string
	for _, example := range contracttest.Examples() {
		want = append(want, example.Name)
	}
	for r := range c.RetrieveIntegrations(t.Context(), slices.Values(want)) {
		got = append(got, r.Slug)
		if (r.Integration == nil) == (r.Err == nil) {
			t.Errorf("%s: got %v and %v, want one of them", r.Slug, r.Integration, r.Err)
		}
	}
	if diff := cmp.Diff(slices.Sorted(slices.Values(want)), slices.Sorted(slices.Values(got))); diff != "" {
		t.Errorf("got other slugs (-want +got):\n%s", diff)
	}
}

// Absent properties are zero, or nil if zero has a meaning.
func TestAbsentIsZero(t *testing.T) {
	in, err := client.Parse([]byte("{}"))
	if err != nil {
		t.Fatal(err)
	}
	texts := in.ID + in.Slug + in.Name + in.Description + in.MaskedKey + string(in.Status) + string(in.Provider())
	if texts != "" || !in.CreatedAt.IsZero() || !in.LastUpdatedAt.IsZero() || len(in.SecretMappings) > 0 {
		t.Errorf("got %q, %v, %v and %d mappings, want zero", texts, in.CreatedAt, in.LastUpdatedAt, len(in.SecretMappings))
	}
	if in.AllowAllModels != nil || in.WorkspaceCount != nil || in.PricingAdjustments != nil ||
		in.WorkspaceAccess() != nil || in.CustomBaseURL() != nil || in.Configuration() != nil {
		t.Errorf("got %+v, want nil pointers", in.Integration)
	}
}

// configurationSchemas returns the name of each provider's schema, which is also the name of its Go type.
func configurationSchemas(t *testing.T) map[client.Provider]string {
	t.Helper()
	schemas := map[client.Provider]string{}
	for _, member := range document(t).Components.Schemas["Configurations"].Value.AllOf {
		ids, ok := member.Value.Extensions["x-ai-provider-ids"].([]any)
		if !ok {
			continue // for every provider
		}
		provider := client.ProviderCustomBaseURL // which has no id of its own
		if len(ids) > 0 {
			provider = client.Provider(ids[0].(string))
		}
		schemas[provider] = strings.TrimPrefix(member.Ref, "#/components/schemas/")
	}
	return schemas
}

// known returns a value without its nulls, which the types do not distinguish from absence, except in configurations.
func known(value any) any {
	switch value := value.(type) {
	case map[string]any:
		for name, child := range value {
			if child == nil {
				delete(value, name)
			} else if name != "configurations" {
				value[name] = known(child)
			}
		}
	case []any:
		for i := range value {
			value[i] = known(value[i])
		}
	}
	return value
}

func marshal(t *testing.T, v any) []byte {
	t.Helper()
	body, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return body
}
