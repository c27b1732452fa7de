package contracttest

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"slices"
	"sync"
)

// A catalog holds the responses that a [Handler] serves.
type catalog struct {
	mu     sync.Mutex
	bySlug map[string]*entry
	byID   map[string]string // slugs by id
}

type entry struct {
	response
	fixture   bool // false for an example
	requested bool

	file   File // "" if it does not come from a file
	broken bool // whether it was added with WithBrokenFixture
	stamp  stamp
}

// A stamp identifies a version of a file.
type stamp struct {
	size, modified int64
	mode           os.FileMode
}

func (f File) stamp() stamp {
	info, err := os.Stat(string(f))
	if err != nil {
		return stamp{size: -1}
	}
	return stamp{info.Size(), info.ModTime().UnixNano(), info.Mode()}
}

func newCatalog() *catalog {
	c := &catalog{bySlug: map[string]*entry{}, byID: map[string]string{}}
	for _, e := range loadExamples() {
		c.put(e.Name, &entry{response: e.response()})
	}
	return c
}

// put adds an entry under a slug and under the id in its body. It replaces the earlier entry of the slug.
func (c *catalog) put(slug string, e *entry) {
	c.bySlug[slug] = e
	for id, named := range c.byID {
		if named == slug {
			delete(c.byID, id)
		}
	}
	var integration struct{ ID string }
	if e.status == http.StatusOK && json.Unmarshal(e.body, &integration) == nil && integration.ID != "" {
		c.byID[integration.ID] = slug
	}
}

func (c *catalog) addFixture(slug string, from any, broken bool) error {
	if err := checkSlug(slug); err != nil {
		return fmt.Errorf("fixture %q: %w", slug, err)
	}
	file, _ := from.(File)
	e := &entry{fixture: true, file: file, broken: broken}
	if file != "" {
		e.stamp = file.stamp() // Taken before reading, so that any later change is noticed.
	}
	f, err := newFixture(from)
	if err == nil {
		err = f.check(broken)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", e.name(slug), err)
	}
	e.response = f.response()
	c.put(slug, e)
	return nil
}

func (e *entry) name(slug string) string {
	if e.file != "" {
		return fmt.Sprintf("fixture %q in %s", slug, e.file)
	}
	return fmt.Sprintf("fixture %q", slug)
}

// find looks up a slug or id. It returns the slug of the entry and its response; if there is no entry, it returns the
// argument and false.
func (c *catalog) find(slug string, logger *slog.Logger) (string, response, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.reload(logger)
	e := c.bySlug[slug]
	if named, ok := c.byID[slug]; ok && e == nil {
		slug, e = named, c.bySlug[named]
	}
	if e == nil {
		return slug, response{}, false
	}
	e.requested = true
	return slug, e.response, true
}

// reload rereads the fixtures whose files have changed. If the new content cannot be served, the old one is kept.
func (c *catalog) reload(logger *slog.Logger) {
	for slug, e := range c.bySlug {
		if e.file == "" {
			continue
		}
		now := e.file.stamp()
		if now == e.stamp {
			continue
		}
		e.stamp = now
		f, err := newFixture(e.file)
		if err == nil {
			err = f.check(e.broken)
		}
		if err != nil {
			logger.Warn("fixture not reloaded", "fixture", slug, "file", string(e.file), "error", err.Error())
			continue
		}
		e.response = f.response()
		c.put(slug, e)
		logger.Info("fixture reloaded", "fixture", slug, "file", string(e.file))
	}
}

// unused describes the fixtures that were never requested.
func (c *catalog) unused() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	var found []string
	for slug, e := range c.bySlug {
		if e.fixture && !e.requested {
			found = append(found, e.name(slug)+" was never requested")
		}
	}
	slices.Sort(found)
	return found
}
