package client_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"

	"github.com/portkey-integration/portkey-integration-go/client"
	"github.com/portkey-integration/portkey-integration-go/contract"
	"github.com/portkey-integration/portkey-integration-go/contracttest"
)

// printings and forms reveal a secret in values of various types.
func TestExpectCleanFindsSecrets(t *testing.T) {
	for _, v := range []any{
		theKey, []byte(theKey), "padding" + theKey, fmt.Errorf("x %s", theKey), http.Header{"A": {theKey}},
		struct{ b []byte }{[]byte("x" + theKey)}, struct{ S []byte }{[]byte("xy" + theKey)},
	} {
		for how, text := range printings(v) {
			if strings.HasPrefix(how, "%v") {
				found := false
				for _, form := range forms(theKey) {
					found = found || strings.Contains(strings.ToLower(text), form)
				}
				if !found {
					t.Errorf("%T under %s: got it passed for clean, want the secret found", v, how)
				}
			}
		}
	}
}

func TestClientNeverPrintsSecrets(t *testing.T) {
	c := newClient(t, "https://cp.example/v1")
	for _, v := range []any{c, *c, (*client.Client)(nil)} {
		for how, text := range printings(v) {
			expectNone(t, fmt.Sprintf("%T under %s", v, how), text, allSecrets()...)
		}
	}
	if text := fmt.Sprint(c); !strings.Contains(text, "cp.example") {
		t.Errorf("got a client printed as %q, want its base URL", text)
	}
}

func TestOptionsNeverPrintSecrets(t *testing.T) {
	for name, opt := range map[string]any{
		"WithAPIKey":      client.WithAPIKey(theKey),
		"WithBearerToken": client.WithBearerToken(theToken),
		"WithHeader":      client.WithHeader("X-Gateway", theHeaderValue),
	} {
		for how, text := range printings(opt) {
			expectNone(t, name+" under "+how, text, allSecrets()...)
		}
	}
}

// A Client contains no secret as a string, so that libraries that dump its fields do not print one.
func TestClientHoldsNoSecretInClear(t *testing.T) {
	c := newClient(t, "https://cp.example/v1")
	found := 0
	walk(reflect.ValueOf(c), map[uintptr]bool{}, func(text string) {
		found++
		expectNone(t, "a field of the Client", text, allSecrets()...)
	})
	if found == 0 {
		t.Error("got no text from the walk, want some")
	}
}

// walk calls visit for each string that can be reached from v, also through unexported fields.
func walk(v reflect.Value, seen map[uintptr]bool, visit func(string)) {
	switch v.Kind() {
	case reflect.String:
		visit(v.String())
	case reflect.Pointer, reflect.Interface:
		if v.Kind() == reflect.Pointer {
			if seen[v.Pointer()] {
				return
			}
			seen[v.Pointer()] = true
		}
		if !v.IsNil() {
			walk(v.Elem(), seen, visit)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			walk(v.Field(i), seen, visit)
		}
	case reflect.Slice, reflect.Array:
		if v.Type().Elem().Kind() == reflect.Uint8 && v.Kind() == reflect.Slice {
			visit(string(v.Bytes()))
			return
		}
		for i := range v.Len() {
			walk(v.Index(i), seen, visit)
		}
	case reflect.Map:
		for entries := v.MapRange(); entries.Next(); {
			walk(entries.Key(), seen, visit)
			walk(entries.Value(), seen, visit)
		}
	}
}

func TestOptionErrorsNeverPrintSecrets(t *testing.T) {
	for name, opt := range map[string]client.Option{
		"key with a newline":     client.WithAPIKey(theKey + "\n"),
		"token with a space":     client.WithBearerToken("a " + theToken),
		"header value":           client.WithHeader("X-Gateway", theHeaderValue+"\r\nX-Other: 1"),
		"header, swapped":        client.WithHeader(theHeaderValue+" x", "X-Gateway"),
		"user agent":             client.WithUserAgent(theHeaderValue + "\n"),
		"key in the base URL":    client.WithBaseURL("https://" + theKey + "@cp.example/v1"),
		"base URL with no sense": client.WithBaseURL("https://user:" + theKey + " x@cp.example/v1"),
	} {
		_, err := client.New(client.WithAPIKey("k"), opt)
		if err == nil {
			t.Errorf("%s: got it accepted, want an error", name)
			continue
		}
		expectClean(t, name, err, allSecrets()...)
	}
	t.Setenv("PORTKEY_API_KEY", theKey+"\n")
	_, err := client.New()
	if err == nil || !strings.Contains(err.Error(), "PORTKEY_API_KEY") {
		t.Fatalf("got %v, want an error that names PORTKEY_API_KEY", err)
	}
	expectClean(t, "key from the environment", err, theKey)

	c := newClient(t, "https://cp.example/v1", over(func(*http.Request) (*http.Response, error) {
		t.Error("got a request, want none")
		return nil, errors.ErrUnsupported
	}))
	for name, opt := range map[string]client.CallOption{
		"call header":          client.WithHeader("X-Call", theCallValue+"\n"),
		"call header, swapped": client.WithHeader(theCallValue+" x", "X-Call"),
	} {
		if _, err := retrieve(c, opt); err == nil {
			t.Errorf("%s: got it accepted, want an error", name)
		} else {
			expectClean(t, name, err, allSecrets()...)
		}
	}
}

func TestHeadersOfOurOwnAreRefused(t *testing.T) {
	for _, name := range []string{"x-portkey-api-key", "AUTHORIZATION", "Host", "Content-Length", "Transfer-Encoding", "Accept-Encoding", "", "a b", "a:b", "ä"} {
		if _, err := client.New(client.WithAPIKey("k"), client.WithHeader(name, "v")); err == nil {
			t.Errorf("WithHeader(%q): got it accepted, want an error", name)
		}
	}
}

// echoes returns responses that contain the secrets of the request, in each place from which text reaches an error, a
// log or a report.
func echoes() map[string]string {
	all := strings.Join(allSecrets(), " ")
	validJSON := func(name, value string) string {
		return strings.Replace(integrationBody("some-slug"), `"configurations":{`, fmt.Sprintf(`"configurations":{%q:%q,`, name, value), 1)
	}
	return map[string]string{
		"message":            response(401, `{"success":false,"data":{"message":"no access for `+all+`","errorCode":"`+theKey+`"}}`),
		"message, cut short": response(401, `{"message":"`+strings.Repeat("x", 490)+theKey+theCallValue+`"}`),
		"message, overlap":   response(401, `{"message":"`+theKey+theKey[1:]+theCallValue[:4]+theCallValue+`"}`),
		"message, case":      response(401, `{"message":"`+strings.ToUpper(all)+strings.ToLower(all)+`"}`),
		"code object":        response(400, `{"error":{"message":"m","code":{"`+theKey+`":"`+theCallValue+`"}}}`),
		"trace id":           response(500, `{}`, "X-Portkey-Trace-Id: "+all),
		"trace id of a 200":  response(200, `{}`, "X-Portkey-Trace-Id: "+all),
		"html":               response(502, "<html>"+all+"</html>", "Content-Type: text/html"),
		"html 200":           response(200, "<html>"+all+"</html>", "Content-Type: text/html"),
		"content type":       response(200, validJSON("openai_organization", "o"), "Content-Type: "+theKey+"/"+theCallValue),
		"value":              response(200, validJSON("azure_auth_mode", all)),
		"name":               response(200, validJSON(theKey, "v")),
		"name, violation":    response(200, `{"pricing_adjustments":{"multiplier":{"additional_units":{"`+theKey+`":"`+theCallValue+`"}}}}`),
		"names, duplicate":   response(200, `{"`+theKey+`":{"`+theCallValue+`":1,"`+theCallValue+`":2}}`),
		"values everywhere":  response(200, `{"id":"`+theKey+`","created_at":"`+theToken+`","ai_provider_id":{"a":"`+theHeaderValue+`"},"status":7,"configurations":"`+theCallValue+`"}`),
		"reason phrase":      "HTTP/1.1 403 " + all + "\r\nContent-Length: 0\r\n\r\n",
		"status line":        "HTTP/1.1 " + theKey + " " + all + "\r\n\r\n",
		"protocol":           theKey + " 200 OK\r\n\r\n",
		"header line":        "HTTP/1.1 200 OK\r\n" + all + "\r\n\r\n",
		"header name":        "HTTP/1.1 200 OK\r\n(" + theKey + "): " + all + "\r\n\r\n",
		"content length":     "HTTP/1.1 200 OK\r\nContent-Length: " + all + "\r\n\r\n",
		"transfer encoding":  "HTTP/1.1 200 OK\r\nTransfer-Encoding: " + theKey + "\r\n\r\n",
		"chunk":              "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + all + "\r\n",
		"truncated":          "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n" + all,
		"location":           response(302, "", "Location: https://"+theKey+"/"+theCallValue),
		"location, host":     response(302, "", "Location: https://"+theCallValue+".example/"),
		"location, userinfo": response(302, "", "Location: https://"+theKey+":"+theCallValue+"@cp.example/"),
		"location, bad":      response(302, "", "Location: https://[::1/"+theKey+"?"+theCallValue),
		"location, quote":    response(302, "", `Location: https://[::1/"`+theKey+`"?`+theCallValue),
		"retry after":        response(503, "", "Retry-After: "+theKey),
	}
}

// Secrets that a server sends back are not printed, although the Body of an error contains them.
func TestEchoedSecretsAreNeverPrinted(t *testing.T) {
	var lines strings.Builder
	logger := client.WithLogger(debugLogger(&lines))
	for name, raw := range echoes() {
		for _, validation := range []client.Validation{client.ValidationStrict, client.ValidationReport, client.ValidationOff} {
			var reports []client.Report
			c := newClient(t, "http://127.0.0.1/api/v1", over(overRaw(raw)), client.WithMaxRetries(0), logger,
				client.WithValidation(validation),
				client.WithReportHandler(func(_ context.Context, r client.Report) { reports = append(reports, r) }))
			_, err := retrieve(c, client.WithHeader("X-Call", theCallValue))
			what := fmt.Sprintf("%s, %v", name, validation)
			expectClean(t, what+", the report", reports, allSecrets()...)
			for err := err; err != nil; err = errors.Unwrap(err) {
				expectClean(t, fmt.Sprintf("%s, %T", what, err), err, allSecrets()...)
				if _, ok := err.(*client.TransportError); ok {
					break // It wraps errors of other packages, which are printed only as part of ours.
				}
			}
		}
	}
	expectNone(t, "the log", lines.String(), allSecrets()...)
}

// No part of a secret is left if a shorter one is contained in it, if two overlap, or if the text is truncated.
func TestEchoedSecretsLeaveNoParts(t *testing.T) {
	for _, message := range []string{"the " + theKey + " was refused", theKey + theKey, theKey + "-tail", strings.Repeat("x", 490) + theKey} {
		c := newClient(t, "https://cp.example/v1", client.WithHeader("X-Short", "e"), client.WithHeader("X-Overlap", theKey[9:]+"-tail"),
			over(func(*http.Request) (*http.Response, error) { return respond(400, nil, `{"message":"`+message+`"}`) }))
		_, err := retrieve(c)
		for i := range len(theKey) - 4 {
			if strings.Contains(strings.ToLower(err.Error()), strings.ToLower(theKey[i:i+4])) {
				t.Errorf("message of %d bytes: got part %d of the key left, want none", len(message), i)
			}
		}
	}
}

func response(status int, body string, header ...string) string {
	head := fmt.Sprintf("HTTP/1.1 %d x\r\nContent-Length: %d\r\n", status, len(body))
	if !strings.Contains(strings.Join(header, " "), "Content-Type") {
		head += "Content-Type: application/json\r\n"
	}
	return head + strings.Join(append(header, "", body), "\r\n")
}

// overRaw returns net/http's own transport, connected to a peer that responds to each request with the bytes of raw.
func overRaw(raw string) transport {
	return overPipe(func(conn net.Conn) { _, _ = io.WriteString(conn, raw) })
}

// overSilent returns a transport to a server that sends raw, calls then, and leaves the connection open.
func overSilent(raw string, then func()) transport {
	return overPipe(func(conn net.Conn) {
		_, _ = io.WriteString(conn, raw)
		then()
		_, _ = conn.Read(make([]byte, 1))
	})
}

// overPipe returns a transport to a server that calls handle for each request and then closes the connection.
func overPipe(handle func(net.Conn)) transport {
	return (&http.Transport{
		DisableKeepAlives: true,
		DialContext: func(context.Context, string, string) (net.Conn, error) {
			ours, theirs := net.Pipe()
			go func() {
				defer theirs.Close()
				request := make([]byte, 1)
				for end := ""; !strings.HasSuffix(end, "\r\n\r\n"); end += string(request) {
					if _, err := theirs.Read(request); err != nil {
						return
					}
				}
				handle(theirs)
			}()
			return ours, nil
		},
	}).RoundTrip
}

// A secret is redacted in whatever case it is sent back, and whichever of its letters are upper case.
func TestEchoedSecretsInAnotherCase(t *testing.T) {
	for _, key := range []string{"secretAkey", "secretZkey", "secretkey", "SECRETKEY"} {
		for _, echo := range []string{strings.ToLower(key), strings.ToUpper(key), key} {
			c, err := client.New(client.WithAPIKey(key), client.WithBaseURL("https://cp.example/v1"),
				over(func(*http.Request) (*http.Response, error) { return respond(403, nil, `{"message":"`+echo+`"}`) }))
			if err != nil {
				t.Fatal(err)
			}
			_, err = retrieve(c)
			if e := as[*client.APIError](t, err); e.Message != "[redacted]" {
				t.Errorf("%s: got the message %s, want [redacted]", key, e.Message)
			}
		}
	}
}

// No credential can be reached through the fields of the response from WithResponse, even after a redirect.
func TestResponseCarriesNoSecret(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.Contains(r.URL.RawQuery, "moved") {
			http.Redirect(w, r, r.URL.Path+"?moved", http.StatusFound)
			return
		}
		writeIntegration(w, "some-slug")
	}))
	defer s.Close()
	var r *http.Response
	if _, err := retrieve(newClient(t, s.URL), client.WithResponse(&r), client.WithHeader("X-Call", theCallValue)); err != nil {
		t.Fatal(err)
	}
	expectClean(t, "the response", r, allSecrets()...)
	expectClean(t, "its request", r.Request, allSecrets()...)
	walk(reflect.ValueOf(r), map[uintptr]bool{}, func(text string) {
		expectNone(t, "a field of the response", text, allSecrets()...)
	})
	body, err := io.ReadAll(r.Body)
	if err != nil || string(body) != integrationBody("some-slug") {
		t.Errorf("got a body of %d bytes, %v, want that of the response", len(body), err)
	}
}

// WithResponse never leaves the response of an earlier call in its variable.
func TestResponseIsOfThisCall(t *testing.T) {
	c := newClient(t, serve(t, func(w http.ResponseWriter, r *http.Request) { writeIntegration(w, "some-slug") }))
	var r *http.Response
	if _, err := retrieve(c, client.WithResponse(&r)); err != nil || r == nil {
		t.Fatalf("got no response: %t, %v", r == nil, err)
	}
	if _, err := c.RetrieveIntegration(t.Context(), "..", client.WithResponse(&r)); !errors.Is(err, client.ErrInvalidSlug) || r != nil {
		t.Errorf("got %v, and a response is there: %t", err, r != nil)
	}
}

// An integration prints only what identifies it, not its custom headers or a secret that a deployment did not mask.
func TestIntegrationNeverPrintsItsConfiguration(t *testing.T) {
	const unmasked = "AWS-secret-Fq81Zx"
	body := strings.Replace(integrationBody("some-slug"), `"openai_project":"p"`,
		`"custom_headers":{"X-Tenant":"`+theHeaderValue+`"},"aws_secret_access_key":"`+unmasked+`"`, 1)
	for _, validation := range []client.Validation{client.ValidationReport, client.ValidationOff} {
		c := newClient(t, "https://cp.example/v1", client.WithValidation(validation),
			over(func(*http.Request) (*http.Response, error) { return respond(200, nil, body) }))
		in, err := retrieve(c)
		if err != nil {
			t.Fatal(err)
		}
		for _, verb := range verbs {
			for _, v := range []any{in, in.Configuration()} {
				if text := fmt.Sprintf(verb, v); !strings.Contains(text, "%!") {
					expectNone(t, fmt.Sprintf("%T under %s", v, verb), text, unmasked, theHeaderValue)
				}
			}
		}
		var lines strings.Builder
		debugLogger(&lines).Info("m", "v", in)
		expectNone(t, "slog", lines.String(), unmasked, theHeaderValue)
		expectClean(t, "its report", in.Report(), unmasked, theHeaderValue)
	}
	_, err := retrieve(newClient(t, "https://cp.example/v1",
		over(func(*http.Request) (*http.Response, error) { return respond(200, nil, body) })))
	e := as[*client.ValidationError](t, err)
	expectClean(t, "the error", err, unmasked, theHeaderValue)
	expectClean(t, "*ValidationError", e, unmasked, theHeaderValue)
	if !strings.Contains(string(e.Body), unmasked) {
		t.Error("got no body kept, want it")
	}
}

// Findings, and errors with findings, contain no value of the response, wherever it is and whatever its type.
func TestFindingsTellNoValue(t *testing.T) {
	const marker, number = "marker-Kx93fz", 7316542.25
	checks := 0
	for _, example := range contracttest.Examples() {
		if example.Status != 200 {
			continue
		}
		var integration map[string]any
		if err := json.Unmarshal(example.Body, &integration); err != nil {
			t.Fatal(err)
		}
		for _, place := range places(integration) {
			before := place.get()
			for _, value := range []any{marker, number, []any{marker, number}, map[string]any{"k": marker, "l": number}} {
				place.set(value)
				body, err := json.Marshal(integration)
				if err != nil {
					t.Fatal(err)
				}
				report, err := contract.Check(200, body)
				if err != nil {
					t.Fatal(err)
				}
				report.ID, report.Slug, report.Provider = "", "", "" // They identify the integration.
				failure := &client.ValidationError{Report: report, ResponseInfo: client.ResponseInfo{Body: client.Body(body)}}
				for _, text := range []string{fmt.Sprintf("%+v", report), fmt.Sprintf("%#v", failure), failure.Error()} {
					if strings.Contains(text, marker) || strings.Contains(text, "73165") || strings.Contains(text, "7.316") {
						t.Errorf("%s: got a value in %s, want none", example.Name, text)
					}
				}
				checks++
			}
			place.set(before)
		}
	}
	if checks < 2000 {
		t.Errorf("got %d places checked, want at least 2000", checks)
	}
}

// place is a property or an item, at any depth.
type place struct {
	get func() any
	set func(any)
}

func places(value any) (all []place) {
	switch value := value.(type) {
	case map[string]any:
		for key, child := range value {
			all = append(all, place{func() any { return value[key] }, func(v any) { value[key] = v }})
			all = append(all, places(child)...)
		}
	case []any:
		for i, child := range value {
			all = append(all, place{func() any { return value[i] }, func(v any) { value[i] = v }})
			all = append(all, places(child)...)
		}
	}
	return all
}

// A name that a server chose does not make an error long or multi-line.
func TestNamesInErrorsAreBounded(t *testing.T) {
	name := strings.Repeat(`x\r\n\u001b[31m`, 10_000)
	for _, body := range []string{
		`{"pricing_adjustments":{"multiplier":{"additional_units":{"` + name + `":"v"}}}}`, `{"` + name + `":{"a":1,"a":2}}`,
	} {
		for _, validation := range []client.Validation{client.ValidationStrict, client.ValidationOff} {
			_, err := retrieve(newClient(t, "https://cp.example/v1", client.WithValidation(validation),
				over(func(*http.Request) (*http.Response, error) { return respond(200, nil, body) })))
			if err == nil || len(err.Error()) > 3000 || strings.ContainsAny(err.Error(), "\r\n\x1b") {
				t.Errorf("%.20s, %v: got no error, or one that is long or of several lines", body, validation)
			}
		}
	}
}

// A secret that a server sends back is redacted before it is escaped, even if net/http trimmed it, if it is a token of
// a token source, and if an integration or a report prints it rather than an error.
func TestEchoedSecretsInResults(t *testing.T) {
	const (
		key   = "pk/Live~8Vn4-xY1w"
		token = "tok/En~source-5Tg7"
		value = "gate/Way~pass-2Lm9"
	)
	all := []string{key, token, value, strings.NewReplacer("~", "~0", "/", "~1").Replace(key + token)}
	text := fmt.Sprintf(`{"id":%q,"slug":%q,"name":%q,"ai_provider_id":%q,"created_at":"2023-11-07T05:31:56Z",%q:1,
		"configurations":{"custom_headers":{%q:"v",%q:"w"},"aws_secret_access_key":"x"},"secret_mappings":[{%q:1}]}`, key, token, key, value, key, value, token, key)
	var lines strings.Builder
	for _, v := range []client.Validation{client.ValidationStrict, client.ValidationReport, client.ValidationOff} {
		c, err := client.New(client.WithBaseURL("https://cp.example/v1"), client.WithValidation(v), client.WithLogger(debugLogger(&lines)),
			client.WithTokenSource(func(context.Context) (string, error) { return token, nil }),
			client.WithHeader("X-Padded", " \t"+value+"\t "), client.WithHeader("X-Other", key),
			over(respondWith(200, http.Header{"X-Portkey-Trace-Id": {token}}, text)))
		if err != nil {
			t.Fatal(err)
		}
		in, err := retrieve(c)
		if v == client.ValidationStrict {
			expectClean(t, "the error", as[*client.ValidationError](t, err), all...)
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		expectClean(t, v.String()+", the report", in.Report(), all...)
		expectNone(t, v.String()+", the integration", fmt.Sprintf("%v %+v %s %q", in, *in, in, in), all...)
		var line strings.Builder
		debugLogger(&line).Info("m", "v", in)
		expectNone(t, v.String()+", the integration in a log", line.String(), all...)
	}
	expectNone(t, "the log", lines.String(), all...)
}

// A credential that is spread over several nested names is not in the pointer of an error.
func TestEchoedSecretsAcrossNames(t *testing.T) {
	const key = "pk/Live/8Vn4xY1w"
	c := newClient(t, "https://cp.example/v1", client.WithAPIKey(key),
		over(respondWith(200, nil, `{"pk":{"Live":{"8Vn4xY1w":1,"8Vn4xY1w":2}}}`)))
	_, err := retrieve(c)
	expectClean(t, "the error", as[*client.DecodeError](t, err), key)
}

// Secrets are also redacted in the error of a caller's redirect policy, which may contain the URL that a server chose.
func TestEchoedSecretsInAPolicysError(t *testing.T) {
	base := &http.Client{
		CheckRedirect: func(r *http.Request, _ []*http.Request) error { return fmt.Errorf("not to %s", r.URL) },
		Transport:     respondWith(302, http.Header{"Location": {"/" + theKey + "?" + theHeaderValue}}, ""),
	}
	_, err := retrieve(newClient(t, "https://cp.example/v1", client.WithHTTPClient(base)))
	e := as[*client.RedirectError](t, err)
	expectClean(t, "the error", e, allSecrets()...)
	expectClean(t, "what it wraps", e.Err, allSecrets()...)
	if !strings.Contains(err.Error(), "not to https://cp.example/[redacted]") {
		t.Errorf("got %v, want the text of the policy's error", err)
	}
}

// Short values of headers are not redacted: text that contains them is unchanged.
func TestShortHeaderValuesHideNothing(t *testing.T) {
	const trace, message = "0f6d1a11-1111-4bb1-9a10-5f0c6d6d9a11", "on page 1 of 11"
	c := newClient(t, "https://cp.example/v1", client.WithHeader("X-Debug", "1"), client.WithHeader("X-Env", "staging"),
		over(respondWith(403, http.Header{"X-Portkey-Trace-Id": {trace}}, `{"success":false,"data":{"message":"`+message+`, staging"}}`)))
	_, err := retrieve(c)
	e := as[*client.APIError](t, err)
	if want := message + ", staging"; e.TraceID != trace || e.Message != want {
		t.Errorf("got %q and %q, want %q and %q", e.TraceID, e.Message, trace, want)
	}
	hidden := newClient(t, "https://cp.example/v1", client.WithHeader("X-Env", "12345678"),
		over(respondWith(403, nil, `{"message":"a 12345678 b"}`)))
	_, err = retrieve(hidden)
	if got, want := as[*client.APIError](t, err).Message, "a [redacted] b"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
