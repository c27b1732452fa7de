package contracttest

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/portkey-integration/portkey-integration-go/client"
	"github.com/portkey-integration/portkey-integration-go/internal/text"
)

// maxCompared limits the findings that a comparison adds to a check of [Verify].
const maxCompared = 100

func regexpOnce(pattern string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(pattern) })
}

// A number is a JSON number as spelled by normalize: equal numbers are equal strings.
type number string

// parseExactly parses JSON. It rejects duplicate names, and keeps numbers exact instead of converting them to float64.
func parseExactly(body []byte) (any, error) {
	d := jsontext.NewDecoder(bytes.NewReader(body))
	value, err := parseValue(d)
	if err == nil && d.PeekKind() != 0 {
		err = errors.New("unexpected data after the JSON value")
	}
	return value, err
}

func parseValue(d *jsontext.Decoder) (any, error) {
	token, err := d.ReadToken()
	if err != nil {
		return nil, err
	}
	switch token.Kind() {
	case '{':
		object := map[string]any{}
		for d.PeekKind() == '"' {
			name, err := d.ReadToken()
			if err != nil {
				return nil, err
			}
			key := name.String()
			if object[key], err = parseValue(d); err != nil {
				return nil, err
			}
		}
		_, err := d.ReadToken()
		return object, err
	case '[':
		array := []any{}
		for d.PeekKind() != ']' {
			item, err := parseValue(d)
			if err != nil {
				return nil, err
			}
			array = append(array, item)
		}
		_, err := d.ReadToken()
		return array, err
	case '0':
		return normalize(token.String()), nil
	case '"':
		return token.String(), nil
	case 'n':
		return nil, nil
	}
	return token.Bool(), nil
}

// normalize returns a canonical spelling of a number: its digits without leading and trailing zeros, and an exponent.
// 1.50e2 and 150 both become 15e1.
func normalize(text string) number {
	digits, sign := strings.TrimPrefix(text, "-"), ""
	if digits != text {
		sign = "-"
	}
	power := 0
	if i := strings.IndexAny(digits, "eE"); i >= 0 {
		var err error
		if power, err = strconv.Atoi(digits[i+1:]); err != nil {
			return number(text) // The exponent overflows int: only identical spellings are equal.
		}
		digits = digits[:i]
	}
	whole, fraction, _ := strings.Cut(digits, ".")
	digits, power = whole+fraction, power-len(fraction)
	trimmed := strings.TrimRight(digits, "0")
	power += len(digits) - len(trimmed)
	if trimmed = strings.TrimLeft(trimmed, "0"); trimmed == "" {
		return "0"
	}
	return number(sign + trimmed + "e" + strconv.Itoa(power))
}

// A differ finds the places where two values differ.
type differ struct {
	unnamed map[string]bool // JSON Pointers of values that may differ
	redact  func(string) string
	path    []string
	found   []client.Finding
}

func (d *differ) compare(x, y any) {
	if len(d.found) >= maxCompared {
		return
	}
	switch a := x.(type) {
	case map[string]any:
		b, ok := y.(map[string]any)
		if !ok {
			break
		}
		names := maps.Clone(a)
		maps.Copy(names, b)
		for _, name := range slices.Sorted(maps.Keys(names)) {
			v, here := a[name]
			w, there := b[name]
			d.path = append(d.path, name)
			if here != there {
				d.differs()
			} else {
				d.compare(v, w)
			}
			d.path = d.path[:len(d.path)-1]
		}
		return
	case []any:
		b, ok := y.([]any)
		if !ok || len(a) != len(b) {
			break
		}
		for i := range a {
			d.path = append(d.path, strconv.Itoa(i))
			d.compare(a[i], b[i])
			d.path = d.path[:len(d.path)-1]
		}
		return
	default:
		switch y.(type) { // Maps and slices cannot be compared with ==.
		case map[string]any, []any:
		default:
			if x == y {
				return
			}
		}
	}
	d.differs()
}

// differs adds a finding at the current path, unless the values there may differ.
func (d *differ) differs() {
	if len(d.found) >= maxCompared {
		return
	}
	var pointer jsontext.Pointer
	for _, name := range d.path {
		pointer = pointer.AppendToken(d.redact(name)) // As it appears in a report.
		if d.unnamed[string(pointer)] {
			return
		}
	}
	d.found = append(d.found, client.Finding{Pointer: text.Line(string(pointer), maxText), Reason: "the two responses differ"})
}

// refusalFindings returns what is wrong with an error response whose body conforms to the contract.
func refusalFindings(r reply, integrations []known) []client.Finding {
	var found []client.Finding
	value, err := parseExactly(r.body)
	if err != nil {
		return nil // An HTML page, for example, which the contract allows.
	}
	object, _ := value.(map[string]any)
	if status, ok := object["status_code"].(number); ok && status != normalize(strconv.Itoa(r.status)) {
		found = append(found, client.Finding{Pointer: "/status_code", Reason: fmt.Sprintf("it is not %d, the status code of the response", r.status)})
	}
	messages := 0
	for _, pointer := range []string{"/message", "/msg", "/error", "/error/message", "/data/message"} {
		message, ok := at(value, pointer).(string)
		switch {
		case ok && strings.TrimSpace(message) == "":
			found = append(found, client.Finding{Pointer: pointer, Reason: "the message is empty"})
			messages++
		case ok:
			messages++
		}
	}
	if messages == 0 {
		found = append(found, client.Finding{Reason: "the error has no message"})
	}
	return append(found, leaks(r.body, integrations)...)
}

// at returns the value at a JSON Pointer without escapes, or nil if there is none.
func at(value any, pointer string) any {
	for _, name := range strings.Split(pointer, "/")[1:] {
		object, _ := value.(map[string]any)
		value = object[name]
	}
	return value
}

// leaks returns a finding for each name or string in an error that discloses data of an integration.
func leaks(body []byte, integrations []known) []client.Finding {
	var found []client.Finding
	d := jsontext.NewDecoder(bytes.NewReader(body))
	for len(found) < maxCompared {
		opened, n := d.StackIndex(d.StackDepth())
		isName := opened == '{' && n%2 == 0
		token, err := d.ReadToken()
		if err != nil {
			return found
		}
		if token.Kind() != '"' {
			continue
		}
		said := token.String()
		tells := isName && slices.Contains([]string{"ai_provider_id", "configurations", "masked_key", "secret_mappings"}, said)
		for _, integration := range integrations {
			tells = tells || slices.ContainsFunc(integration.values, func(value string) bool { return strings.Contains(said, value) })
		}
		if tells {
			found = append(found, client.Finding{
				Pointer: text.Line(string(d.StackPointer()), maxText),
				Reason:  "an error must not contain data of the integration",
			})
		}
	}
	return found
}

// privateValues returns the strings of an integration that a response to a refused request must not contain, except
// those that occur in said, the strings that the request sent.
func privateValues(body []byte, said ...string) []string {
	const least = 8 // A shorter value may be an ordinary word.
	value, err := parseExactly(body)
	if err != nil {
		return nil
	}
	object, _ := value.(map[string]any)
	var values []string
	for _, name := range []string{"id", "organisation_id", "owner_id", "workspace_id", "name", "masked_key"} {
		if v, ok := object[name].(string); ok && len(v) >= least && !slices.ContainsFunc(said, func(s string) bool {
			return strings.Contains(strings.ToLower(s), strings.ToLower(v))
		}) {
			values = append(values, v)
		}
	}
	return values
}

// unquotedRepeats reports whether a string of a JSON body, once unescaped, contains anything that redact removes.
func unquotedRepeats(body []byte, redact func(string) string) bool {
	if !bytes.ContainsRune(body, '\\') {
		return false
	}
	d := jsontext.NewDecoder(bytes.NewReader(body), jsontext.AllowDuplicateNames(true))
	for {
		token, err := d.ReadToken()
		if err != nil {
			return false
		}
		if token.Kind() == '"' && redact(token.String()) != token.String() {
			return true
		}
	}
}
