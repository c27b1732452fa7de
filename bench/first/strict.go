//go:build strict

package main

import (
	"github.com/portkey-integration/portkey-integration-go/bench/clients/ours"
	"github.com/portkey-integration/portkey-integration-go/client"
)

var newClient = ours.New(client.ValidationStrict)
