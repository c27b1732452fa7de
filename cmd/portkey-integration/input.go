package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
	"go.yaml.in/yaml/v4"

	"github.com/portkey-integration/portkey-integration-go/contracttest"
)

const (
	maxSecretFile = 64 << 10                // No credential comes near it.
	maxFile       = contracttest.MaxHARSize // What proxy writes, check reads.
	maxDocument   = 16 << 20                // One response.
)

// readInput reads standard input, where name is "-", or a file, and no more than limit bytes. It returns with ctx, whatever
// the file does: a pipe may be opened or read without end.
func (a *app) readInput(ctx context.Context, name string, limit int) ([]byte, error) {
	type outcome struct {
		data []byte
		err  error
	}
	done := make(chan outcome, 1)
	go func() {
		in := a.in
		if name != "-" {
			file, err := os.Open(name)
			if err != nil {
				done <- outcome{nil, err}
				return
			}
			defer file.Close()
			in = file
		}
		data, err := readBounded(ctx, in, limit)
		done <- outcome{data, err}
	}()
	select {
	case o := <-done:
		return o.data, o.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// readBounded reads to the end, to the limit, or to the first sign that there is no text.
func readBounded(ctx context.Context, in io.Reader, limit int) ([]byte, error) {
	var data bytes.Buffer
	piece := make([]byte, 64<<10)
	for {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		n, err := in.Read(piece)
		if bytes.IndexByte(piece[:n], 0) >= 0 {
			return nil, errors.New("it is binary: neither JSON nor YAML")
		}
		if data.Len()+n > limit {
			return nil, fmt.Errorf("it is larger than %s", size(limit))
		}
		data.Write(piece[:n])
		switch {
		case err == io.EOF:
			return data.Bytes(), nil
		case err != nil:
			return nil, err
		}
	}
}

func size(n int) string {
	if n >= 1<<20 {
		return strconv.Itoa(n>>20) + " MiB"
	}
	return strconv.Itoa(n>>10) + " KiB"
}

// withoutPath is an error of a file without its name, which may be a secret that was given in its place.
func withoutPath(err error) error {
	if path, ok := errors.AsType[*fs.PathError](err); ok {
		return path.Err
	}
	return err
}

// readSecret reads a file that holds a secret, and names the flag that names the file. The name itself is not repeated:
// the secret may stand there by mistake.
func (a *app) readSecret(ctx context.Context, flag, name string) (string, error) {
	data, err := a.readInput(ctx, name, maxSecretFile)
	if err != nil {
		if ctx.Err() != nil {
			return "", ctx.Err()
		}
		return "", fmt.Errorf("%s: the file cannot be read: %w (the flag takes the name of a file with the secret)", flag, withoutPath(err))
	}
	secret := strings.TrimSpace(string(data))
	if secret == "" {
		return "", fmt.Errorf("%s: the file is empty", flag)
	}
	return secret, nil
}

// inputs calls visit with each file that paths name, and with each error on the way. Folders are searched to their ends,
// but for names that begin with a dot; links are followed, but not around.
type inputs struct {
	visit func(name string, err error)
	seen  map[string]bool // folders, by their names without links
	open  []string        // the folders that are being searched
}

func (in *inputs) walk(ctx context.Context, path string) {
	if path == "-" {
		in.visit(path, nil)
		return
	}
	info, err := os.Stat(path)
	switch {
	case err != nil:
		in.visit(path, withoutPath(err))
	case !info.IsDir():
		in.visit(path, nil)
	case in.folder(ctx, path) == 0 && ctx.Err() == nil:
		in.visit(path, errors.New("there is no file in this folder"))
	}
}

// folder returns how many files and errors it came across.
func (in *inputs) folder(ctx context.Context, path string) int {
	real, err := filepath.EvalSymlinks(path)
	switch {
	case err != nil:
		in.visit(path, withoutPath(err))
		return 1
	case slices.Contains(in.open, real):
		in.visit(path, errors.New("this link leads back to a folder that it is in"))
		return 1
	case in.seen[real]:
		return 1
	}
	in.seen[real] = true
	in.open = append(in.open, real)
	defer func() { in.open = in.open[:len(in.open)-1] }()
	entries, err := os.ReadDir(path)
	n := 0
	if err != nil {
		in.visit(path, withoutPath(err))
		n++
	}
	for _, entry := range entries {
		if strings.HasPrefix(entry.Name(), ".") {
			continue
		}
		if ctx.Err() != nil {
			return n
		}
		name := filepath.Join(path, entry.Name())
		info, err := os.Stat(name)
		switch {
		case err == nil && info.IsDir():
			n += in.folder(ctx, name)
			continue
		case err == nil && !info.Mode().IsRegular():
			err = errors.New("it is not a regular file") // Reading it might have no end.
		}
		in.visit(name, withoutPath(err))
		n++
	}
	return n
}

// A part of a file stands for one response, or is a HAR file.
type part struct {
	body []byte // JSON, as far as can be told
	err  error  // why there is none
}

// split takes a file apart: one JSON text, several on lines of their own, or YAML documents. What is broken is a part
// too.
func split(name string, data []byte) []part {
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	values, rest := jsonTexts(data)
	if rest == nil && len(values) > 0 {
		return values
	}
	extension := strings.ToLower(filepath.Ext(name))
	switch {
	case slices.Contains([]string{".yaml", ".yml"}, extension):
		return yamlDocuments(data)
	case slices.Contains([]string{".jsonl", ".ndjson"}, extension) || looksLikeLines(data):
		var parts []part
		for line := range bytes.Lines(data) {
			if line = bytes.TrimSpace(line); len(line) > 0 {
				parts = append(parts, part{body: line})
			}
		}
		return parts
	case looksLikeYAML(data):
		return yamlDocuments(data)
	}
	if len(values) == 0 || !startsOnNewLine(data, len(data)-len(rest)) {
		return []part{{body: data}} // One text that is broken, or goes on after its end.
	}
	return append(values, part{body: rest})
}

// jsonTexts reads JSON texts, each on lines of its own, and returns what is left where that fails.
func jsonTexts(data []byte) (values []part, rest []byte) {
	d := jsontext.NewDecoder(bytes.NewBuffer(data), jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
	end := 0
	for {
		value, err := d.ReadValue()
		if err == io.EOF {
			return values, nil
		}
		if err != nil || len(values) > 0 && !bytes.ContainsRune(data[end:int(d.InputOffset())-len(value)], '\n') {
			return values, data[end:]
		}
		values = append(values, part{body: bytes.Clone(value)})
		end = int(d.InputOffset())
	}
}

// startsOnNewLine reports whether there is a line break before the first character at or after i that is no space.
func startsOnNewLine(data []byte, i int) bool {
	return bytes.HasPrefix(bytes.TrimLeft(data[i:], " \t\r"), []byte("\n"))
}

// looksLikeLines reports whether there are several lines, and the first or the second is a JSON object.
func looksLikeLines(data []byte) bool {
	n, objects := 0, 0
	for line := range bytes.Lines(data) {
		if line = bytes.TrimSpace(line); len(line) == 0 {
			continue
		}
		if n++; n > 2 {
			break
		}
		if line[0] == '{' && jsontext.Value(line).IsValid(jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true)) {
			objects++
		}
	}
	return n > 1 && objects > 0 && !bytes.Contains(data, []byte("\n---"))
}

// looksLikeYAML reports whether a file that is not JSON may be YAML: a mapping, or a stream of documents.
func looksLikeYAML(data []byte) bool {
	text := bytes.TrimSpace(data)
	if bytes.HasPrefix(text, []byte("---")) || bytes.Contains(text, []byte("\n---")) {
		return true
	}
	if len(text) == 0 || text[0] == '{' || text[0] == '[' || len(text) > maxDocument {
		return false
	}
	node, err := parseYAML(text)
	return err == nil && node != nil && node.Kind == yaml.MappingNode && yamlName.MatchString(node.Content[0].Value)
}

// yamlName is what the first name of a body is like, and the first words of a text or a page are not.
var yamlName = regexp.MustCompile(`^[a-z_]+$`)

// yamlMark begins a document of YAML, wherever a line begins with it.
var yamlMark = regexp.MustCompile(`(?m)^---(?:[ \t]+|\r?$)`)

// yamlDocuments takes a stream of YAML documents apart. They are read one by one, so that a broken one breaks no other.
func yamlDocuments(data []byte) []part {
	var parts []part
	start := 0
	add := func(end int) {
		text := data[start:end]
		if len(bytes.TrimSpace(text)) == 0 {
			return
		}
		if values, rest := jsonTexts(text); rest == nil { // JSON is YAML, and read as it is spelled. Here it may be several.
			parts = append(parts, values...)
			return
		}
		line := bytes.Count(data[:start], []byte("\n"))
		body, err := yamlToJSON(text, line)
		if body != nil || err != nil {
			parts = append(parts, part{body, err})
		}
	}
	for _, mark := range yamlMark.FindAllIndex(data, -1) {
		add(mark[0])
		start = mark[1]
	}
	add(len(data))
	return parts
}

// yamlToJSON is the JSON that a YAML document says, nil for a document of comments alone. It begins after so many lines.
func yamlToJSON(text []byte, after int) ([]byte, error) {
	if len(text) > maxDocument {
		return nil, fmt.Errorf("it is larger than %s", size(maxDocument))
	}
	node, err := parseYAML(text)
	if err != nil {
		if line := yamlLine.FindStringSubmatch(err.Error()); line != nil { // The rest of the message may quote the file.
			n, _ := strconv.Atoi(line[1])
			return nil, fmt.Errorf("it is not valid YAML, at line %d", after+n)
		}
		return nil, errors.New("it is not valid YAML")
	}
	if node == nil {
		return nil, nil
	}
	var out limitedBuffer
	if err := writeJSON(jsontext.NewEncoder(&out, jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true)), node); err != nil {
		return nil, fmt.Errorf("it is YAML that JSON cannot represent: %w", err)
	}
	return out.Bytes(), nil
}

var yamlLine = regexp.MustCompile(`\bL(\d+)\.C`)

// parseYAML reads one document; its node is nil where there is none.
func parseYAML(text []byte) (*yaml.Node, error) {
	loader, err := yaml.NewLoader(bytes.NewReader(text))
	if err != nil {
		return nil, err
	}
	var node yaml.Node
	if err := loader.Load(&node); err == io.EOF {
		return nil, nil
	} else if err != nil {
		return nil, err
	}
	if node.Kind == yaml.DocumentNode {
		return node.Content[0], nil
	}
	return &node, nil
}

// limitedBuffer takes as much as a document may have: aliases make much of little.
type limitedBuffer struct{ bytes.Buffer }

func (b *limitedBuffer) Write(p []byte) (int, error) {
	if b.Len()+len(p) > maxDocument {
		return 0, fmt.Errorf("its aliases make it larger than %s", size(maxDocument))
	}
	return b.Buffer.Write(p)
}

// interruptible is a reader that ends with ctx.
type interruptible struct {
	ctx context.Context
	io.Reader
}

func (r interruptible) Read(p []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	return r.Reader.Read(p)
}
