package client

import (
	"errors"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/getkin/kin-openapi/openapi3"

	portkeyintegration "github.com/portkey-integration/portkey-integration-go"
)

// contract is the document, made ready for checking answers. All that it knows is read from the document.
type contract struct {
	integration    *openapi3.Schema         // What status 200 carries.
	errors         map[int]*openapi3.Schema // What the other statuses carry.
	configurations []*configuration         // In the document's order; the last one is the fallback.
	byProviderID   map[string]*configuration
	known          map[*openapi3.Schema][]string     // The x-extensible-enum of schemas that have one.
	words          map[string]any                    // See parser.
	first, all     []openapi3.SchemaValidationOption // To learn whether there is a violation, and of each.
	quick          []openapi3.SchemaValidationOption // As first, for schemas in the form of quickForm.
}

// configuration is one member of the union that property configurations is.
type configuration struct {
	name       string // Of the schema.
	provider   Provider
	properties openapi3.Schemas
	// answer is the schema of an integration whose configurations is this member and no other. Checking it is checking
	// the document where the member is the one that counts, and it says what is wrong with that member, where a union
	// can only say that none of its members fits.
	answer *openapi3.Schema
	// quick is answer in the form of quickForm, for a verdict without explanation.
	quick *openapi3.Schema
}

// loadContract parses the embedded document on first use. It panics where the document is not what this package was
// made for, which the tests rule out.
var loadContract = sync.OnceValue(func() *contract {
	loader := openapi3.NewLoader()
	document, err := loader.LoadFromData(withoutExamples(portkeyintegration.Contract()))
	if err != nil {
		panic(err)
	}
	c := &contract{
		errors:       map[int]*openapi3.Schema{},
		byProviderID: map[string]*configuration{},
		known:        map[*openapi3.Schema][]string{},
	}
	options := []openapi3.SchemaValidationOption{
		openapi3.VisitAsResponse(),
		openapi3.DisableSchemaErrorDetails(),
		openapi3.WithStringFormatValidators(map[string]openapi3.StringFormatValidator{
			"uuid":      openapi3.NewCallbackValidator(checkUUID),
			"date-time": openapi3.NewCallbackValidator(checkDateTime),
		}),
	}
	c.first = append(slices.Clip(options), openapi3.FailFast())
	c.all = append(slices.Clip(options), openapi3.MultiErrors())
	c.quick = c.first[1:]
	for status, response := range document.Paths.Value("/integrations/{slug}").Get.Responses.Map() {
		schema := response.Value.Content["application/json"].Schema.Value
		if code, _ := strconv.Atoi(status); code == 200 {
			c.integration = schema
		} else {
			c.errors[code] = schema
		}
	}
	for _, member := range c.integration.Properties["configurations"].Value.AnyOf {
		c.addConfiguration(member)
	}
	c.words = map[string]any{}
	for _, schema := range document.Components.Schemas {
		for name := range schema.Value.Properties {
			c.words[strconv.Quote(name)] = name
		}
		if values, ok := schema.Value.Extensions["x-extensible-enum"].([]any); ok {
			for _, v := range values {
				c.known[schema.Value] = append(c.known[schema.Value], v.(string))
				c.words[strconv.Quote(v.(string))] = v
			}
		}
	}
	for id := range c.byProviderID {
		c.words[strconv.Quote(id)] = id
	}
	return c
})

// withoutExamples drops the examples, of which a check needs none and which are half the work of parsing the document.
func withoutExamples(contract string) []byte {
	kept := make([]byte, 0, len(contract))
	dropping := -1 // The indentation of the block that is dropped.
	for line := range strings.Lines(contract) {
		text := strings.TrimLeft(line, " ")
		indent := len(line) - len(text)
		if dropping >= 0 && (indent > dropping || text == "\n") {
			continue
		}
		dropping = -1
		if text == "examples:\n" {
			dropping = indent
			continue
		}
		kept = append(kept, line...)
	}
	return kept
}

func (c *contract) addConfiguration(member *openapi3.SchemaRef) {
	answer := *c.integration
	answer.AllOf = nil // The guards that tie ai_provider_id to a member: see verdict.
	answer.Properties = maps.Clone(answer.Properties)
	schema := *member.Value
	schema.Nullable = true
	answer.Properties["configurations"] = openapi3.NewSchemaRef("", &schema)

	quick := quickForm(&answer, map[*openapi3.Schema]*openapi3.Schema{})
	mergeGuards(quick.Properties["configurations"].Value)
	m := &configuration{
		name:       member.RefString()[len("#/components/schemas/"):],
		properties: member.Value.Properties,
		answer:     &answer,
		quick:      quick,
	}
	ids, _ := member.Value.Extensions["x-ai-provider-ids"].([]any)
	for i, id := range ids {
		if i == 0 {
			m.provider = Provider(id.(string))
		}
		c.byProviderID[id.(string)] = m
	}
	c.configurations = append(c.configurations, m)
}

// quickForm is a copy of schema that says of answers what schema says of them when kin-openapi is told that they are
// answers. Told so, it sorts the properties of each schema, copies each value before each member of a union, and only
// then finds the few secrets; here a secret is a property that nothing but null fits.
func quickForm(schema *openapi3.Schema, done map[*openapi3.Schema]*openapi3.Schema) *openapi3.Schema {
	if q := done[schema]; q != nil {
		return q
	}
	q := *schema
	done[schema] = &q
	if schema.WriteOnly {
		q = openapi3.Schema{Nullable: true, Not: openapi3.NewSchemaRef("", &openapi3.Schema{Nullable: true})}
		return &q
	}
	ref := func(r *openapi3.SchemaRef) *openapi3.SchemaRef {
		if r == nil {
			return nil
		}
		return openapi3.NewSchemaRef("", quickForm(r.Value, done))
	}
	refs := func(list openapi3.SchemaRefs) openapi3.SchemaRefs {
		list = slices.Clone(list)
		for i := range list {
			list[i] = ref(list[i])
		}
		return list
	}
	q.Properties = maps.Clone(q.Properties)
	for name, property := range q.Properties {
		q.Properties[name] = ref(property)
	}
	q.Items, q.Not, q.AdditionalProperties.Schema = ref(q.Items), ref(q.Not), ref(q.AdditionalProperties.Schema)
	q.AllOf, q.AnyOf, q.OneOf = refs(q.AllOf), refs(q.AnyOf), refs(q.OneOf)
	return &q
}

// mergeGuards makes the guards in allOf, which forbid properties, properties of schema itself, so that they are looked
// up and not each walked.
func mergeGuards(schema *openapi3.Schema) {
	for _, guard := range schema.AllOf {
		if schema.Properties == nil {
			schema.Properties = openapi3.Schemas{}
		}
		maps.Copy(schema.Properties, guard.Value.Properties)
	}
	schema.AllOf = nil
}

// configurationOf selects the member that a configuration is meant to be: the one that names most of its keys, then
// the one that belongs to the provider, then the one that names the fewest others. With no key that any member names,
// it is the provider's, else the fallback.
func configurationOf[V any](c *contract, providerID string, value map[string]V) *configuration {
	best, most := c.configurations[len(c.configurations)-1], 0
	provider := c.byProviderID[providerID]
	if provider != nil {
		best = provider
	}
	for _, m := range c.configurations {
		n := 0
		for key := range value {
			if m.properties[key] != nil {
				n++
			}
		}
		if n > most || n == most && n > 0 && best != provider && (m == provider || len(m.properties) < len(best.properties)) {
			best, most = m, n
		}
	}
	return best
}

// checkUUID accepts the text form of RFC 9562 in either case, whatever the version.
func checkUUID(text string) error {
	if !isUUID(text) {
		return errors.New("not a UUID")
	}
	return nil
}

// checkDateTime is kin-openapi's own validator, with a quicker way for the form that almost every answer has. Package
// time accepts more than RFC 3339 where there is an offset, a comma, or an hour of one digit.
func checkDateTime(text string) error {
	const fraction = len("2006-01-02T15:04:05")
	if n := len(text); n > fraction && text[n-1] == 'Z' && (n == fraction+1 || text[fraction] == '.') {
		if _, err := time.Parse(time.RFC3339, text); err == nil {
			return nil
		}
	}
	return openapi3.SchemaStringFormats["date-time"].Validate(text)
}

func isUUID(text string) bool {
	if len(text) != 36 {
		return false
	}
	for i := range len(text) {
		switch b := text[i]; i {
		case 8, 13, 18, 23:
			if b != '-' {
				return false
			}
		default:
			if (b < '0' || b > '9') && (b|0x20 < 'a' || b|0x20 > 'f') {
				return false
			}
		}
	}
	return true
}

// sortedKeys lists the keys of an object in a fixed order.
func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
