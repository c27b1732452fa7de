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

// maxCompared is how many findings of its own a check of [Verify] has at most.
const maxCompared = 100

func regexpOnce(pattern string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(pattern) })
}

// number is a number in JSON, in a spelling that equal numbers share.
type number string

// parseExactly reads JSON with names to the letter, each once in an object, and with numbers as they are, not as the nearest
// float64.
func parseExactly(body []byte) (any, error) {
	d := jsontext.NewDecoder(bytes.NewReader(body))
	value, err := parseValue(d)
	if err == nil && d.PeekKind() != 0 {
		err = errors.New("there is something after the end")
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

// normalize spells a number as its digits without zeros at either end and the power of ten of the last: 1.50e2 and 150 are
// both 15e1.
func normalize(text string) number {
	digits, sign := strings.TrimPrefix(text, "-"), ""
	if digits != text {
		sign = "-"
	}
	power := 0
	if i := strings.IndexAny(digits, "eE"); i >= 0 {
		var err error
		if power, err = strconv.Atoi(digits[i+1:]); err != nil {
			return number(text) // A power that no int holds: equal where it is spelled the same.
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
	unnamed map[string]bool // pointers of what may differ
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

// differs adds the place where it is, unless that may differ.
func (d *differ) differs() {
	if len(d.found) >= maxCompared {
		return
	}
	var pointer jsontext.Pointer
	for _, name := range d.path {
		pointer = pointer.AppendToken(d.redact(name)) // As it stands in a report.
		if d.unnamed[string(pointer)] {
			return
		}
	}
	d.found = append(d.found, client.Finding{Pointer: text.Line(string(pointer), maxText), Reason: "the two responses differ"})
}

// refusalFindings says what is wrong with the body of an error that conforms to the contract.
func refusalFindings(r reply, integrations []known) []client.Finding {
	var found []client.Finding
	value, err := parseExactly(r.body)
	if err != nil {
		return nil // A page for people, say, which the contract allows.
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

// at is the value at a pointer without escapes, nil where there is none.
func at(value any, pointer string) any {
	for _, name := range strings.Split(pointer, "/")[1:] {
		object, _ := value.(map[string]any)
		value = object[name]
	}
	return value
}

// leaks finds what an error tells of integrations: their properties, or what names them and their owners.
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

// privateValues are the texts of an integration that a request which is refused has no right to, less what the request says
// itself.
func privateValues(body []byte, said ...string) []string {
	const least = 8 // A shorter one may be a word.
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

// unquotedRepeats reports whether a string of a JSON body, without its escapes, has what redact takes out.
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
