package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"syscall"
	"testing"
	"unsafe"
)

// openTerminal returns both ends of a pseudo-terminal: what is written to the second comes out of the first.
func openTerminal(t *testing.T) (screen, terminal *os.File) {
	t.Helper()
	screen, err := os.OpenFile("/dev/ptmx", os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Skipf("no pseudo-terminal: %v", err)
	}
	t.Cleanup(func() { _ = screen.Close() })
	var unlocked, number int32
	for _, request := range []struct {
		code uintptr
		arg  *int32
	}{{syscall.TIOCSPTLCK, &unlocked}, {syscall.TIOCGPTN, &number}} {
		if _, _, errno := syscall.Syscall(syscall.SYS_IOCTL, screen.Fd(), request.code, uintptr(unsafe.Pointer(request.arg))); errno != 0 {
			t.Skipf("no pseudo-terminal: %v", errno)
		}
	}
	terminal, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Skipf("no pseudo-terminal: %v", err)
	}
	return screen, terminal
}

// readAll reads the screen until its terminal is closed, which Linux reports as an error.
func readAll(screen io.Reader) string {
	text, _ := io.ReadAll(screen)
	return string(text)
}

func TestColorAtATerminal(t *testing.T) {
	for _, c := range []struct {
		env   map[string]string
		color bool
	}{
		{map[string]string{"TERM": "xterm"}, true},
		{map[string]string{"TERM": "dumb"}, false},
		{map[string]string{"TERM": "xterm", "NO_COLOR": "1"}, false},
	} {
		screen, terminal := openTerminal(t)
		shown := make(chan string)
		go func() { shown <- readAll(screen) }()
		code := run(t.Context(), []string{"check", "-"}, func(name string) string { return c.env[name] },
			strings.NewReader("{}"), terminal, io.Discard)
		_ = terminal.Close()
		if text := <-shown; code != 1 || strings.Contains(text, "\x1b[31m") != c.color {
			t.Errorf("%v: exit code %d, screen %q", c.env, code, text)
		}
	}
}

func TestANoteAtATerminal(t *testing.T) {
	hang := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }))
	defer hang.Close()
	for note, slugs := range map[string][]string{"": {"x"}, ", 0 of 2 received": {"x", "y"}} {
		showsNote(t, hang.URL, "Waiting for "+hang.URL+note+" ...", slugs)
	}
}

func showsNote(t *testing.T, url, note string, slugs []string) {
	env := map[string]string{"PORTKEY_API_KEY": "k", "PORTKEY_BASE_URL": url}
	screen, terminal := openTerminal(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	shown := make(chan string)
	go func() {
		var text bytes.Buffer
		for b := make([]byte, 1); !strings.HasSuffix(text.String(), note); {
			if _, err := screen.Read(b); err != nil {
				break
			}
			text.Write(b)
		}
		cancel()
		shown <- text.String() + readAll(screen)
	}()
	var out bytes.Buffer
	code := run(ctx, append([]string{"get"}, slugs...), func(name string) string { return env[name] }, strings.NewReader(""), &out, terminal)
	_ = terminal.Close()
	text := <-shown
	if before, after, wiped := strings.Cut(text, "\r\x1b[K"); code != 1 || !wiped ||
		!strings.HasPrefix(before, "Waiting") || !strings.Contains(after, "context canceled") || out.Len() > 0 {
		t.Errorf("exit code %d, screen %q", code, text)
	}
}
