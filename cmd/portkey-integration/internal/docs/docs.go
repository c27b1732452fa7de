// Package docs is a page that shows an OpenAPI document and tries it out. All of it is embedded, and a browser that
// shows it asks nobody else: the viewer is Swagger UI, kept in swagger-ui by the script refresh.
package docs

import (
	"compress/gzip"
	"embed"
	"html"
	"io"
	"net/http"
	"path"
	"strings"
)

//go:embed index.html page.css page.js swagger-ui
var files embed.FS

// policy keeps the page to its own origin. The viewer sets styles of elements, and has images as data.
const policy = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; " +
	"connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// Handler serves the page at its root: the document in JSON, which the viewer reads, and in YAML, which people do. The
// page tells the key to try it with.
func Handler(asJSON []byte, asYAML, key string) http.Handler {
	page := string(read("index.html"))
	served := map[string]file{
		"":             {"text/html; charset=utf-8", []byte(strings.ReplaceAll(page, "{{key}}", html.EscapeString(key))), false},
		"page.css":     {"text/css; charset=utf-8", read("page.css"), false},
		"page.js":      {"text/javascript; charset=utf-8", read("page.js"), false},
		"openapi.json": {"application/json", asJSON, false},
		"openapi.yaml": {"text/yaml; charset=utf-8", []byte(asYAML), false},

		"swagger-ui.css":       {"text/css; charset=utf-8", read("swagger-ui/swagger-ui.css.gz"), true},
		"swagger-ui-bundle.js": {"text/javascript; charset=utf-8", read("swagger-ui/swagger-ui-bundle.js.gz"), true},
	}
	for _, name := range []string{"LICENSE", "NOTICE", "swagger-ui-bundle.js.LICENSE.txt"} {
		served[name] = file{"text/plain; charset=utf-8", read(path.Join("swagger-ui", name)), false}
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		f, ok := served[strings.TrimPrefix(r.URL.Path, "/")]
		switch {
		case !ok:
			http.NotFound(w, r)
		case r.Method != http.MethodGet && r.Method != http.MethodHead:
			w.Header().Set("Allow", "GET, HEAD")
			http.Error(w, "want GET", http.StatusMethodNotAllowed)
		default:
			f.serve(w, r)
		}
	})
}

type file struct {
	contentType string
	content     []byte
	gzipped     bool
}

func (f file) serve(w http.ResponseWriter, r *http.Request) {
	header := w.Header()
	header.Set("Content-Type", f.contentType)
	header.Set("Content-Security-Policy", policy)
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Referrer-Policy", "no-referrer")
	header.Set("Cache-Control", "no-cache")
	if !f.gzipped {
		_, _ = w.Write(f.content)
		return
	}
	header.Set("Vary", "Accept-Encoding")
	if strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		header.Set("Content-Encoding", "gzip")
		_, _ = w.Write(f.content)
		return
	}
	if plain, err := gzip.NewReader(strings.NewReader(string(f.content))); err == nil {
		_, _ = io.Copy(w, plain)
	}
}

func read(name string) []byte {
	content, err := files.ReadFile(name)
	if err != nil {
		panic(err) // It is embedded.
	}
	return content
}
