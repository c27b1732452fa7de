package main

import (
	"context"
	"strings"
	"testing"
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
