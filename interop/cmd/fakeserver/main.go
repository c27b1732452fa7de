// Command fakeserver serves contracttest's fake control plane on a free port of the loopback interface, and prints its
// base URL.
//
// Beside the contract's examples it serves "broken", a response that breaks the contract: a checker in front of it that
// lets this one pass checks nothing.
package main

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/portkey-integration/portkey-integration-go/contracttest"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "fakeserver:", err)
		os.Exit(1)
	}
}

func run() error {
	handler, err := contracttest.NewHandler(
		contracttest.WithBrokenFixture("broken", map[string]any{"slug": "broken", "name": nil}))
	if err != nil {
		return err
	}
	defer handler.Close()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Printf("http://%s%s\n", listener.Addr(), contracttest.DefaultPathPrefix)

	server := &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second}
	return server.Serve(listener)
}
