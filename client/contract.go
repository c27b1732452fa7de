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
	first, all     []openapi3.SchemaValidationOption // To learn whether there is a violation, and of each.
	distinctions   distinctions
	bodies, shapes memo // Of integrations.
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
	for _, schema := range document.Components.Schemas {
		for _, v := range extensibleEnum(schema.Value) {
			c.known[schema.Value] = append(c.known[schema.Value], v.(string))
		}
	}
	c.distinctions = newDistinctions(c.integration)
	for id := range c.byProviderID {
		c.distinctions.addWord(id)
	}
	return c
})

// prepareContract has the contract parsed while the first request of a process is on its way.
var prepareContract = sync.OnceFunc(func() { go loadContract() })

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

func (k *contract) addConfiguration(member *openapi3.SchemaRef) {
	answer := *k.integration
	answer.AllOf = nil // The guards that tie ai_provider_id to a member: see verdict.
	answer.Properties = maps.Clone(answer.Properties)
	union := answer.Properties["configurations"].Value
	schema := *member.Value
	schema.Nullable = union.Nullable
	// The union names the secrets of all providers.
	if schema.Properties != nil {
		schema.Properties = maps.Clone(schema.Properties)
		for name, property := range union.Properties {
			if schema.Properties[name] == nil {
				schema.Properties[name] = property
			}
		}
	} else { // Any property is fine: with a list of them, others would be drift.
		secrets := openapi3.Schema{Type: union.Type, Nullable: true, Properties: union.Properties}
		schema.AllOf = append(slices.Clip(schema.AllOf), openapi3.NewSchemaRef("", &secrets))
	}
	answer.Properties["configurations"] = openapi3.NewSchemaRef("", &schema)

	m := &configuration{
		name:       member.RefString()[len("#/components/schemas/"):],
		properties: member.Value.Properties,
		answer:     &answer,
	}
	ids, _ := member.Value.Extensions["x-ai-provider-ids"].([]any)
	for i, id := range ids {
		if i == 0 {
			m.provider = Provider(id.(string))
		}
		k.byProviderID[id.(string)] = m
	}
	k.configurations = append(k.configurations, m)
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

func isUUID[T ~string | ~[]byte](text T) bool {
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
