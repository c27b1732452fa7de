package client_test

import (
	"errors"
	"iter"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/portkey-integration/portkey-integration-go/client"
	"github.com/portkey-integration/portkey-integration-go/gen"
)

// badSlugs yields slugs that could change the path or the query of the request, or are too long.
func badSlugs() iter.Seq[string] {
	return slices.Values([]string{
		"", ".", "..", "...", "a/b", "/", "../workspaces", "a/../b", `a\b`, `..\..`, "a?b", "?", "a?workspace_id=x", "a#b", "#",
		"%", "a%2fb", "%2e%2e", "a%00", "a b", " a", "a ", "a\t", "a\n", "\ra", "a\x00", "\x7f", "\x1b[31m", "é", "ａ", "a\u202eb",
		"\ufeffa", "\xff", "a;b", "a:b", "a@b", "a&b", "a+b", "a,b", "a=b", "~", "a.b", "<string>", "{slug}", strings.Repeat("a", 256),
		strings.Repeat("a", 1<<20),
	})
}

func TestBadSlugsAreRefused(t *testing.T) {
	handle := transport(func(r *http.Request) (*http.Response, error) {
		t.Errorf("got a request to %s, want none", r.URL)
		return nil, errors.ErrUnsupported
	})
	c := newClient(t, "https://cp.example/v1", over(handle))
	generated, err := gen.NewClientWithResponses("https://cp.example/v1", gen.WithHTTPClient(&http.Client{Transport: handle}))
	if err != nil {
		t.Fatal(err)
	}
	for slug := range badSlugs() {
		_, err := c.RetrieveIntegration(t.Context(), slug)
		if !errors.Is(err, client.ErrInvalidSlug) {
			t.Errorf("%.20q: got %v, want ErrInvalidSlug", slug, err)
		} else if text := err.Error(); len(text) > 4000 || strings.ContainsAny(text, "\n\r\x1b\x00") {
			t.Errorf("%.20q: got an error of %d bytes or several lines, want a short line", slug, len(text))
		}
		if _, err := generated.RetrieveIntegration(t.Context(), gen.Slug(slug), nil); err == nil {
			t.Errorf("%.20q: got it accepted by the generated client, want an error", slug)
		}
		if _, err := generated.RetrieveIntegrationWithResponse(t.Context(), gen.Slug(slug), nil); err == nil {
			t.Errorf("%.20q: got it accepted by the generated client, want an error", slug)
		}
		if _, err := gen.NewRetrieveIntegrationRequest("https://cp.example/v1", gen.Slug(slug), nil); err == nil {
			t.Errorf("%.20q: got a request of the generated function, want an error", slug)
		}
	}
}

// A workspace id is one value of the query, whatever its characters.
func TestWorkspaceIDStaysAValue(t *testing.T) {
	for _, id := range []string{"ws-1", "a&workspace_id=b", "a#b", "a/../b?c", "a b+c", "%2e", "ä", "a;b", "\r\nX: y"} {
		c := newClient(t, "https://cp.example/v1", over(func(r *http.Request) (*http.Response, error) {
			if q := r.URL.Query(); r.URL.Path != "/v1/integrations/some-slug" || len(q) != 1 || len(q["workspace_id"]) != 1 || q.Get("workspace_id") != id {
				t.Errorf("%q: got it sent as %s, want one value of the query", id, r.URL)
			}
			return respond(200, nil, integrationBody("some-slug"))
		}))
		if _, err := retrieve(c, client.WithWorkspaceID(id)); err != nil {
			t.Errorf("%q: got %v, want it sent", id, err)
		}
	}
	if _, err := retrieve(newClient(t, "https://cp.example/v1"), client.WithWorkspaceID("")); err == nil {
		t.Error("got an empty id accepted, want an error")
	}
}
