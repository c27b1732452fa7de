// Command generate writes what follows from openapi.yaml but oapi-codegen cannot generate. The go:generate directives
// of the root package run it in the module's root:
//
//	generate overlay   before oapi-codegen: gen/overlay.gen.yaml, from gen/overlay.yaml and the contract
//	generate code      after oapi-codegen: gen/providers.go, client/aliases.go, and the comments of gen/gen.go
package main

import (
	"fmt"
	"log"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

func main() {
	log.SetFlags(0)
	log.SetPrefix("generate: ")
	if err := run(os.Args[1:]); err != nil {
		log.Fatal(err)
	}
}

func run(args []string) error {
	c, err := readContract("openapi.yaml")
	if err != nil {
		return err
	}
	switch what := strings.Join(args, " "); what {
	case "overlay":
		return writeOverlay(c, "gen/overlay.yaml", "gen/overlay.gen.yaml")
	case "code":
		if err := shortenComments("gen/gen.go"); err != nil {
			return err
		}
		declared, err := readDeclared("gen/gen.go")
		if err != nil {
			return err
		}
		return writeCode(c, declared)
	default:
		return fmt.Errorf("want overlay or code, got %q", what)
	}
}

// contract is what the generated files are derived from.
type contract struct {
	schemas   openapi3.Schemas
	names     []string // names of the schemas, sorted
	providers []provider
	shared    []string // names of schemas that are referred to only by the allOf of others
	readable  []string // names of schemas that Integration refers to, directly or not
}

// provider is a configuration that the contract describes.
type provider struct {
	Name       string   // "OpenAI", of OpenAIConfiguration
	ID         string   // the usual ai_provider_id
	IDs        []string // all of them; empty for a configuration of no provider in particular
	properties openapi3.Schemas
}

const (
	prefix = "#/components/schemas/"
	suffix = "Configuration"
	root   = "Integration"
	ids    = "x-ai-provider-ids"
)

func readContract(file string) (*contract, error) {
	document, err := openapi3.NewLoader().LoadFromFile(file)
	if err != nil {
		return nil, err
	}
	c := &contract{schemas: document.Components.Schemas, names: slices.Sorted(maps.Keys(document.Components.Schemas))}
	if c.schemas[root] == nil || c.schemas[root].Value.Properties["configurations"] == nil {
		return nil, fmt.Errorf("%s: no schema %s with a property configurations", file, root)
	}
	if err := c.addProviders(c.schemas[root].Value.Properties["configurations"].Value.AllOf); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	c.addShared()
	seen := map[string]bool{root: true}
	c.reach(c.schemas[root].Value, seen)
	delete(seen, root)
	for _, name := range c.names {
		if seen[name] {
			c.readable = append(c.readable, name)
		}
	}
	return c, nil
}

func (c *contract) addProviders(configurations openapi3.SchemaRefs) error {
	for _, ref := range configurations {
		values, described := ref.Value.Extensions[ids].([]any)
		if !described {
			continue // Properties that belong to no provider's schema.
		}
		name, ok := strings.CutSuffix(strings.TrimPrefix(ref.Ref, prefix), suffix)
		if !ok {
			return fmt.Errorf("%s has %s and is not named …%s", ref.Ref, ids, suffix)
		}
		p := provider{Name: name, ID: kebab(name), properties: openapi3.Schemas{}}
		p.addProperties(ref.Value)
		for i, value := range values {
			id, ok := value.(string)
			if !ok {
				return fmt.Errorf("%s: %s has %v, want strings", ref.Ref, ids, value)
			}
			if i == 0 {
				p.ID = id
			}
			p.IDs = append(p.IDs, id)
		}
		c.providers = append(c.providers, p)
	}
	for _, name := range c.names {
		if _, described := c.schemas[name].Value.Extensions[ids]; described &&
			!slices.ContainsFunc(c.providers, func(p provider) bool { return p.Name+suffix == name }) {
			return fmt.Errorf("%s has %s and no line in Configurations", name, ids)
		}
	}
	return nil
}

// addShared finds the schemas that are only parts of others and have no Go type.
func (c *contract) addShared() {
	part, other := map[string]bool{}, map[string]bool{}
	for _, name := range c.names {
		walk(c.schemas[name].Value, func(s *openapi3.Schema) {
			for _, ref := range s.AllOf {
				if _, described := ref.Value.Extensions[ids]; ref.Ref != "" && !described {
					part[strings.TrimPrefix(ref.Ref, prefix)] = true
				}
			}
			for _, ref := range children(s) {
				if ref.Ref != "" && !slices.Contains(s.AllOf, ref) {
					other[strings.TrimPrefix(ref.Ref, prefix)] = true
				}
			}
		})
	}
	for _, name := range c.names {
		if part[name] && !other[name] {
			c.shared = append(c.shared, name)
		}
	}
}

// reach adds the names of the schemas that s refers to.
func (c *contract) reach(s *openapi3.Schema, seen map[string]bool) {
	walk(s, func(s *openapi3.Schema) {
		for _, ref := range children(s) {
			if name := strings.TrimPrefix(ref.Ref, prefix); ref.Ref != "" && !seen[name] {
				seen[name] = true
				c.reach(ref.Value, seen)
			}
		}
	})
}

// walk calls visit for s and for the schemas inside it, not for those that it refers to.
func walk(s *openapi3.Schema, visit func(*openapi3.Schema)) {
	visit(s)
	for _, ref := range children(s) {
		if ref.Ref == "" {
			walk(ref.Value, visit)
		}
	}
}

func children(s *openapi3.Schema) openapi3.SchemaRefs {
	all := slices.Concat(s.AllOf, s.AnyOf, s.OneOf, openapi3.SchemaRefs{s.Items, s.Not, s.AdditionalProperties.Schema})
	for _, ref := range s.Properties {
		all = append(all, ref)
	}
	return slices.DeleteFunc(all, func(ref *openapi3.SchemaRef) bool { return ref == nil })
}

// addProperties adds the properties of s and of its allOf.
func (p *provider) addProperties(s *openapi3.Schema) {
	maps.Copy(p.properties, s.Properties)
	for _, ref := range s.AllOf {
		p.addProperties(ref.Value)
	}
}

// Properties returns the names of the properties of the configuration, sorted.
func (p provider) Properties() []string { return slices.Sorted(maps.Keys(p.properties)) }

// kebab spells CustomBaseURL as custom-base-url.
func kebab(name string) string {
	upper := func(i int) bool { return i < len(name) && name[i] >= 'A' && name[i] <= 'Z' }
	var b strings.Builder
	for i := range len(name) {
		if i > 0 && upper(i) && (!upper(i-1) || i+1 < len(name) && !upper(i+1)) {
			b.WriteByte('-')
		}
		b.WriteByte(name[i])
	}
	return strings.ToLower(b.String())
}
