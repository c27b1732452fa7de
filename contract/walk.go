package contract

import (
	"cmp"
	"context"
	stdjson "encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/portkey-integration/portkey-integration-go/gen"
	"github.com/portkey-integration/portkey-integration-go/internal/text"
)

// walk visits a value along with its schema and collects violations and drift. At each place it has kin-openapi check
// the keywords of that place only, so that no violation hides another, memory does not grow with the number of
// violations, and the context can end the walk.
type walk struct {
	ctx       context.Context
	redact    func(string) string
	provider  gen.Provider
	names     Report
	violating bool // There may be violations. If not, the walk looks only for drift.

	path              []string // Of the value being visited.
	violations, drift findings
	visits            int
	err               error // Of the context.
}

func (w *walk) report() Report {
	r := w.names
	r.Violations, r.MoreViolations = sorted(w.violations.list), w.violations.more
	r.Drift, r.MoreDrift = sorted(w.drift.list), w.drift.more
	return r
}

func sorted(list []Finding) []Finding {
	slices.SortStableFunc(list, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(a.Pointer, b.Pointer), cmp.Compare(a.Keyword, b.Keyword))
	})
	return append([]Finding{}, slices.Compact(list)...)
}

// visit compares value, and everything below it, with n. It looks for drift only if documented is set.
func (w *walk) visit(n *node, value any, documented bool) {
	if w.visits++; w.visits%256 == 0 && w.err == nil {
		w.err = w.ctx.Err()
	}
	if w.err != nil {
		return
	}
	w.here(n, value, documented)
	switch value := value.(type) {
	case []any:
		if n.items == nil {
			return
		}
		for i, item := range value {
			w.below(strconv.Itoa(i), n.items, item, documented)
		}
	case map[string]any:
		if len(n.properties) == 0 && n.additional == nil {
			return // Any object is allowed.
		}
		for _, name := range names(value) {
			w.property(n, name, value[name], documented)
		}
	}
}

func (w *walk) below(token string, n *node, value any, documented bool) {
	w.path = append(w.path, token)
	w.visit(n, value, documented)
	w.path = w.path[:len(w.path)-1]
}

func (w *walk) property(n *node, name string, value any, documented bool) {
	child := n.properties[name]
	switch {
	case child == nil && n.additional != nil:
		child = n.additional
	case child == nil:
		if documented {
			w.addDrift(name, "properties", "the contract names no such property")
		}
		return
	case documented && !n.owns(name, w.provider):
		w.addDrift(name, "properties", "the property belongs to the configuration of another provider")
		documented = false
	}
	w.below(name, child, value, documented)
}

// owns reports whether the property may be one of the provider's. If n does not know the provider, any property may be.
func (n *node) owns(name string, provider gen.Provider) bool {
	if !slices.ContainsFunc(n.members, func(m *node) bool { return m.provider == provider }) {
		return true
	}
	return n.schema.Properties[name] != nil || slices.ContainsFunc(n.members, func(m *node) bool {
		return m.properties[name] != nil && (m.provider == "" || m.provider == provider)
	})
}

// here compares value with the keywords of n and its allOf, but not what is below value.
func (w *walk) here(n *node, value any, documented bool) {
	if w.violating && !w.checkType(n, value) {
		return
	}
	if documented {
		w.documented(n, value)
	}
	for _, m := range n.members {
		w.here(m, value, documented && (m.provider == "" || m.provider == w.provider && m.namesAny(value)))
	}
}

// namesAny reports whether value has a property of n. A configuration without one, empty or only a custom base URL, is
// documented for every provider, whatever the provider's own configuration requires.
func (n *node) namesAny(value any) bool {
	object, _ := value.(map[string]any)
	for name := range object {
		if n.properties[name] != nil {
			return true
		}
	}
	return false
}

// checkType looks for violations of n's own keywords. It reports whether value has n's type, if n has one.
func (w *walk) checkType(n *node, value any) bool {
	s := n.own
	if n.opaque {
		return true
	}
	if value == nil && (s.Nullable || !n.deep) { // Otherwise an alternative may allow null.
		if !s.Nullable {
			w.addViolation(nil, "nullable", "null is not allowed")
		}
		return s.Nullable
	}
	if kind := kindOf(value); s.Type != nil && !s.Type.Permits(kind) && (kind != "number" || !s.Type.Permits("integer")) {
		w.addViolation(nil, "type", fmt.Sprintf("got %s, want %s", kind, strings.Join(s.Type.Slice(), " or ")))
		return false
	}
	if n.plain {
		return true
	}
	if number, ok := value.(stdjson.Number); ok && s.Type.Is("integer") {
		if _, err := ParseInteger(string(number)); err != nil {
			w.addViolation(nil, "format", "got a number that cannot be read as an integer of 64 bits without a loss, want the format int64")
			return false
		}
	}
	violation := func(e *openapi3.SchemaError) { w.addViolation(e.JSONPointer(), e.SchemaField, reason(e)) }
	w.ask(s, n.relevant(value), func(e *openapi3.SchemaError) {
		// The alternative for the value's type gives a better reason than that none matches.
		for _, alternative := range e.Schema.OneOf {
			if e.SchemaField == "oneOf" && alternative.Value.Type.Is(kindOf(e.Value)) {
				w.ask(alternative.Value, e.Value, violation)
				return
			}
		}
		violation(e)
	})
	return true
}

// relevant returns value without the properties that n's own keywords do not name; kin-openapi would sort them.
func (n *node) relevant(value any) any {
	object, ok := value.(map[string]any)
	s := n.own
	if !ok || n.deep || s.MinProps > 0 || s.MaxProps != nil || len(object) <= len(s.Properties)+len(s.Required) {
		return value
	}
	few := map[string]any{}
	keep := func(name string) {
		if v, ok := object[name]; ok {
			few[name] = v
		}
	}
	for name := range s.Properties {
		keep(name)
	}
	for _, name := range s.Required {
		keep(name)
	}
	return few
}

// documented looks for drift at value, but not below it.
func (w *walk) documented(n *node, value any) {
	switch value := value.(type) {
	case string:
		if n.known != nil && !slices.Contains(n.known, value) {
			w.addDrift("", "x-extensible-enum", "the value is not one of those known: "+strings.Join(n.known, ", "))
		}
	case stdjson.Number:
		if f, err := value.Float64(); err == nil && n.schema.Type.Is("number") && !isDouble(string(value), f) {
			w.addDrift("", "format", "the number has more digits than the format double holds; the raw JSON has them")
		}
	case map[string]any:
		for _, name := range n.required {
			switch v, ok := value[name]; {
			case !ok:
				w.addDrift(name, "required", "a property that is documented as required is missing")
			case v == nil:
				w.addDrift(name, "nullable", "a property that is documented as required is null")
			}
		}
	}
	if n.documentation != nil {
		w.ask(n.documentation, value, func(e *openapi3.SchemaError) {
			w.addDrift(strings.Join(e.JSONPointer(), "/"), e.SchemaField, "documented otherwise: "+reason(e))
		})
	}
}

// ask has kin-openapi validate value against s and calls each for every error.
func (w *walk) ask(s *openapi3.Schema, value any, each func(*openapi3.SchemaError)) {
	var collect func(error)
	collect = func(err error) {
		switch e := err.(type) {
		case nil:
		case openapi3.MultiError:
			for _, err := range e {
				collect(err)
			}
		case *openapi3.SchemaError:
			each(e)
		default: // No keyword of this document; the error's own text might quote the value.
			each(&openapi3.SchemaError{Schema: s, Value: value})
		}
	}
	collect(s.VisitJSON(value, everyViolation...))
}

func (w *walk) addViolation(below []string, keyword, reason string) {
	w.violations.add(w.finding, below, keyword, reason)
}

func (w *walk) addDrift(below, keyword, reason string) {
	var tokens []string
	if below != "" {
		tokens = []string{below}
	}
	w.drift.add(w.finding, tokens, keyword, reason)
}

func (w *walk) finding(below []string, keyword, reason string) Finding {
	return Finding{Pointer: pointer(slices.Concat(w.path, below), w.redact), Keyword: keyword, Reason: reason}
}

// pointer makes names that a server chose into a JSON Pointer that is safe to print.
func pointer(names []string, redact func(string) string) string {
	var p jsontext.Pointer
	for _, name := range names {
		p = p.AppendToken(readable(name, maxName, redact))
	}
	if redact != nil {
		// A credential that contains a slash may be spread over several nested names.
		if spelled := strings.Join(names, "/"); redact(spelled) != spelled {
			for i, name := range names {
				names[i] = redact(name)
			}
			if spelled = strings.Join(names, "/"); redact(spelled) != spelled {
				return "/" + text.Line(redact(spelled), maxName)
			}
		}
	}
	return string(p)
}

const (
	maxName = 100 // Characters of a property name in a pointer.
	maxID   = 255 // Characters of an id, slug or provider: as many as a slug may have.
	maxPath = 32  // Names in a pointer.
)

// readable makes a string of a body safe to print in a report.
func readable(s string, limit int, redact func(string) string) string {
	if redact != nil {
		s = redact(s)
	}
	return text.Line(s, limit)
}

// reason says what the schema requires and, about the value, only its type.
func reason(e *openapi3.SchemaError) string {
	s := e.Schema
	switch e.SchemaField {
	case "required":
		return "a required property is missing"
	case "type":
		return fmt.Sprintf("got %s, want %s", kindOf(e.Value), strings.Join(s.Type.Slice(), " or "))
	case "nullable":
		return "null is not allowed"
	case "enum":
		return fmt.Sprintf("want one of %v", s.Enum)
	case "format":
		return "want the format " + s.Format
	case "pattern":
		return "want a match of " + s.Pattern
	case "minimum":
		return fmt.Sprintf("want at least %v", *s.Min)
	case "maximum":
		return fmt.Sprintf("want at most %v", *s.Max)
	case "minLength":
		return fmt.Sprintf("want at least %s", count(s.MinLength, "character"))
	case "maxLength":
		return fmt.Sprintf("want at most %s", count(*s.MaxLength, "character"))
	case "minItems":
		return fmt.Sprintf("want at least %s", count(s.MinItems, "item"))
	case "maxItems":
		return fmt.Sprintf("want at most %s", count(*s.MaxItems, "item"))
	case "writeOnly":
		return "a secret must not be in a response, only its masked form may"
	case "oneOf":
		return "no alternative of the schema fits"
	case "not":
		if d := s.Not.Value.Description; d != "" {
			return strings.TrimSuffix(d, ".")
		}
	}
	return "the schema does not allow it"
}

// kindOf returns the JSON type of a value. For a number beyond the range of a float64, it says so.
func kindOf(value any) string {
	switch value := value.(type) {
	case nil:
		return "null"
	case bool:
		return "boolean"
	case float64:
		return "number"
	case stdjson.Number:
		if _, err := value.Float64(); err != nil {
			return "a number out of range"
		}
		return "number"
	case string:
		return "string"
	case []any:
		return "array"
	}
	return "object"
}

// ReadablePointer returns p in the form that reports use. redact, if not nil, is applied to each name in p; then names
// are truncated to 100 characters, and characters that are not safe to print are replaced. The result has at most 32
// names; "/…" follows if p has more.
func ReadablePointer(p jsontext.Pointer, redact func(string) string) string {
	var names []string
	for name := range p.Tokens() {
		if len(names) == maxPath {
			return pointer(names, redact) + "/…"
		}
		names = append(names, name)
	}
	return pointer(names, redact)
}

func count(n uint64, thing string) string {
	if n != 1 {
		thing += "s"
	}
	return fmt.Sprintf("%d %s", n, thing)
}
