package main

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// Two archives of the same files are equal, whenever they are made, and contain those files.
func TestArchives(t *testing.T) {
	files := []file{{"man/man1/p.1", []byte(".TH P 1\n"), 0o644}, {"p", bytes.Repeat([]byte("program"), 1000), 0o755}}
	made := time.Date(2026, 3, 4, 5, 6, 8, 0, time.UTC)
	for platform, read := range map[string]func(*testing.T, string) map[string]entry{"linux/arm64": readTar, "windows/amd64": readZip} {
		dir := t.TempDir()
		for _, name := range []string{"a", "b"} {
			if err := archive(filepath.Join(dir, name), platform, "p_1.0.0", files, made); err != nil {
				t.Fatal(err)
			}
		}
		paths, err := filepath.Glob(filepath.Join(dir, "*"))
		if err != nil || len(paths) != 2 {
			t.Fatalf("%s: got %v and %v, want two archives", platform, paths, err)
		}
		a, b := contents(t, paths[0]), contents(t, paths[1])
		if !bytes.Equal(a, b) {
			t.Errorf("%s: two archives of the same files differ", platform)
		}
		got := read(t, paths[0])
		for _, f := range files {
			want := entry{string(f.text), fs.FileMode(f.mode), made}
			if g := got["p_1.0.0/"+f.name]; g.text != want.text || g.mode != want.mode || !g.made.Equal(made) {
				t.Errorf("%s: %s: got mode %v, time %v and %d bytes, want %v, %v and %d", platform, f.name, g.mode, g.made, len(g.text), want.mode, made, len(f.text))
			}
		}
		if len(got) != len(files) {
			t.Errorf("%s: got %d files, want %d", platform, len(got), len(files))
		}
	}
}

type entry struct {
	text string
	mode fs.FileMode
	made time.Time
}

func readTar(t *testing.T, path string) map[string]entry {
	t.Helper()
	compressed, err := gzip.NewReader(bytes.NewReader(contents(t, path)))
	if err != nil {
		t.Fatal(err)
	}
	entries := map[string]entry{}
	for r := tar.NewReader(compressed); ; {
		header, err := r.Next()
		if errors.Is(err, io.EOF) {
			return entries
		}
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		entries[header.Name] = entry{string(text), header.FileInfo().Mode(), header.ModTime}
	}
}

func readZip(t *testing.T, path string) map[string]entry {
	t.Helper()
	r, err := zip.OpenReader(path)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	entries := map[string]entry{}
	for _, f := range r.File {
		opened, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(opened)
		if err != nil {
			t.Fatal(err)
		}
		entries[f.Name] = entry{string(text), f.Mode(), f.Modified}
	}
	return entries
}

func contents(t *testing.T, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
