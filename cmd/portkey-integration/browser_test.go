package main

import (
	"bufio"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/portkey-integration/portkey-integration-go/contracttest"
)

// TestDocsInABrowser reads the page and tries it out as a person would, in the browser that PORTKEY_BROWSER names, such
// as /usr/bin/chromium. With go test -artifacts, it leaves screenshots behind.
func TestDocsInABrowser(t *testing.T) {
	program := os.Getenv("PORTKEY_BROWSER")
	if program == "" {
		t.Skip("PORTKEY_BROWSER names no browser")
	}
	s := startServe(t, "--addr", "127.0.0.1:0")
	p := openPage(t, program, s.origin+"/")

	p.wait("the operation is shown", `document.querySelector(".opblock-get .opblock-summary-path")?.innerText.includes("/integrations")`)
	p.wait("the server is this one", `[...document.querySelectorAll(".servers option")].some(o => o.value === "/v1")`)
	p.wait("every example is offered", fmt.Sprintf(`document.querySelectorAll(".response .examples-select option").length >= %d`, len(integrations())))
	p.screenshot("contract.png")

	execute := func(slug string, status int, text string) {
		t.Helper()
		p.write(`.parameters [data-param-name="slug"] input`, slug)
		p.click(`.btn.execute`)
		p.wait(fmt.Sprintf("%s answers %d", slug, status), fmt.Sprintf(
			`(() => { const live = document.querySelector(".live-responses-table");
			  return live?.querySelector("tbody .response-col_status")?.innerText.startsWith("%d") && live.innerText.includes(%q) &&
			         document.querySelector(".request-url").innerText.includes(%q); })()`,
			status, text, "/v1/integrations/"+slug))
	}
	execute("openai-production", 401, "AB05") // There is no key yet.

	p.click(`.scheme-container .btn.authorize`)
	p.write(`.auth-container input[type="text"], .auth-container input[type="password"]`, contracttest.DefaultAPIKey)
	p.click(`.auth-btn-wrapper .authorize`)
	p.wait("the key is taken", `document.querySelector(".auth-container")?.innerText.includes("******")`)
	p.click(`.auth-btn-wrapper .btn-done`)

	execute("openai-production", 200, "org-9sTq2mVfWc")
	execute("rate-limited", 429, "AB06")
	execute("rich", 200, "contoso-openai-eu")
	p.evaluate(`document.querySelector(".live-responses-table").scrollIntoView()`)
	p.screenshot("tried.png")

	for _, url := range p.requests() {
		if !strings.HasPrefix(url, s.origin+"/") && !strings.HasPrefix(url, "data:") {
			t.Errorf("a request to the outside: %s", url)
		}
	}
	for _, problem := range p.problems() {
		t.Errorf("the page complains: %s", problem)
	}
}

// page is a page in a browser, driven by the DevTools protocol over a pair of pipes.
type page struct {
	t       *testing.T
	to      io.Writer
	session string
	done    chan struct{}

	mu      sync.Mutex
	id      int
	replies map[int]chan reply
	asked   []string // URLs.
	errors  []string
}

type reply struct {
	ID     int
	Method string
	Params json.RawMessage
	Result json.RawMessage
	Error  *struct{ Message string }
}

func openPage(t *testing.T, program, url string) *page {
	t.Helper()
	profile, err := os.MkdirTemp("", "portkey-integration-browser")
	if err != nil {
		t.Fatal(err)
	}
	args := []string{
		"--headless", "--remote-debugging-pipe", "--user-data-dir=" + profile, "--window-size=1280,1600",
		"--disable-gpu", "--disable-background-networking", "--disable-component-update", "--no-first-run",
		"--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",
	}
	if os.Geteuid() == 0 {
		args = append(args, "--no-sandbox") // Which root cannot have.
	}
	command := exec.CommandContext(t.Context(), program, append(args, "about:blank")...)
	in, to, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	from, out, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	command.ExtraFiles = []*os.File{in, out} // It reads 3 and writes 4.
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	_, _ = in.Close(), out.Close()
	p := &page{t: t, to: to, done: make(chan struct{}), replies: map[int]chan reply{}}
	go p.listen(from)
	t.Cleanup(func() {
		_, _ = p.send("Browser.close", nil)
		_ = command.Wait()
		_ = to.Close()
		<-p.done
		_ = from.Close()
		// Helpers of the browser outlive it by a moment, and write to its profile.
		for n := 0; os.RemoveAll(profile) != nil && n < 50; n++ {
			time.Sleep(100 * time.Millisecond)
		}
	})

	var target struct{ TargetID string }
	p.call("Target.createTarget", map[string]any{"url": "about:blank"}, &target)
	var attached struct{ SessionID string }
	p.call("Target.attachToTarget", map[string]any{"targetId": target.TargetID, "flatten": true}, &attached)
	p.session = attached.SessionID
	for _, domain := range []string{"Page", "Network", "Runtime", "Log"} {
		p.call(domain+".enable", nil, nil)
	}
	p.call("Page.navigate", map[string]any{"url": url}, nil)
	return p
}

// listen sorts what the browser says. Messages end with a zero byte.
func (p *page) listen(from io.Reader) {
	defer close(p.done)
	for r := bufio.NewReader(from); ; {
		message, err := r.ReadBytes(0)
		if err != nil {
			return
		}
		var m reply
		if json.Unmarshal(message[:len(message)-1], &m) != nil {
			continue
		}
		p.mu.Lock()
		if waiting := p.replies[m.ID]; m.ID != 0 && waiting != nil {
			delete(p.replies, m.ID)
			waiting <- m
		}
		switch m.Method {
		case "Network.requestWillBeSent":
			var e struct{ Request struct{ URL string } }
			_ = json.Unmarshal(m.Params, &e)
			p.asked = append(p.asked, e.Request.URL)
		case "Runtime.exceptionThrown":
			p.errors = append(p.errors, string(m.Params))
		case "Log.entryAdded": // Refused by the policy, not found, and the like.
			var e struct {
				Entry struct{ Source, Level, Text, URL string }
			}
			_ = json.Unmarshal(m.Params, &e)
			// The page is meant to show the answers of failed requests.
			if e.Entry.Level == "error" && !(e.Entry.Source == "network" && strings.Contains(e.Entry.URL, "/v1/")) {
				p.errors = append(p.errors, e.Entry.Text+" "+e.Entry.URL)
			}
		}
		p.mu.Unlock()
	}
}

func (p *page) send(method string, params any) (chan reply, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.id++
	message := map[string]any{"id": p.id, "method": method}
	if params != nil {
		message["params"] = params
	}
	if p.session != "" && !strings.HasPrefix(method, "Browser.") {
		message["sessionId"] = p.session
	}
	waiting := make(chan reply, 1)
	p.replies[p.id] = waiting
	b, err := json.Marshal(message)
	if err != nil {
		return nil, err
	}
	_, err = p.to.Write(append(b, 0))
	return waiting, err
}

func (p *page) call(method string, params, result any) {
	p.t.Helper()
	waiting, err := p.send(method, params)
	if err != nil {
		p.t.Fatalf("%s: %v", method, err)
	}
	var m reply
	select {
	case m = <-waiting:
	case <-p.done:
		err = errors.New("the browser has gone")
	case <-time.After(30 * time.Second):
		err = errors.New("no reply")
	}
	switch {
	case err != nil:
	case m.Error != nil:
		err = errors.New(m.Error.Message)
	case result != nil:
		err = json.Unmarshal(m.Result, result)
	}
	if err != nil {
		p.t.Fatalf("%s: %v", method, err)
	}
}

// evaluate runs an expression in the page, and returns its value.
func (p *page) evaluate(expression string) any {
	p.t.Helper()
	var result struct {
		Result           struct{ Value any }
		ExceptionDetails *struct{ Text string }
	}
	p.call("Runtime.evaluate", map[string]any{"expression": expression, "returnByValue": true, "awaitPromise": true}, &result)
	if result.ExceptionDetails != nil {
		p.t.Fatalf("%s: %s", expression, result.ExceptionDetails.Text)
	}
	return result.Result.Value
}

// wait waits until an expression is true.
func (p *page) wait(what, expression string) {
	p.t.Helper()
	for deadline := time.Now().Add(30 * time.Second); p.evaluate("!!("+expression+")") != true; time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			p.screenshot("failed.png")
			p.t.Fatalf("not so: %s", what)
		}
	}
}

func (p *page) click(selector string) {
	p.t.Helper()
	p.wait(selector+" is there", fmt.Sprintf(`document.querySelector(%q)`, selector))
	p.evaluate(fmt.Sprintf(`document.querySelector(%q).click()`, selector))
}

// write types text into a field in place of what it holds.
func (p *page) write(selector, text string) {
	p.t.Helper()
	p.wait(selector+" is there", fmt.Sprintf(`document.querySelector(%q)`, selector))
	p.evaluate(fmt.Sprintf(`(() => { const e = document.querySelector(%q); e.focus(); e.select(); })()`, selector))
	p.call("Input.insertText", map[string]any{"text": text}, nil)
	p.evaluate("document.activeElement.blur()") // As the next click of a person would.
}

func (p *page) screenshot(name string) {
	p.t.Helper()
	var shot struct{ Data string }
	p.call("Page.captureScreenshot", nil, &shot)
	image, err := base64.StdEncoding.DecodeString(shot.Data)
	if err != nil || len(image) == 0 {
		p.t.Fatalf("no screenshot: %v", err)
	}
	if err := os.WriteFile(filepath.Join(p.t.ArtifactDir(), name), image, 0o644); err != nil {
		p.t.Fatal(err)
	}
}

func (p *page) requests() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.asked
}

func (p *page) problems() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.errors
}
