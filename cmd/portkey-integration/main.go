// Command portkey-integration reads integrations of the Portkey Admin API, checks responses against its contract, and
// serves a fake control plane. Run it without arguments for help.
package main

import (
	"context"
	"io"
	"log"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// lastCall is how long a command may take to end after an interrupt.
const lastCall = 10 * time.Second

func main() {
	// Package net/http logs data that a server sends after a response, which may contain anything.
	log.SetOutput(io.Discard)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, func() {
		stop() // A second signal ends the program at once.
		time.Sleep(lastCall)
		os.Exit(exitFailed) // The command ignores its context.
	})
	os.Exit(run(ctx, os.Args[1:], os.Getenv, os.Stdin, os.Stdout, os.Stderr))
}
