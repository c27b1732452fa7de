package contracttest_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/portkey-integration/portkey-integration-go/contracttest"
)

// realKey is a key that no response contains by accident.
const realKey = "pk-real-1f6b0c9a/x~y"

// A controlPlane is a server that conforms except for what a test changes.
type controlPlane struct {
	*contracttest.Handler
	t *testing.T
}

func newControlPlane(t *testing.T, opts ...contracttest.ServerOption) controlPlane {
	return controlPlane{handler(t, append(opts, contracttest.WithAPIKey(realKey))...), t}
}

// inner returns the response of the conforming server.
func (c controlPlane) inner(r *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	c.ServeHTTP(w, r)
	return w
}

// open returns the response that a request would get with the right key.
func (c controlPlane) open(r *http.Request) *httptest.ResponseRecorder {
	r = r.Clone(r.Context())
	r.Header.Del("Authorization")
	r.Header.Set("x-portkey-api-key", realKey)
	return c.inner(r)
}

// reply sends a recorded response with another status code and body, or with its own body if body is nil.
func reply(w http.ResponseWriter, recorded *httptest.ResponseRecorder, status int, body []byte) {
	for name, values := range recorded.Header() {
		w.Header()[name] = values
	}
	w.Header().Del("Content-Length")
	if body == nil {
		body = recorded.Body.Bytes()
	}
	w.WriteHeader(status)
	_, _ = w.Write(body)
}

func authorized(r *http.Request) bool { return r.Header.Get("x-portkey-api-key") == realKey }

func changed(t *testing.T, body []byte, from, to string) []byte {
	t.Helper()
	if !bytes.Contains(body, []byte(from)) {
		t.Fatalf("the body has no %s", from)
	}
	return bytes.Replace(body, []byte(from), []byte(to), 1)
}

// A wrongServer responds to a request in place of c.
type wrongServer func(c controlPlane, w http.ResponseWriter, r *http.Request)

// Each of these servers is wrong in one way, which Verify must report.
func TestVerifyCatchesWrongServers(t *testing.T) {
	const first, other = "openai-production", "azure-openai-entra"
	isFirst := func(r *http.Request) bool { return strings.HasSuffix(r.URL.Path, "/"+first) }
	rewrite := func(change func(c controlPlane, body []byte) []byte) wrongServer {
		return func(c controlPlane, w http.ResponseWriter, r *http.Request) {
			recorded := c.inner(r)
			if recorded.Code == 200 && r.Method == http.MethodGet {
				reply(w, recorded, 200, change(c, recorded.Body.Bytes()))
				return
			}
			reply(w, recorded, recorded.Code, nil)
		}
	}
	// again changes the second response to GET of the first slug.
	again := func(before, after func(c controlPlane, body []byte) []byte) wrongServer {
		n := 0
		return rewrite(func(c controlPlane, body []byte) []byte {
			if n++; n%2 == 0 {
				return after(c, body)
			}
			return before(c, body)
		})
	}
	same := func(_ controlPlane, body []byte) []byte { return body }
	refusal := func(body string) wrongServer {
		return func(c controlPlane, w http.ResponseWriter, r *http.Request) {
			recorded := c.inner(r)
			if recorded.Code == 401 && r.Method == http.MethodGet {
				reply(w, recorded, 401, []byte(body))
				return
			}
			reply(w, recorded, recorded.Code, nil)
		}
	}

	for _, test := range []struct {
		name   string
		server wrongServer
		check  string // the one that fails
		in     string // in its reason or findings
	}{
		{"HEAD without a key", func(c controlPlane, w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodHead {
				reply(w, c.open(r), 200, nil)
				return
			}
			c.ServeHTTP(w, r)
		}, "auth/no-key", "HEAD openai-production: status code 200, want 401"},
		{"any bearer token", func(c controlPlane, w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("Authorization") != "" {
				reply(w, c.open(r), 200, nil)
				return
			}
			c.ServeHTTP(w, r)
		}, "auth/wrong-token", "status code 200"},
		{"any key", func(c controlPlane, w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("x-portkey-api-key") != "" {
				recorded := c.open(r)
				reply(w, recorded, recorded.Code, nil)
				return
			}
			c.ServeHTTP(w, r)
		}, "auth/wrong-key", "status code 200"},
		{"only the first slug is guarded", func(c controlPlane, w http.ResponseWriter, r *http.Request) {
			if !authorized(r) && strings.HasSuffix(r.URL.Path, other) {
				reply(w, c.open(r), 200, nil)
				return
			}
			c.ServeHTTP(w, r)
		}, "auth/", other + ": status code 200"},
		{"the slug under a name of other case", rewrite(func(c controlPlane, body []byte) []byte {
			slug := `"slug":"` + other + `"`
			if bytes.Contains(body, []byte(slug)) {
				body = changed(t, body, slug, `"slug":"another","Slug":"`+other+`"`)
			}
			return body
		}), "integration/" + other + "/identity", "neither the slug nor the id"},
		{"a name twice, the second time", again(same, func(_ controlPlane, body []byte) []byte {
			return changed(t, body, `"slug":`, `"slug":"x","slug":`)
		}), "integration/" + first + "/repeatable", "second response violates"},
		{"a number beyond 2^53 that changes", again(
			func(_ controlPlane, body []byte) []byte { return changed(t, body, "{", `{"tags":[9007199254740992],`) },
			func(_ controlPlane, body []byte) []byte { return changed(t, body, "{", `{"tags":[9007199254740993],`) },
		), "integration/" + first + "/repeatable", "/tags"},
		{"a secret deeper in a configuration", rewrite(func(c controlPlane, body []byte) []byte {
			return changed(t, body, `"configurations":{`, `"configurations":{"fallback":[{"aws_secret_access_key":"hunter2"}],`)
		}), "integration/" + first + "/masked", "/configurations/fallback/0/aws_secret_access_key"},
		{"a key in a configuration", rewrite(func(c controlPlane, body []byte) []byte {
			return changed(t, body, `"configurations":{`, `"configurations":{"key":"hunter2",`)
		}), "integration/" + first + "/masked", "/configurations/key"},
		{"a charset that JSON has not", func(c controlPlane, w http.ResponseWriter, r *http.Request) {
			recorded := c.inner(r)
			if recorded.Code == 200 && r.Method == http.MethodGet {
				recorded.Header().Set("Content-Type", "application/json; charset=utf-16")
			}
			reply(w, recorded, recorded.Code, nil)
		}, "integration/" + first + "/content-type", "charset"},
		{"another content type for HEAD", func(c controlPlane, w http.ResponseWriter, r *http.Request) {
			recorded := c.inner(r)
			if r.Method == http.MethodHead {
				recorded.Header().Set("Content-Type", "text/html")
			}
			reply(w, recorded, recorded.Code, nil)
		}, "integration/" + first + "/head", "content type"},
		{"the integration inside a 401", func(c controlPlane, w http.ResponseWriter, r *http.Request) {
			recorded := c.inner(r)
			if recorded.Code == 401 && r.Method == http.MethodGet {
				reply(w, recorded, 401, fmt.Appendf(nil, `{"success":false,"data":{"message":"no"},"integration":%s}`, c.open(r).Body))
				return
			}
			reply(w, recorded, recorded.Code, nil)
		}, "auth/no-key", "/integration"},
		{"the name of the integration inside a 401", func(c controlPlane, w http.ResponseWriter, r *http.Request) {
			recorded := c.inner(r)
			if recorded.Code == 401 && r.Method == http.MethodGet {
				var integration struct{ Name string }
				_ = json.Unmarshal(c.open(r).Body.Bytes(), &integration)
				reply(w, recorded, 401, fmt.Appendf(nil, `{"success":false,"data":{"message":%q}}`, "no key for "+integration.Name))
				return
			}
			reply(w, recorded, recorded.Code, nil)
		}, "auth/no-key", "/data/message"},
		{"another status code in an error", refusal(`{"success":false,"status_code":200,"error":{"message":"no"}}`), "auth/no-key", "/status_code"},
		{"an empty message", refusal(`{"success":false,"data":{"message":" "}}`), "auth/no-key", "/data/message"},
		{"the key in a header", func(c controlPlane, w http.ResponseWriter, r *http.Request) {
			w.Header().Set("X-Debug", "key="+strings.ToUpper(r.Header.Get("x-portkey-api-key")))
			c.ServeHTTP(w, r)
		}, "auth/echo", "X-Debug"},
		{"the key in a body, escaped", rewrite(func(c controlPlane, body []byte) []byte {
			return changed(t, body, "{", `{"tags":["`+strings.ReplaceAll(realKey, "/", `\/`)+`"],`)
		}), "auth/echo", "the body"},
		{"the key as a name", rewrite(func(c controlPlane, body []byte) []byte {
			return changed(t, body, "{", `{"`+realKey+`":1,`)
		}), "auth/echo", "the body"},
		{"every slug but the one that tests ask for", func(c controlPlane, w http.ResponseWriter, r *http.Request) {
			recorded := c.inner(r)
			if recorded.Code == 404 && !strings.HasSuffix(r.URL.Path, "/contracttest-no-such-integration") {
				recorded.Header().Set("Content-Type", "application/json")
				reply(w, recorded, 200, exampleBody(t, first))
				return
			}
			reply(w, recorded, recorded.Code, nil)
		}, "unknown-slug", "status code 200"},
		{"every slug that begins like a known one", func(c controlPlane, w http.ResponseWriter, r *http.Request) {
			if authorized(r) && strings.Contains(r.URL.Path, "/"+first) && !isFirst(r) {
				recorded := c.inner(r)
				recorded.Header().Set("Content-Type", "application/json")
				reply(w, recorded, 200, exampleBody(t, first))
				return
			}
			c.ServeHTTP(w, r)
		}, "unknown-slug", "status code 200"},
		{"a cookie in place of the key", func(c controlPlane, w http.ResponseWriter, r *http.Request) {
			if _, err := r.Cookie("session"); err == nil {
				reply(w, c.open(r), 200, nil)
				return
			}
			if authorized(r) {
				http.SetCookie(w, &http.Cookie{Name: "session", Value: "41"})
			}
			c.ServeHTTP(w, r)
		}, "auth/cookie", "status code 200"},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := newControlPlane(t)
			target := target(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { test.server(c, w, r) }), first, other)
			target.APIKey = realKey
			checks := verify(t, target)
			failed := ""
			for name, c := range checks {
				if c.Status == contracttest.Fail && strings.HasPrefix(name, test.check) {
					failed += fmt.Sprintln(name, c.Reason, c.Findings)
				}
			}
			if !strings.Contains(failed, test.in) || failed == "" {
				t.Errorf("got %q, want a failure of %s with %q", failed, test.check, test.in)
			}
			if printed := fmt.Sprint(checks); strings.Contains(printed, "hunter2") || strings.Contains(strings.ToLower(printed), realKey) {
				t.Errorf("a secret is printed: %s", printed)
			}
		})
	}
}

// These servers are unusual but conform.
func TestVerifyPassesRightServers(t *testing.T) {
	for name, server := range map[string]func(c controlPlane, n int, w http.ResponseWriter, r *http.Request){
		"properties in another order, numbers in another spelling": func(c controlPlane, n int, w http.ResponseWriter, r *http.Request) {
			recorded := c.inner(r)
			if recorded.Code != 200 || r.Method != http.MethodGet {
				reply(w, recorded, recorded.Code, nil)
				return
			}
			tags := []string{`[1.50e+2,"\u00e9",9007199254740993]`, `[150,"é",9007199254740993.0]`}[n%2]
			reply(w, recorded, 200, changed(t, recorded.Body.Bytes(), "{", `{ "tags":`+tags+`,`))
		},
		"counters that the contract does not name": func(c controlPlane, n int, w http.ResponseWriter, r *http.Request) {
			recorded := c.inner(r)
			if recorded.Code != 200 || r.Method != http.MethodGet {
				reply(w, recorded, recorded.Code, nil)
				return
			}
			reply(w, recorded, 200, changed(t, recorded.Body.Bytes(), "{", fmt.Sprintf(`{"calls":{"n":%d},`, n)))
		},
		"no HEAD": func(c controlPlane, _ int, w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodHead {
				w.WriteHeader(http.StatusMethodNotAllowed)
				return
			}
			c.ServeHTTP(w, r)
		},
		"a cookie that opens nothing": func(c controlPlane, _ int, w http.ResponseWriter, r *http.Request) {
			http.SetCookie(w, &http.Cookie{Name: "lb", Value: "node-1"})
			c.ServeHTTP(w, r)
		},
		"an error of another shape": func(c controlPlane, _ int, w http.ResponseWriter, r *http.Request) {
			recorded := c.inner(r)
			if recorded.Code == 401 && r.Method == http.MethodGet {
				reply(w, recorded, 401, []byte(`{"success":false,"status_code":401,"error":{"message":"no","slug":"rich","code":"AB05","type":null}}`))
				return
			}
			reply(w, recorded, recorded.Code, nil)
		},
		"a header by the name of the secret among the custom headers": func(c controlPlane, _ int, w http.ResponseWriter, r *http.Request) {
			recorded := c.inner(r)
			if recorded.Code != 200 || r.Method != http.MethodGet {
				reply(w, recorded, recorded.Code, nil)
				return
			}
			reply(w, recorded, 200, changed(t, recorded.Body.Bytes(), `"configurations":{`, `"configurations":{"custom_headers":{"key":"x"},`))
		},
	} {
		t.Run(name, func(t *testing.T) {
			c, n := newControlPlane(t), 0
			target := target(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { n++; server(c, n/2, w, r) }), "openai-production")
			target.APIKey = realKey
			for name, c := range verify(t, target) {
				if c.Status == contracttest.Fail {
					t.Errorf("%s: got %s %s %v, want pass", name, c.Status, c.Reason, c.Findings)
				}
			}
		})
	}
}

// A server that switches protocols and falls silent does not block Verify: the timeout or the context ends each
// response.
func TestVerifyOfSilentServers(t *testing.T) {
	for name, response := range map[string]string{
		"101, then silence":            "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n",
		"silence":                      "",
		"a header, then silence":       "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n",
		"half a body, then silence":    "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 10\r\n\r\n{",
		"100 a hundred times, silence": strings.Repeat("HTTP/1.1 100 Continue\r\n\r\n", 100),
	} {
		for _, ends := range []string{"by its timeout", "by its context"} {
			t.Run(name+", "+ends, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					transport := &http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) {
						near, far := net.Pipe()
						go func() {
							defer far.Close()
							if _, err := far.Read(make([]byte, 4096)); err == nil {
								_, _ = io.WriteString(far, response)
								_, _ = io.Copy(io.Discard, far) // Until the other side closes.
							}
						}()
						return near, nil
					}}
					defer transport.CloseIdleConnections()
					ctx, cancel := context.WithTimeoutCause(t.Context(), 5*time.Second, errors.New("enough"))
					defer cancel()
					target := contracttest.Target{BaseURL: "http://127.0.0.1/v1", APIKey: realKey, Slugs: []string{"rich"},
						HTTPClient: &http.Client{Transport: transport, Timeout: time.Minute}}
					if ends == "by its timeout" {
						ctx, target.HTTPClient.Timeout = t.Context(), time.Second
					}
					result, err := contracttest.Verify(ctx, target)
					switch {
					case result.Passed():
						t.Errorf("got a pass")
					case ends == "by its timeout" && (err != nil || result.Count(contracttest.Fail) == 0):
						t.Errorf("got %v and %d failures", err, result.Count(contracttest.Fail))
					case ends == "by its context" && err == nil && name != "101, then silence":
						t.Error("got no error, want that of the context")
					}
				})
			})
		}
	}
}

func TestVerifySendsHeaders(t *testing.T) {
	const secret = "gateway-secret-77"
	c := newControlPlane(t)
	target := target(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("X-Gateway") != secret {
			w.WriteHeader(http.StatusTeapot)
			return
		}
		w.Header().Set("X-Seen", secret)
		c.ServeHTTP(w, r)
	}), "rich")
	target.APIKey = realKey
	target.Header = http.Header{"x-gateway": {secret}}
	checks := verify(t, target)
	for name, c := range checks {
		if want := name == "auth/echo"; (c.Status == contracttest.Fail) != want {
			t.Errorf("%s: got %s %s", name, c.Status, c.Reason)
		}
	}
	if printed := fmt.Sprintf("%v %+v %#v", checks, target, target); strings.Contains(printed, secret) {
		t.Errorf("the header's value is printed: %s", printed)
	}
	target.Header = http.Header{"X-Portkey-Api-Key": {secret}}
	if _, err := contracttest.Verify(t.Context(), target); err == nil || strings.Contains(err.Error(), secret) {
		t.Errorf("got error %v, want one about the header", err)
	}
}

func TestVerifyFailsOnDrift(t *testing.T) {
	target := target(handler(t, contracttest.WithFault("rich", contracttest.Fault{Drift: true})), "rich")
	result, err := contracttest.Verify(t.Context(), target, contracttest.WithInterval(0), contracttest.WithFailOnDrift())
	if err != nil || result.Passed() || result.Count(contracttest.Fail) != 1 {
		t.Errorf("got %v and %d failures, want one, for the drift", err, result.Count(contracttest.Fail))
	}
}

// The report names the status codes that no response had.
func TestVerifyNamesWhatItDidNotCheck(t *testing.T) {
	result, err := contracttest.Verify(t.Context(), target(handler(t), "rich"), contracttest.WithInterval(0))
	if err != nil {
		t.Fatal(err)
	}
	said := strings.Join(result.NotChecked, "\n")
	for _, e := range contracttest.Examples() {
		met := slices.Contains([]int{200, 401, 404}, e.Status)
		if strings.Contains(said, fmt.Sprint(e.Status)) == met {
			t.Errorf("status code %d: got %q", e.Status, said)
		}
	}
	var junit bytes.Buffer
	if err := contracttest.WriteJUnit(&junit, result); err != nil || !strings.Contains(junit.String(), "not checked: responses with status code") {
		t.Errorf("got %v and JUnit\n%s", err, &junit)
	}
}

// Run skips if the environment variables are not set. It is tested in a separate process.
func TestRunSkips(t *testing.T) {
	if os.Getenv("CONTRACTTEST_RUN") == "skip" {
		contracttest.Run(t, contracttest.Target{})
		return
	}
	t.Parallel() // It waits for processes.
	srv := httptest.NewServer(handler(t))
	defer srv.Close()
	for _, test := range []struct{ url, key, want string }{
		{"", "", "--- SKIP: TestRunSkips"},
		{"", "k", "PORTKEY_BASE_URL is not set"},
		{srv.URL + "/v1", "", "PORTKEY_API_KEY is not set"},
		{srv.URL + "/v1", contracttest.DefaultAPIKey, "--- PASS: TestRunSkips/auth/no-key"},
	} {
		cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestRunSkips$", "-test.v")
		cmd.Env = append(os.Environ(), "CONTRACTTEST_RUN=skip", "PORTKEY_BASE_URL="+test.url, "PORTKEY_API_KEY="+test.key)
		out, err := cmd.CombinedOutput()
		if err != nil || !strings.Contains(string(out), test.want) {
			t.Errorf("with %q and %q: got %v and\n%s\nwant %s", test.url, test.key, err, out, test.want)
		}
	}
}
