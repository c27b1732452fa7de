package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"go.yaml.in/yaml/v4"
)

// evidence writes the bodies listed in the folder's manifest, which genuine responses may have. All of them conform.
func (w *writer) evidence(folder string) error {
	text, err := os.ReadFile(filepath.Join(folder, "manifest.yaml"))
	if err != nil {
		return err
	}
	var manifest []struct {
		File   string `yaml:"file"`
		Status int    `yaml:"status"`
	}
	if err := yaml.Unmarshal(text, &manifest); err != nil {
		return err
	}
	rejected := w.rejected
	for _, entry := range manifest {
		text, err := os.ReadFile(filepath.Join(folder, entry.File))
		if err != nil {
			return err
		}
		var body bytes.Buffer
		if err := json.Compact(&body, text); err != nil {
			return fmt.Errorf("%s: %w", entry.File, err)
		}
		name := "evidence/" + strings.TrimSuffix(entry.File, ".json")
		if err := w.write(cmp.Or(entry.Status, 200), name, body.Bytes()); err != nil {
			return err
		}
	}
	if w.rejected > rejected {
		return fmt.Errorf("%d bodies of %s violate the contract", w.rejected-rejected, folder)
	}
	return nil
}
