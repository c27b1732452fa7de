package contracttest_test

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/portkey-integration/portkey-integration-go/contracttest"
)

const body = `{ "a" : [1.50, {"b~/c": "é"}, 3],  "n":null, "z": 1e2 }`

func TestFixtureWith(t *testing.T) {
	f := contracttest.Fixture{Body: []byte(body)}
	for _, test := range []struct {
		name string
		got  contracttest.Fixture
		want string
	}{
		{"replace", f.With("/z", "x"), `{"a":[1.50, {"b~/c": "é"}, 3],"n":null,"z":"x"}`},
		{"replace with null", f.With("/z", nil), `{"a":[1.50, {"b~/c": "é"}, 3],"n":null,"z":null}`},
		{"add", f.With("/m", []int{1}), `{"a":[1.50, {"b~/c": "é"}, 3],"n":null,"z":1e2,"m":[1]}`},
		{"escaped", f.With("/a/1/b~0~1c", "<&>"), `{"a":[1.50,{"b~/c":"<&>"},3],"n":null,"z":1e2}`},
		{"item", f.With("/a/0", json.RawMessage("2.00")), `{"a":[2.00,{"b~/c": "é"},3],"n":null,"z":1e2}`},
		{"append", f.With("/a/-", true), `{"a":[1.50,{"b~/c": "é"},3,true],"n":null,"z":1e2}`},
		{"all of it", f.With("", map[string]any{}), `{}`},
		{"remove", f.Without("/a"), `{"n":null,"z":1e2}`},
		{"remove an item", f.Without("/a/1"), `{"a":[1.50,3],"n":null,"z":1e2}`},
		{"chain", f.Without("/a").Without("/n").With("/z", 1), `{"z":1}`},
	} {
		if got := string(test.got.Body); got != test.want {
			t.Errorf("%s: got %s, want %s", test.name, got, test.want)
		}
	}
	if string(f.Body) != body {
		t.Errorf("the original became %s", f.Body)
	}
}

// Invalid calls panic with a message that has the pointer but not the value.
func TestFixtureWithPanics(t *testing.T) {
	f := contracttest.Fixture{Body: []byte(body)}
	for _, test := range []struct {
		name string
		do   func()
		want string
	}{
		{"no pointer", func() { f.With("a", 1) }, "not a JSON Pointer"},
		{"no parent", func() { f.With("/x/y", "hunter2") }, `there is no "x"`},
		{"null as parent", func() { f.With("/n/y", "hunter2") }, "no object or array"},
		{"index too large", func() { f.With("/a/3", 1) }, `there is no "3"`},
		{"no index", func() { f.With("/a/b", 1) }, `there is no "b"`},
		{"does not marshal", func() { f.With("/a", func() {}) }, "unsupported type"},
		{"nothing to remove", func() { f.Without("/b") }, `there is no "b"`},
		{"all removed", func() { f.Without("") }, "nothing would be left"},
		{"no JSON", func() { contracttest.Fixture{Body: []byte("{hunter2")}.With("/a", 1) }, `With("/a")`},
		{"no example", func() { contracttest.Example("ritch") }, `no example "ritch"`},
	} {
		t.Run(test.name, func(t *testing.T) {
			defer func() {
				got, _ := recover().(string)
				if !strings.Contains(got, test.want) || strings.Contains(got, "hunter2") {
					t.Errorf("got the panic %q, want %q in it", got, test.want)
				}
			}()
			test.do()
		})
	}
}

// Changing an example and undoing the change loses nothing.
func TestExamplesSurviveWith(t *testing.T) {
	for _, e := range contracttest.Examples() {
		if e.ContentType != "application/json" {
			continue
		}
		if got := e.With("/contracttest", 1).Without("/contracttest").Body; string(got) != string(e.Body) {
			t.Errorf("%s: got %s, want %s", e.Name, got, e.Body)
		}
	}
}

// Changed examples are served, and examples of errors keep their status codes.
func TestExampleAsFixture(t *testing.T) {
	server := contracttest.NewServer(t,
		contracttest.WithFixture("mine", contracttest.Example("rich").With("/slug", "mine").With("/name", "Mine")),
		contracttest.WithFixture("busy", contracttest.Example("rate-limited")),
		contracttest.WithFixture("page", contracttest.Example("bad-gateway-page")),
		contracttest.WithBrokenFixture("broken", contracttest.Example("rich").Without("/id")))
	for slug, want := range map[string]int{"mine": 200, "busy": 429, "page": 502, "broken": 200} {
		resp, body := send(t, server, "/integrations/"+slug)
		if resp.StatusCode != want {
			t.Errorf("%s: got status code %d, want %d", slug, resp.StatusCode, want)
		}
		if slug == "mine" && bodyOf(t, body)["name"] != "Mine" {
			t.Errorf("got the name %v, want Mine", bodyOf(t, body)["name"])
		}
	}
}

func writeFile(t *testing.T, path string, content []byte) string {
	t.Helper()
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// A changed file is reloaded. If it cannot be served, the old content is kept and the reason is logged once.
func TestFileFixture(t *testing.T) {
	var log bytes.Buffer
	mine := contracttest.Example("rich").With("/slug", "mine").With("/id", "22222222-2222-4333-8444-555555555555")
	path := writeFile(t, filepath.Join(t.TempDir(), "mine.json"), mine.Body)
	server := contracttest.NewServer(t, contracttest.WithFixture("mine", contracttest.File(path)),
		contracttest.WithLogger(slog.New(slog.NewTextHandler(&log, nil))))
	name := func(slug string) any {
		t.Helper()
		resp, body := send(t, server, "/integrations/"+slug)
		if resp.StatusCode != http.StatusOK {
			return resp.StatusCode
		}
		return bodyOf(t, body)["name"]
	}
	first := name("mine")

	writeFile(t, path, mine.With("/name", "The second one, which is longer").Body)
	if got := name("22222222-2222-4333-8444-555555555555"); got != "The second one, which is longer" || got == first {
		t.Errorf("after the change, got %v", got)
	}
	writeFile(t, path, mine.With("/name", "hunter2").With("/key", "hunter2").Body)
	for range 2 {
		if got := name("mine"); got != "The second one, which is longer" {
			t.Errorf("after a change to a violation, got %v", got)
		}
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if got := name("mine"); got != "The second one, which is longer" {
		t.Errorf("after the file is gone, got %v", got)
	}
	writeFile(t, path, mine.With("/name", "The last").With("/id", "33333333-2222-4333-8444-555555555555").Body)
	if got := name("33333333-2222-4333-8444-555555555555"); got != "The last" {
		t.Errorf("after the file is back, got %v", got)
	}
	if got := name("22222222-2222-4333-8444-555555555555"); got != http.StatusNotFound {
		t.Errorf("by the id that the fixture had before, got %v", got)
	}

	var told []string
	for line := range strings.Lines(log.String()) {
		switch {
		case strings.Contains(line, "fixture reloaded"):
			told = append(told, "reloaded")
		case strings.Contains(line, "/key"):
			told = append(told, "violation")
		case strings.Contains(line, "no such file"):
			told = append(told, "missing")
		}
	}
	if want := []string{"reloaded", "violation", "missing", "reloaded"}; !slices.Equal(told, want) {
		t.Errorf("got the log %v, want %v", told, want)
	}
	if strings.Contains(log.String(), "hunter2") {
		t.Error("a value is logged")
	}
}

func TestFileFixturesRefused(t *testing.T) {
	dir := t.TempDir()
	large := writeFile(t, filepath.Join(dir, "large"), nil)
	if err := os.Truncate(large, contracttest.MaxFixtureBytes+1); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct{ path, want string }{
		{filepath.Join(dir, "none"), "no such file"},
		{dir, "not a regular file"},
		{"/dev/zero", "not a regular file"},
		{large, "larger than"},
		{writeFile(t, filepath.Join(dir, "binary"), []byte("\x00\xff\x7fELF")), "violates the contract"},
		{writeFile(t, filepath.Join(dir, "empty"), nil), "violates the contract"},
		{writeFile(t, filepath.Join(dir, "list"), []byte(`["hunter2"]`)), "violates the contract"},
	} {
		_, err := contracttest.NewHandler(contracttest.WithFixture("mine", contracttest.File(test.path)))
		if err == nil || !strings.Contains(err.Error(), test.want) || strings.Count(err.Error(), test.path) != 1 {
			t.Errorf("%s: got %v, want %s", test.path, err, test.want)
		}
		if err != nil && strings.Contains(err.Error(), "hunter2") {
			t.Errorf("a value is in %v", err)
		}
	}
	fine := writeFile(t, filepath.Join(dir, "fine"), contracttest.Example("rich").Body)
	if _, err := contracttest.NewHandler(contracttest.WithBrokenFixture("mine", contracttest.File(fine))); err == nil {
		t.Error("a file that conforms was accepted as a broken fixture")
	}
}

func TestUnused(t *testing.T) {
	mine := contracttest.WithFixture("mine", contracttest.Example("rich").With("/slug", "mine"))
	get := func(paths ...string) func(*testing.T, *contracttest.Server) {
		return func(t *testing.T, server *contracttest.Server) {
			for _, path := range paths {
				send(t, server, "/integrations/"+path)
			}
		}
	}
	id := bodyOf(t, contracttest.Example("rich").Body)["id"].(string)
	for _, test := range []struct {
		name string
		opts []contracttest.ServerOption
		do   func(*testing.T, *contracttest.Server)
		want []string
	}{
		{"nothing of one's own", nil, get(), nil},
		{"fixture", []contracttest.ServerOption{mine}, get("rich"), []string{`fixture "mine" was never requested`}},
		{"fixture, requested", []contracttest.ServerOption{mine}, get("mine"), nil},
		{"fixture, requested by id", []contracttest.ServerOption{mine}, get(id), nil},
		{"fixture behind a wrong key", []contracttest.ServerOption{mine}, func(t *testing.T, server *contracttest.Server) {
			send(t, server, "/integrations/mine", func(r *http.Request) { r.Header.Set("x-portkey-api-key", "another") })
		}, []string{`fixture "mine" was never requested`}},
		{"fault", []contracttest.ServerOption{contracttest.WithFault("rich", contracttest.Fault{Status: 503})}, get("sparse"),
			[]string{`fault status:503 of "rich" was applied 0 of 1 times`}},
		{"fault, used", []contracttest.ServerOption{contracttest.WithFault("rich", contracttest.Fault{Status: 503})}, get("rich"), nil},
		{"fault, used too little", []contracttest.ServerOption{contracttest.WithFault("rich", contracttest.Fault{HTML: true, Times: 3})}, get("rich", "rich"),
			[]string{`fault html,times=3 of "rich" was applied 2 of 3 times`}},
		{"fault of all", []contracttest.ServerOption{contracttest.WithFault(contracttest.AnySlug, contracttest.Fault{Drift: true})}, get(),
			[]string{`fault drift of "*" was applied 0 of 1 times`}},
		{"second fault", []contracttest.ServerOption{contracttest.WithFault("rich", contracttest.Fault{Status: 503, Times: 1}, contracttest.Fault{Status: 429})}, get("rich"),
			[]string{`fault status:429 of "rich"`}},
		{"fault by chance, met", []contracttest.ServerOption{contracttest.WithFault("rich", contracttest.Fault{Status: 503, Probability: 1e-9})}, get("rich"), nil},
		{"fault by chance, not met", []contracttest.ServerOption{contracttest.WithFault("rich", contracttest.Fault{Status: 503, Probability: 1e-9})}, get(),
			[]string{`fault status:503,probability=1e-09 of "rich"`}},
		{"fault that was ended", []contracttest.ServerOption{contracttest.WithFault("rich", contracttest.Fault{Status: 503})},
			func(_ *testing.T, server *contracttest.Server) { server.SetFault("rich") }, nil},
		{"allowed", []contracttest.ServerOption{mine, contracttest.WithUnusedAllowed()}, get(), nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			fake := fails(t, func(tb testing.TB) { test.do(t, contracttest.NewServer(tb, test.opts...)) })
			if len(fake.errors) != len(test.want) {
				t.Fatalf("got %q, want %q", fake.errors, test.want)
			}
			for i, want := range test.want {
				if !strings.Contains(fake.errors[i], want) {
					t.Errorf("got %q, want %q", fake.errors[i], want)
				}
			}
		})
	}
}

// Unused faults and fixtures are not reported if the test has already failed.
func TestUnusedAfterAFailure(t *testing.T) {
	fake := fails(t, func(tb testing.TB) {
		contracttest.NewServer(tb, contracttest.WithFault("rich", contracttest.Fault{Status: 503}))
		tb.Errorf("another failure")
	})
	if len(fake.errors) != 1 {
		t.Errorf("got %q", fake.errors)
	}
}
