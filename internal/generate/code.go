package main

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/format"
	"go/parser"
	"go/token"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"text/template"
)

// declared is what oapi-codegen generated.
type declared struct {
	types     map[string]string            // the comment of each type
	constants map[string][]string          // the constants of each type
	fields    map[string]map[string]string // the name of each field, by its type and its property
}

func readDeclared(file string) (*declared, error) {
	d := &declared{types: map[string]string{}, constants: map[string][]string{}, fields: map[string]map[string]string{}}
	return d, d.add(file)
}

// add reads the declarations of another file.
func (d *declared) add(file string) error {
	parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ParseComments)
	if err != nil {
		return err
	}
	for _, decl := range parsed.Decls {
		general, ok := decl.(*ast.GenDecl)
		if !ok {
			continue
		}
		for _, spec := range general.Specs {
			switch spec := spec.(type) {
			case *ast.TypeSpec:
				d.addType(spec, general.Doc.Text())
			case *ast.ValueSpec:
				if typ, ok := spec.Type.(*ast.Ident); ok && general.Tok == token.CONST {
					d.constants[typ.Name] = append(d.constants[typ.Name], spec.Names[0].Name)
				}
			}
		}
	}
	return nil
}

func (d *declared) addType(spec *ast.TypeSpec, comment string) {
	name := spec.Name.Name
	d.types[name] = comment
	d.fields[name] = map[string]string{}
	structure, ok := spec.Type.(*ast.StructType)
	if !ok {
		return
	}
	for _, field := range structure.Fields.List {
		if field.Tag == nil {
			continue
		}
		tag, _ := strconv.Unquote(field.Tag.Value) // The parser has checked the syntax.
		property, _, _ := strings.Cut(reflect.StructTag(tag).Get("json"), ",")
		d.fields[name][property] = field.Names[0].Name
	}
}

var (
	// fieldComment matches the first line of a field's comment as oapi-codegen writes it: the field's name and the
	// description.
	fieldComment = regexp.MustCompile(`^\t// (\w+) (.+)$`)
	// valuesComment matches the comment of a type's constants as oapi-codegen writes it.
	valuesComment = regexp.MustCompile(`(?m)^// Defines values for (\w+)\.$`)
	// errorAlias matches a response type whose comment repeats that of its schema.
	errorAlias = regexp.MustCompile(`(?m)(?:^//.*\n)+type (\w+) = ErrorResponse$`)
	// code matches Markdown's code spans.
	code = regexp.MustCompile("`([^`\n]+)`")
)

// shortenComments makes oapi-codegen's comments idiomatic: it removes field names and repetitions, and replaces
// Markdown's backticks with quotation marks.
func shortenComments(file string) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	source := valuesComment.ReplaceAllString(string(text), "// The values of [$1] known today. Others may be added.")
	source = errorAlias.ReplaceAllString(source, "// $1 is an [ErrorResponse].\ntype $1 = ErrorResponse")
	lines := strings.Split(source, "\n")
	for i, line := range lines {
		if strings.HasPrefix(strings.TrimSpace(line), "//") {
			line = code.ReplaceAllString(line, `"$1"`)
			lines[i] = line
		}
		comment := fieldComment.FindStringSubmatch(line)
		if comment == nil {
			continue
		}
		for _, next := range lines[i+1:] {
			if strings.HasPrefix(next, "\t"+comment[1]+" ") {
				lines[i] = "\t// " + comment[2]
			}
			if !strings.HasPrefix(next, "\t//") {
				break
			}
		}
	}
	return os.WriteFile(file, []byte(strings.Join(lines, "\n")), 0o644)
}

func writeCode(c *contract, d *declared) error {
	for _, p := range c.providers {
		if _, ok := d.types[p.Name+suffix]; !ok {
			return fmt.Errorf("oapi-codegen has not made a type %s%s", p.Name, suffix)
		}
	}
	if err := write("gen/providers.go", providersTemplate, map[string]any{
		"Providers": c.providers,
		"Kinds":     c.kinds(d),
	}); err != nil {
		return err
	}
	// The types of gen/providers.go have aliases too.
	if err := d.add("gen/providers.go"); err != nil {
		return err
	}
	names := []string{"Provider", "Configuration", "UnknownConfiguration"}
	for _, name := range c.readable {
		if _, ok := d.types[name]; ok {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	type alias struct {
		Name, Comment string
		Constants     []string
	}
	var aliases []alias
	for _, name := range names {
		aliases = append(aliases, alias{name, aliasComment(name, d.types[name], len(d.fields[name]) > 0), d.constants[name]})
	}
	return write("client/aliases.go", aliasesTemplate, map[string]any{"Types": aliases})
}

// aliasComment returns the comment for the alias of a type of package gen in package client, wrapped.
func aliasComment(name, comment string, fields bool) string {
	first, rest, _ := strings.Cut(strings.TrimSpace(comment), "\n\n")
	if name == "Configuration" { // Keep its list of types, which have the same names in package client.
		first += "\n\n" + rest
	} else if fields {
		first += " [gen." + name + "] describes its fields."
	}
	var lines []string
	for paragraph := range strings.SplitSeq(first, "\n\n") {
		if lines != nil {
			lines = append(lines, "//")
		}
		if strings.HasPrefix(paragraph, "  - ") {
			for item := range strings.Lines(paragraph) {
				lines = append(lines, "// "+strings.TrimRight(item, "\n"))
			}
			continue
		}
		line := "//"
		for word := range strings.FieldsSeq(paragraph) {
			if len(line)+1+len(word) > 120 {
				lines, line = append(lines, line), "//"
			}
			line += " " + word
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, "\n")
}

// kinds returns the properties of PricingMultiplier that are factors, with their fields.
func (c *contract) kinds(d *declared) [][2]string {
	var kinds [][2]string
	for property, field := range d.fields["PricingMultiplier"] {
		if c.schemas["PricingMultiplier"].Value.Properties[property].Value.Type.Is("number") {
			kinds = append(kinds, [2]string{property, field})
		}
	}
	slices.SortFunc(kinds, func(a, b [2]string) int { return strings.Compare(a[0], b[0]) })
	return kinds
}

func write(file, text string, data any) error {
	t, err := template.New(file).Parse("// Code generated by internal/generate from openapi.yaml. DO NOT EDIT.\n\n" + text)
	if err != nil {
		return err
	}
	var b bytes.Buffer
	if err := t.Execute(&b, data); err != nil {
		return err
	}
	source, err := format.Source(b.Bytes())
	if err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	return os.WriteFile(file, source, 0o644)
}
