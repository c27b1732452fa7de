package main

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v4"
)

// compat works in any clone: without tags, without history, and if a package of the module does not compile.
func TestAccidentsInAShallowClone(t *testing.T) {
	if testing.Short() {
		t.Skip("makes a clone and builds in it")
	}
	clone := shallowClone(t)
	compat := filepath.Join(t.TempDir(), "compat")
	command(t, filepath.Join(clone, ".ci"), "go", "build", "-o", compat, "./compat")

	for _, test := range []struct {
		name          string
		file          string
		accident      func(t *testing.T, text string) string
		code          int
		want, declare string // Parts of the output: what happened, and what to do.
	}{
		{"nothing", contractFile, func(_ *testing.T, text string) string { return text }, 0, " 0 of them breaking", ""},
		{"a required property more", contractFile, edited(requireMore), 1,
			"BREAKING  `response-property-became-required` the response property `description`", "### Breaking (contract)\n\n- `response-property-became-required`"},
		{"a name limited", contractFile, edited(limitName), 1,
			"BREAKING  `response-property-max-length-set` the `name` response property's maxLength was set to `40`", "- `response-property-max-length-set`"},
		{"a mask removed", contractFile, edited(unmask), 1,
			"BREAKING  `response-optional-property-became-not-write-only`", "- `response-optional-property-became-not-write-only`"},
		{"an option removed", "client/options.go", unexportOption, 1,
			"BREAKING  client.WithUserAgent: removed: func(string)", "### Breaking (Go API)\n\n- `client.WithUserAgent`: REASON"},
		{"a value dropped", contractFile, edited(dropValue), 1,
			"BREAKING  `extensible-enum-value-removed` removed the value", "- `extensible-enum-value-removed`"},

		{"a package that does not compile", "contracttest/doc.go", func(_ *testing.T, text string) string { return text + "\nfunc F() { nobody() }\n" }, 2,
			"contracttest does not compile: ", ""},
		{"no baseline", baselineAPI, nil, 2, "cannot compare: ", ""},
		{"no contract in the baseline", baselineContract, nil, 2, "cannot compare: ", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			defer command(t, clone, "git", "checkout", "--quiet", ".")
			file := filepath.Join(clone, test.file)
			if test.accident == nil {
				if err := os.Remove(file); err != nil {
					t.Fatal(err)
				}
			} else {
				text, err := os.ReadFile(file)
				if err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(file, []byte(test.accident(t, string(text))), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			compare := exec.Command(compat, "-C", clone)
			var out bytes.Buffer
			compare.Stdout, compare.Stderr = &out, &out
			if err := compare.Run(); err != nil && !errors.As(err, new(*exec.ExitError)) {
				t.Fatal(err)
			}
			if got := compare.ProcessState.ExitCode(); got != test.code {
				t.Errorf("got exit code %d, want %d\n%s", got, test.code, &out)
			}
			for _, want := range []string{test.want, test.declare} {
				if !strings.Contains(out.String(), want) {
					t.Errorf("got\n%s\nwant %q", &out, want)
				}
			}
		})
	}
}

// .ci/release makes the work tree the new baseline, if the changelog and the version fit the changes.
func TestPrepareRelease(t *testing.T) {
	if testing.Short() {
		t.Skip("makes a clone and builds in it")
	}
	clone := shallowClone(t)
	write := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(clone, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		command(t, clone, "git", "-c", "user.name=t", "-c", "user.email=t@localhost", "-c", "commit.gpgsign=false", "commit", "--quiet", "--all", "--message", name)
	}
	prepare := func(version string) (string, bool) {
		t.Helper()
		out, err := exec.Command(filepath.Join(clone, ".ci/release"), "prepare", version).CombinedOutput()
		if err != nil && !errors.As(err, new(*exec.ExitError)) {
			t.Fatal(err)
		}
		return string(out), err == nil
	}
	refuse := func(version, want string) {
		t.Helper()
		if out, ok := prepare(version); ok || !strings.Contains(out, want) {
			t.Errorf("prepare %s: got %q and success %t, want a refusal with %q", version, out, ok, want)
		}
		if got := command(t, clone, "git", "status", "--porcelain"); got != "" {
			t.Errorf("prepare %s: got changes after a refusal: %s", version, got)
		}
	}

	refuse("v0.1.0", "CHANGELOG.md has nothing to say of 0.1.0")
	options := read(t, clone, "client/options.go")
	write("client/options.go", unexportOption(t, options))
	contract := contractOf(t, clone)
	log := "# Changelog\n\n" + unreleased + "\n\nContract " + contract + ".\n\n"
	write(changelogFile, "# Changelog\n\n"+unreleased+"\n\n- Something.\n")
	refuse("v0.1.0", "does not say \"Contract "+contract+".\"")
	write(changelogFile, log)
	refuse("v0.1.0", "`client.WithUserAgent`: REASON")
	write(changelogFile, log+"### Breaking (Go API)\n\n- `client.WithUserAgent`: nobody asks\n")
	refuse("v0.0.2", "need another minor version")
	refuse("v0.0.1", "is no later version")
	if out, ok := prepare("v0.1.0"); !ok {
		t.Fatal(out)
	}
	if got := read(t, clone, changelogFile); !strings.Contains(got, "\n## 0.1.0 (20") || strings.Contains(got, unreleased) {
		t.Errorf("got a changelog of %q, want a section of 0.1.0 with a date", got)
	}
	if got := read(t, clone, baselineAPI); !strings.Contains(got, "\nversion v0.1.0\n") || strings.Contains(got, "WithUserAgent") {
		t.Error("want a baseline of v0.1.0 without WithUserAgent")
	}
	var out bytes.Buffer
	if undeclared, err := run(&out, clone, ""); undeclared || err != nil {
		t.Errorf("after the release: got %v and %s, want no change", err, &out)
	}

	// An unpushed version can be prepared again.
	write("client/options.go", options)
	if err := os.RemoveAll(filepath.Join(clone, filepath.Dir(baselineAPI))); err != nil {
		t.Fatal(err)
	}
	if out, ok := prepare("v0.1.0"); !ok {
		t.Fatal(out)
	}
	if got := read(t, clone, baselineAPI); !strings.Contains(got, "WithUserAgent") {
		t.Error("want a baseline of v0.1.0 with WithUserAgent")
	}
}

func read(t *testing.T, dir, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func contractOf(t *testing.T, dir string) string {
	t.Helper()
	version, err := contractVersion(filepath.Join(dir, contractFile))
	if err != nil {
		t.Fatal(err)
	}
	return version
}

// shallowClone clones the work tree, including uncommitted changes: of two commits and a tag, the clone has only the last
// commit.
func shallowClone(t *testing.T) string {
	t.Helper()
	root := strings.TrimSpace(command(t, ".", "git", "rev-parse", "--show-toplevel"))
	origin, clone := filepath.Join(t.TempDir(), "origin"), filepath.Join(t.TempDir(), "clone")
	git := func(arguments ...string) {
		command(t, origin, "git", append([]string{"-c", "user.name=t", "-c", "user.email=t@localhost", "-c", "commit.gpgsign=false"}, arguments...)...)
	}
	command(t, ".", "git", "init", "--quiet", origin)
	git("commit", "--quiet", "--allow-empty", "-m", "first")
	git("tag", "v0.0.1") // Not in the clone.
	for _, name := range strings.Split(command(t, root, "git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"), "\x00") {
		if name != "" {
			copyFile(t, filepath.Join(root, name), filepath.Join(origin, name))
		}
	}
	// The current state becomes the release, whatever has changed since the last one.
	for _, baseline := range []string{baselineAPI, baselineContract} {
		if err := os.RemoveAll(filepath.Join(origin, baseline)); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(origin, changelogFile), []byte("# Changelog\n\n"+unreleased+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := run(t.Output(), origin, "v0.0.1"); err != nil {
		t.Fatal(err)
	}
	git("add", "--all", "--force")
	git("commit", "--quiet", "-m", "second")
	command(t, ".", "git", "clone", "--quiet", "--depth", "1", "--no-tags", "file://"+filepath.ToSlash(origin), clone)
	if got := strings.Fields(command(t, clone, "git", "rev-list", "--all", "--count")); got[0] != "1" {
		t.Fatalf("got a clone of %s commits, want 1", got[0])
	}
	return clone
}

func copyFile(t *testing.T, from, to string) {
	t.Helper()
	info, err := os.Stat(from)
	if errors.Is(err, os.ErrNotExist) {
		return // Deleted, but not committed yet.
	}
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(from)
	err = errors.Join(err, os.MkdirAll(filepath.Dir(to), 0o755), os.WriteFile(to, text, info.Mode().Perm()))
	if err != nil {
		t.Fatal(err)
	}
}

func command(t *testing.T, dir, name string, arguments ...string) string {
	t.Helper()
	c := exec.Command(name, arguments...)
	c.Dir = dir
	out, err := c.Output()
	if err != nil {
		var failure *exec.ExitError
		if errors.As(err, &failure) {
			t.Fatalf("%s: %v\n%s%s", c, err, out, failure.Stderr)
		}
		t.Fatal(err)
	}
	return string(out)
}

// edited returns a change to the contract's text, made by editing its YAML tree.
func edited(edit func(t *testing.T, document *yaml.Node)) func(*testing.T, string) string {
	return func(t *testing.T, text string) string {
		t.Helper()
		var document yaml.Node
		if err := yaml.Load([]byte(text), &document); err != nil {
			t.Fatal(err)
		}
		edit(t, document.Content[0])
		out, err := yaml.Dump(&document)
		if err != nil {
			t.Fatal(err)
		}
		return string(out)
	}
}

func value(t *testing.T, node *yaml.Node, path ...string) *yaml.Node {
	t.Helper()
	for _, key := range path {
		i := slices.IndexFunc(node.Content, func(n *yaml.Node) bool { return n.Value == key })
		if node.Kind != yaml.MappingNode || i < 0 {
			t.Fatalf("the contract has no %s of %s", key, path)
		}
		node = node.Content[i+1]
	}
	return node
}

// first visits the first property of a name at any depth.
func first(t *testing.T, node *yaml.Node, key string, visit func(parent *yaml.Node, at int)) {
	t.Helper()
	var find func(node *yaml.Node) bool
	find = func(node *yaml.Node) bool {
		for i, child := range node.Content {
			if node.Kind == yaml.MappingNode && i%2 == 0 && child.Value == key {
				visit(node, i)
				return true
			}
			if find(child) {
				return true
			}
		}
		return false
	}
	if !find(node) {
		t.Fatalf("the contract has no %s", key)
	}
}

func requireMore(t *testing.T, document *yaml.Node) {
	required := value(t, document, "components", "schemas", "Integration", "required")
	required.Content = append(required.Content, &yaml.Node{Kind: yaml.ScalarNode, Value: "description"})
}

func limitName(t *testing.T, document *yaml.Node) {
	name := value(t, document, "components", "schemas", "Integration", "properties", "name")
	name.Content = append(name.Content, &yaml.Node{Kind: yaml.ScalarNode, Value: "maxLength"}, &yaml.Node{Kind: yaml.ScalarNode, Value: "40"})
}

func unmask(t *testing.T, document *yaml.Node) {
	first(t, document, "writeOnly", func(parent *yaml.Node, at int) { parent.Content = slices.Delete(parent.Content, at, at+2) })
}

func dropValue(t *testing.T, document *yaml.Node) {
	first(t, document, "x-extensible-enum", func(parent *yaml.Node, at int) {
		values := parent.Content[at+1]
		values.Content = values.Content[:len(values.Content)-1]
	})
}

func unexportOption(t *testing.T, text string) string {
	t.Helper()
	const option = "\nfunc WithUserAgent("
	if !strings.Contains(text, option) {
		t.Fatalf("the file has no %q", option)
	}
	return strings.Replace(text, option, "\nfunc withUserAgent(", 1)
}
