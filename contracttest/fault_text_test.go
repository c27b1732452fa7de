package contracttest_test

import (
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/portkey-integration/portkey-integration-go/contracttest"
)

func TestParseFault(t *testing.T) {
	for text, want := range map[string]contracttest.Fault{
		"status:503":                               {Status: 503},
		"status:503,times=2,probability=0.5":       {Status: 503, Times: 2, Probability: 0.5},
		"delay:2s":                                 {Delay: 2 * time.Second},
		"delay:1m30s,status:429,retry-after=0":     {Delay: 90 * time.Second, Status: 429, RetryAfter: "0"},
		"hang":                                     {Hang: true},
		"reset,times=1":                            {Reset: true, Times: 1},
		"status:500,html":                          {HTML: true, Status: 500},
		"drift,truncate":                           {Drift: true, Truncate: true},
		"unmasked,stall,probability=1":             {UnmaskedSecret: true, Stall: true, Probability: 1},
		"status:503,retry-after=Wed, 21 Oct":       {},
		"delay:1ns,html,retry-after=a=b:c,times=1": {Delay: 1, HTML: true, RetryAfter: "a=b:c", Times: 1},
	} {
		got, err := contracttest.ParseFault(text)
		if reflect.DeepEqual(want, contracttest.Fault{}) {
			if err == nil {
				t.Errorf("%s was accepted", text)
			}
			continue
		}
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got %+v and %v, want %+v", text, got, err, want)
		}
		if again, err := contracttest.ParseFault(got.String()); err != nil || !reflect.DeepEqual(again, got) {
			t.Errorf("%s: String returns %s, which is %+v, %v", text, got, again, err)
		}
	}
}

func TestParseFaultRefuses(t *testing.T) {
	for text, want := range map[string]string{
		"":                      `there is no ""`,
		"nonsense":              `there is no "nonsense"; want status:CODE`,
		"hang:1":                `there is no "hang:1"`,
		"hang,":                 `there is no ""`,
		"status":                "want a status code",
		"status:5xx":            "want a status code",
		"status:99":             "200 to 999",
		"status:0":              "want a status code",
		"status:204,truncate":   "has no body",
		"html,retry-after=\n":   "cannot be sent",
		"delay:2":               "want a duration",
		"delay:-2s":             "want a duration",
		"times=1":               "does not say what happens",
		"hang,times=0":          "want a number of requests",
		"hang,times=x":          "want a number of requests",
		"hang,probability=0":    "above 0",
		"hang,probability=1.1":  "above 0",
		"hang,probability=NaN":  "above 0",
		"html,retry-after=":     "want a value",
		"hang,hang":             "hang is given twice",
		"status:500,status:503": "status is given twice",
		"hang,reset":            "one of hang, reset",
		"hang,status:503":       "send no response",
		"reset,retry-after=1":   "send no response",
		"html,drift":            "one of body, HTML",
		"status:503,Times=2":    `there is no "Times=2"`,
	} {
		_, err := contracttest.ParseFault(text)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want %q", text, err, want)
		}
	}
}

// What the syntax cannot express is named without its value.
func TestFaultString(t *testing.T) {
	f := contracttest.Fault{
		Status: 403, Message: "hunter2", Header: http.Header{"X-A": {"hunter2"}}, Times: 1,
	}
	if got, want := f.String(), "status:403,error,header,times=1"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	f = contracttest.Fault{Redirect: "https://hunter2.example", Delay: time.Second}
	if got, want := f.String(), "delay:1s,redirect"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := (contracttest.Fault{}).String(); got != "" {
		t.Errorf("got %q, want nothing", got)
	}
}
