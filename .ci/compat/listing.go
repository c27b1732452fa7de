package main

import (
	"cmp"
	"fmt"
	"go/types"
	"regexp"
	"strings"
)

// listPackage lists a package's API: if a list lacks a line of an older one, code written for the older package may not
// compile. Go's own api/*.txt follow the same idea.
func listPackage(pkg *types.Package, module string) []line {
	l := &lister{pkg: pkg, module: module, lines: []line{}}
	for _, name := range pkg.Scope().Names() {
		object := pkg.Scope().Lookup(name)
		if !object.Exported() || pkg.Name() == "gen" && rawClient.MatchString(name) {
			continue
		}
		switch object := object.(type) {
		case *types.Const:
			l.add(name, "const %s = %s", l.typeString(object.Type()), object.Val().ExactString())
		case *types.Var:
			l.add(name, "var %s", l.typeString(object.Type()))
		case *types.Func:
			l.add(name, "func%s", l.signature(object.Signature()))
		case *types.TypeName:
			l.typeName(object)
		}
	}
	return l.lines
}

// rawClient matches what oapi-codegen generates besides the types. It may change with the generator, so it is not part of the
// stable API of package gen.
var rawClient = regexp.MustCompile(`^((New)?Client(WithResponses)?(Interface|Option)?|H(ttp|TTP)RequestDoer|RequestEditorFn|` +
	`With(HTTPClient|RequestEditorFn|BaseURL)|(New|Parse)?[A-Z]\w*?Integrations?(Request|Params|Response)\w*)$`)

type lister struct {
	pkg    *types.Package
	module string
	lines  []line
}

func (l *lister) add(symbol, format string, arguments ...any) {
	l.lines = append(l.lines, line{symbol, fmt.Sprintf(format, arguments...)})
}

func (l *lister) typeName(object *types.TypeName) {
	name, t := object.Name(), object.Type()
	if object.IsAlias() {
		aliased := types.Unalias(t)
		named, ok := aliased.(*types.Named)
		if !ok || named.Obj().Pkg() == nil || !l.hidden(named.Obj().Pkg()) {
			l.add(name, "type = %s", l.typeString(t.(*types.Alias).Rhs()))
			return
		}
		t = aliased // The contents of an internal package are not listed elsewhere.
	}
	named := t.(*types.Named)
	parameters := l.parameters(named.TypeParams())
	switch underlying := named.Underlying().(type) {
	case *types.Struct:
		l.add(name, "type%s struct", parameters)
		l.fields(name, underlying)
	case *types.Interface:
		l.interfaceType(name, parameters, underlying)
		return // Its methods are listed, and its comparability does not matter.
	default:
		l.add(name, "type%s %s", parameters, l.typeString(underlying))
	}
	if types.Comparable(named) {
		l.add(name, "comparable")
	}
	// A method of the value is also a method of the pointer.
	value := types.NewMethodSet(named)
	for method := range types.NewMethodSet(types.NewPointer(named)).Methods() {
		if f, ok := method.Obj().(*types.Func); ok && f.Exported() {
			receiver := "*" + name
			if value.Lookup(f.Pkg(), f.Name()) != nil {
				receiver = name
			}
			l.add(name+"."+f.Name(), "(%s) func%s", receiver, l.signature(f.Signature()))
		}
	}
}

// fields lists the fields that importing code can name, including those of an embedded unexported struct.
func (l *lister) fields(owner string, s *types.Struct) {
	for field := range s.Fields() {
		switch {
		case field.Exported() && field.Embedded():
			l.add(owner+"."+field.Name(), "embedded field %s", l.typeString(field.Type()))
		case field.Exported():
			l.add(owner+"."+field.Name(), "field %s", l.typeString(field.Type()))
		case field.Embedded():
			t := types.Unalias(field.Type())
			if pointer, ok := t.(*types.Pointer); ok {
				t = pointer.Elem()
			}
			if embedded, ok := t.Underlying().(*types.Struct); ok {
				l.fields(owner, embedded)
			}
		}
	}
}

// interfaceType lists an interface. If others can implement it, an additional method breaks them: then there is also a line
// with all methods.
func (l *lister) interfaceType(name, parameters string, i *types.Interface) {
	if !i.IsMethodSet() {
		l.add(name, "type%s %s", parameters, l.typeString(i))
		return
	}
	l.add(name, "type%s interface", parameters)
	var methods []string
	sealed := false
	for method := range i.Methods() {
		if !method.Exported() {
			sealed = true
			continue
		}
		methods = append(methods, method.Name())
		l.add(name+"."+method.Name(), "(%s) func%s", name, l.signature(method.Signature()))
	}
	if !sealed {
		l.add(name, "implementers need %s", cmp.Or(strings.Join(methods, ", "), "nothing"))
	}
}

func (l *lister) parameters(list *types.TypeParamList) string {
	if list.Len() == 0 {
		return ""
	}
	var all []string
	for parameter := range list.TypeParams() {
		all = append(all, parameter.Obj().Name()+" "+l.typeString(parameter.Constraint()))
	}
	return "[" + strings.Join(all, ", ") + "]"
}

// signature is a signature without the names of its parameters, which may change.
func (l *lister) signature(s *types.Signature) string {
	return l.parameters(s.TypeParams()) + strings.TrimPrefix(l.typeString(s), "func")
}

func (l *lister) typeString(t types.Type) string {
	return types.TypeString(l.bare(t), func(p *types.Package) string {
		if p == l.pkg {
			return ""
		}
		return strings.TrimPrefix(p.Path(), l.module+"/")
	})
}

func (l *lister) ours(p *types.Package) bool {
	return p.Path() == l.module || strings.HasPrefix(p.Path(), l.module+"/")
}

// hidden reports whether a package is one of the module's that others cannot import.
func (l *lister) hidden(p *types.Package) bool {
	return l.ours(p) && private.MatchString(strings.TrimPrefix(p.Path(), l.module+"/"))
}

// bare is a type without parameter names and without the module's aliases, neither of which matters to its users. Other aliases
// stay: a type may become one in a new version of Go, as json.RawMessage did in Go 1.27.
func (l *lister) bare(t types.Type) types.Type {
	if alias, ok := t.(*types.Alias); ok {
		if alias.Obj().Pkg() == nil || !l.ours(alias.Obj().Pkg()) {
			return t
		}
		return l.bare(alias.Rhs())
	}
	switch t := t.(type) {
	case *types.Interface:
		if t.Empty() {
			return types.Universe.Lookup("any").Type()
		}
		return t
	case *types.Pointer:
		return types.NewPointer(l.bare(t.Elem()))
	case *types.Slice:
		return types.NewSlice(l.bare(t.Elem()))
	case *types.Array:
		return types.NewArray(l.bare(t.Elem()), t.Len())
	case *types.Map:
		return types.NewMap(l.bare(t.Key()), l.bare(t.Elem()))
	case *types.Chan:
		return types.NewChan(t.Dir(), l.bare(t.Elem()))
	case *types.Signature:
		return types.NewSignatureType(nil, nil, nil, l.bareTuple(t.Params()), l.bareTuple(t.Results()), t.Variadic())
	case *types.Named:
		if t.TypeArgs().Len() == 0 {
			return t
		}
		var arguments []types.Type
		for argument := range t.TypeArgs().Types() {
			arguments = append(arguments, l.bare(argument))
		}
		if instance, err := types.Instantiate(nil, t.Origin(), arguments, false); err == nil {
			return instance
		}
		return t
	default:
		return t
	}
}

func (l *lister) bareTuple(tuple *types.Tuple) *types.Tuple {
	var variables []*types.Var
	for v := range tuple.Variables() {
		variables = append(variables, types.NewParam(v.Pos(), v.Pkg(), "", l.bare(v.Type())))
	}
	return types.NewTuple(variables...)
}
