//go:build ogen

package main

import "github.com/portkey-integration/portkey-integration-go/bench/clients/ogen"

var newClient = ogen.New
