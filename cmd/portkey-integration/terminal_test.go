package main

import (
	"bytes"
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// cancelWhen returns a context that ends when the channel is closed.
func cancelWhen(t *testing.T, when <-chan struct{}) (context.Context, context.CancelFunc) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		select {
		case <-when:
		case <-ctx.Done():
		}
		cancel()
	}()
	return ctx, cancel
}

func TestColor(t *testing.T) {
	file := save(t, "broken.json", []byte("{}"))
	for _, c := range []struct {
		env   map[string]string
		color bool
	}{
		{nil, false},
		{map[string]string{"CLICOLOR_FORCE": "1"}, true},
		{map[string]string{"CLICOLOR_FORCE": "0"}, false},
		{map[string]string{"CLICOLOR_FORCE": "1", "NO_COLOR": "1"}, false},
	} {
		for _, args := range [][]string{{"check", file}, {"get", "--sandbox", "rich"}} {
			if o := (input{env: c.env}).run(t, args...); strings.Contains(o.out, "\x1b[") != c.color {
				t.Errorf("%v with %v: colours are not %v", args, c.env, c.color)
			}
		}
		if o := (input{env: c.env}).run(t, "get", "--sandbox", "rich", "-o", "json"); strings.Contains(o.out, "\x1b") {
			t.Error("colours in JSON")
		}
	}
}

// Progress is shown if the work takes long, not too often, and is erased before other output.
func TestProgress(t *testing.T) {
	for _, test := range []struct {
		live, shown bool
		want        string
	}{
		{live: false, want: ""},
		{live: true, shown: true, want: ""}, // The results go to the same terminal.
		{live: true, want: "2 done\r\x1b[K5 done\r\x1b[K"},
	} {
		synctest.Test(t, func(t *testing.T) {
			var screen bytes.Buffer
			p := (&app{err: &screen, live: test.live, shown: test.shown}).progress()
			p.show("1 done")
			time.Sleep(patience)
			p.show("2 done")
			p.show("3 done") // Too soon.
			time.Sleep(pace)
			p.show("5 done")
			p.wipe()
			p.wipe()
			if screen.String() != test.want {
				t.Errorf("%+v: got %q, want %q", test, screen.String(), test.want)
			}
		})
	}
}
