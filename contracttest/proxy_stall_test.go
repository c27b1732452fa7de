package contracttest_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/portkey-integration/portkey-integration-go/contracttest"
)

// pipes is a listener in memory, which works in a synctest bubble.
type pipes chan net.Conn

func (p pipes) Accept() (net.Conn, error) {
	conn, ok := <-p
	if !ok {
		return nil, net.ErrClosed
	}
	return conn, nil
}

func (p pipes) Close() error   { return nil }
func (p pipes) Addr() net.Addr { return &net.TCPAddr{} }

// A slowBody is a body that returns pieces, each after a pause.
type slowBody struct {
	pieces int
	pause  time.Duration
	piece  string
	ctx    context.Context // of the request
}

func (b *slowBody) Read(p []byte) (int, error) {
	time.Sleep(b.pause)
	if err := b.ctx.Err(); err != nil {
		return 0, err
	}
	if b.pieces == 0 {
		return 0, io.EOF
	}
	b.pieces--
	return copy(p, b.piece), nil
}

func TestProxyWaits(t *testing.T) {
	const get = "GET /v1/integrations/rich HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
	for _, test := range []struct {
		name   string
		body   *slowBody                     // of the upstream
		client func(conn net.Conn) (ok bool) // acts as the client and reports whether it got the expected response
		after  time.Duration                 // minimum time until the exchange ends
		most   time.Duration                 // maximum time
		want   string
	}{
		{"for an upstream that takes its time", &slowBody{pieces: 3, pause: 2 * contracttest.DefaultStall, piece: "{} "}, func(conn net.Conn) bool {
			_, _ = io.WriteString(conn, get)
			resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
			if err != nil {
				return false
			}
			body, err := io.ReadAll(resp.Body)
			return err == nil && string(body) == "{} {} {} "
		}, 8 * contracttest.DefaultStall, 9 * contracttest.DefaultStall, ""},
		{"for an upstream that takes its time over what it was sent", &slowBody{pieces: 1, pause: 2 * contracttest.DefaultStall, piece: "{}"}, func(conn net.Conn) bool {
			_, _ = io.WriteString(conn, "PUT /v1/integrations/rich HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 1\r\n\r\nx")
			resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
			if err != nil {
				return false
			}
			body, err := io.ReadAll(resp.Body)
			return err == nil && string(body) == "{}"
		}, 4 * contracttest.DefaultStall, 5 * contracttest.DefaultStall, ""},
		{"for a client that sends slowly", &slowBody{pieces: 1, pause: 0, piece: "{}"}, func(conn net.Conn) bool {
			go func() { _, _ = io.Copy(io.Discard, conn) }()
			_, _ = io.WriteString(conn, "PUT /v1/integrations/rich HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 4\r\n\r\n")
			for range 4 {
				time.Sleep(contracttest.DefaultStall * 9 / 10)
				if _, err := io.WriteString(conn, "x"); err != nil {
					return false
				}
			}
			return true
		}, 3 * contracttest.DefaultStall, 4 * contracttest.DefaultStall, ""},
		{"not for a client that sends nothing", &slowBody{pieces: 1, pause: 0, piece: "{}"}, func(conn net.Conn) bool {
			_, _ = io.WriteString(conn, "PUT /v1/integrations/rich HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nx")
			time.Sleep(3 * contracttest.DefaultStall)
			return true
		}, contracttest.DefaultStall, contracttest.DefaultStall + time.Second, "gave up"},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				start, over := time.Now(), make(chan contracttest.Exchange, 1)
				p, err := contracttest.NewProxy("http://127.0.0.1", contracttest.WithExchangeFunc(func(e contracttest.Exchange) { over <- e }),
					contracttest.WithUpstreamTransport(roundTrip(func(r *http.Request) (*http.Response, error) {
						if r.Body != nil {
							if _, err := io.Copy(io.Discard, r.Body); err != nil {
								return nil, err
							}
							_, _ = r.Body.Read(make([]byte, 1)) // As net/http's transport does.
						}
						test.body.ctx = r.Context()
						return &http.Response{StatusCode: 200, Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(test.body),
							ContentLength: -1, Request: r}, nil
					})))
				if err != nil {
					t.Fatal(err)
				}
				defer p.Close()
				listener := make(pipes, 1)
				server := &http.Server{Handler: p}
				go func() { _ = server.Serve(listener) }()
				near, far := net.Pipe()
				listener <- far
				ok := make(chan bool, 1)
				go func() { ok <- test.client(near) }()
				e := <-over
				if took := time.Since(start); took < test.after || took > test.most {
					t.Errorf("took %v, want %v to %v", took, test.after, test.most)
				}
				if got := fmt.Sprint(e.Unchecked, e.Err); (test.want == "") != (e.Unchecked == "" && e.Err == nil) || !strings.Contains(got, test.want) {
					t.Errorf("got %q, want %q", got, test.want)
				}
				if !<-ok {
					t.Error("the client did not get the expected response")
				}
				close(listener)
				_ = near.Close()
				_ = server.Close()
			})
		})
	}
}

// A client that does not read the response is disconnected.
func TestProxyCutsOffClientsThatTakeNothing(t *testing.T) {
	gone := make(chan struct{})
	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer close(gone)
		w.Header().Set("Content-Type", "application/json")
		for piece := make([]byte, 1<<20); r.Context().Err() == nil; {
			if _, err := w.Write(piece); err != nil {
				return
			}
		}
	}))
	defer upstream.Close()
	p := newProxy(t, upstream.URL, contracttest.WithStall(50*time.Millisecond))
	conn, err := net.Dial("tcp", strings.TrimPrefix(p.URL, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_, _ = io.WriteString(conn, "GET /v1/integrations/rich HTTP/1.1\r\nHost: x\r\n\r\n")
	if e := p.exchange(t); e.Checked() {
		t.Errorf("got %v, want an exchange that was not checked", e)
	}
	<-gone
}
