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
	maxSecretFile = 64 << 10                // No credential is nearly as large.
	maxFile       = contracttest.MaxHARSize // check can read what proxy writes.
	maxDocument   = 16 << 20                // One response.
)

// readInput reads a file, or standard input if name is "-", of at most limit bytes. It returns when ctx ends even if
// opening or reading the file blocks, as it may for a pipe.
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

// readBounded reads all of in. It returns an error if in is larger than limit or contains a zero byte, or if ctx ends.
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

// withoutPath removes the file name from an error, since it may be a secret that was given by mistake.
func withoutPath(err error) error {
	if path, ok := errors.AsType[*fs.PathError](err); ok {
		return path.Err
	}
	return err
}

// readSecret reads a secret from a file. Errors name the flag but not the file, since its name may be the secret
// itself, given by mistake.
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

// inputs calls visit with each file at or below the given paths, and with each error. In folders, names that begin with
// a dot are skipped. Symbolic links are followed; a cycle is an error.
type inputs struct {
	visit func(name string, err error)
	seen  map[string]bool // folders, by their paths with links resolved
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

// folder visits the files below a folder and returns the number of files and errors.
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

// A part of a file is one response or a HAR file.
type part struct {
	body []byte // JSON, possibly invalid
	err  error  // why there is none
}

// split returns the parts of a file: one JSON text, several on separate lines, or YAML documents. Invalid content is a
// part too.
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
		return []part{{body: data}} // One text that is invalid or followed by other data.
	}
	return append(values, part{body: rest})
}

// jsonTexts reads JSON texts on separate lines. If it fails, rest is the data that it could not read.
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

// startsOnNewLine reports whether a line break precedes the first non-space character at or after i.
func startsOnNewLine(data []byte, i int) bool {
	return bytes.HasPrefix(bytes.TrimLeft(data[i:], " \t\r"), []byte("\n"))
}

// looksLikeLines reports whether there are several lines, of which the first or the second is a JSON object.
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

// yamlName matches the first property name of a body, but not the first words of prose or of an HTML page.
var yamlName = regexp.MustCompile(`^[a-z_]+$`)

// yamlMark matches a line, or the beginning of one, that begins a YAML document.
var yamlMark = regexp.MustCompile(`(?m)^---(?:[ \t]+|\r?$)`)

// yamlDocuments splits a stream of YAML documents. They are parsed separately, so that an invalid one affects no other.
func yamlDocuments(data []byte) []part {
	var parts []part
	start := 0
	add := func(end int) {
		text := data[start:end]
		if len(bytes.TrimSpace(text)) == 0 {
			return
		}
		if values, rest := jsonTexts(text); rest == nil { // JSON is YAML, too, and keeps its spelling. There may be several texts.
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

// yamlToJSON converts a YAML document to JSON. It returns nil if there are only comments. after is the number of lines
// before the document, for errors.
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

// parseYAML parses one document. The node is nil if there is none.
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

// limitedBuffer limits the size of a converted document, since aliases can make it much larger than its source.
type limitedBuffer struct{ bytes.Buffer }

func (b *limitedBuffer) Write(p []byte) (int, error) {
	if b.Len()+len(p) > maxDocument {
		return 0, fmt.Errorf("its aliases make it larger than %s", size(maxDocument))
	}
	return b.Buffer.Write(p)
}

// interruptible is a reader that fails once ctx has ended.
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
