//go:build unix

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/portkey-integration/portkey-integration-go/contracttest"
)

// folder writes files below a new folder and returns it. Content that begins with "->" creates a link.
func folder(t *testing.T, files map[string]string) string {
	t.Helper()
	root := t.TempDir()
	for name, content := range files {
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		var err error
		if to, isLink := strings.CutPrefix(content, "->"); isLink {
			err = os.Symlink(to, path)
		} else {
			err = os.WriteFile(path, []byte(content), 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return root
}

// summary lists the results, each as its file below root and whether it conforms.
func (c checkedJSON) summary(root string) []string {
	list := []string{}
	for _, r := range c.Results {
		verdict := "conforms"
		if !r.Conforms {
			verdict = "violates"
		}
		list = append(list, strings.TrimPrefix(r.File, root+"/")+" "+verdict)
	}
	return list
}

func TestCheckSplitsFiles(t *testing.T) {
	good := string(encode(t, example(t, "sparse")))
	indented := &bytes.Buffer{}
	if err := json.Indent(indented, []byte(good), "", "  "); err != nil {
		t.Fatal(err)
	}
	yaml := input{}.run(t, "get", "--sandbox", "sparse", "-o", "yaml").want(t, 0).out
	har := string(encode(t, map[string]any{"log": map[string]any{"version": "1.2", "entries": []any{
		entry("GET", "https://x/v1/integrations/a", 200, good), entry("GET", "https://x/v1/integrations/b", 404, `{"message":"gone"}`),
	}}}))
	logged := `{"log":{"entries":[]},` + good[1:] // A property named log does not make it a HAR file.
	const bad = `{"id":1}`
	for _, test := range []struct {
		name, file, content string
		want                []string
		errors              []string
	}{
		{"one", "a.json", good, []string{"a.json conforms"}, nil},
		{"JSON lines", "a.jsonl", good + "\n\n" + bad + "\r\n" + good, []string{"a.jsonl conforms", "a.jsonl#2 violates", "a.jsonl#3 conforms"}, nil},
		{"JSON lines by another name", "a.txt", good + "\n" + bad, []string{"a.txt conforms", "a.txt#2 violates"}, nil},
		{"JSON lines with a broken one", "a.log", good + "\n{oops\n" + bad, []string{"a.log conforms", "a.log#3 violates"}, []string{"a.log#2: "}},
		{"JSON lines with a broken first", "a", "{oops\n" + good, []string{"a#2 conforms"}, []string{"a: "}},
		{"indented texts", "a", indented.String() + "\n" + indented.String(), []string{"a conforms", "a#2 conforms"}, nil},
		{"indented texts, the last cut", "a", indented.String() + "\n" + indented.String()[:100], []string{"a conforms"}, []string{"a#2: "}},
		{"two on a line", "a", good + " " + good, nil, []string{"a: "}},
		{"a byte order mark", "a", "\ufeff" + good, []string{"a conforms"}, nil},
		{"YAML", "a.yaml", yaml, []string{"a.yaml conforms"}, nil},
		{"YAML by no name", "a", yaml, []string{"a conforms"}, nil},
		{"YAML documents", "a.yml", "# c\n---\n" + yaml + "...\n---\n" + yaml + "---\nid: 1\n", []string{"a.yml conforms", "a.yml#2 conforms", "a.yml#3 violates"}, nil},
		{"YAML documents by no name", "a", yaml + "---\n" + yaml, []string{"a conforms", "a#2 conforms"}, nil},
		{"YAML documents, one broken", "a.yaml", yaml + "---\nhunter2: [\n---\n" + yaml, []string{"a.yaml conforms", "a.yaml#3 conforms"}, []string{"a.yaml#2: it is not valid YAML, at line "}},
		{"JSON among YAML", "a", good + "\n---\n" + yaml, []string{"a conforms", "a#2 conforms"}, nil},
		{"JSON lines among YAML", "a", good + "\n" + bad + "\n---\n" + yaml + "---\n" + good + "\n" + good, []string{"a conforms", "a#2 violates", "a#3 conforms", "a#4 conforms", "a#5 conforms"}, nil},
		{"YAML with an alias", "a.yaml", "x: &x [1]\ny: *x\n", []string{"a.yaml violates"}, nil},
		{"YAML with an alias of itself", "a.yaml", "x: &x [*x]\n", nil, []string{"a.yaml: "}},
		{"YAML that grows", "a.yaml", laughs(), nil, []string{"a.yaml: "}},
		{"YAML with a name that is none", "a.yaml", "? [hunter2]\n: 1\n", nil, []string{"a.yaml: it is YAML that JSON cannot represent: line "}},
		{"YAML with a number that is none", "a.yaml", "id: .inf\n", nil, []string{"a.yaml: "}},
		{"YAML with a name twice", "a.yaml", "id: 1\nid: 2\n", nil, []string{"a.yaml: "}},
		{"HAR", "a.har", har, []string{"a.har conforms", "a.har#2 conforms"}, nil},
		{"HAR and bodies, on lines", "a", bad + "\n" + har + "\n" + good, []string{"a violates", "a#2 conforms", "a#3 conforms", "a#4 conforms"}, nil},
		{"a property by the name of log", "a", logged, []string{"a conforms"}, nil},
		{"empty", "a", " \n", nil, []string{"a: "}},
		{"a page", "a.html", "<html>hunter2: x</html>", nil, []string{"a.html: "}},
		{"text", "a", "hunter2", nil, []string{"a: "}},
		{"binary", "a", "PNG\x00hunter2", nil, []string{"a: it is binary"}},
		{"UTF-16", "a", "\xff\xfe{\x00}\x00", nil, []string{"a: it is binary"}},
		{"not UTF-8", "a", "{\"a\":\"\xff\"}", nil, []string{"a: "}},
	} {
		t.Run(test.name, func(t *testing.T) {
			root := folder(t, map[string]string{test.file: test.content})
			o := invoke(t, "check", "-o", "json", filepath.Join(root, test.file))
			if got := parseChecked(t, o.out).summary(root); !slices.Equal(got, test.want) && len(got)+len(test.want) > 0 {
				t.Errorf("got %q, want %q", got, test.want)
			}
			if got := strings.Count(o.err, "\n"); got != len(test.errors) {
				t.Errorf("got %d messages, want %d:\n%s", got, len(test.errors), o.err)
			}
			for _, e := range test.errors {
				if !strings.Contains(o.err, "/"+e) {
					t.Errorf("stderr lacks %q:\n%s", e, o.err)
				}
			}
			if strings.Contains(o.out+o.err, "hunter2") {
				t.Errorf("the file is quoted:\n%s%s", o.out, o.err)
			}
			want := 0
			if strings.Contains(strings.Join(test.want, "\n"), "violates") {
				want = 1
			}
			if len(test.errors) > 0 {
				want = 2
			}
			if o.code != want {
				t.Errorf("exit code %d, want %d", o.code, want)
			}
		})
	}
}

// laughs returns a small YAML document whose aliases expand to a very large one.
func laughs() string {
	b := strings.Builder{}
	b.WriteString("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n")
	for i := range 9 {
		fmt.Fprintf(&b, "a%d: &a%d [%s]\n", i+1, i+1, strings.TrimSuffix(strings.Repeat(fmt.Sprintf("*a%d, ", i), 10), ", "))
	}
	return b.String()
}

func TestCheckFolders(t *testing.T) {
	good := string(encode(t, example(t, "sparse")))
	root := folder(t, map[string]string{
		"a.json":            good,
		"b/c/d.yaml":        "id: 1\n",
		"b/around":          "->..",
		"b/self":            "->self",
		"b/e.json":          "->../a.json",
		"again":             "->b",
		"gone.json":         "->nowhere",
		"picture.png":       "\x89PNG\r\n\x1a\n\x00",
		".hidden/x.json":    "{",
		".DS_Store":         "\x00",
		"lines.jsonl":       good + "\n" + good,
		"z \u202etxt\x1b[m": "{}",
	})
	if err := syscall.Mkfifo(filepath.Join(root, "pipe"), 0o600); err != nil {
		t.Fatal(err)
	}
	o := invoke(t, "check", "-o", "json", root).want(t, 2)
	want := []string{"a.json conforms", "again/c/d.yaml violates", "again/e.json conforms", "lines.jsonl conforms", "lines.jsonl#2 conforms", "z \u202etxt\x1b[m violates"}
	if got := parseChecked(t, o.out).summary(root); !slices.Equal(got, want) {
		t.Errorf("got\n%q, want\n%q", got, want)
	}
	for _, message := range []string{
		"/again/around: this link leads back", "/again/self: ", "/gone.json: no such file", "/picture.png: it is binary", "/pipe: it is not a regular file",
	} {
		if !strings.Contains(o.err, message) {
			t.Errorf("stderr lacks %q", message)
		}
	}
	if got := strings.Count(o.err, "\n"); got != 5 {
		t.Errorf("got %d messages, want 5:\n%s", got, o.err)
	}
	text := invoke(t, "check", root)
	if strings.ContainsAny(text.out+text.err+o.out+o.err, "\x1b\u202e") {
		t.Error("characters of a name reach the terminal")
	}
	invoke(t, "check", t.TempDir()).want(t, 2, "there is no file in this folder")
	invoke(t, "check", filepath.Join(root, "b", "self")).want(t, 2, "self: too many levels")
}

func TestCheckFoldersThatCannotBeRead(t *testing.T) {
	root := folder(t, map[string]string{"a/b.json": "{}", "c.json": "{}", "d.json": string(encode(t, example(t, "sparse")))})
	for _, name := range []string{"a", "c.json"} {
		if err := os.Chmod(filepath.Join(root, name), 0); err != nil {
			t.Fatal(err)
		}
	}
	defer os.Chmod(filepath.Join(root, "a"), 0o700)
	if os.Getuid() == 0 { // Root can read everything.
		const nobody = 65534
		for _, open := range []string{filepath.Dir(root), root, filepath.Join(root, "d.json")} {
			if err := os.Chmod(open, 0o755); err != nil {
				t.Fatal(err)
			}
		}
		if err := syscall.Seteuid(nobody); err != nil {
			t.Fatal(err)
		}
		defer func() {
			if err := syscall.Seteuid(0); err != nil {
				panic(err) // Later tests would run as nobody.
			}
		}()
	}
	if o := invoke(t, "check", root).want(t, 2, "/a: permission denied", "/c.json: permission denied"); !strings.Contains(o.out, "/d.json: conforms") {
		t.Errorf("got\n%s", o.out)
	}
}

// endless is a file without an end.
type endless struct{ read *int }

func (e endless) Read(b []byte) (int, error) {
	*e.read += len(b)
	return copy(b, bytes.Repeat([]byte(" "), len(b))), nil
}

func TestReadingIsBounded(t *testing.T) {
	read := 0
	if _, err := readBounded(t.Context(), endless{&read}, 1<<20); err == nil || !strings.Contains(err.Error(), "larger than 1 MiB") || read > 2<<20 {
		t.Errorf("got %v after %d bytes, want an end after 1 MiB", err, read)
	}
	invoke(t, "check", "/dev/zero").want(t, 2, "/dev/zero: it is binary")
	invoke(t, "get", "x", "--api-key-file", "/dev/zero").want(t, 2, "--api-key-file: the file cannot be read")
	if _, err := readBounded(t.Context(), io.MultiReader(strings.NewReader("{}"), failingReader{errors.New("disk on fire")}), 10); err == nil {
		t.Error("an error of the file is lost")
	}
}

type failingReader struct{ err error }

func (r failingReader) Read([]byte) (int, error) { return 0, r.err }

// notifying calls notify when it is read from or written to.
type notifying struct {
	io.Reader
	notify func()
}

func (n notifying) Read(p []byte) (int, error) {
	n.notify()
	return n.Reader.Read(p)
}

func (n notifying) Write(p []byte) (int, error) {
	n.notify()
	return len(p), nil
}

// An interrupt ends reading or opening a file that blocks or never ends.
func TestCheckIsInterrupted(t *testing.T) {
	pipe := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	file := save(t, "good.json", encode(t, example(t, "sparse")))
	noEnv := func(string) string { return "" }
	{
		stdin, writer := io.Pipe()
		ctx, cancel := context.WithCancel(t.Context())
		var out, messages bytes.Buffer
		code := run(ctx, []string{"check", "-o", "json", file, "-", file}, noEnv, notifying{stdin, cancel}, &out, &messages)
		if code != 1 || !strings.Contains(messages.String(), "interrupted after 1 response") || len(parseChecked(t, out.String()).Results) != 1 {
			t.Errorf("standard input: exit code %d, stdout and stderr:\n%s%s", code, &out, &messages)
		}
		_ = writer.Close()
	}
	{
		ctx, cancel := context.WithCancel(t.Context())
		// The first file has been checked. If opening the pipe takes longer to begin, the program ends in the same way.
		checked := notifying{nil, func() { time.AfterFunc(50*time.Millisecond, cancel) }}
		var messages bytes.Buffer
		code := run(ctx, []string{"check", file, pipe, file}, noEnv, nil, checked, &messages)
		if code != 1 || !strings.Contains(messages.String(), "interrupted after 1 response") {
			t.Errorf("a pipe that nobody writes to: exit code %d, stderr:\n%s", code, &messages)
		}
	}
	for _, args := range [][]string{{"get", "rich", "--api-key-file", "-"}, {"verify", "--api-key-file", pipe}, {"get", "rich", "--header", "X-A=-", "--sandbox"}} {
		stdin, writer := io.Pipe()
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(50*time.Millisecond, cancel) // If reading takes longer to begin, the program ends in the same way.
		if code := run(ctx, args, noEnv, stdin, io.Discard, io.Discard); code != 1 {
			t.Errorf("%v: exit code %d, want 1", args, code)
		}
		_ = writer.Close()
	}
	// Unblock the goroutines that wait for the pipe's other end.
	if w, err := os.OpenFile(pipe, os.O_WRONLY|syscall.O_NONBLOCK, 0); err == nil {
		_ = w.Close()
	}
	for deadline := time.Now().Add(5 * time.Second); runtime.NumGoroutine() > 10 && time.Now().Before(deadline); {
		time.Sleep(10 * time.Millisecond)
	}
}

// check reads what get writes, in each format, one or several.
func TestCheckReadsWhatGetWrites(t *testing.T) {
	var slugs []string
	for _, e := range integrations() {
		slugs = append(slugs, e.Name)
	}
	for _, output := range []string{"json", "yaml"} {
		o := invoke(t, append([]string{"get", "--sandbox", "-o", output}, slugs...)...).want(t, 0)
		for _, in := range []input{{stdin: o.out}} {
			checked := in.run(t, "check", "-", "-o", "json").want(t, 0)
			if got := len(parseChecked(t, checked.out).Results); got != len(slugs) {
				t.Errorf("%s: got %d results, want %d", output, got, len(slugs))
			}
		}
		one := invoke(t, "get", "--sandbox", "-o", output, "rich").want(t, 0)
		input{stdin: one.out}.run(t, "check", "-").want(t, 0)
	}
}

func TestCheckJUnit(t *testing.T) {
	drifting := example(t, "sparse")
	drifting["brand_new"] = 1
	root := folder(t, map[string]string{"a.json": string(encode(t, example(t, "sparse"))), "b.json": `{}`, "c.json": "{", "d.json": string(encode(t, drifting))})
	for failOnDrift, failures := range map[bool]int{false: 2, true: 3} {
		o := invoke(t, "check", "-o", "junit", fmt.Sprintf("--fail-on-drift=%v", failOnDrift), root).want(t, 2)
		var file struct {
			Suite struct {
				Tests    int `xml:"tests,attr"`
				Failures int `xml:"failures,attr"`
				Cases    []struct {
					Name    string    `xml:"name,attr"`
					Failure *struct{} `xml:"failure"`
				} `xml:"testcase"`
			} `xml:"testsuite"`
		}
		if err := xml.Unmarshal([]byte(o.out), &file); err != nil || file.Suite.Tests != 4 || file.Suite.Failures != failures {
			t.Fatalf("%v in\n%s", err, o.out)
		}
		for _, c := range file.Suite.Cases {
			if failed := c.Failure != nil; failed != slices.Contains([]string{"b.json", "c.json"}, filepath.Base(c.Name)) && !(failOnDrift && filepath.Base(c.Name) == "d.json") {
				t.Errorf("%s: failed is %v", c.Name, failed)
			}
		}
	}
}

// Whatever a server sends, the output is larger than the input by at most a constant factor.
func TestOutputIsBounded(t *testing.T) {
	const size = 71 << 10
	sparse := example(t, "sparse")
	for _, name := range []string{"tags", "configurations", "pricing_adjustments", "description"} {
		delete(sparse, name)
	}
	base := strings.TrimSuffix(string(encode(t, sparse)), "}")
	objects := func(object func(i int) string) string {
		var b strings.Builder
		for i := 0; b.Len() < size; i++ {
			b.WriteString(object(i) + ",")
		}
		return strings.TrimSuffix(b.String(), ",")
	}
	wide := strings.Repeat("w", size/2)
	bodies := map[string]string{
		"objects of distinct names": `"configurations":{"a":[` + objects(func(i int) string { return fmt.Sprintf(`{"n%d":1}`, i) }) + `]}`,
		"objects of one name":       `"configurations":{"a":[` + objects(func(int) string { return `{"n":1}` }) + `]}`,
		"one wide cell":             `"configurations":{"a":[{"n":"` + wide + `"},` + objects(func(int) string { return `{"n":1}` }) + `]}`,
		"one long name":             `"configurations":{"` + wide + `":{` + objects(func(i int) string { return fmt.Sprintf(`"n%d":1`, i) }) + `}}`,
		"many properties":           `"configurations":{` + objects(func(i int) string { return fmt.Sprintf(`"n%d":1`, i) }) + `}`,
		"deep":                      `"tags":` + strings.Repeat("[", 9000) + strings.Repeat("]", 9000),
		"deep objects":              `"configurations":` + strings.Repeat(`{"a":1,"b":`, 6000) + "1" + strings.Repeat("}", 6000),
		"deep tags of objects":      `"tags":` + strings.Repeat(`{"b":`, 9000) + "1" + strings.Repeat("}", 9000),
		"many tags":                 `"tags":[` + objects(func(int) string { return "1" }) + `]`,
		"many prices":               `"pricing_adjustments":{"multiplier":{` + objects(func(i int) string { return fmt.Sprintf(`"n%d":1`, i) }) + `}}`,
		"a long text":               `"description":"` + strings.Repeat("x", size) + `"`,
		"as deep as is indented":    `"tags":[` + objects(func(int) string { return strings.Repeat("[", 20) + strings.Repeat("]", 20) }) + `]`,
	}
	for name, part := range bodies {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			body := base + "," + part + "}"
			s := responder(t, body)
			in := input{env: map[string]string{"PORTKEY_API_KEY": "k-bounded", "PORTKEY_BASE_URL": s}}
			for output, factor := range map[string]int{"text": 4, "json": 40, "yaml": 40} {
				start := time.Now()
				o := in.run(t, "get", "sparse", "-o", output, "--validation", "off")
				if o.code != 0 || o.out == "" {
					t.Fatalf("-o %s: exit code %d, stderr %.500s", output, o.code, o.err)
				}
				if len(o.out) > factor*len(body) {
					t.Errorf("-o %s: got %d bytes of a body of %d, want at most %d times as many", output, len(o.out), len(body), factor)
				}
				if output != "text" {
					checked := input{stdin: o.out}.run(t, "check", "-", "-o", "json")
					if checked.code == 2 || len(checked.out) > 100*len(body) {
						t.Errorf("check of -o %s: exit code %d, %d bytes, stderr %.500s", output, checked.code, len(checked.out), checked.err)
					}
				}
				t.Logf("-o %s: %d bytes of %d in %v", output, len(o.out), len(body), time.Since(start).Round(time.Millisecond))
			}
		})
	}
}

// A recorded exchange is checked like the response itself.
func TestCheckReadsWhatProxyWrites(t *testing.T) {
	s := contracttest.NewServer(t, contracttest.WithFault("rich", contracttest.Fault{UnmaskedSecret: true}))
	har := filepath.Join(t.TempDir(), "recorded.har")
	p := startProxy(t, "--upstream", s.URL, "--har", har)
	for _, slug := range []string{"sparse", "rich", "not-found"} {
		p.get(t, "/integrations/"+slug, s.APIKey())
	}
	if o := p.stop(t); o.code != 1 {
		t.Errorf("exit code %d, want 1; stderr:\n%s", o.code, o.err)
	}
	o := invoke(t, "check", "-o", "json", har).want(t, 1)
	violations := 0
	results := parseChecked(t, o.out).Results // In the order in which the exchanges ended.
	for _, r := range results {
		violations += len(r.Violations)
	}
	if len(results) != 3 || violations != 2 {
		t.Errorf("got %d results and %d violations, want 3, and 2 of the one with secrets:\n%s", len(results), violations, o.out)
	}
}
