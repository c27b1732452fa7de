// Command corpus writes response bodies to a file, one per line, each with whether this module accepts it. They are made from
// the named examples of openapi.yaml: every value is dropped, nulled, given another type, moved out of its range and unmasked,
// and properties that the contract does or does not define are added. The bodies of testdata/evidence, all of which conform,
// and some written by hand (edges.go) are included.
//
// With -kin it also writes whether kin-openapi accepts each body, by the document's schema, loaded as usual: true or false, one
// per line, like the other validators.
package main

import (
	"bufio"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strconv"

	"github.com/getkin/kin-openapi/openapi3"

	portkeyintegration "github.com/portkey-integration/portkey-integration-go"
	"github.com/portkey-integration/portkey-integration-go/contract"
)

func main() {
	evidence := flag.String("evidence", "../testdata/evidence", "`folder` of bodies that conform")
	output := flag.String("o", "corpus", "`file` for the corpus")
	kin := flag.String("kin", "", "`file` for the results of kin-openapi")
	flag.Parse()
	if err := run(*evidence, *output, *kin); err != nil {
		fmt.Fprintln(os.Stderr, "corpus:", err)
		os.Exit(1)
	}
}

// line is one line of the corpus.
type line struct {
	Name   string          `json:"name"`
	Status int             `json:"status"`
	Valid  bool            `json:"valid"`
	Body   json.RawMessage `json:"body"`
}

func run(evidence, output, kin string) error {
	doc, err := openapi3.NewLoader().LoadFromData([]byte(portkeyintegration.Contract()))
	if err != nil {
		return err
	}
	file, err := os.Create(output)
	if err != nil {
		return err
	}
	defer file.Close()
	out := bufio.NewWriter(file)
	enc := json.NewEncoder(out)
	enc.SetEscapeHTML(false)
	w := writer{seen: map[string]bool{}, schemas: map[int]*openapi3.SchemaRef{}, enc: enc, kin: io.Discard}
	if kin != "" {
		file, err := os.Create(kin)
		if err != nil {
			return err
		}
		defer file.Close()
		w.kin = file
	}

	responses := doc.Paths.Value("/integrations/{slug}").Get.Responses.Map()
	examples := map[int]openapi3.Examples{}
	for code, response := range responses {
		status, err := strconv.Atoi(code)
		if err != nil {
			return fmt.Errorf("a status code of the operation: %w", err)
		}
		media := response.Value.Content.Get("application/json")
		w.schemas[status], examples[status] = media.Schema, media.Examples
	}
	// A result depends only on the location and the change, not on the example: each change is made once at each location.
	changed := map[string]bool{}
	for _, status := range slices.Sorted(maps.Keys(examples)) {
		for _, name := range slices.Sorted(maps.Keys(examples[status])) {
			if err := w.mutations(status, name, examples[status][name].Value.Value, changed); err != nil {
				return fmt.Errorf("bodies made from the example %s: %w", name, err)
			}
		}
	}
	if err := w.mixes(examples[200]); err != nil {
		return err
	}
	for _, edge := range edges {
		if err := w.write(200, "edge/"+edge.name, json.RawMessage(edge.body)); err != nil {
			return err
		}
	}
	if err := w.evidence(evidence); err != nil {
		return err
	}
	if err := out.Flush(); err != nil {
		return err
	}
	fmt.Printf("%d bodies: %d conform, %d violate the contract\n", w.accepted+w.rejected, w.accepted, w.rejected)
	return nil
}

type writer struct {
	seen               map[string]bool
	schemas            map[int]*openapi3.SchemaRef // by status code
	enc                *json.Encoder
	kin                io.Writer
	accepted, rejected int
}

// write checks a body and writes it, unless an equal one was written already.
func (w *writer) write(status int, name string, body json.RawMessage) error {
	key := strconv.Itoa(status) + string(body)
	if w.seen[key] {
		return nil
	}
	w.seen[key] = true

	report, err := contract.Check(status, body)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	valid := report.Conforms()
	byKin, err := conforms(w.schemas[status].Value, body)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	if _, err := fmt.Fprintln(w.kin, byKin); err != nil {
		return err
	}
	if valid {
		w.accepted++
	} else {
		w.rejected++
	}
	return w.enc.Encode(line{name, status, valid, body})
}
