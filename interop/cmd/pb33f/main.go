// Command pb33f validates the bodies of a corpus with pb33f's libopenapi-validator, as responses to the operation's request.
// It reads the corpus from a file and prints true (accepted) or false for each body, one per line and in order.
package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"runtime"
	"slices"
	"sync"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/pb33f/libopenapi"
	validator "github.com/pb33f/libopenapi-validator"
	"github.com/pb33f/libopenapi-validator/config"
	liberrors "github.com/pb33f/libopenapi-validator/errors"

	portkeyintegration "github.com/portkey-integration/portkey-integration-go"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "pb33f:", err)
		os.Exit(1)
	}
}

func run() error {
	document, err := libopenapi.NewDocument([]byte(portkeyintegration.Contract()))
	if err != nil {
		return err
	}
	plain, errs := validator.NewValidator(document, config.WithFormatAssertions())
	if len(errs) > 0 {
		return fmt.Errorf("the document cannot be read: %v", errs)
	}
	// The validator enforces writeOnly in strict mode only. That mode also reports properties that the schema does not
	// name, which this contract allows: breaks ignores those. It compiles the schemas for each body, so it is used only for
	// bodies that have a writeOnly property.
	strict, errs := validator.NewValidator(document, config.WithFormatAssertions(), config.WithStrictMode(), config.WithStrictRejectWriteOnly())
	if len(errs) > 0 {
		return fmt.Errorf("the document cannot be read: %v", errs)
	}
	secrets, err := writeOnly()
	if err != nil {
		return err
	}
	j := judge{plain, strict, secrets}
	if len(os.Args) != 2 {
		return errors.New("want the file of the corpus")
	}
	corpus, err := os.ReadFile(os.Args[1])
	if err != nil {
		return err
	}
	lines := bytes.Split(bytes.TrimSuffix(corpus, []byte("\n")), []byte("\n"))
	verdicts := make([]bool, len(lines))
	var group sync.WaitGroup
	failures := make(chan error, runtime.GOMAXPROCS(0))
	for worker := range runtime.GOMAXPROCS(0) {
		group.Go(func() {
			for i := worker; i < len(lines); i += runtime.GOMAXPROCS(0) {
				valid, err := j.accepts(lines[i])
				if err != nil {
					failures <- fmt.Errorf("line %d: %w", i+1, err)
					return
				}
				verdicts[i] = valid
			}
		})
	}
	group.Wait()
	close(failures)
	if err := <-failures; err != nil {
		return err
	}
	out := bufio.NewWriter(os.Stdout)
	for _, valid := range verdicts {
		fmt.Fprintln(out, valid)
	}
	return out.Flush()
}

type judge struct {
	plain, strict validator.Validator
	secrets       [][]byte // the writeOnly properties, as written in JSON
}

// writeOnly lists the writeOnly properties of the contract.
func writeOnly() ([][]byte, error) {
	document, err := openapi3.NewLoader().LoadFromData([]byte(portkeyintegration.Contract()))
	if err != nil {
		return nil, err
	}
	var names [][]byte
	var collect func(*openapi3.Schema)
	collect = func(s *openapi3.Schema) {
		for name, property := range s.Properties {
			if property.Value.WriteOnly {
				names = append(names, fmt.Appendf(nil, "%q:", name))
			}
		}
		for _, member := range slices.Concat(s.AllOf, s.OneOf) {
			if member.Ref == "" {
				collect(member.Value)
			}
		}
	}
	for _, schema := range document.Components.Schemas {
		collect(schema.Value)
	}
	if len(names) == 0 {
		return nil, errors.New("the contract has no writeOnly property")
	}
	return names, nil
}

func (j judge) accepts(text []byte) (bool, error) {
	var line struct {
		Status int             `json:"status"`
		Body   json.RawMessage `json:"body"`
	}
	if err := json.Unmarshal(text, &line); err != nil {
		return false, err
	}
	v := j.plain
	if slices.ContainsFunc(j.secrets, func(name []byte) bool { return bytes.Contains(line.Body, name) }) {
		v = j.strict
	}
	request, err := http.NewRequest(http.MethodGet, "https://api.portkey.ai/v1/integrations/openai-production", nil)
	if err != nil {
		return false, err
	}
	response := &http.Response{
		StatusCode: line.Status,
		Header:     http.Header{"Content-Type": {"application/json"}},
		Body:       io.NopCloser(bytes.NewReader(line.Body)),
		Request:    request,
	}
	_, findings := v.ValidateHttpResponse(request, response)
	return !slices.ContainsFunc(findings, breaks), nil
}

// breaks reports whether a finding is a violation and not an undocumented property.
func breaks(finding *liberrors.ValidationError) bool {
	return finding.ValidationSubType != liberrors.StrictSubTypeProperty
}
