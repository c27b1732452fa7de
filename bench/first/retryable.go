//go:build retryable

package main

import "github.com/portkey-integration/portkey-integration-go/bench/clients/retryable"

var newClient = retryable.New
