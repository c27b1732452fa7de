// Command corpus writes bodies of responses on standard output, one a line, with this module's verdict on each. They are
// made from the named examples of openapi.yaml: every value dropped, nulled, given another type, pushed out of its range,
// unmasked, and joined by properties that the contract knows or does not know there. The bodies of testdata/evidence,
// all of which conform, and some that are written by hand (edges.go) are among them.
//
// The verdict is reached twice, by this module and by kin-openapi on the schema of the whole document. Where the two
// differ the command fails: the corpus has no verdict to compare other tools with.
package main

import (
	"bufio"
	"encoding/json"
	"flag"
	"fmt"
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
	flag.Parse()
	if err := run(*evidence); err != nil {
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

func run(evidence string) error {
	doc, err := openapi3.NewLoader().LoadFromData([]byte(portkeyintegration.Contract()))
	if err != nil {
		return err
	}
	out := bufio.NewWriter(os.Stdout)
	enc := json.NewEncoder(out)
	enc.SetEscapeHTML(false)
	w := writer{seen: map[string]bool{}, schemas: map[int]*openapi3.SchemaRef{}, enc: enc}

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
	// A verdict depends on the place and the change alone, not on the example: each change is made once at each place.
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
	fmt.Fprintf(os.Stderr, "corpus: %d bodies, %d conform, %d violate the contract; on %d of them this module and kin-openapi differ\n",
		w.accepted+w.rejected, w.accepted, w.rejected, w.split)
	if w.split > 0 {
		return fmt.Errorf("this module and kin-openapi differ")
	}
	return nil
}

type writer struct {
	seen                      map[string]bool
	schemas                   map[int]*openapi3.SchemaRef // by status code
	enc                       *json.Encoder
	accepted, rejected, split int
}

// write checks a body and writes it, unless an equal one was written before.
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
	byDocument, err := conforms(w.schemas[status].Value, body)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	if byDocument != valid {
		w.split++
		fmt.Fprintf(os.Stderr, "corpus: %s: this module says %s, kin-openapi says %s\n", name, word(valid), word(byDocument))
	}
	if valid {
		w.accepted++
	} else {
		w.rejected++
	}
	return w.enc.Encode(line{name, status, valid, body})
}

func word(valid bool) string {
	if valid {
		return "it conforms"
	}
	return "it violates the contract"
}
