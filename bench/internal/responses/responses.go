// Package responses makes the bodies that the server sends: the contract's examples of integrations with other ids,
// grown to a size.
package responses

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"

	"github.com/portkey-integration/portkey-integration-go/contracttest"
)

// Sizes are the sizes of bodies, with the number of different bodies of each.
var Sizes = []Size{{"1KB", 1000, 1000}, {"10KB", 10_000, 1000}, {"100KB", 100_000, 100}, {"1MB", 1_000_000, 10}}

// Size is a size of bodies.
type Size struct {
	Name     string
	Bytes, N int
}

// Kinds of responses. Except for Same and Far, the server gives each response a new id, so that no two bodies are equal.
const (
	Distinct  = "distinct"  // Different integrations in turn.
	Novel     = "novel"     // As Distinct, with the properties in a new order each time, so that no two shapes are equal.
	Same      = "same"      // An integration has the same body each time.
	Violating = "violating" // Each violates the contract once, in a way that does not prevent decoding into a struct.
	Far       = "far"       // As Same, from a slow server.
)

// Slug returns the slug of response i of a kind and a size.
func Slug(kind, size string, i int) string { return kind + "-" + size + "-" + strconv.Itoa(i) }

// Make makes all bodies of a kind and a size, from the examples in turn. The random source is seeded: they are the same in
// every process.
func Make(kind string, size Size) [][]byte {
	var examples []contracttest.Fixture
	for _, e := range contracttest.Examples() {
		if e.Status == http.StatusOK {
			examples = append(examples, e)
		}
	}
	r := rand.New(rand.NewPCG(1, uint64(size.Bytes)))
	var bodies [][]byte
	for i := range size.N {
		body := examples[i%len(examples)].With("/id", uuid(r)).With("/slug", Slug(kind, size.Name, i))
		body = grow(body, size.Bytes, r)
		if kind == Violating {
			body = breaches[i%len(breaches)](body)
		}
		bodies = append(bodies, body.Body)
	}
	return bodies
}

var breaches = []func(contracttest.Fixture) contracttest.Fixture{
	func(f contracttest.Fixture) contracttest.Fixture { return f.Without("/name") },
	func(f contracttest.Fixture) contracttest.Fixture { return f.With("/created_at", nil) },
	func(f contracttest.Fixture) contracttest.Fixture { return f.With("/key", "sk-unmasked") },
	configured(`{"azure_entra_client_secret":"unmasked"}`),
	configured(`{"aws_region":1}`),
	configured(`{"custom_headers":{"x-a":1}}`),
	configured(`{"azure_deployment_config":[{},{"alias":false}]}`),
}

func configured(configurations string) func(contracttest.Fixture) contracttest.Fixture {
	return func(f contracttest.Fixture) contracttest.Fixture {
		return f.With("/configurations", json.RawMessage(configurations))
	}
}

// grow pads a body to a size with what grows in real responses: Azure OpenAI deployments and prices of additional units.
func grow(f contracttest.Fixture, size int, r *rand.Rand) contracttest.Fixture {
	missing := size - len(f.Body)
	if missing <= 0 {
		return f
	}
	if strings.Contains(string(f.Body), `"azure_deployment_config"`) {
		f = f.With("/configurations/azure_deployment_config", list("[", "]", missing/2, func(i int) string {
			return fmt.Sprintf(`{"azure_api_version":"2024-10-21","azure_deployment_name":"gpt-4o-%04x",`+
				`"azure_model_slug":"gpt-4o","alias":"gpt-4o-%d","is_default":false}`, r.IntN(1<<16), i)
		}))
		missing /= 2
	}
	units := list("{", "}", missing, func(i int) string {
		name := fmt.Sprintf("unit_%06x_%d", r.IntN(1<<24), i)
		if i%8 == 0 {
			return fmt.Sprintf("%q:null", name)
		}
		return fmt.Sprintf("%q:%.2f", name, 4*r.Float64())
	})
	return f.With("/pricing_adjustments", map[string]any{"multiplier": map[string]any{"default": 1, "additional_units": units}})
}

// list makes a JSON array or object of about size bytes.
func list(opening, closing string, size int, item func(i int) string) json.RawMessage {
	var b strings.Builder
	b.WriteString(opening)
	for i := 0; i == 0 || b.Len() < size; i++ {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(item(i))
	}
	b.WriteString(closing)
	return json.RawMessage(b.String())
}

func uuid(r *rand.Rand) string {
	a, b := r.Uint64(), r.Uint64()
	return fmt.Sprintf("%08x-%04x-4%03x-8%03x-%012x", uint32(a), uint16(a>>32), a>>52, b>>52, b&(1<<48-1))
}

// Hostile returns bodies of about a size that a hostile server may send: each is as expensive to check as one property
// can make it.
func Hostile(size int) map[string][]byte {
	f := contracttest.Example("openai-production")
	same := func(item string) func(int) string { return func(int) string { return item } }
	numbered := func(item string) func(int) string { return func(i int) string { return fmt.Sprintf(item, i) } }
	return map[string][]byte{
		"unknown":  f.With("/configurations", list("{", "}", size, numbered(`"x%d":0`))).Body,
		"wrong":    f.With("/secret_mappings", list("[", "]", size, same("1"))).Body,
		"drifting": f.With("/secret_mappings", list("[", "]", size, same("{}"))).Body,
		"skipped":  f.With("/tags", list("[", "]", size, same("[]"))).Body,
	}
}
