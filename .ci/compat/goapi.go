package main

import (
	"errors"
	"fmt"
	"go/types"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"golang.org/x/tools/go/packages"
)

// api is the Go API of a module: for each public package, by its path within the module, the lines that list it.
type api struct {
	version  string // The release's version.
	packages map[string][]line
}

// line is one element of a package's API: what importing code can rely on, and the symbol that it belongs to.
type line struct {
	symbol, text string
}

// loadAPI lists what the packages of the work tree export. Each package is loaded separately, so that one that does not compile
// affects only its importers: these packages are missing, and the error names them.
func loadAPI(root string) (api, error) {
	module, err := goList(root, "-m")
	if err != nil {
		return api{}, err
	}
	// A package without Go files, or with broken ones, is still a package.
	paths, err := goList(root, "-e", "-f", "{{if ne .Name \"main\"}}{{.ImportPath}}{{end}}", "./...")
	if err != nil {
		return api{}, err
	}
	now := api{packages: map[string][]line{}}
	var failures []error
	for _, path := range paths {
		name := strings.TrimPrefix(strings.TrimPrefix(path, module[0]), "/")
		if private.MatchString(name) {
			continue
		}
		pkg, err := loadPackage(root, path)
		if err != nil {
			failures = append(failures, err)
			now.packages[name] = nil
			continue
		}
		now.packages[name] = listPackage(pkg, module[0])
	}
	return now, errors.Join(failures...)
}

// private matches the packages that nobody outside the module imports.
var private = regexp.MustCompile(`(^|/)(internal|cmd|testdata)(/|$)`)

// The platform is fixed, so that the list is the same on every machine.
func environment() []string {
	return append(os.Environ(), "GOOS=linux", "GOARCH=amd64", "CGO_ENABLED=0", "GOWORK=off", "GOFLAGS=")
}

func goList(root string, arguments ...string) ([]string, error) {
	command := exec.Command("go", append([]string{"list"}, arguments...)...)
	command.Dir, command.Env = root, environment()
	out, err := command.Output()
	if failure, ok := errors.AsType[*exec.ExitError](err); ok {
		return nil, fmt.Errorf("%s: %s", command, failure.Stderr)
	}
	return strings.Fields(string(out)), err
}

func loadPackage(root, path string) (*types.Package, error) {
	loaded, err := packages.Load(&packages.Config{
		Mode: packages.NeedName | packages.NeedTypes | packages.NeedSyntax | packages.NeedImports | packages.NeedFiles | packages.NeedCompiledGoFiles,
		Dir:  root,
		Env:  environment(),
	}, path)
	if err != nil {
		return nil, err
	}
	for _, p := range loaded {
		if len(p.Errors) > 0 {
			return nil, fmt.Errorf("package %s does not compile: %w", path, p.Errors[0])
		}
	}
	return loaded[0].Types, nil
}

// readAPI reads a list written by write.
func readAPI(file string) (api, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return api{}, err
	}
	a := api{packages: map[string][]line{}}
	current := ""
	for l := range strings.Lines(string(text)) {
		l = strings.TrimSuffix(l, "\n")
		if version, ok := strings.CutPrefix(l, "version "); ok {
			a.version = version
		} else if name, ok := strings.CutPrefix(l, "package "); ok {
			current = strings.TrimSuffix(name, ".")
			a.packages[current] = nil
		} else if symbol, text, ok := strings.Cut(strings.TrimPrefix(l, "\t"), "\t"); ok {
			a.packages[current] = append(a.packages[current], line{symbol, text})
		}
	}
	if a.version == "" || len(a.packages) == 0 {
		return api{}, fmt.Errorf("%s is no list of an API", file)
	}
	return a, nil
}

func (a api) write(file, version string) error {
	var b strings.Builder
	fmt.Fprintf(&b, "The Go API, line by line, as of the last release. Written by %s; do not edit.\n\nversion %s\n", ".ci/release", version)
	for _, name := range slices.Sorted(maps.Keys(a.packages)) {
		path := name
		if path == "" {
			path = "."
		}
		fmt.Fprintf(&b, "\npackage %s\n", path)
		for _, l := range a.packages[name] {
			fmt.Fprintf(&b, "\t%s\t%s\n", l.symbol, l.text)
		}
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return err
	}
	return os.WriteFile(file, []byte(b.String()), 0o644)
}

// compareAPIs compares line by line. A removed line is breaking, an added one is not.
func compareAPIs(then, now api) []change {
	var changes []change
	for _, name := range slices.Sorted(maps.Keys(then.packages)) {
		if lines, ok := now.packages[name]; !ok {
			changes = append(changes, change{fmt.Sprintf("%s: the package is gone", symbolOf(name, "")), symbolOf(name, ""), true})
		} else if lines != nil {
			changes = append(changes, compareLines(name, then.packages[name], lines)...)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(now.packages)) {
		if _, ok := then.packages[name]; !ok {
			changes = append(changes, change{line: fmt.Sprintf("%s: a package more", symbolOf(name, ""))})
		}
	}
	return changes
}

func compareLines(name string, then, now []line) []change {
	gone, more := less(then, now), less(now, then)
	had, has := less(then, nil), less(now, nil)
	var changes []change
	for _, symbol := range slices.Sorted(maps.Keys(gone)) {
		what := "removed: " + gone[symbol]
		if more[symbol] != "" {
			what = fmt.Sprintf("was: %s; is: %s", gone[symbol], more[symbol])
		}
		if owner(symbol) == symbol || has[owner(symbol)] != "" { // A removed type's fields and methods need no lines of their own.
			changes = append(changes, change{symbolOf(name, symbol) + ": " + what, symbolOf(name, symbol), true})
		}
	}
	for _, symbol := range slices.Sorted(maps.Keys(more)) {
		if gone[symbol] == "" && (owner(symbol) == symbol || had[owner(symbol)] != "") {
			changes = append(changes, change{line: symbolOf(name, symbol) + ": added: " + more[symbol]})
		}
	}
	return changes
}

// less returns the lines that others lack, by symbol.
func less(lines, others []line) map[string]string {
	texts := map[string]string{}
	for _, l := range lines {
		if slices.Contains(others, l) {
			continue
		}
		if texts[l.symbol] != "" {
			texts[l.symbol] += "; "
		}
		texts[l.symbol] += l.text
	}
	return texts
}

// owner is the type that a field or a method belongs to; any other symbol is its own owner.
func owner(symbol string) string {
	name, _, _ := strings.Cut(symbol, ".")
	return name
}

// symbolOf names a symbol as importing code does, with the last element of the package's path.
func symbolOf(name, symbol string) string {
	if name == "" {
		name = "portkeyintegration"
	}
	name = name[strings.LastIndex(name, "/")+1:]
	if symbol == "" {
		return name
	}
	return name + "." + symbol
}
