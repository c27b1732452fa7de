package client_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"log/slog"
	"maps"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/portkey-integration/portkey-integration-go/client"
)

// loggable are all attributes that a record may have, including those that slog adds.
var loggable = []string{"method", "path", "status", "attempt", "duration", "bytes", "trace_id", "error", "time", "level", "msg"}

// Each attempt is logged as one record with only the attributes of the allowlist, however the call ends.
func TestLogIsAnAllowlist(t *testing.T) {
	ok := transport(func(*http.Request) (*http.Response, error) {
		return respond(200, http.Header{"X-Portkey-Trace-Id": {"trace-1"}, "X-Secret": {theHeaderValue}}, integrationBody("some-slug"))
	})
	busy := transport(func(*http.Request) (*http.Response, error) {
		return respond(503, http.Header{"X-Portkey-Trace-Id": {"trace-2"}}, `{"message":"`+theKey+`"}`)
	})
	broken := transport(func(*http.Request) (*http.Response, error) { return nil, errors.New("broken by " + theKey) })
	moved := transport(func(*http.Request) (*http.Response, error) {
		return respond(302, http.Header{"Location": {"https://evil.example/" + theKey}}, "")
	})
	breaks := transport(func(*http.Request) (*http.Response, error) {
		r, err := respond(200, nil, "")
		r.Body = io.NopCloser(io.MultiReader(strings.NewReader("half"), brokenReader{}))
		return r, err
	})
	for _, test := range []struct {
		name     string
		attempts []transport
		want     string // The summary of each record.
	}{
		{"success", []transport{ok}, "200 177 trace-1"},
		{"retries", []transport{busy, broken, ok}, "503 34 trace-2, - - - connection failed, 200 177 trace-1"},
		{"failure", []transport{busy, busy, busy}, "503 34 trace-2, 503 34 trace-2, 503 34 trace-2"},
		{"no connection", []transport{broken, broken, broken}, "- - - connection failed, - - - connection failed, - - - connection failed"},
		{"redirect", []transport{moved}, "302 0 - redirect not followed"},
		{"break", []transport{breaks, ok}, "200 4 - connection failed, 200 177 trace-1"},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var lines strings.Builder
				n := 0
				c := newClient(t, "https://cp.example/v1", client.WithLogger(debugLogger(&lines)), over(func(r *http.Request) (*http.Response, error) {
					n++
					time.Sleep(time.Second)
					return test.attempts[n-1](r)
				}))
				_, _ = c.RetrieveIntegration(t.Context(), "some-slug", client.WithWorkspaceID("workspace-Qm9x4"), client.WithHeader("X-Call", theCallValue))
				var got []string
				for line := range strings.Lines(lines.String()) {
					got = append(got, summary(t, line, len(got)+1))
				}
				if got := strings.Join(got, ", "); got != test.want {
					t.Errorf("got the records %q, want %q", got, test.want)
				}
				expectNone(t, "the log", lines.String(), append(allSecrets(), "some-slug", "workspace-Qm9x4", "cp.example", "evil.example")...)
			})
		})
	}
}

// summary returns status code, bytes, trace id and error of a record, and fails the test if another attribute is wrong.
func summary(t *testing.T, line string, attempt int) string {
	t.Helper()
	var record map[string]any
	if err := json.Unmarshal([]byte(line), &record); err != nil {
		t.Fatal(err)
	}
	for _, name := range slices.Sorted(maps.Keys(record)) {
		if !slices.Contains(loggable, name) {
			t.Errorf("got %s logged, want the allowlist alone", name)
		}
	}
	for name, want := range map[string]any{
		"method": "GET", "path": "/integrations/{slug}", "level": "DEBUG", "attempt": float64(attempt), "duration": float64(time.Second),
	} {
		if got := record[name]; got != want {
			t.Errorf("got the attribute %s as %v, want %v", name, got, want)
		}
	}
	var parts []string
	for _, name := range []string{"status", "bytes", "trace_id", "error"} {
		part := "-"
		if record[name] != nil {
			part = fmt.Sprint(record[name])
		}
		parts = append(parts, part)
	}
	return strings.TrimSuffix(strings.Join(parts, " "), " -")
}

type brokenReader struct{}

func (brokenReader) Read([]byte) (int, error) { return 0, errors.New("broken by " + theKey) }

// Without WithLogger, and above level debug, nothing is written anywhere.
func TestLogIsOffByDefault(t *testing.T) {
	var lines bytes.Buffer
	standard, flags, before := log.Writer(), log.Flags(), slog.Default()
	t.Cleanup(func() {
		slog.SetDefault(before)
		log.SetOutput(standard)
		log.SetFlags(flags)
	})
	all := slog.New(slog.NewTextHandler(&lines, &slog.HandlerOptions{Level: slog.Level(-100)}))
	slog.SetDefault(all)
	log.SetOutput(&lines)
	stdout, stderr := capture(t, &os.Stdout), capture(t, &os.Stderr)
	quiet := slog.New(slog.NewTextHandler(&lines, &slog.HandlerOptions{Level: slog.LevelInfo}))
	for _, opts := range [][]client.Option{nil, {client.WithLogger(quiet)}} {
		for _, status := range []int{200, 302, 400, 503} {
			c := newClient(t, "https://cp.example/v1", append(opts, client.WithMaxRetries(0), over(func(*http.Request) (*http.Response, error) {
				return respond(status, http.Header{"Location": {"https://evil.example"}}, integrationBody("some-slug"))
			}))...)
			_, _ = retrieve(c)
		}
	}
	if text := lines.String() + stdout() + stderr(); text != "" {
		t.Errorf("got %d bytes written, want none", len(text))
	}
}

// capture replaces a standard stream with a file for the rest of the test. It returns a function that reads the file.
func capture(t *testing.T, stream **os.File) func() string {
	t.Helper()
	f, err := os.CreateTemp(t.TempDir(), "")
	if err != nil {
		t.Fatal(err)
	}
	before := *stream
	*stream = f
	restore := func() { *stream = before }
	t.Cleanup(restore)
	return func() string {
		restore()
		_ = f.Close()
		text, err := os.ReadFile(f.Name())
		if err != nil {
			t.Error(err)
		}
		return string(text)
	}
}

// A slog handler gets the caller's context, for example for tracing.
func TestLogHasTheContextOfTheCall(t *testing.T) {
	type key struct{}
	h := &contextHandler{Handler: slog.NewTextHandler(io.Discard, &slog.HandlerOptions{Level: slog.LevelDebug}), key: key{}}
	c := newClient(t, "https://cp.example/v1", client.WithLogger(slog.New(h)), over(func(*http.Request) (*http.Response, error) {
		return respond(200, nil, integrationBody("some-slug"))
	}))
	if _, err := c.RetrieveIntegration(context.WithValue(t.Context(), key{}, "span-1"), "some-slug"); err != nil || h.got != "span-1" {
		t.Errorf("the handler got %v, and the call %v", h.got, err)
	}
}

type contextHandler struct {
	slog.Handler
	key, got any
}

func (h *contextHandler) Handle(ctx context.Context, r slog.Record) error {
	h.got = ctx.Value(h.key)
	return h.Handler.Handle(ctx, r)
}

// The record of a failed attempt has the kind of failure and the number of bytes of the body.
func TestLogSaysWhatFailed(t *testing.T) {
	want := map[string]string{
		"an HTML page with 502": "", "a body over the limit": "response too large", "connection refused": "connection refused",
		"connection closed without a response": "connection closed", "connection reset before the headers": "connection reset by peer",
		"something that is not HTTP": "connection failed", "a stall before the headers": "timeout", "a stall within the body": "timeout",
		"a certificate of an unknown authority": "certificate not accepted", "a host that does not exist": "host not found",
		"a redirect loop": "redirect not followed", "a body that ends too early": "connection closed",
	}
	for _, f := range faults {
		kind, ok := want[f.name]
		if !ok {
			continue
		}
		delete(want, f.name)
		f.run(t, func(t *testing.T) {
			baseURL, opts := f.peer(t, new(atomic.Int64))
			var lines strings.Builder
			c := newClient(t, baseURL, append([]client.Option{client.WithMaxRetries(0), client.WithMaxResponseBytes(small), client.WithLogger(debugLogger(&lines))}, opts...)...)
			_, err := retrieve(c)
			var record struct {
				Error string
				Bytes int
			}
			if err := json.Unmarshal([]byte(lines.String()), &record); err != nil {
				t.Fatal(err)
			}
			_, info := inspect(t, err)
			if record.Error != kind || record.Bytes != len(info.Body) {
				t.Errorf("%s: got %q and %d bytes logged, want %q and %d", f.name, record.Error, record.Bytes, kind, len(info.Body))
			}
		})
	}
	if len(want) > 0 {
		t.Errorf("got no fault named %v", slices.Sorted(maps.Keys(want)))
	}
}

func TestLogSaysThatTheContextEnded(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	var lines strings.Builder
	c := newClient(t, "https://cp.example/v1", client.WithLogger(debugLogger(&lines)), over(func(*http.Request) (*http.Response, error) {
		cancel()
		return nil, context.Canceled
	}))
	_, _ = c.RetrieveIntegration(ctx, "some-slug")
	if want := `"error":"canceled"`; !strings.Contains(lines.String(), want) {
		t.Errorf("got the log %s, want %s", lines.String(), want)
	}
}
