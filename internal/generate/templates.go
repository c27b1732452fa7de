package main

import _ "embed"

var (
	//go:embed providers.go.tmpl
	providersTemplate string
	//go:embed aliases.go.tmpl
	aliasesTemplate string
)
