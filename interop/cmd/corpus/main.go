// Command corpus writes answers on standard output, one a line, with this module's verdict on each. They are made from
// the named examples of openapi.yaml: every field dropped, nulled, retyped, pushed out of its range, unmasked, and
// joined by fields that the contract knows or does not know there. The answers of one provider are also given the
// configuration of each other, and some are written by hand.
//
// The verdict is reached twice, by the client and by the schema of the whole document under kin-openapi. Where the two
// differ the command fails: the corpus has no verdict to compare other tools with.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
	"strconv"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/portkey-integration/portkey-integration-go/client"

	portkeyintegration "github.com/portkey-integration/portkey-integration-go"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "corpus:", err)
		os.Exit(1)
	}
}

// answer is one line of the corpus.
type answer struct {
	Name   string          `json:"name"`
	Status int             `json:"status"`
	Valid  bool            `json:"valid"`
	Body   json.RawMessage `json:"body"`
}

func run() error {
	doc, err := openapi3.NewLoader().LoadFromData([]byte(portkeyintegration.Contract()))
	if err != nil {
		return err
	}
	out := bufio.NewWriter(os.Stdout)
	enc := json.NewEncoder(out)
	enc.SetEscapeHTML(false)
	w := writer{seen: map[string]bool{}, enc: enc}

	operation := doc.Paths.Value("/integrations/{slug}").Get
	responses := operation.Responses.Map()
	for _, status := range slices.Sorted(maps.Keys(responses)) {
		media := responses[status].Value.Content.Get("application/json")
		w.status, err = strconv.Atoi(status)
		if err != nil {
			return fmt.Errorf("a status of the operation: %w", err)
		}
		w.schema = media.Schema
		for _, name := range slices.Sorted(maps.Keys(media.Examples)) {
			if err := w.mutations(name, media.Examples[name].Value.Value); err != nil {
				return fmt.Errorf("answers made from the example %s: %w", name, err)
			}
		}
	}

	ok := operation.Responses.Value("200").Value.Content.Get("application/json")
	w.status, w.schema = 200, ok.Schema
	if err := w.mixes(ok.Examples); err != nil {
		return err
	}
	for _, edge := range edges {
		if err := w.write("edge/"+edge.name, json.RawMessage(edge.body)); err != nil {
			return err
		}
	}
	if err := out.Flush(); err != nil {
		return err
	}
	fmt.Fprintf(os.Stderr, "corpus: %d answers, %d accepted, %d rejected; %d of them split the client and kin-openapi\n",
		len(w.seen), w.accepted, len(w.seen)-w.accepted, w.split)
	if w.split > 0 {
		return fmt.Errorf("the client and the document's schema disagree")
	}
	return nil
}

type writer struct {
	status          int
	schema          *openapi3.SchemaRef
	seen            map[string]bool
	enc             *json.Encoder
	accepted, split int
}

// write judges an answer and writes it, unless an equal one was written before.
func (w *writer) write(name string, body json.RawMessage) error {
	key := strconv.Itoa(w.status) + string(body)
	if w.seen[key] {
		return nil
	}
	w.seen[key] = true

	report, err := client.Check(w.status, body)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	valid := report.Conforms()
	byDocument, err := conforms(w.schema.Value, body)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	if byDocument != valid {
		w.split++
		fmt.Fprintf(os.Stderr, "corpus: %s: the client says %s, the document's schema says %s\n", name, word(valid), word(byDocument))
	}
	if valid {
		w.accepted++
	}
	return w.enc.Encode(answer{name, w.status, valid, body})
}

func word(valid bool) string {
	if valid {
		return "conforms"
	}
	return "breaks the contract"
}
