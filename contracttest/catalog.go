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

// A catalog is what a [Handler] serves.
type catalog struct {
	mu     sync.Mutex
	bySlug map[string]*entry
	byID   map[string]string // slugs
}

type entry struct {
	response
	fixture   bool // rather than an example
	requested bool

	file   File // "" for none
	broken bool // whether it is meant to be
	stamp  stamp
}

// A stamp tells a version of a file from the next one.
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

// put makes an entry the one of a slug and of the id in its body, in place of an earlier one.
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
		e.stamp = file.stamp() // Before it is read: what changes afterwards is noticed.
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

// find returns the slug that a slug or id stands for, itself where it stands for none, and the response to it.
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

// reload reads the fixtures whose files have changed. One that cannot be served any more stays what it was.
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

// unused describes the fixtures that no request asked for.
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
