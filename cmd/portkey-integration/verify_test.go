package main

import (
	"encoding/json"
	"encoding/xml"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/portkey-integration/portkey-integration-go/contracttest"
)

type verifiedJSON struct {
	Passed bool
	Target string
	Checks []struct {
		Name, Status, Reason string
		Findings             []findingJSON
	}
}

func TestVerifySandbox(t *testing.T) {
	o := invoke(t, "verify", "--sandbox").want(t, 0)
	for _, e := range answers() {
		if e.Name != "documented" && !strings.Contains(o.out, "pass  integration/"+e.Name+"/conforms\n") {
			t.Errorf("%s is not verified", e.Name)
		}
	}
	if !strings.Contains(o.out, " 0 failed, 0 skipped\n") {
		t.Errorf("got\n%s", o.out)
	}
	o = invoke(t, "verify", "--sandbox", "--slug", "rich", "--slug", "sparse", "-o", "json").want(t, 0)
	var v verifiedJSON
	if err := json.Unmarshal([]byte(o.out), &v); err != nil || !v.Passed || len(v.Checks) != 19 || !strings.HasSuffix(v.Target, sandboxPrefix) {
		t.Errorf("%v, got\n%s", err, o.out)
	}
}

func TestVerifyOfABrokenServer(t *testing.T) {
	s, in := server(t,
		contracttest.WithInvalidRequestsAllowed(), // Some checks send none or a wrong key.
		contracttest.WithFault("rich", contracttest.Fault{UnmaskedSecret: true}),
	)
	args := []string{"verify", "--slug", "rich", "--output"}

	o := in.run(t, append(args, "text")...).want(t, 1)
	if !strings.Contains(o.out, "fail  integration/rich/masked: a secret is not masked\n      /configurations/azure_entra_client_secret: ") {
		t.Errorf("got\n%s", o.out)
	}
	o = in.run(t, append(args, "json")...).want(t, 1)
	var v verifiedJSON
	if err := json.Unmarshal([]byte(o.out), &v); err != nil || v.Passed {
		t.Errorf("%v, got\n%s", err, o.out)
	}
	o = in.run(t, append(args, "junit")...).want(t, 1)
	var suites struct {
		Suite struct {
			Tests    int `xml:"tests,attr"`
			Failures int `xml:"failures,attr"`
		} `xml:"testsuite"`
	}
	if err := xml.Unmarshal([]byte(o.out), &suites); err != nil || suites.Suite.Tests != len(v.Checks) || suites.Suite.Failures != 1 {
		t.Errorf("%v, got\n%s", err, o.out)
	}
	if strings.Contains(o.out+o.err, contracttest.UnmaskedSecret) {
		t.Error("a secret is printed")
	}
	if s.SetFault("rich"); in.run(t, append(args, "text")...).code != 0 {
		t.Error("fails without the fault too")
	}
}

func TestVerifyErrors(t *testing.T) {
	key := input{env: map[string]string{"PORTKEY_API_KEY": leak}}
	for _, c := range []struct {
		in      input
		args    []string
		code    int
		message string
	}{
		{input{}, nil, 2, "no API key"},
		{key, []string{"--output", "xml"}, 2, "want text, json, junit"},
		{key, []string{"--slug", ".."}, 2, `".."`},
		{key, []string{"--base-url", "ftp://x"}, 2, "scheme"},
		{key, []string{"rich"}, 2, "unknown command"},
		{key, []string{"--timeout", "-1s"}, 2, "negative"},
		{key, []string{"--base-url", "http://127.0.0.1:1"}, 1, ""},
	} {
		o := c.in.run(t, append([]string{"verify"}, c.args...)...).want(t, c.code, c.message)
		if strings.Contains(o.out+o.err, leak) {
			t.Errorf("%v: the key is printed", c.args)
		}
	}
}

func TestVerifyIsInterrupted(t *testing.T) {
	started := make(chan struct{}, 10)
	hang := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		started <- struct{}{}
		<-r.Context().Done()
	}))
	defer hang.Close()
	ctx, cancel := cancelWhen(t, started)
	defer cancel()
	in := input{env: map[string]string{"PORTKEY_API_KEY": "k", "PORTKEY_BASE_URL": hang.URL}}
	in.runIn(ctx, "verify", "--slug", "rich").want(t, 1, "interrupted after 0 checks")
}
