package main

import (
	"bufio"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/portkey-integration/portkey-integration-go/contracttest"
)

// TestDocsInABrowser uses the page as a person would, in the browser that PORTKEY_BROWSER names, such as
// /usr/bin/chromium. With go test -artifacts, it saves screenshots.
func TestDocsInABrowser(t *testing.T) {
	program := os.Getenv("PORTKEY_BROWSER")
	if program == "" {
		t.Skip("PORTKEY_BROWSER names no browser")
	}
	mine := save(t, "mine.json", contracttest.Example("rich").With("/slug", "mine").Body)
	s := startServe(t, "--addr", "127.0.0.1:0", "--fixture", "mine="+mine, "--fault", "mine=status:503,times=1")
	p := openPage(t, program, s.origin+"/")
	p.call("Browser.grantPermissions", map[string]any{"permissions": []string{"clipboardReadWrite"}}, nil)
	const curl = "curl -H 'x-portkey-api-key: " + contracttest.DefaultAPIKey + "' "

	// Every example is shown with its curl command, under a heading.
	p.wait("the page is shown", `document.querySelectorAll("article").length`)
	for _, slug := range append(names(contracttest.Examples()), "mine") {
		line := curl + s.origin + "/v1/integrations/" + slug
		if got := p.evaluate(fmt.Sprintf(`document.querySelector('article[data-slug=%q] pre')?.textContent`, slug)); got != line {
			t.Errorf("%s: got the command %v, want %s", slug, got, line)
		}
	}
	for slug, want := range map[string]string{"mine": "Your fixtures", "rich": "azure-openai", "rate-limited": "Errors"} {
		if got := p.evaluate(fmt.Sprintf(`document.querySelector('article[data-slug=%q]').closest("section").querySelector("h3").textContent`, slug)); got != want {
			t.Errorf("%s: got it under %v, want %s", slug, got, want)
		}
	}
	p.wait("there is no request", `document.getElementById("list").innerText.includes("None yet")`)

	// Keyboard only: first the skip link to the requests; then the filter, a copied command, and a try.
	p.press("Tab", 9)
	p.wait("the first stop is the skip link", `document.activeElement.matches(".skip") && document.activeElement.getBoundingClientRect().left === 0`)
	p.press("Enter", 13)
	p.wait("it leads to the requests", `document.activeElement.id === "requests"`)
	p.evaluate(`document.getElementById("filter").focus()`)
	p.call("Input.insertText", map[string]any{"text": "BEDROCK access"}, nil)
	p.wait("one example is left", `[...document.querySelectorAll("article")].filter(a => a.offsetParent).map(a => a.dataset.slug).join() === "bedrock-access-key"`)
	p.tabTo(`article[data-slug="bedrock-access-key"] .copy`)
	p.press("Enter", 13)
	p.wait("the line is copied", fmt.Sprintf(`navigator.clipboard.readText().then(text => text === %q)`, curl+s.origin+"/v1/integrations/bedrock-access-key"))
	p.tabTo(`article[data-slug="bedrock-access-key"] .try`)
	p.press("Enter", 13)
	p.wait("the response is shown", `(t => t.startsWith("200") && t.includes("aws_region"))(document.querySelector('article[data-slug="bedrock-access-key"] .got')?.textContent ?? "")`)
	p.wait("the request is shown", `document.querySelector("#list li")?.innerText.includes("GET /v1/integrations/bedrock-access-key")`)
	p.evaluate(`(f => { f.value = ""; f.dispatchEvent(new Event("input")); })(document.getElementById("filter"))`)

	// The request of another client appears automatically, with its problems, as text rather than HTML.
	s.get(t, "/v1/integrations/%3Cb%3E?%3Cimg%20src=x%3E=1", nil)
	p.wait("the request and its problems are shown", `(li => li?.className === "invalid" && li.innerText.includes("no key") &&
		li.innerText.includes("query parameter <img src: not in the contract"))(document.querySelector("#list li"))`)
	s.get(t, "/v1/integrations/mine", http.Header{"X-Portkey-Api-Key": {contracttest.DefaultAPIKey}})
	p.wait("the fault is shown", `(li => li?.innerText.includes("503") && li.innerText.includes("status:503,times=1"))(document.querySelector("#list li"))`)
	p.wait("requests are counted", `document.querySelector(".total").innerText === "3 in all, 1 violated the contract."`)

	for _, scheme := range []string{"light", "dark"} {
		p.call("Emulation.setEmulatedMedia", map[string]any{"features": []map[string]string{{"name": "prefers-color-scheme", "value": scheme}}}, nil)
		p.call("Emulation.setDeviceMetricsOverride", map[string]any{"width": 1280, "height": 1000, "deviceScaleFactor": 1, "mobile": false}, nil)
		p.screenshot(scheme + ".png")
		if got, _ := p.evaluate(faint).(string); got != "" {
			t.Errorf("%s: text that is hard to read: %s", scheme, got)
		}
		p.call("Emulation.setDeviceMetricsOverride", map[string]any{"width": 380, "height": 800, "deviceScaleFactor": 1, "mobile": false}, nil)
		p.screenshot(scheme + "-narrow.png")
		if got := p.evaluate(`document.scrollingElement.scrollWidth - document.scrollingElement.clientWidth`); got != 0.0 {
			t.Errorf("%s: on a narrow screen, the page is %v pixels too wide", scheme, got)
		}
	}

	for _, url := range p.requests() {
		if !strings.HasPrefix(url, s.origin+"/") && !strings.HasPrefix(url, "data:") {
			t.Errorf("a request to the outside: %s", url)
		}
	}
	for _, problem := range p.problems() {
		t.Errorf("the page logged: %s", problem)
	}
}

// faint returns the texts whose contrast is below 4.5 to 1, the minimum of WCAG 2.
const faint = `(() => {
	const parse = c => (c.match(/[\d.]+/g) ?? []).map(Number);
	const light = c => parse(c).slice(0, 3).map(v => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
		.reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
	const ground = e => { const c = parse(getComputedStyle(e).backgroundColor); return c[3] === 0 ? ground(e.parentElement) : getComputedStyle(e).backgroundColor; };
	const found = new Set();
	for (const e of document.querySelectorAll("body *")) {
		if (!e.offsetParent || ![...e.childNodes].some(n => n.nodeType === 3 && n.data.trim())) continue;
		const [a, b] = [light(getComputedStyle(e).color), light(ground(e))].sort((x, y) => y - x);
		if ((a + 0.05) / (b + 0.05) < 4.5) found.add(e.tagName + " " + e.className + ": " + ((a + 0.05) / (b + 0.05)).toFixed(1));
	}
	return [...found].join("; ");
})()`

func names(examples []contracttest.Fixture) []string {
	var all []string
	for _, e := range examples {
		all = append(all, e.Name)
	}
	return all
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
		args = append(args, "--no-sandbox") // Root cannot use the sandbox.
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
		// Helper processes briefly outlive the browser and write to its profile.
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

// listen handles messages of the browser, which end with a zero byte.
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
		case "Log.entryAdded": // Refused by the policy, not found, and so on.
			var e struct {
				Entry struct{ Level, Text, URL string }
			}
			_ = json.Unmarshal(m.Params, &e)
			if e.Entry.Level == "error" {
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
	for deadline := time.Now().Add(30 * time.Second); p.evaluate("Promise.resolve("+expression+").then(is => !!is)") != true; time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			p.screenshot("failed.png")
			p.t.Fatalf("timeout, want: %s", what)
		}
	}
}

// press presses a key.
func (p *page) press(key string, code int) {
	p.t.Helper()
	text := ""
	if key == "Enter" {
		text = "\r"
	}
	for _, kind := range []string{"keyDown", "keyUp"} {
		p.call("Input.dispatchKeyEvent", map[string]any{"type": kind, "key": key, "code": key, "windowsVirtualKeyCode": code, "text": text}, nil)
		text = ""
	}
}

// tabTo presses the tab key until an element has the focus.
func (p *page) tabTo(selector string) {
	p.t.Helper()
	for range 300 {
		if p.evaluate(fmt.Sprintf(`document.activeElement.matches(%q)`, selector)) == true {
			return
		}
		p.press("Tab", 9)
	}
	p.t.Fatalf("the tab key does not lead to %s", selector)
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
