package main

import (
	"context"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"
)

const (
	// No client of these servers needs more.
	headerTimeout  = 10 * time.Second
	idleTimeout    = 2 * time.Minute
	maxHeaderBytes = 256 << 10
)

// listening has the flags for the address of a server and for the Hosts that it accepts.
type listening struct {
	addr        string
	allowRemote bool
	allowHosts  []string
}

// flags adds the flags to a command. addr is the default address.
func (l *listening) flags(command *cobra.Command, addr string) {
	flags := command.Flags()
	flags.StringVar(&l.addr, "addr", addr, "`host:port` to listen on; port 0 takes a free one")
	flags.BoolVar(&l.allowRemote, "allow-remote", false, "allow an address that other machines can reach")
	flags.StringArrayVar(&l.allowHosts, "allow-host", nil, "`name` that requests may have as their Host, '*' for any; may be repeated")
	for _, name := range []string{"addr", "allow-host"} {
		_ = command.RegisterFlagCompletionFunc(name, cobra.NoFileCompletions)
	}
}

// listen refuses an address that other machines can reach, unless that is allowed.
func (l *listening) listen() (net.Listener, error) {
	for _, name := range l.allowHosts {
		if host := hostname(name); host == "" || strings.ContainsAny(name, "/@?#, \t\r\n") {
			return nil, fmt.Errorf("--allow-host %q is not the name of a host, such as mock or mock:4010", name)
		}
	}
	// Listen on the address that was checked: a name could resolve to another one the second time.
	resolved, err := net.ResolveTCPAddr("tcp", l.addr)
	if err != nil {
		return nil, fmt.Errorf("--addr: %w", err)
	}
	if !l.allowRemote && !resolved.IP.IsLoopback() {
		return nil, fmt.Errorf("--addr %s can be reached from other machines: name a loopback address such as 127.0.0.1:0, or add --allow-remote", l.addr)
	}
	listener, err := net.ListenTCP("tcp", resolved)
	if err != nil {
		return nil, fmt.Errorf("%w (--addr 127.0.0.1:0 takes a free port)", err)
	}
	return listener, nil
}

// serve serves until ctx ends. Requests in progress then have the time grace to end by themselves. stop ends the rest,
// for which serve waits up to a second.
func (l *listening) serve(ctx context.Context, listener net.Listener, handler http.Handler, grace time.Duration, stop func(), logger *slog.Logger) error {
	under := &underWay{handler: l.checkHost(handler, listener.Addr(), logger)}
	server := &http.Server{
		Handler:           under,
		ReadHeaderTimeout: headerTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeaderBytes,
		ErrorLog:          log.New(io.Discard, "", 0), // Its messages may quote what clients send.
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

// underWay counts the requests in progress, including those with hijacked connections, for which http.Server does not
// wait.
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

// wait refuses new requests and returns when none is in progress, or after the given time.
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

// checkHost refuses requests whose Host is not the server's. It prevents DNS rebinding: a web page whose name resolves
// to a loopback address would have the same origin as the server.
func (l *listening) checkHost(next http.Handler, bound net.Addr, logger *slog.Logger) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if l.knows(r.Host, bound) {
			next.ServeHTTP(w, r)
			return
		}
		host := r.Host[:min(len(r.Host), 255)]
		logger.Warn("request refused: its Host is not this server's; --allow-host allows it", "host", host)
		http.Error(w, fmt.Sprintf("The Host %q is not this server's. To allow it, start the server with --allow-host.", host),
			http.StatusMisdirectedRequest)
	})
}

func (l *listening) knows(hostport string, bound net.Addr) bool {
	host := hostname(hostport)
	if host == "" || host == "localhost" || strings.HasSuffix(host, ".localhost") || host == hostname(l.addr) {
		return true // HTTP/1.0, which no browser uses; loopback by RFC 6761; given by the user.
	}
	if ip, err := netip.ParseAddr(host); err == nil {
		local, _ := netip.ParseAddrPort(bound.String())
		// Addresses cannot be rebound. If the server listens on all addresses, any may be this machine's.
		if ip.IsLoopback() || ip.Unmap() == local.Addr().Unmap() || local.Addr().IsUnspecified() {
			return true
		}
	}
	return slices.ContainsFunc(l.allowHosts, func(allowed string) bool { return allowed == "*" || hostname(allowed) == host })
}

// hostname returns the name or address in a Host, without its port.
func hostname(hostport string) string {
	host := hostport
	if h, _, err := net.SplitHostPort(hostport); err == nil {
		host = h
	}
	host = strings.TrimSuffix(strings.TrimPrefix(host, "["), "]")
	return strings.ToLower(strings.TrimSuffix(host, "."))
}
