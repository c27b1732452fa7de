package client_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"iter"
	"log"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	jsonv2 "github.com/go-json-experiment/json"

	"github.com/portkey-integration/portkey-integration-go/client"
)

// Secrets that a client is given and must not print. All have mixed case, and none is part of another.
const (
	theKey         = "pk-Live-7Qm2xT9vKcEw"
	theToken       = "eyJhbGciOi.J9bearer-Lw.x4ZtUy"
	theHeaderValue = "gateway-Pass-5Rz8"
	theCallValue   = "call-Pass-3Wn6Hd"
)

func allSecrets() []string { return []string{theKey, theToken, theHeaderValue, theCallValue} }

// newClient returns a client with all kinds of secrets; opts are applied last.
func newClient(t testing.TB, baseURL string, opts ...client.Option) *client.Client {
	t.Helper()
	c, err := client.New(append([]client.Option{
		client.WithAPIKey(theKey), client.WithBearerToken(theToken), client.WithHeader("X-Gateway", theHeaderValue),
		client.WithBaseURL(baseURL),
	}, opts...)...)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// over returns the option to handle requests with handle instead of a network.
func over(handle transport) client.Option {
	return client.WithHTTPClient(&http.Client{Transport: handle})
}

// serve starts a server on loopback, with a base URL whose path is not the root.
func serve(t testing.TB, handler http.HandlerFunc) (baseURL string) {
	t.Helper()
	s := httptest.NewServer(handler)
	t.Cleanup(s.Close)
	return s.URL + "/api/v1"
}

// writeIntegration writes a complete response with status code 200.
func writeIntegration(w http.ResponseWriter, slug string) {
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write([]byte(integrationBody(slug)))
}

func retrieve(c *client.Client, opts ...client.CallOption) (*client.Integration, error) {
	return c.RetrieveIntegration(context.Background(), "some-slug", opts...)
}

// as is errors.As, and ends the test if err is not an E.
func as[E error](t testing.TB, err error) E {
	t.Helper()
	var e E
	if !errors.As(err, &e) {
		t.Fatalf("got %T, want %T: %v", err, e, err)
	}
	return e
}

var verbs = []string{"%v", "%+v", "%#v", "%s", "%q", "%#q", "%x", "%X", "% x", "%d", "%t", "%o", "%b", "%c", "%U", "%p", "%T"}

// printings yields the ways in which Go programs print v, alone and inside other values, with the results.
func printings(v any) iter.Seq2[string, string] {
	type holder struct {
		Exported any
		hidden   any
	}
	return func(yield func(string, string) bool) {
		inside := map[string]any{"": v, " in a struct": holder{v, v}, " in a slice": []any{v}, " in a map": map[string]any{"k": v}}
		for where, v := range inside {
			for _, verb := range verbs {
				if !yield(verb+where, fmt.Sprintf(verb, v)) {
					return
				}
			}
			var text, structured bytes.Buffer
			slog.New(slog.NewTextHandler(&text, nil)).Info("m", "v", v, slog.Group("g", "v", v))
			slog.New(slog.NewJSONHandler(&structured, nil)).Info("m", "v", v, slog.Group("g", "v", v))
			classic, err1 := json.Marshal(v)
			modern, err2 := jsonv2.Marshal(v)
			if !yield("slog text"+where, text.String()) || !yield("slog JSON"+where, structured.String()) ||
				!yield("encoding/json"+where, fmt.Sprint(string(classic), err1)) ||
				!yield("json/v2"+where, fmt.Sprint(string(modern), err2)) {
				return
			}
		}
	}
}

// forms returns the forms in which secret may be printed, as text or as bytes.
func forms(secret string) []string {
	if all, ok := knownForms.Load(secret); ok {
		return all.([]string)
	}
	all := []string{secret}
	for _, verb := range verbs {
		if verb == "%t" || verb == "%p" || verb == "%T" {
			continue
		}
		for _, v := range []any{secret, []byte(secret)} {
			form := strings.TrimPrefix(fmt.Sprintf(verb, v), "[]byte")
			all = append(all, strings.Trim(form, "[]{}\"`"))
		}
	}
	for shift := range 3 { // The secret's offset in a group of three bytes.
		encoded := base64.StdEncoding.EncodeToString([]byte(strings.Repeat(".", shift) + secret))
		all = append(all, encoded[4:len(encoded)-4])
	}
	for i, form := range all {
		all[i] = strings.ToLower(form)
	}
	all = slices.DeleteFunc(all, func(form string) bool { return len(form) < 4 })
	slices.Sort(all)
	all = slices.Compact(all)
	knownForms.Store(secret, all)
	return all
}

var knownForms sync.Map

// expectClean fails the test if v prints a secret in any way, and does not print what it found. It ignores the output
// of a wrong verb ("%!", which go vet reports): there, fmt prints a Body without calling its methods.
func expectClean(t testing.TB, what string, v any, secrets ...string) {
	t.Helper()
	for how, text := range printings(v) {
		if strings.Contains(text, "%!") {
			continue
		}
		expectNone(t, what+" under "+how, text, secrets...)
	}
}

// expectNone fails the test if text contains a secret.
func expectNone(t testing.TB, what, text string, secrets ...string) {
	t.Helper()
	text = strings.ToLower(text)
	for i, secret := range secrets {
		if slices.ContainsFunc(forms(secret), func(form string) bool { return strings.Contains(text, form) }) {
			t.Errorf("%s: got secret %d printed, want none", what, i)
		}
	}
}

// debugLogger returns a logger that writes records of every level to w, as JSON.
func debugLogger(w *strings.Builder) *slog.Logger {
	return slog.New(slog.NewJSONHandler(w, &slog.HandlerOptions{Level: slog.LevelDebug}))
}

// quietLog is for servers whose errors are expected.
var quietLog = log.New(io.Discard, "", 0)

// TestMain runs more parallel tests than there are processors, because they mostly wait for the network.
func TestMain(m *testing.M) {
	flag.Parse()
	if given := flag.Lookup("test.parallel"); given.Value.String() == given.DefValue {
		_ = given.Value.Set("8")
	}
	os.Exit(m.Run())
}
