// Package server responses with prebuilt bodies at the least cost: no net/http, a lookup and one system call each way.
// It runs in a process of its own, so that its memory and its CPU are in no client's numbers; what is left of it, the
// wait for its response, is the same for all.
package server

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/portkey-integration/portkey-integration-go/bench/internal/responses"
)

// Sizes are the sizes of bodies, and how many different ones there are of each.
var Sizes = []struct {
	Name     string
	Bytes, N int
}{{"1KB", 1000, 1000}, {"10KB", 10_000, 1000}, {"100KB", 100_000, 100}, {"1MB", 1_000_000, 10}}

// Latency is how long a response of the kind far takes.
const Latency = 50 * time.Millisecond

// Novel is how many novel responses there are: more than the shapes that our client remembers.
const Novel = 5000

// Slug names a response: kind is distinct (the id is new in every response, so that no two bodies are the same), fleet
// (as many integrations, each with the same body whenever it is asked for), violating or novel (both as distinct), or
// far (as fleet, but Latency away).
func Slug(kind, size string, i int) string { return kind + "-" + size + "-" + strconv.Itoa(i) }

// Run serves on a free port of the loopback interface, prints the base URL and returns when standard input ends.
func Run() error {
	runtime.GOMAXPROCS(1)
	debug.SetGCPercent(-1)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Printf("http://%s/v1\n", l.Addr())
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go serve(conn)
		}
	}()
	_, err = io.Copy(io.Discard, os.Stdin)
	return err
}

// response is a whole HTTP response. Between its parts stand the last 12 digits of the id.
type response struct{ head, id, tail []byte }

var (
	mu   sync.Mutex
	made = map[string][]response{}
	ids  atomic.Uint64
)

// responsesOf makes the responses of a set, named "kind-size", when it is first asked for.
func responsesOf(set string) []response {
	mu.Lock()
	defer mu.Unlock()
	if made[set] == nil {
		kind, size, _ := strings.Cut(set, "-")
		for _, s := range Sizes {
			if s.Name != size {
				continue
			}
			n := s.N
			if kind == "novel" {
				n = Novel
			}
			bodies, err := responses.Make(kind, n, s.Bytes)
			if err != nil {
				panic(err)
			}
			for _, body := range bodies {
				made[set] = append(made[set], newResponse(body))
			}
		}
	}
	return made[set]
}

func newResponse(body []byte) response {
	raw := fmt.Appendf(nil, "HTTP/1.1 200 OK\r\nContent-Type: application/json; charset=utf-8\r\n"+
		"Date: Thu, 01 Jan 2026 00:00:00 GMT\r\nX-Portkey-Trace-Id: 0f6d2a6e-7f2b-4bb1-9a10-5f0c6d6d9a11\r\n"+
		"Content-Length: %d\r\n\r\n%s", len(body), body)
	end := bytes.Index(raw, []byte(`"id":"`)) + len(`"id":"`) + len("e0a3a91f-2346-4c13-bc27-ed12b10877a9")
	return response{raw[:end-12], raw[end-12 : end], raw[end:]}
}

func serve(conn net.Conn) {
	defer conn.Close()
	in := bufio.NewReader(conn)
	local := map[string][]response{} // spares the lock
	var id []byte
	for {
		line, err := in.ReadSlice('\n') // GET /v1/integrations/kind-size-i HTTP/1.1
		if err != nil {
			return
		}
		line = line[:bytes.LastIndexByte(line, ' ')]
		slug := line[bytes.LastIndexByte(line, '/')+1:]
		dash := bytes.LastIndexByte(slug, '-')
		set, ok := local[string(slug[:dash])]
		if !ok {
			name := string(slug[:dash])
			set = responsesOf(name)
			local[name] = set
		}
		i, err := strconv.Atoi(string(slug[dash+1:]))
		if err != nil || len(set) == 0 {
			return
		}
		a, far, fleet := set[i%len(set)], bytes.HasPrefix(slug, []byte("far-")), bytes.HasPrefix(slug, []byte("fleet-"))
		for len(line) > 2 { // the blank line ends the headers
			if line, err = in.ReadSlice('\n'); err != nil {
				return
			}
		}
		if far {
			time.Sleep(Latency)
		}
		parts := net.Buffers{a.head, a.id, a.tail}
		if !far && !fleet {
			id = fmt.Appendf(id[:0], "%012x", ids.Add(1))
			parts[1] = id
		}
		if _, err := parts.WriteTo(conn); err != nil {
			return
		}
	}
}
