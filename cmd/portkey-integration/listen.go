package main

import (
	"context"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"sync"
	"time"
)

// listen takes an address that no other machine can reach, unless that is allowed.
func listen(addr string, allowRemote bool) (net.Listener, error) {
	// What was looked at is what is listened on: a name could mean something else the second time.
	resolved, err := net.ResolveTCPAddr("tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("--addr: %w", err)
	}
	if !allowRemote && !resolved.IP.IsLoopback() {
		return nil, fmt.Errorf("--addr %s can be reached from other machines: name a loopback address such as 127.0.0.1:0, or add --allow-remote", addr)
	}
	listener, err := net.ListenTCP("tcp", resolved)
	if err != nil {
		return nil, fmt.Errorf("%w (--addr 127.0.0.1:0 takes a free port)", err)
	}
	return listener, nil
}

// serveUntil serves until ctx ends. Requests under way then have as long as grace to end by themselves; stop ends what is
// left of them, and serveUntil returns when they have.
func serveUntil(ctx context.Context, listener net.Listener, handler http.Handler, grace time.Duration, stop func()) error {
	under := &underWay{handler: handler}
	server := &http.Server{
		Handler:           under,
		ReadHeaderTimeout: 10 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    256 << 10,
		ErrorLog:          log.New(io.Discard, "", 0), // It would quote what clients send.
	}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(listener) }()
	select {
	case err := <-ended:
		stop()
		return err
	case <-ctx.Done():
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), grace)
	defer cancel()
	err := server.Shutdown(ctx)
	stop()
	if err != nil {
		_ = server.Close()
	}
	under.wait(time.Second)
	return nil
}

// underWay counts the requests that a handler is busy with, those included whose connection it took over, for which
// http.Server does not wait.
type underWay struct {
	handler http.Handler
	mu      sync.Mutex
	closed  bool
	n       sync.WaitGroup
}

func (u *underWay) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	u.mu.Lock()
	if u.closed {
		u.mu.Unlock()
		http.Error(w, "the server was stopped", http.StatusServiceUnavailable)
		return
	}
	u.n.Add(1)
	u.mu.Unlock()
	defer u.n.Done()
	u.handler.ServeHTTP(w, r)
}

// wait returns when there are none, or after the time given.
func (u *underWay) wait(most time.Duration) {
	u.mu.Lock()
	u.closed = true
	u.mu.Unlock()
	none := make(chan struct{})
	go func() { u.n.Wait(); close(none) }()
	select {
	case <-none:
	case <-time.After(most):
	}
}
