package contract_test

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/portkey-integration/portkey-integration-go/contract"
)

func TestParseTime(t *testing.T) {
	for text, want := range map[string]string{
		"2025-06-01T12:00:00Z":            "2025-06-01T12:00:00Z",
		"2025-06-01t12:00:00.5z":          "2025-06-01T12:00:00.5Z",
		"2025-06-01T12:00:00+02:00":       "2025-06-01T12:00:00+02:00",
		"2016-12-31T23:59:60Z":            "2017-01-01T00:00:00Z",
		"2017-01-01T00:59:60.25+01:00":    "2017-01-01T01:00:00.25+01:00",
		"2016-12-31T23:58:60Z":            "",
		"2016M12-31T23:58:00Z":            "",
		"2016-12-31T23Z58:00Z":            "",
		"2016-12-31T23:58:00.Z":           "",
		"2016-12-31T12:59:60Z":            "",
		"9999-12-31T23:59:60Z":            "",
		"9999-12-31T23:59:59Z":            "9999-12-31T23:59:59Z",
		"9999-06-30T23:59:60Z":            "9999-07-01T00:00:00Z",
		"2025-06-01T1:00:00Z":             "",
		"2025-06-01T12:00:00,5Z":          "",
		"2025-06-01T12:00:00":             "",
		"2025-06-01 12:00:00Z":            "",
		"2025-02-29T12:00:00Z":            "",
		"2025-06-01T12:00:00+24:00":       "",
		"2025-06-01T12:00:00+01:60":       "",
		"2025-06-01T12:00:00 01:00":       "",
		"2025-06-01T12:00:60":             "",
		"":                                "",
		"2025-06-01T12:00:00.1234567891Z": "2025-06-01T12:00:00.123456789Z",
	} {
		got, err := contract.ParseTime(text)
		if (err == nil) != (want != "") || err == nil && got.Format(time.RFC3339Nano) != want {
			t.Errorf("%q: got %v, %v, want %s", text, got, err, want)
		}
		if err == nil {
			if _, err := json.Marshal(got); err != nil {
				t.Errorf("%q: got %v from Marshal, want it marshalled", text, err)
			}
		}
	}
}

func TestUUIDs(t *testing.T) {
	for id, want := range map[string]bool{
		"3c90c3cc-0d44-4b50-8888-8dd25736052a": true, "3C90C3CC-0D44-4B50-8888-8DD25736052A": true, "00000000-0000-0000-0000-000000000000": true,
		"ffffffff-ffff-ffff-ffff-ffffffffffff": true,
		"3c90c3cca0d44-4b50-8888-8dd25736052a": false, "3c90c3cc-0d44a4b50-8888-8dd25736052a": false, "3c90c3cc-0d44-4b50a8888-8dd25736052a": false,
		"3c90c3cc-0d44-4b50-8888a8dd25736052a": false, "3c90c3cc-0d44-4b50-8888-8dd25736052": false, "3c90c3cc-0d44-4b50-8888-8dd25736052aa": false,
		"3c90c3cc-0d44-4b50-8888-8dd25736052g": false, "3c90c3cc-0d44-4b50-8888-8dd25736052G": false, "3c90c3cc-0d44-4b50-8888-8dd25736052/": false,
		"3c90c3cc-0d44-4b50-8888-8dd25736052:": false, "3c90c3cc-0d44-4b50-8888-8dd25736052@": false, "3c90c3cc-0d44-4b50-8888-8dd25736052`": false,
		"3c90c3cc-0d44-4b50-8888-8dd25736052-": false, "{c90c3cc-0d44-4b50-8888-8dd25736052a}": false, "": false,
	} {
		report := check(t, integration(fmt.Sprintf(`"id":%q`, id)))
		if got := report.Conforms(); got != want {
			t.Errorf("%q: got conforms %t, want %t", id, got, want)
		}
	}
}

func TestParseInteger(t *testing.T) {
	for text, want := range map[string]string{
		"0": "0", "-1": "-1", "1.0": "1", "1e2": "100", "12.5e1": "125", "-0": "0", "0e999999999": "0",
		"1.5": "", "1e-1": "", "1e30": "", "1e999": "", "x": "",
		// From 2^53, several integers round to the same float64.
		"9007199254740991.0": "9007199254740991", "9007199254740992.0": "9007199254740992", "9007199254740993": "9007199254740993",
		"9007199254740993.0": "", "9007199254740993e0": "", "-9007199254740993.0": "", "9007199254740991.9": "", "1e17": "100000000000000000",
		"100000000000000000.0": "100000000000000000", "0.1e18": "100000000000000000", "123456789012345678.5": "",
		"9223372036854775807": "9223372036854775807", "9223372036854775808": "", "-9223372036854775808": "-9223372036854775808",
		"-9223372036854775809": "", "9.223372036854775807e18": "", "-9.223372036854775808e18": "-9223372036854775808",
		"1" + strings.Repeat("0", 500) + "e-500": "1",
	} {
		got, err := contract.ParseInteger(text)
		if (err == nil) != (want != "") || err == nil && strconv.FormatInt(got, 10) != want {
			t.Errorf("%.40q: got %d, %v, want %s", text, got, err, want)
		}
	}
}

// A number that its Go type cannot represent is a violation if it must be an integer, else drift, even after a number
// close to it was checked.
func TestNumbersThatGoDoesNotHold(t *testing.T) {
	const count, price = `"workspace_count":%s`, `"pricing_adjustments":{"multiplier":{"default":%s}}`
	for _, tt := range []struct{ property, number, want string }{
		{count, "9007199254740992", ""}, {count, "9007199254740993", ""}, {count, "9223372036854775807", ""}, {count, "1e17", ""},
		{count, "9007199254740993.0", "/workspace_count format"}, {count, "9007199254740991.9", "/workspace_count format"},
		{count, "9223372036854775808", "/workspace_count format"}, {count, "-9.3e18", "/workspace_count format"}, {count, "1e999", "/workspace_count type"},
		{price, "9007199254740992", ""}, {price, "9007199254740993", "drift /pricing_adjustments/multiplier/default format"},
		{price, "9007199254740993.0", "drift /pricing_adjustments/multiplier/default format"}, {price, "1e17", ""}, {price, "1e308", ""},
		{price, "1180591620717411303424", ""}, {price, "1180591620717411303425", "drift /pricing_adjustments/multiplier/default format"},
		{price, "0.1234567890123456789", ""}, {price, "1e-999", ""}, {price, "1e400", "/pricing_adjustments/multiplier/default type"},
	} {
		body := integration(fmt.Sprintf(tt.property, tt.number))
		conforms, drifts := contract.Known(body)
		report := check(t, body)
		var got []string
		for _, f := range report.Violations {
			got = append(got, f.Pointer+" "+f.Keyword)
		}
		for _, f := range report.Drift {
			got = append(got, "drift "+f.Pointer+" "+f.Keyword)
		}
		if got := strings.Join(got, ", "); got != tt.want {
			t.Errorf(tt.property+": got %q, want %q", tt.number, got, tt.want)
		}
		if conforms && (!report.Conforms() || drifts != (len(report.Drift) > 0)) {
			t.Errorf(tt.property+": got known as conforming, drift %t; want %v", tt.number, drifts, report)
		}
	}
}
