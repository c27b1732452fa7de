// Package docs serves the web page of the fake server: its responses, a curl command for each, and the last requests.
// All files are embedded, and the page loads nothing from other servers.
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

// policy restricts the page to its own origin.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src data:; connect-src 'self'; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// A Page describes a server.
type Page struct {
	PathPrefix string
	Key        string // that the server accepts; "" if it must not be shown
	Groups     []Group
	Requests   func() Requests

	JSON []byte // the contract, with this server as its only server
	YAML string // the contract, unchanged
}

// A Group is a part of what the server serves, such as the integrations of a provider.
type Group struct {
	ID, Title string
	Responses []Response
}

// A Response describes the response for a slug.
type Response struct {
	Slug, Summary string
	Status        int // 0 if it is not known
}

// Requests describes the requests that the server received.
type Requests struct {
	Total, Invalid int
	Last           []contracttest.Request // the newest first
}

// Handler returns a handler that serves the page at its root.
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

// A view is the data of the page's template, for a browser that reaches the server at an origin.
type view struct {
	Page
	Base string // URL of the API
	Now  Requests
}

func (p Page) view(origin string) view {
	return view{Page: p, Base: origin + p.PathPrefix, Now: p.Requests()}
}

// Curl returns a shell command that requests a slug.
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
