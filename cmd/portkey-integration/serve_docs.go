package main

import (
	"cmp"
	"net/http"
	"slices"

	"go.yaml.in/yaml/v4"

	portkeyintegration "github.com/portkey-integration/portkey-integration-go"
	"github.com/portkey-integration/portkey-integration-go/cmd/portkey-integration/internal/docs"
	"github.com/portkey-integration/portkey-integration-go/contract"
	"github.com/portkey-integration/portkey-integration-go/contracttest"
)

// docsPage returns the handler of the page under /docs/.
func docsPage(pathPrefix, key string, fixtures []string, seen *recent) (http.Handler, error) {
	description := "The fake server that this document comes from."
	if key != "" {
		description += " Its key is " + key + "."
	}
	document, err := contractJSON(func(document *yaml.Node) error {
		// Readers of the page send requests to this server.
		return member(document, "servers").Encode([]map[string]string{{"url": cmp.Or(pathPrefix, "/"), "description": description}})
	})
	if err != nil {
		return nil, err
	}
	return docs.Handler(docs.Page{
		PathPrefix: pathPrefix,
		Key:        key,
		Groups:     groups(fixtures),
		Requests:   seen.now,
		JSON:       document,
		YAML:       portkeyintegration.Contract(),
	}), nil
}

// groups returns the fixtures, the examples by provider in the order of the contract, and the errors.
func groups(fixtures []string) []docs.Group {
	var all []docs.Group
	add := func(id, title string, r docs.Response) {
		i := slices.IndexFunc(all, func(g docs.Group) bool { return g.ID == id })
		if i < 0 {
			i = len(all)
			all = append(all, docs.Group{ID: id, Title: title})
		}
		all[i].Responses = append(all[i].Responses, r)
	}
	for _, slug := range fixtures {
		add("fixtures", "Your fixtures", docs.Response{Slug: slug, Summary: "From a file, as it is now."})
	}
	for _, e := range contracttest.Examples() {
		r := docs.Response{Slug: e.Name, Summary: e.Summary, Status: e.Status}
		if e.Status != http.StatusOK {
			add("errors", "Errors", r)
			continue
		}
		provider := "other"
		if report, err := contract.Check(e.Status, e.Body); err == nil && report.Provider != "" {
			provider = string(report.Provider)
		}
		add("provider-"+provider, provider, r)
	}
	return all
}

// now returns the requests so far, the newest first.
func (s *recent) now() docs.Requests {
	s.mu.Lock()
	defer s.mu.Unlock()
	last := slices.Clone(s.last)
	slices.Reverse(last)
	return docs.Requests{Total: s.total, Invalid: s.invalid, Last: last}
}
