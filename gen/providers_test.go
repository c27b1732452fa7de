package gen_test

import (
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/portkey-integration/portkey-integration-go/gen"
)

// A known ai_provider_id decides, whatever the properties; each provider has its type.
func TestProviders(t *testing.T) {
	foreign := []string{"openai_project", "aws_region", "amzn_sagemaker_session_id", "custom_host"}
	for _, member := range document(t).Components.Schemas["Configurations"].Value.AllOf {
		ids, ok := member.Value.Extensions["x-ai-provider-ids"]
		if !ok {
			continue
		}
		name := member.Ref[strings.LastIndex(member.Ref, "/")+1:]
		const uuid = "673e8eb9-d8b9-479e-8336-0d8b08f2c429"
		provider := gen.ProviderOf(uuid, properties(member.Value))
		for i, id := range strs(ids) {
			if got := gen.ProviderOf(id, foreign); got != provider {
				t.Errorf("ProviderOf(%q): got %q, want %q, as of its properties", id, got, provider)
			}
			if i == 0 && string(provider) != id {
				t.Errorf("%s: got provider %q, want %q", name, provider, id)
			}
		}
		got, err := gen.NewConfiguration(provider, func(any) error { return nil })
		if err != nil || got == nil || reflect.TypeOf(got).Name() != name {
			t.Errorf("NewConfiguration(%q): got %T, %v, want %s", provider, got, err, name)
		}
		wrong := errors.New("cannot decode")
		if got, err := gen.NewConfiguration(provider, func(any) error { return wrong }); got != nil || err != wrong {
			t.Errorf("NewConfiguration(%q): got %v, %v, want the error of decode", provider, got, err)
		}
	}
}

func TestProviderOf(t *testing.T) {
	const uuid = "673E8EB9-d8b9-479e-8336-0d8b08f2c429"
	for _, test := range []struct {
		id         string
		properties []string
		want       gen.Provider
	}{
		{"openai", []string{"aws_region"}, gen.ProviderOpenAI},
		{"open-ai", nil, gen.ProviderOpenAI},
		{"mistral-ai", []string{"aws_region"}, "mistral-ai"},
		{"claude-platform-aws", []string{"aws_region", "aws_auth_type"}, "claude-platform-aws"},
		{"custom-base-url", []string{"openai_project"}, gen.ProviderCustomBaseURL},
		{uuid, nil, uuid},
		{uuid, []string{"is_key_required"}, uuid},
		{uuid, []string{"custom_host", "custom_headers"}, gen.ProviderCustomBaseURL},
		{uuid, []string{"custom_host", "custom_headers", "aws_region"}, gen.ProviderBedrock},
		{uuid, []string{"aws_region", "aws_auth_type"}, gen.ProviderBedrock},
		{uuid, []string{"aws_region", "amzn_sagemaker_session_id"}, gen.ProviderSageMaker},
		{uuid, []string{"azure_auth_mode", "azure_resource_name"}, gen.ProviderAzureOpenAI},
		{uuid, []string{"azure_auth_mode", "azure_foundry_url"}, gen.ProviderAzureAI},
		{"<string>", []string{"openai_project"}, gen.ProviderOpenAI},
		{"<string>", nil, "<string>"},
		{"", []string{"snowflake_account"}, gen.ProviderCortex},
		{"", nil, ""},
		{"<string", []string{"openai_project"}, "<string"},
		{uuid + "0", []string{"openai_project"}, uuid + "0"},
	} {
		if got := gen.ProviderOf(test.id, test.properties); got != test.want {
			t.Errorf("ProviderOf(%q, %q): got %q, want %q", test.id, test.properties, got, test.want)
		}
	}
	if got, err := gen.NewConfiguration("mistral-ai", nil); got != nil || err != nil {
		t.Errorf("NewConfiguration of a provider without a type: got %v, %v, want nil, nil", got, err)
	}
}

func TestEffective(t *testing.T) {
	zero, half, two := 0.0, 0.5, 2.0
	m := &gen.PricingMultiplier{Default: &half, RequestToken: &two, ResponseToken: &zero}
	for kind, property := range document(t).Components.Schemas["PricingMultiplier"].Value.Properties {
		want, ok := half, true
		switch {
		case kind == "request_token":
			want = two
		case kind == "response_token":
			want = zero
		case !property.Value.Type.Is("number"):
			want, ok = 0, false
		}
		if got, gotOK := m.Effective(kind); got != want || gotOK != ok {
			t.Errorf("%s: got %v, %t, want %v, %t", kind, got, gotOK, want, ok)
		}
	}
	want := map[string]float64{}
	for kind, property := range document(t).Components.Schemas["PricingMultiplier"].Value.Properties {
		if property.Value.Type.Is("number") && kind != "default" {
			want[kind], _ = m.Effective(kind)
		}
	}
	if got := maps.Collect(m.All()); !maps.Equal(got, want) {
		t.Errorf("All: got %v, want %v", got, want)
	}
	for kind := range m.All() {
		if kind != "cache_read_audio_input_token" {
			t.Errorf("All: got %s first, want cache_read_audio_input_token", kind)
		}
		break // A loop may end early.
	}
	if got := maps.Collect((*gen.PricingMultiplier)(nil).All()); len(got) > 0 {
		t.Errorf("All of nil: got %v, want none", got)
	}
	without := &gen.PricingMultiplier{RequestToken: &two}
	if got := maps.Collect(without.All()); !maps.Equal(got, map[string]float64{"request_token": 2}) {
		t.Errorf("All without a default: got %v, want request_token alone", got)
	}
	for _, m := range []*gen.PricingMultiplier{nil, {}, {RequestToken: &two}} {
		if got, ok := m.Effective("response_token"); ok || got != 0 {
			t.Errorf("without a default: got %v, %t, want 0, false", got, ok)
		}
	}
	if got, ok := m.Effective("no_such_token"); ok {
		t.Errorf("a kind that the contract does not name: got %v, want none", got)
	}
}

// The constants of a value set are the values that the contract knows.
func TestConstants(t *testing.T) {
	file, err := parser.ParseFile(token.NewFileSet(), "gen.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	constants := map[string][]string{}
	ast.Inspect(file, func(n ast.Node) bool {
		if spec, ok := n.(*ast.ValueSpec); ok && len(spec.Values) == 1 {
			typ, isNamed := spec.Type.(*ast.Ident)
			value, isLiteral := spec.Values[0].(*ast.BasicLit)
			if isNamed && isLiteral {
				text, _ := strconv.Unquote(value.Value)
				constants[typ.Name] = append(constants[typ.Name], text)
			}
		}
		return true
	})
	for name, schema := range document(t).Components.Schemas {
		want, got := strs(schema.Value.Extensions["x-extensible-enum"]), constants[name]
		slices.Sort(want)
		slices.Sort(got)
		if !slices.Equal(got, want) {
			t.Errorf("constants of %s: got %q, want %q", name, got, want)
		}
	}
}

// Each operation has its method.
func TestOperationsHaveMethods(t *testing.T) {
	for path, item := range document(t).Paths.Map() {
		for method, operation := range item.Operations() {
			id := operation.OperationID
			name := strings.ToUpper(id[:1]) + id[1:] + "WithResponse"
			if _, ok := reflect.TypeFor[*gen.ClientWithResponses]().MethodByName(name); !ok {
				t.Errorf("%s %s: there is no method %s", method, path, name)
			}
		}
	}
}

// Package client has an alias of each type that a field of an integration or of a configuration has.
func TestAliases(t *testing.T) {
	source, err := os.ReadFile("../client/aliases.go")
	if err != nil {
		t.Fatal(err)
	}
	text := strings.Join(strings.Fields(string(source)), " ") + " "
	for typ := range reachable() {
		if name := typ.Name(); typ != reflect.TypeFor[gen.Integration]() && !strings.Contains(text, name+" = gen."+name+" ") {
			t.Errorf("package client has no alias of %s", name)
		}
	}
}
