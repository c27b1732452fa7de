//go:build naive

package main

import "github.com/portkey-integration/portkey-integration-go/bench/clients/naive"

var newClient = naive.New
