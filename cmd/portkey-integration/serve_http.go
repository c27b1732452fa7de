package main

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
)

const (
	// farewell is how long requests under way may take when a server is told to stop. None takes long. What uses it up
	// are connections that browsers and clients open in advance, which Shutdown gives five seconds to bring a request.
	farewell = 500 * time.Millisecond

	// No client of a server here needs longer, or more.
	headerTimeout  = 10 * time.Second
	idleTimeout    = 2 * time.Minute
	maxHeaderBytes = 64 << 10
)

// listening is where a server listens and whom it serves, as its flags have it.
type listening struct {
	addr        string
	allowRemote bool
	allowHosts  []string
}

func (l *listening) flags(command *cobra.Command) {
	flags := command.Flags()
	flags.StringVar(&l.addr, "addr", "127.0.0.1:4010", "`host:port` to listen on; port 0 takes a free one")
	flags.BoolVar(&l.allowRemote, "allow-remote", false, "allow an address that other machines can reach")
	flags.StringArrayVar(&l.allowHosts, "allow-host", nil, "`name` that requests may have as their Host, '*' for any; may be repeated")
	_ = command.RegisterFlagCompletionFunc("addr", cobra.NoFileCompletions)
	_ = command.RegisterFlagCompletionFunc("allow-host", cobra.NoFileCompletions)
}

func (l *listening) listen() (net.Listener, error) {
	// What was looked at is what is listened on: a name could mean something else the second time.
	resolved, err := net.ResolveTCPAddr("tcp", l.addr)
	if err != nil {
		return nil, fmt.Errorf("--addr: %w", err)
	}
	if !l.allowRemote && !resolved.IP.IsLoopback() {
		return nil, fmt.Errorf("--addr %s can be reached from other machines: name a loopback address such as 127.0.0.1:4010, or add --allow-remote", l.addr)
	}
	listener, err := net.ListenTCP("tcp", resolved)
	if err != nil {
		return nil, fmt.Errorf("%w (--addr 127.0.0.1:0 takes a free port)", err)
	}
	return listener, nil
}

// run serves until ctx ends, which ends the requests that release lets go of.
func (l *listening) run(ctx context.Context, listener net.Listener, handler http.Handler, release func(), logger *slog.Logger) error {
	server := &http.Server{
		Handler:           l.checkHost(handler, listener.Addr(), logger),
		ReadHeaderTimeout: headerTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeaderBytes,
		ErrorLog:          slog.NewLogLogger(logger.Handler(), slog.LevelWarn),
	}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(listener) }()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	release()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), farewell)
	defer cancel()
	if server.Shutdown(ctx) != nil {
		_ = server.Close()
	}
	return nil
}

// checkHost refuses requests that came by a name which is not the server's: a web page can have a name of its own lead
// to a loopback address, and would then be of the same origin as the server.
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
		return true // Of HTTP/1.0, which no browser speaks; loopback by RFC 6761; named by the user.
	}
	if ip, err := netip.ParseAddr(host); err == nil {
		local, _ := netip.ParseAddrPort(bound.String())
		// A page cannot have an address for its name. Where all are listened on, any may be this machine's.
		if ip.IsLoopback() || ip.Unmap() == local.Addr().Unmap() || local.Addr().IsUnspecified() {
			return true
		}
	}
	return slices.ContainsFunc(l.allowHosts, func(allowed string) bool { return allowed == "*" || hostname(allowed) == host })
}

// hostname is the name or address in a Host, without its port.
func hostname(hostport string) string {
	host := hostport
	if h, _, err := net.SplitHostPort(hostport); err == nil {
		host = h
	}
	host = strings.TrimSuffix(strings.TrimPrefix(host, "["), "]")
	return strings.ToLower(strings.TrimSuffix(host, "."))
}
