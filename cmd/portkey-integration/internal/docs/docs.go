// Package docs is the page of the fake server: what it serves, how to ask for it, and what it was asked. All of it is
// embedded, and a browser that shows it asks nobody else.
package docs

import (
	"bytes"
	"embed"
	"html/template"
	"net/http"
	"strings"

	"github.com/portkey-integration/portkey-integration-go/contracttest"
)

//go:embed page.html page.css page.js
var files embed.FS

var templates = template.Must(template.ParseFS(files, "page.html"))

// policy keeps the page to its own origin.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src data:; connect-src 'self'; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// A Page is what there is to say of a server.
type Page struct {
	PathPrefix string
	Key        string // that the server takes; "" for one that is not to be shown
	Groups     []Group
	Requests   func() Requests

	JSON []byte // the contract, as the server obeys it
	YAML string // the contract, as it is written
}

// A Group is a part of what the server serves, such as the integrations of a provider.
type Group struct {
	ID, Title string
	Responses []Response
}

// A Response is one that the server has for a slug.
type Response struct {
	Slug, Summary string
	Status        int // 0 where it is not known
}

// Requests are those that the server had.
type Requests struct {
	Total, Invalid int
	Last           []contracttest.Request // the newest first
}

// Handler serves the page at its root.
func Handler(page Page) http.Handler {
	static := map[string]struct {
		contentType string
		content     []byte
	}{
		"/page.css":     {"text/css; charset=utf-8", read("page.css")},
		"/page.js":      {"text/javascript; charset=utf-8", read("page.js")},
		"/openapi.json": {"application/json", page.JSON},
		"/openapi.yaml": {"text/yaml; charset=utf-8", []byte(page.YAML)},
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		header := w.Header()
		header.Set("Content-Security-Policy", policy)
		header.Set("X-Content-Type-Options", "nosniff")
		header.Set("Referrer-Policy", "no-referrer")
		header.Set("Cache-Control", "no-store")
		file, isStatic := static[r.URL.Path]
		switch {
		case r.Method != http.MethodGet && r.Method != http.MethodHead:
			header.Set("Allow", "GET, HEAD")
			http.Error(w, "want GET", http.StatusMethodNotAllowed)
		case isStatic:
			header.Set("Content-Type", file.contentType)
			_, _ = w.Write(file.content)
		case r.URL.Path == "/":
			render(w, "page", page.view("http://"+r.Host))
		case r.URL.Path == "/requests":
			render(w, "requests", page.Requests())
		default:
			http.NotFound(w, r)
		}
	})
}

// A view is a page as a browser that came by an origin is to see it.
type view struct {
	Page
	Base string // URL of the API
	Now  Requests
}

func (p Page) view(origin string) view {
	return view{Page: p, Base: origin + p.PathPrefix, Now: p.Requests()}
}

// Curl is a line for a shell that asks for a slug.
func (v view) Curl(slug string) string {
	key := "'x-portkey-api-key: " + v.Key + "'"
	if v.Key == "" {
		key = `"x-portkey-api-key: $PORTKEY_API_KEY"`
	} else if strings.Contains(v.Key, "'") {
		key = "'x-portkey-api-key: " + strings.ReplaceAll(v.Key, "'", `'\''`) + "'"
	}
	return "curl -H " + key + " " + v.Base + "/integrations/" + slug
}

func render(w http.ResponseWriter, name string, data any) {
	var b bytes.Buffer
	if err := templates.ExecuteTemplate(&b, name, data); err != nil {
		http.Error(w, "the page cannot be shown", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = w.Write(b.Bytes())
}

func read(name string) []byte {
	content, err := files.ReadFile(name)
	if err != nil {
		panic(err) // It is embedded.
	}
	return content
}
