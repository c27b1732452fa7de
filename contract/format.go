package contract

import (
	"errors"
	"strings"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
)

// formats validates the string formats that the document uses. It is passed to each check, so that a program that
// changes kin-openapi's global validators does not change the result.
var formats = map[string]openapi3.StringFormatValidator{
	"uuid": openapi3.NewCallbackValidator(func(s string) error {
		if !isUUID(s) {
			return errors.New("not a UUID")
		}
		return nil
	}),
	"date-time": openapi3.NewCallbackValidator(func(s string) error {
		_, err := ParseTime(s)
		return err
	}),
}

// isUUID reports whether s has the text form of RFC 9562, in either case and of any version.
func isUUID[T ~string | ~[]byte](s T) bool {
	if len(s) != 36 {
		return false
	}
	for i := range len(s) {
		switch b := s[i]; i {
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

// ParseTime parses a string of the document's format date-time (RFC 3339, section 5.6). A leap second (23:59:60 UTC),
// which package time does not accept, becomes the following second. The year of the result has four digits, so
// that it can be marshalled.
func ParseTime(s string) (time.Time, error) {
	if !isDateTime(s) {
		return time.Time{}, errNotDateTime
	}
	s = strings.ToUpper(s) // RFC 3339 allows lower case.
	if t, err := time.Parse(time.RFC3339, s); err == nil {
		return t, nil
	}
	const seconds = len("2006-01-02T15:04:")
	if s[seconds:seconds+2] != "60" {
		return time.Time{}, errNotDateTime
	}
	t, err := time.Parse(time.RFC3339, s[:seconds]+"59"+s[seconds+2:])
	after := t.Add(time.Second)
	if utc := t.UTC(); err != nil || utc.Hour() != 23 || utc.Minute() != 59 || after.Year() > 9999 {
		return time.Time{}, errNotDateTime
	}
	return after, nil
}

var errNotDateTime = errors.New("not an RFC 3339 date-time")

// isDateTime reports whether s has the syntax of RFC 3339. Package time accepts more: an hour of one digit, a comma
// before the fraction, an offset of a day.
func isDateTime(s string) bool {
	const form = "0000-00-00T00:00:00"
	if len(s) <= len(form) || !hasForm(s[:len(form)], form) {
		return false
	}
	s = s[len(form):]
	if s[0] == '.' {
		s = strings.TrimLeft(s[1:], "0123456789") // Package time rejects a fraction without digits.
	}
	return s == "Z" || s == "z" || hasForm(s, "+00:00") && s[1:3] < "24" && s[4:] < "60"
}

// hasForm reports whether s matches form, in which 0 stands for any digit, + for either sign, T for T in either case,
// and every other character for itself.
func hasForm(s, form string) bool {
	if len(s) != len(form) {
		return false
	}
	for i := range len(form) {
		switch c := s[i]; form[i] {
		case '0':
			if c < '0' || c > '9' {
				return false
			}
		case '+':
			if c != '+' && c != '-' {
				return false
			}
		case 'T':
			if c != 'T' && c != 't' {
				return false
			}
		default:
			if c != form[i] {
				return false
			}
		}
	}
	return true
}
