//go:build !(naive || ogen || retryable || strict || off)

package main

import "github.com/portkey-integration/portkey-integration-go/bench/clients/nethttp"

var newClient = nethttp.New
