package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
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
	NotChecked []string `json:"not_checked"`
}

func TestVerifySandbox(t *testing.T) {
	o := invoke(t, "verify", "--sandbox").want(t, 0)
	for _, e := range integrations() {
		if e.Name != "documented" && !strings.Contains(o.out, "pass  integration/"+e.Name+"/conforms\n") {
			t.Errorf("%s is not verified", e.Name)
		}
	}
	if !strings.Contains(o.out, " 0 failed, 0 skipped\n") {
		t.Errorf("got\n%s", o.out)
	}
	o = invoke(t, "verify", "--sandbox", "rich", "sparse", "-o", "json").want(t, 0)
	var v verifiedJSON
	if err := json.Unmarshal([]byte(o.out), &v); err != nil || !v.Passed || len(v.Checks) != 22 || !strings.HasSuffix(v.Target, sandboxPrefix) {
		t.Errorf("%v, got\n%s", err, o.out)
	}
}

func TestVerifyOfABrokenServer(t *testing.T) {
	s, in := server(t,
		contracttest.WithInvalidRequestsAllowed(), // Some checks send none or a wrong key.
		contracttest.WithFault("rich", contracttest.Fault{UnmaskedSecret: true}),
	)
	o := in.run(t, "verify", "rich").want(t, 1)
	for _, text := range []string{
		"fail  integration/rich/masked: a secret is not masked\n      /configurations/azure_entra_client_secret: ",
		"not checked  responses with status code ",
	} {
		if !strings.Contains(o.out, text) {
			t.Errorf("no %q in\n%s", text, o.out)
		}
	}
	result, err := contracttest.Verify(t.Context(), contracttest.Target{BaseURL: s.URL, APIKey: s.APIKey(), Slugs: []string{"rich"}}, contracttest.WithInterval(0))
	if err != nil {
		t.Fatal(err)
	}
	print := func(output string) string {
		var b bytes.Buffer
		a := &app{out: bufio.NewWriter(&b)}
		if err := errors.Join(a.printVerified(result, output), a.out.Flush()); err != nil {
			t.Error(err)
		}
		return b.String()
	}
	var v verifiedJSON
	if err := json.Unmarshal([]byte(print("json")), &v); err != nil || v.Passed || len(v.NotChecked) == 0 {
		t.Errorf("%v, got\n%s", err, print("json"))
	}
	var suites struct {
		Suite struct {
			Tests    int `xml:"tests,attr"`
			Failures int `xml:"failures,attr"`
		} `xml:"testsuite"`
	}
	if err := xml.Unmarshal([]byte(print("junit")), &suites); err != nil || suites.Suite.Tests != len(v.Checks) || suites.Suite.Failures != 1 {
		t.Errorf("%v, got\n%s", err, print("junit"))
	}
	if printed := o.out + o.err + print("text") + print("json") + print("junit"); strings.Contains(printed, contracttest.UnmaskedSecret) {
		t.Error("a secret is printed")
	}
}

func TestVerifySendsHeadersAndTokens(t *testing.T) {
	var headers []http.Header
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		headers = append(headers, r.Header)
		w.WriteHeader(http.StatusTeapot)
	}))
	defer s.Close()
	token, gateway := save(t, "token", []byte("token-77\n")), save(t, "gateway", []byte("gateway-77\n"))
	for _, args := range [][]string{{"verify", "rich"}, {"get", "rich", "--max-retries", "0"}} {
		headers = nil
		o := input{}.run(t, append(args, "--base-url", s.URL, "--bearer-token-file", token, "--header", "x-gateway="+gateway, "--workspace-id", "w")...)
		if o.code != 1 || len(headers) == 0 {
			t.Fatalf("%v: exit code %d after %d requests, stderr:\n%s", args, o.code, len(headers), o.err)
		}
		tokens := 0
		for _, h := range headers {
			if h.Get("X-Gateway") != "gateway-77" {
				t.Errorf("%v: got header %q, want the one of the file", args, h.Get("X-Gateway"))
			}
			if h.Get("Authorization") == "Bearer token-77" {
				tokens++
			}
		}
		if tokens == 0 || strings.Contains(o.out+o.err, "token-77") || strings.Contains(o.out+o.err, "gateway-77") {
			t.Errorf("%v: the token came %d times; stdout and stderr:\n%s%s", args, tokens, o.out, o.err)
		}
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
		{key, []string{".."}, 2, `".."`},
		{key, []string{"--base-url", "ftp://x"}, 2, "scheme"},
		{key, []string{"--slug", "rich"}, 2, "unknown flag: --slug"},
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
	in.runIn(ctx, "verify", "rich").want(t, 1, "interrupted after 0 checks")
}
