//go:build unix

package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
	"unicode"

	"go.yaml.in/yaml/v4"

	"github.com/portkey-integration/portkey-integration-go/contracttest"
)

// A secret that was given in place of a file name is not printed, not even in part.
func TestASecretInPlaceOfAFileIsNotPrinted(t *testing.T) {
	for _, args := range [][]string{
		{"--api-key-file", leak},
		{"--api-key-file", leak + "/x"},
		{"--api-key-file", strings.Repeat(leak, 100)}, // Longer than a file name may be.
		{"--api-key-file", "/dev/null/" + leak},
		{"--bearer-token-file", leak},
		{"--header", "X-Gateway=" + leak},
		{"--header", leak},
		{"--header", "=" + leak},
		{"--header", leak + "="},
		{"--header", "X-Gateway: " + leak},
		{"--header", "X-A=/dev/null/" + leak, "--header", "X-B=" + leak},
	} {
		for _, command := range []string{"get", "verify"} {
			in := input{env: map[string]string{"PORTKEY_API_KEY": "pk-fine"}}
			o := in.run(t, append([]string{command, "rich", "--base-url", "http://127.0.0.1:1"}, args...)...)
			if o.want(t, 2, args[0]); strings.Contains(o.out+o.err, leak) || strings.Contains(o.err, leak[:12]) {
				t.Errorf("%s %v: the secret is printed:\n%s%s", command, args, o.out, o.err)
			}
		}
	}
}

func TestSecretsComeFromOnePlaceEach(t *testing.T) {
	file := save(t, "secret", []byte(leak))
	control := save(t, "control", []byte("a\x01b"))
	for _, test := range []struct {
		args []string
		want string
	}{
		{[]string{"--api-key-file", file, "--bearer-token-file", file}, "api-key-file bearer-token-file"},
		{[]string{"--sandbox", "--bearer-token-file", file}, "sandbox"},
		{[]string{"--api-key-file", "-", "--header", "X-A=-"}, "only once"},
		{[]string{"--header", "X-A=" + file, "--header", "x-a=" + file}, "given twice"},
		{[]string{"--header", "x-portkey-api-key=" + file}, "PORTKEY_API_KEY or --api-key-file"},
		{[]string{"--header", "Authorization=" + file}, "--bearer-token-file"},
		{[]string{"--header", "Content-Length=" + file}, "--header"},
		{[]string{"--header", "a b=" + file}, "--header"},
		{[]string{"--header", "X-A=" + control}, "--header"},
	} {
		in := input{env: map[string]string{"PORTKEY_API_KEY": "pk-fine"}, stdin: leak}
		for _, command := range []string{"get", "verify"} {
			o := in.run(t, append([]string{command, "rich"}, test.args...)...).want(t, 2, test.want)
			if strings.Contains(o.out+o.err, leak) {
				t.Errorf("%v: the secret is printed:\n%s%s", test.args, o.out, o.err)
			}
		}
	}
}

// hostile has characters that are unsafe for a terminal.
const hostile = "\x7f\u0085\u009b31m\u200b\u200d\u202e\u2028\u2029\u2066\ufeff\U000e0041"

// Whatever names and strings a server sends, no character that moves, hides or reorders text reaches a terminal. JSON
// and YAML contain such characters as escapes.
func TestUnsafeCharactersAreNotPrinted(t *testing.T) {
	integration := example(t, "rich")
	for _, name := range []string{"slug", "name", "description", "status", "masked_key"} {
		integration[name] = hostile + name
	}
	integration["tags"] = []any{hostile, map[string]any{hostile: hostile}}
	integration["news"+hostile] = 1
	integration["configurations"] = map[string]any{hostile: hostile, "list": []any{map[string]any{hostile: hostile}}, "ai": map[string]any{hostile: 1}}
	integration["secret_mappings"] = []any{map[string]any{"target_field": hostile, "secret_reference_id": hostile}}
	integration["pricing_adjustments"] = map[string]any{"multiplier": map[string]any{hostile: 1}}
	integration["workspace_count"] = hostile
	body := string(encode(t, integration))
	for escape, r := range map[string]string{`\u2028`: "\u2028", `\u2029`: "\u2029"} { // Package json escapes these two.
		body = strings.ReplaceAll(body, escape, r)
	}
	env := map[string]string{"PORTKEY_API_KEY": "pk-fine", "PORTKEY_BASE_URL": responder(t, body)}
	file := save(t, "x"+strings.ReplaceAll(hostile, "/", "")+".json", []byte(body))
	for _, args := range [][]string{
		{"get", "a"}, {"get", "a", "b"}, {"get", "a", "-o", "json"}, {"get", "a", "b", "-o", "json"}, {"get", "a", "-o", "yaml"}, {"get", "a", "-o", "text"},
		{"verify", "a"}, {"verify", "a", "-o", "json"}, {"verify", "a", "-o", "junit"},
		{"check", file}, {"check", "-o", "json", file}, {"check", "-o", "junit", file}, {"check", file + hostile},
		{"get", hostile}, {"get", "a", "--base-url", "http://" + hostile}, {hostile}, {"get", "--" + hostile},
	} {
		for _, validation := range []string{"strict", "report"} {
			in := input{env: env}
			if args[0] == "get" {
				args = append(args[:len(args):len(args)], "--validation", validation)
			} else if validation == "report" {
				continue
			}
			o := in.run(t, args...)
			if i := strings.IndexFunc(o.out+o.err, func(r rune) bool { return !unicode.IsPrint(r) && r != '\n' }); i >= 0 {
				all := o.out + o.err
				t.Errorf("%q: %q is printed, in %q", args, all[i:i+4], all[max(0, i-40):min(len(all), i+40)])
			}
			if o.code == 0 && args[0] == "get" && strings.Contains(strings.Join(args, " "), "-o json") {
				for line := range strings.Lines(o.out) {
					if strings.HasPrefix(line, "{\"") && decode(t, []byte(line))["name"] != integration["name"] {
						t.Errorf("%q: the JSON says something else: %s", args, line)
					}
				}
			}
			if o.code == 0 && strings.Contains(strings.Join(args, " "), "-o yaml") {
				var y map[string]any
				if err := yaml.Load([]byte(o.out), &y); err != nil || y["name"] != integration["name"] {
					t.Errorf("the YAML says something else: %v %q", err, y["name"])
				}
			}
		}
	}
}

// program starts the program in a separate process, which is the test binary; see TestMain.
func program(t *testing.T, stdin io.Reader, args ...string) (cmd *exec.Cmd, out *bufio.Reader, messages *syncBuffer) {
	t.Helper()
	cmd = exec.CommandContext(t.Context(), os.Args[0], args...)
	cmd.Env = append(os.Environ(), "PORTKEY_TEST_PROGRAM=1")
	cmd.Stdin = stdin
	messages = &syncBuffer{}
	cmd.Stderr = messages
	pipe, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return cmd, bufio.NewReader(pipe), messages
}

// ends waits for the program and returns how it ended.
func ends(t *testing.T, cmd *exec.Cmd, messages *syncBuffer) *os.ProcessState {
	t.Helper()
	done := make(chan struct{})
	go func() { _ = cmd.Wait(); close(done) }()
	select {
	case <-done:
	case <-time.After(20 * time.Second):
		_ = cmd.Process.Kill()
		t.Fatalf("the program does not end; stderr:\n%s", messages)
	}
	return cmd.ProcessState
}

// The first interrupt ends a command that waits for input.
func TestInterruptWhileReading(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{{"check", "-"}, {"get", "rich", "--api-key-file", "-"}} {
		stdin, writer, err := os.Pipe() // Nothing is written to it.
		if err != nil {
			t.Fatal(err)
		}
		cmd, _, messages := program(t, stdin, args...)
		time.Sleep(300 * time.Millisecond) // Time for the program to start reading; otherwise it ends in the same way.
		_ = cmd.Process.Signal(os.Interrupt)
		if state := ends(t, cmd, messages); state.ExitCode() != 1 && !state.Sys().(syscall.WaitStatus).Signaled() {
			t.Errorf("%v: got exit code %d, want 1; stderr:\n%s", args, state.ExitCode(), messages)
		}
		_ = writer.Close()
		_ = stdin.Close()
	}
}

// The first interrupt ends a proxy gracefully, a second one at once.
func TestInterruptOfAProxy(t *testing.T) {
	t.Parallel()
	s := contracttest.NewServer(t, contracttest.WithFault("rich", contracttest.Fault{Hang: true}))
	for _, interrupts := range []int{1, 2} {
		har := filepath.Join(t.TempDir(), "recorded.har")
		cmd, out, messages := program(t, nil, "proxy", "--upstream", s.URL, "--addr", "127.0.0.1:0", "--har", har)
		line, err := out.ReadString('\n')
		if err != nil {
			t.Fatalf("%v; stderr:\n%s", err, messages)
		}
		url, _, _ := strings.Cut(line, " ")
		p := &running{url: url}
		p.get(t, "/integrations/sparse", s.APIKey())
		for recorded := false; !recorded; time.Sleep(time.Millisecond) { // The exchange is recorded once it has passed.
			data, _ := os.ReadFile(har)
			recorded = bytes.Contains(data, []byte("/integrations/sparse"))
		}
		if interrupts == 2 {
			asked := len(s.Requests())
			go p.try(t, "/integrations/rich", s.APIKey()) // It has no response when the program ends.
			for len(s.Requests()) == asked {
				time.Sleep(time.Millisecond)
			}
		}
		start := time.Now()
		_ = cmd.Process.Signal(os.Interrupt)
		if interrupts == 2 {
			// The program may see two signals at once as one. If it ignores the second, it ends after its grace period.
			go func() {
				for cmd.Process.Signal(os.Interrupt) == nil {
					time.Sleep(10 * time.Millisecond)
				}
			}()
		}
		_, _ = io.Copy(io.Discard, out)
		state := ends(t, cmd, messages)
		if signaled := state.Sys().(syscall.WaitStatus).Signaled(); signaled != (interrupts == 2) || !signaled && state.ExitCode() != 0 {
			t.Errorf("%d interrupts: got %v after %v; stderr:\n%s", interrupts, state, time.Since(start), messages)
		}
		if data, _ := os.ReadFile(har); !json.Valid(data) || !bytes.Contains(data, []byte("/integrations/sparse")) {
			t.Errorf("%d interrupts: the recording is\n%s", interrupts, data)
		}
	}
}
