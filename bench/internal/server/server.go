// Package server responds with prebuilt bodies at minimal cost: no net/http, a lookup and one system call each way. It runs
// in its own process, so that no client's numbers include its memory or CPU time; the wait for its response is the same for
// all clients.
package server

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
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

// Latency is how long a response of the kind Far takes.
const Latency = 50 * time.Millisecond

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

// response is an HTTP response in parts.
type response struct {
	head       []byte   // Up to the first property.
	properties [][]byte // All but the id, each followed by a comma.
	id         []byte   // Up to its last 12 digits.
	digits     []byte   // The last 12 digits.
	tail       []byte
}

var (
	mutex sync.Mutex
	made  = map[string][]response{}
	ids   atomic.Uint64
)

// responsesOf returns the responses of a set, named "kind-size", and makes them at first use.
func responsesOf(set string) []response {
	mutex.Lock()
	defer mutex.Unlock()
	if made[set] == nil {
		kind, name, _ := strings.Cut(set, "-")
		for _, size := range responses.Sizes {
			if size.Name == name {
				for _, body := range responses.Make(kind, size) {
					made[set] = append(made[set], newResponse(body, kind == responses.Novel))
				}
			}
		}
	}
	return made[set]
}

func newResponse(body []byte, apart bool) response {
	head := fmt.Appendf(nil, "HTTP/1.1 200 OK\r\nContent-Type: application/json; charset=utf-8\r\n"+
		"Date: Thu, 01 Jan 2026 00:00:00 GMT\r\nX-Portkey-Trace-Id: 0f6d2a6e-7f2b-4bb1-9a10-5f0c6d6d9a11\r\n"+
		"Content-Length: %d\r\n\r\n", len(body))
	const name, prefix = `"id":"`, "e0a3a91f-2346-4c13-bc27-"
	if !apart {
		all := append(head, body...)
		digits := bytes.Index(all, []byte(name)) + len(name+prefix)
		return response{id: all[:digits], digits: all[digits : digits+12], tail: all[digits+12:]}
	}
	r := response{head: append(head, '{'), tail: []byte(`"}`)}
	var properties map[string]json.RawMessage
	if err := json.Unmarshal(body, &properties); err != nil {
		panic(err) // unreachable: it was made as JSON
	}
	id := properties["id"][1:] // Without the quote.
	r.id, r.digits = append([]byte(name), id[:len(prefix)]...), id[len(prefix):len(prefix)+12]
	delete(properties, "id")
	for name, value := range properties {
		r.properties = append(r.properties, fmt.Appendf(nil, "%q:%s,", name, value))
	}
	return r
}

func serve(conn net.Conn) {
	defer conn.Close()
	in := bufio.NewReader(conn)
	local := map[string][]response{} // avoids the lock
	var (
		digits []byte
		parts  net.Buffers
	)
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
		r := set[i%len(set)]
		far := bytes.HasPrefix(slug, []byte(responses.Far))
		same := far || bytes.HasPrefix(slug, []byte(responses.Same))
		for len(line) > 2 { // the blank line ends the headers
			if line, err = in.ReadSlice('\n'); err != nil {
				return
			}
		}
		if far {
			time.Sleep(Latency)
		}
		parts = append(append(parts[:0], r.head), r.properties...)
		rand.Shuffle(len(r.properties), func(i, j int) { parts[1+i], parts[1+j] = parts[1+j], parts[1+i] })
		parts = append(parts, r.id, r.digits, r.tail)
		if !same {
			digits = fmt.Appendf(digits[:0], "%012x", ids.Add(1))
			parts[len(parts)-2] = digits
		}
		sending := parts // WriteTo consumes it.
		if _, err := sending.WriteTo(conn); err != nil {
			return
		}
	}
}
