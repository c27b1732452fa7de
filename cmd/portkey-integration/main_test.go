package main

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"go.uber.org/goleak"

	portkeyintegration "github.com/portkey-integration/portkey-integration-go"
	"github.com/portkey-integration/portkey-integration-go/contracttest"
)

var update = flag.Bool("update", false, "write the files in testdata anew")

func TestMain(m *testing.M) {
	if os.Getenv("PORTKEY_TEST_PROGRAM") != "" { // See program.
		main()
		return
	}
	proxyGrace, probe, verifyInterval = 200*time.Millisecond, 100*time.Millisecond, 0
	serveGrace, patience = 50*time.Millisecond, 50*time.Millisecond
	goleak.VerifyTestMain(m)
}

// outcome is the result of a run of the program.
type outcome struct {
	code     int
	out, err string
}

// input is the environment and the standard input of a run. The environment is env only.
type input struct {
	env   map[string]string
	stdin string
}

// goOption matches an option of package client.
var goOption = regexp.MustCompile(`\bWith[A-Z]\w+`)

func (in input) run(t *testing.T, args ...string) outcome {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second) // In case a command does not refuse to start.
	defer cancel()
	return in.runIn(ctx, args...)
}

func (in input) runIn(ctx context.Context, args ...string) outcome {
	var out, err bytes.Buffer
	code := run(ctx, args, func(name string) string { return in.env[name] }, strings.NewReader(in.stdin), &out, &err)
	if option := goOption.FindString(err.String()); option != "" {
		panic("a message names " + option + ", which a user of the command line does not have: " + err.String())
	}
	return outcome{code, out.String(), err.String()}
}

func invoke(t *testing.T, args ...string) outcome {
	t.Helper()
	return input{}.run(t, args...)
}

// want fails the test unless the exit code is code and the output to standard error contains all messages.
func (o outcome) want(t *testing.T, code int, messages ...string) outcome {
	t.Helper()
	if o.code != code {
		t.Errorf("exit code %d, want %d; stderr:\n%s", o.code, code, o.err)
	}
	for _, m := range messages {
		if !strings.Contains(o.err, m) {
			t.Errorf("stderr lacks %q:\n%s", m, o.err)
		}
	}
	if code == 0 && o.err != "" {
		t.Errorf("stderr of a run that is fine:\n%s", o.err)
	}
	return o
}

// server starts a fake control plane, and returns it with the environment to use it.
func server(t *testing.T, opts ...contracttest.ServerOption) (*contracttest.Server, input) {
	t.Helper()
	s := contracttest.NewServer(t, opts...)
	return s, input{env: map[string]string{"PORTKEY_API_KEY": s.APIKey(), "PORTKEY_BASE_URL": s.URL}}
}

func integrations() []contracttest.Fixture {
	return slices.DeleteFunc(contracttest.Examples(), func(e contracttest.Fixture) bool { return e.Status != http.StatusOK })
}

func example(t *testing.T, name string) map[string]any {
	t.Helper()
	for _, e := range integrations() {
		if e.Name == name {
			return decode(t, e.Body)
		}
	}
	t.Fatalf("there is no example %q", name)
	return nil
}

func decode(t *testing.T, body []byte) map[string]any {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	var v map[string]any
	if err := d.Decode(&v); err != nil {
		t.Fatalf("not a JSON object: %v", err)
	}
	return v
}

func encode(t *testing.T, v any) []byte {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// save writes a file and returns its path.
func save(t *testing.T, name string, content []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// golden compares text with a file of testdata.
func golden(t *testing.T, name, text string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if text != string(want) {
		t.Errorf("the output is not that of %s (run the tests with -update if it should be):\n%s", path, text)
	}
}

// document returns the contract as parsed by kin-openapi, which the program does not use for it.
func document(t *testing.T) *openapi3.T {
	t.Helper()
	d, err := openapi3.NewLoader().LoadFromData([]byte(portkeyintegration.Contract()))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestCommandLineErrors(t *testing.T) {
	key := map[string]string{"PORTKEY_API_KEY": "k"}
	empty := save(t, "empty", nil)
	blank := save(t, "blank", []byte(" \n"))
	for _, c := range []struct {
		name    string
		in      input
		args    []string
		message string
	}{
		{"unknown command", input{}, []string{"gett"}, `unknown command "gett"`},
		{"unknown flag", input{}, []string{"get", "--nope", "x"}, "unknown flag: --nope"},
		{"key as a flag", input{}, []string{"get", "--api-key", "x", "x"}, "unknown flag: --api-key"},
		{"no slug", input{env: key}, []string{"get"}, "requires at least 1 arg"},
		{"no key", input{}, []string{"get", "x"}, "no API key: set PORTKEY_API_KEY"},
		{"empty slug", input{env: key}, []string{"get", ""}, `invalid slug ""`},
		{"slug of dots", input{env: key}, []string{"get", "ok", ".."}, `invalid slug ".."`},
		{"slug with a slash", input{env: key}, []string{"get", "a/b"}, `invalid slug "a/b"`},
		{"slug with a query", input{env: key}, []string{"get", "a?b"}, `invalid slug "a?b"`},
		{"slug too long", input{env: key}, []string{"get", strings.Repeat("a", 256)}, "invalid slug"},
		{"output", input{}, []string{"get", "--sandbox", "-o", "xml", "rich"}, "want text, json, yaml"},
		{"validation", input{}, []string{"get", "--sandbox", "--validation", "no", "rich"}, "want strict, report, off"},
		{"timeout", input{}, []string{"get", "--sandbox", "--timeout", "soon", "rich"}, "--timeout"},
		{"negative timeout", input{}, []string{"get", "--sandbox", "--timeout", "-1s", "rich"}, "--timeout is negative"},
		{"retries", input{}, []string{"get", "--sandbox", "--max-retries", "-1", "rich"}, "--max-retries is negative"},
		{"base URL", input{env: key}, []string{"get", "--base-url", "ftp://x", "rich"}, "scheme is neither https nor http"},
		{"base URL of the environment", input{env: map[string]string{"PORTKEY_API_KEY": "k", "PORTKEY_BASE_URL": "x"}}, []string{"get", "rich"}, "scheme is neither https nor http"},
		{"plain http", input{env: key}, []string{"get", "--base-url", "http://192.0.2.1/v1", "rich"}, "plain http"},
		{"sandbox and base URL", input{}, []string{"get", "--sandbox", "--base-url", "https://x", "rich"}, "sandbox"},
		{"key file that is not there", input{}, []string{"get", "--api-key-file", empty + "x", "rich"}, "no such file"},
		{"empty key file", input{env: key}, []string{"get", "--api-key-file", empty, "rich"}, "the file is empty"},
		{"blank key file", input{env: key}, []string{"get", "--api-key-file", blank, "rich"}, "the file is empty"},
		{"key of two lines", input{stdin: "a\nb\n"}, []string{"get", "--api-key-file", "-", "rich"}, "the key cannot be used"},
		{"check nothing", input{}, []string{"check"}, "requires at least 1 arg"},
		{"check of a file that is not there", input{}, []string{"check", empty + "x"}, "no such file"},
		{"check of an empty folder", input{}, []string{"check", t.TempDir()}, "no file in this folder"},
		{"check of nothing", input{}, []string{"check", empty}, "the body is empty"},
		{"check of no JSON", input{stdin: "<html>"}, []string{"check", "-"}, "not valid JSON"},
		{"check of a half", input{stdin: `{"id":`}, []string{"check", "-"}, "ends too early"},
		{"check of two", input{stdin: `{} {}`}, []string{"check", "-"}, "not valid JSON"},
		{"check of a name twice", input{stdin: `{"a":1,"a":2}`}, []string{"check", "-"}, "a name occurs twice"},
		{"check of standard input twice", input{stdin: `{}`}, []string{"check", "-", "-"}, "only once"},
		{"check with a status of no contract", input{}, []string{"check", "--status", "418", empty}, "documents no such status code"},
		{"check with a status of no number", input{}, []string{"check", "--status", "ok", empty}, "--status"},
		{"spec with an argument", input{}, []string{"spec", "x"}, "unknown command"},
		{"spec in XML", input{}, []string{"spec", "-o", "xml"}, "want yaml, json"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if o := c.in.run(t, c.args...).want(t, 2, c.message); o.out != "" {
				t.Errorf("stdout:\n%s", o.out)
			}
		})
	}
}

func TestHelp(t *testing.T) {
	root := invoke(t).want(t, 0)
	for _, text := range []string{"Exit codes:", "PORTKEY_API_KEY", "PORTKEY_BASE_URL", "NO_COLOR", "Examples:"} {
		if !strings.Contains(root.out, text) {
			t.Errorf("help lacks %q", text)
		}
	}
	for _, line := range strings.Split(root.out, "\n") {
		name, _, _ := strings.Cut(strings.TrimPrefix(line, "  "), " ")
		switch {
		case !strings.HasPrefix(line, "  ") || name == "" || name == "completion" || name == "help":
		case strings.Contains(line, "   ") && !strings.HasPrefix(name, "-") && strings.ToLower(name) == name && name[0] >= 'a':
			if o := invoke(t, name, "--help").want(t, 0); name != "version" && !strings.Contains(o.out, "Examples:") {
				t.Errorf("help of %s lacks examples", name)
			}
		}
	}
}

func TestVersion(t *testing.T) {
	o := invoke(t, "version").want(t, 0)
	for _, text := range []string{"portkey-integration ", "contract " + document(t).Info.Version, "OpenAPI 3.0.3"} {
		if !strings.Contains(o.out, text) {
			t.Errorf("version lacks %q: %s", text, o.out)
		}
	}
}

func TestSpec(t *testing.T) {
	if o := invoke(t, "spec").want(t, 0); o.out != portkeyintegration.Contract() {
		t.Error("the output is not openapi.yaml byte for byte")
	}
	o := invoke(t, "spec", "--output", "json").want(t, 0)
	read, err := openapi3.NewLoader().LoadFromData([]byte(o.out))
	if err != nil {
		t.Fatal(err)
	}
	got, want := encode(t, read), encode(t, document(t))
	if !bytes.Equal(got, want) {
		t.Error("the document in JSON is not the one in YAML")
	}
	if !json.Valid([]byte(o.out)) || !strings.HasPrefix(o.out, "{\n  \"openapi\": \"3.0.3\",\n  \"info\":") {
		t.Errorf("want indented JSON in the order of the document, got %.60q", o.out)
	}
}

func TestCompletion(t *testing.T) {
	for _, c := range []struct {
		args []string
		want []string
	}{
		{[]string{"get", "--output", ""}, []string{"text", "json", "yaml"}},
		{[]string{"get", "--validation", ""}, []string{"strict", "report", "off"}},
		{[]string{"get", "--sandbox", "vertex"}, []string{"vertex-ai-basic\tVertex AI", "vertex-ai-workload"}},
		{[]string{"get", "--sandbox", "rate"}, []string{"rate-limited\t429 Too Many Requests"}},
		{[]string{"check", "--status", ""}, []string{"200", "404"}},
		{[]string{"spec", "-o", ""}, []string{"yaml", "json"}},
		{[]string{"verify", "--output", ""}, []string{"text", "json", "junit"}},
		{[]string{"verify", "--sandbox", "rich"}, []string{"rich\t"}},
	} {
		o := invoke(t, append([]string{"__complete"}, c.args...)...)
		for _, text := range c.want {
			if !strings.Contains("\n"+o.out, "\n"+text) {
				t.Errorf("completion of %q lacks %q:\n%s", c.args, text, o.out)
			}
		}
	}
	if o := invoke(t, "__complete", "get", ""); strings.Contains(o.out, "rich") {
		t.Errorf("slugs of the examples are offered without --sandbox:\n%s", o.out)
	}
	for _, shell := range []string{"bash", "zsh", "fish", "powershell"} {
		if o := invoke(t, "completion", shell).want(t, 0); !strings.Contains(o.out, "portkey-integration") {
			t.Errorf("no completion for %s", shell)
		}
	}
}

func TestMan(t *testing.T) {
	o := invoke(t, "man").want(t, 0)
	for _, text := range []string{".TH PORTKEY-INTEGRATION 1", ".SS get SLUG...", ".SS serve", `\-\-fail\-on\-drift`, "Exit codes:"} {
		if !strings.Contains(o.out, text) {
			t.Errorf("the page lacks %q", text)
		}
	}
	if strings.Contains(o.out, ".SS man") {
		t.Error("the page has a hidden command")
	}
}

// failingWriter fails like a pipe whose reader is gone, or a disk that is full.
type failingWriter struct{ err error }

func (w failingWriter) Write([]byte) (int, error) { return 0, w.err }

func TestOutputThatCannotBeWritten(t *testing.T) {
	for _, c := range []struct {
		err    error
		code   int
		stderr string
	}{
		{syscall.EPIPE, 0, ""},
		{syscall.ENOSPC, 2, "no space left"},
	} {
		for _, args := range [][]string{{"spec"}, {"get", "--sandbox", "rich"}, {"get", "--sandbox", "rich", "-o", "json"}} {
			var messages bytes.Buffer
			w := failingWriter{fmt.Errorf("write: %w", c.err)}
			code := run(t.Context(), args, func(string) string { return "" }, strings.NewReader(""), w, &messages)
			if code != c.code || !strings.Contains(messages.String(), c.stderr) || c.stderr == "" && messages.Len() > 0 {
				t.Errorf("%v with %v: exit code %d, stderr %q", args, c.err, code, &messages)
			}
		}
	}
}
