package main

import (
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"github.com/portkey-integration/portkey-integration-go/internal/text"
)

const (
	bold   = "1"
	red    = "31"
	green  = "32"
	yellow = "33"
)

func isTerminal(w io.Writer) bool {
	file, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := file.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// wantsColor follows no-color.org and bixense.com/clicolors.
func wantsColor(env func(string) string, out io.Writer) bool {
	switch {
	case env("NO_COLOR") != "":
		return false
	case env("CLICOLOR_FORCE") != "" && env("CLICOLOR_FORCE") != "0":
		return true
	}
	return isTerminal(out) && env("TERM") != "dumb"
}

// paint colours text if out shows colours.
func (a *app) paint(color, text string) string {
	if !a.color || text == "" {
		return text
	}
	return "\x1b[" + color + "m" + text + "\x1b[0m"
}

// patience is how long the program works before it shows a note. Tests shorten it.
var patience = time.Second

const (
	pace = 100 * time.Millisecond // Between two notes on the progress.
	wipe = "\r\x1b[K"             // Erases a note.
)

// waiting shows a note on a terminal if the program waits longer than patience. stop erases it.
func (a *app) waiting(note string) (stop func()) {
	if !a.live {
		return func() {}
	}
	var (
		mu           sync.Mutex
		shown, ended bool
	)
	time.AfterFunc(patience, func() {
		mu.Lock()
		defer mu.Unlock()
		if !ended {
			fmt.Fprint(a.err, text.Safe(note))
			shown = true
		}
	})
	return func() {
		mu.Lock()
		defer mu.Unlock()
		if ended = true; shown {
			fmt.Fprint(a.err, wipe)
		}
	}
}

// progress shows the progress of the work on a terminal, if it takes long and its results go elsewhere.
type progress struct {
	app   *app
	next  time.Time // When a note may be shown.
	shown bool
}

func (a *app) progress() *progress { return &progress{app: a, next: time.Now().Add(patience)} }

func (p *progress) show(note string) {
	if !p.app.live || p.app.shown || time.Now().Before(p.next) {
		return
	}
	p.wipe()
	fmt.Fprint(p.app.err, text.Safe(note))
	p.next, p.shown = time.Now().Add(pace), true
}

func (p *progress) wipe() {
	if p.shown {
		fmt.Fprint(p.app.err, wipe)
		p.shown = false
	}
}
