package contracttest

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/portkey-integration/portkey-integration-go/client"
	"github.com/portkey-integration/portkey-integration-go/contract"
	"github.com/portkey-integration/portkey-integration-go/internal/text"
)

// A Target is a control plane to verify. It prints without its credentials.
type Target struct {
	BaseURL      string      // with the path prefix, for example https://api.portkey.ai/v1
	APIKey       string      `json:"-"` // sent as x-portkey-api-key
	BearerToken  string      `json:"-"` // sent as Authorization: Bearer, instead of a key
	Header       http.Header `json:"-"` // sent with each request, for example for a gateway in front; the values are treated as secrets
	Slugs        []string    // slugs (or ids) of integrations that the key can read
	WorkspaceID  string      // sent as workspace_id if it is not empty
	InsecureHTTP bool        // allows plain http to hosts other than loopback; the key is then sent unencrypted

	// HTTPClient makes the requests. Its redirect policy and cookie jar are ignored, and redirects are not followed.
	// Nil means a client with [http.DefaultTransport]. If it has no timeout, the time limit for each request is 30
	// seconds.
	HTTPClient *http.Client `json:"-"`
}

// Format implements [fmt.Formatter]: for every verb, it prints the base URL and the slugs.
func (t Target) Format(f fmt.State, _ rune) {
	_, _ = fmt.Fprintf(f, "contracttest.Target(%s %s)", publicURL(t.BaseURL), t.Slugs)
}

// LogValue implements [slog.LogValuer] with what Format prints.
func (t Target) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(t)) }

// A VerifyOption configures [Verify] and [Run].
type VerifyOption func(*verifier)

// DefaultInterval is the minimum time between the starts of two requests of [Verify] unless [WithInterval] sets
// another.
const DefaultInterval = 200 * time.Millisecond

// WithInterval sets the minimum time between the starts of two requests.
func WithInterval(d time.Duration) VerifyOption { return func(v *verifier) { v.interval = d } }

// WithFailOnDrift makes the check integration/<slug>/drift fail if there is drift.
func WithFailOnDrift() VerifyOption { return func(v *verifier) { v.failOnDrift = true } }

// A CheckStatus is the outcome of a check.
type CheckStatus string

// The outcomes of a check.
const (
	Pass CheckStatus = "pass"
	Fail CheckStatus = "fail"
	Skip CheckStatus = "skip"
)

// A CheckResult is the result of one check of [Verify].
type CheckResult struct {
	Name     string           `json:"name"` // stable, for example "auth/no-key" or "integration/<slug>/conforms"
	Status   CheckStatus      `json:"status"`
	Reason   string           `json:"reason,omitempty"`   // why it failed or was skipped, or a remark on a check that passed
	Findings []client.Finding `json:"findings,omitempty"` // details
}

// A Result is the outcome of [Verify].
type Result struct {
	Target     string        `json:"target"` // base URL, without user information and query
	Checks     []CheckResult `json:"checks"`
	NotChecked []string      `json:"not_checked,omitempty"` // parts of the contract that no response covered
}

// Passed reports whether at least one check passed and none failed.
func (r *Result) Passed() bool { return r.Count(Fail) == 0 && r.Count(Pass) > 0 }

// Count returns the number of checks with a status.
func (r *Result) Count(status CheckStatus) int {
	n := 0
	for _, c := range r.Checks {
		if c.Status == status {
			n++
		}
	}
	return n
}

// integrationChecks are the checks of each slug, in order. All but the first are skipped if the status code is not 200.
var integrationChecks = []string{"status", "content-type", "conforms", "masked", "identity", "drift", "head", "repeatable"}

// Verify checks whether a control plane conforms to the contract. It sends GET and HEAD only, one request after the
// other, [DefaultInterval] apart: seven requests for each slug and up to three more, or five without a slug. The checks
// for each slug are:
//
//   - integration/<slug>/status: the response to GET has status code 200
//   - integration/<slug>/content-type: it has the content type application/json, in UTF-8
//   - integration/<slug>/conforms: its body conforms to the contract
//   - integration/<slug>/masked: it contains no secret that should be masked, at the top level or at any depth of
//     configurations
//   - integration/<slug>/identity: its slug or id is the one requested
//   - integration/<slug>/drift: its findings are the drift of the response; it fails with [WithFailOnDrift] only
//   - integration/<slug>/head: the response to HEAD has status code 200 and the contract's content type, or HEAD is
//     refused with 404, 405 or 501
//   - integration/<slug>/repeatable: a second GET has the same status code and body, except for properties that the
//     contract does not describe; numbers are compared exactly
//
// The checks for the control plane are:
//
//   - auth/no-key: without a key, GET is refused with 401, and HEAD with 401, 404, 405 or 501
//   - auth/wrong-key: with a wrong key in x-portkey-api-key, GET is refused with 401, 403 or 412
//   - auth/wrong-token: with a wrong token in Authorization and no key, GET is refused with 401, 403 or 412
//   - auth/cookie: with the cookies that responses have set and no key, GET is refused with 401
//   - auth/echo: no response repeats the key, the token or a value of the target's Header, in a header or in its body
//   - unknown-slug: GET of a random slug, and of a known slug with a suffix, is refused with 404 or 403
//
// The body of a refused GET must be an error of the API: it conforms, its message is not empty, a status code in it
// equals that of the response, and it contains no data of the integration.
//
// To verify a [Server], start it with [WithInvalidRequestsAllowed], because a request without a key violates the
// contract.
//
// # Limits
//
// Verify cannot provoke every error that the contract documents: [Result].NotChecked lists the status codes that no
// response had. Verify cannot check whether values are true, whether a masked value really hides the secret,
// what other keys may read, whether checking a key takes the same time for every key, or how a server behaves with
// methods other than GET and HEAD, under load, or for integrations that were not given.
//
// Verify returns an error if the target is invalid, before any request, or if ctx ends; the result then has the checks
// completed so far.
func Verify(ctx context.Context, target Target, opts ...VerifyOption) (*Result, error) {
	v := &verifier{
		target:   target,
		interval: DefaultInterval,
		result:   &Result{Target: publicURL(target.BaseURL)},
		seen:     map[int]bool{},
		cookies:  map[string]string{},
	}
	for _, opt := range opts {
		opt(v)
	}
	if err := v.prepare(); err != nil {
		return v.result, fmt.Errorf("contracttest: %w", err)
	}
	err := v.run(ctx)
	v.result.NotChecked = v.notChecked()
	if err != nil {
		return v.result, fmt.Errorf("contracttest: verify %s: %w", v.result.Target, err)
	}
	return v.result, nil
}

// Run runs [Verify] as a test, with a subtest for each check. If the target has no base URL, Run uses the environment
// variable PORTKEY_BASE_URL; if it has neither key nor token, PORTKEY_API_KEY. If these are not set either, it skips
// the test.
func Run(t *testing.T, target Target, opts ...VerifyOption) {
	t.Helper()
	if target.BaseURL == "" {
		if target.BaseURL = os.Getenv("PORTKEY_BASE_URL"); target.BaseURL == "" {
			t.Skip("contracttest: there is no control plane to verify: PORTKEY_BASE_URL is not set")
		}
	}
	if target.APIKey == "" && target.BearerToken == "" {
		if target.APIKey = os.Getenv("PORTKEY_API_KEY"); target.APIKey == "" {
			t.Skip("contracttest: there is no key to verify a control plane with: PORTKEY_API_KEY is not set")
		}
	}
	result, err := Verify(t.Context(), target, opts...)
	for _, c := range result.Checks {
		t.Run(c.Name, func(t *testing.T) {
			switch c.Status {
			case Fail:
				t.Errorf("%s%s", c.Reason, list(c.Findings))
			case Skip:
				t.Skipf("%s", c.Reason)
			case Pass:
				if c.Reason != "" || len(c.Findings) > 0 {
					t.Logf("%s%s", c.Reason, list(c.Findings))
				}
			}
		})
	}
	for _, what := range result.NotChecked {
		t.Logf("not checked: %s", what)
	}
	if err != nil {
		t.Error(err)
	}
}

type verifier struct {
	target      Target
	interval    time.Duration
	failOnDrift bool
	http        http.Client
	redact      func(string) string
	next        time.Time // when the next request may start
	result      *Result

	seen    map[int]bool      // status codes of responses
	known   []known           // integrations that were retrieved
	cookies map[string]string // set by responses with status code 200
	echoes  []client.Finding  // where responses repeat a credential
}

// known has the values of an integration that a refusal must not contain.
type known struct {
	slug   string
	values []string
}

// prepare validates the target. Package client validates the base URL, the credentials and the headers.
func (v *verifier) prepare() error {
	t := v.target
	if t.BaseURL == "" {
		return errors.New("the target has no BaseURL")
	}
	if (t.APIKey == "") == (t.BearerToken == "") {
		return errors.New("the target wants an APIKey or a BearerToken, and not both")
	}
	opts := []client.Option{client.WithBaseURL(t.BaseURL)}
	if t.APIKey != "" {
		opts = append(opts, client.WithAPIKey(t.APIKey))
	} else {
		opts = append(opts, client.WithBearerToken(t.BearerToken))
	}
	if t.InsecureHTTP {
		opts = append(opts, client.WithInsecureHTTP())
	}
	for name, values := range t.Header {
		for _, value := range values {
			opts = append(opts, client.WithHeader(name, value))
		}
	}
	if _, err := client.New(opts...); err != nil {
		return err
	}
	for _, slug := range t.Slugs {
		if err := checkSlug(slug); err != nil {
			return fmt.Errorf("%q: %w", slug, err)
		}
	}
	if t.HTTPClient != nil {
		v.http = *t.HTTPClient
	}
	// A redirect must be reported, and following it could disclose the key. A cookie could replace the key.
	v.http.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	v.http.Jar = nil
	if v.http.Timeout == 0 {
		v.http.Timeout = client.DefaultTimeout
	}
	v.redact = redactor(t.Header, t.APIKey, t.BearerToken)
	return nil
}

func (v *verifier) run(ctx context.Context) error {
	var slugs []string
	for _, slug := range v.target.Slugs {
		if slices.Contains(slugs, slug) {
			continue
		}
		slugs = append(slugs, slug)
		if err := v.integration(ctx, slug); err != nil {
			return err
		}
	}
	unknown := "contracttest-" + strings.ToLower(rand.Text())
	guarded, made := slugs, []string{unknown}
	if len(slugs) == 0 {
		v.add(CheckResult{Name: "integration", Status: Skip, Reason: "no slug was given"})
		guarded = []string{unknown}
	} else if longer := slugs[0] + "-" + strings.ToLower(rand.Text()); checkSlug(longer) == nil {
		made = append(made, longer)
	}

	wrong := "contracttest-wrong-" + rand.Text()
	noKey := http.Header{}
	rejected := []int{401, 403, 412}
	for _, refusal := range []struct {
		check string
		slugs []string
		asks  []ask
	}{
		{"auth/no-key", guarded, []ask{
			{http.MethodGet, noKey, []int{401}},
			{http.MethodHead, noKey, append([]int{401}, headRefused...)},
		}},
		{"auth/wrong-key", guarded, []ask{{http.MethodGet, http.Header{"X-Portkey-Api-Key": {wrong}}, rejected}}},
		{"auth/wrong-token", guarded, []ask{{http.MethodGet, http.Header{"Authorization": {"Bearer " + wrong}}, rejected}}},
		{"auth/cookie", guarded[:1], v.cookieAsks()},
		{"unknown-slug", made, []ask{{http.MethodGet, v.credentials(), []int{404, 403}}}},
	} {
		if err := v.refused(ctx, refusal.check, refusal.slugs, refusal.asks); err != nil {
			return err
		}
	}
	v.add(v.echo())
	return nil
}

// An ask is a request that must be refused with one of the wanted status codes.
type ask struct {
	method string
	header http.Header
	want   []int
}

// headRefused are the status codes with which a server may refuse HEAD.
var headRefused = []int{http.StatusNotFound, http.StatusMethodNotAllowed, http.StatusNotImplemented}

func (v *verifier) cookieAsks() []ask {
	if len(v.cookies) == 0 {
		return nil
	}
	var pairs []string
	for _, name := range slices.Sorted(maps.Keys(v.cookies)) {
		pairs = append(pairs, name+"="+v.cookies[name])
	}
	return []ask{{http.MethodGet, http.Header{"Cookie": {strings.Join(pairs, "; ")}}, []int{401}}}
}

// refused makes requests that must be refused, and adds one check for them, which reports the first that is not.
func (v *verifier) refused(ctx context.Context, name string, slugs []string, asks []ask) error {
	result := CheckResult{Name: name, Status: Pass}
	if len(asks) == 0 {
		result.Reason = "no response has set a cookie"
	}
	for _, slug := range slugs {
		for _, ask := range asks {
			r, err := v.send(ctx, ask.method, slug, ask.header)
			if err != nil {
				return err
			}
			if result.Status == Pass {
				if reason, findings := v.judge(r, ask); reason != "" {
					result = CheckResult{Name: name, Status: Fail, Reason: ask.method + " " + slug + ": " + reason, Findings: findings}
				}
			}
		}
	}
	v.add(result)
	return nil
}

// judge returns what is wrong with a refusal; the reason is empty if it is correct.
func (v *verifier) judge(r reply, ask ask) (reason string, findings []client.Finding) {
	switch {
	case !slices.Contains(ask.want, r.status):
		want := make([]string, len(ask.want))
		for i, status := range ask.want {
			want[i] = strconv.Itoa(status)
		}
		return fmt.Sprintf("%s, want %s", v.describe(r), strings.Join(want, " or ")), nil
	case ask.method == http.MethodHead:
		return "", nil
	case len(r.report.Violations) > 0:
		return v.describe(r) + ", but not with an error of the API", r.report.Violations
	}
	if found := refusalFindings(r, v.known); len(found) > 0 {
		return v.describe(r) + ", but not with a proper error", found
	}
	return "", nil
}

// integration runs the checks of one slug. It returns an error only if ctx ends.
func (v *verifier) integration(ctx context.Context, slug string) error {
	name := func(check string) string { return "integration/" + slug + "/" + check }

	first, err := v.send(ctx, http.MethodGet, slug, v.credentials())
	if err != nil {
		return err
	}
	if first.status != http.StatusOK {
		v.add(CheckResult{Name: name("status"), Status: Fail, Reason: v.describe(first) + ", want 200"})
		for _, check := range integrationChecks[1:] {
			v.add(CheckResult{Name: name(check), Status: Skip, Reason: "there is no response with status code 200"})
		}
		return nil
	}
	v.add(CheckResult{Name: name("status"), Status: Pass})
	v.known = append(v.known, known{slug, privateValues(first.body, slug, v.target.WorkspaceID)})

	var contentType, conforms []client.Finding
	masked := unmasked(first.body)
	for i := range masked {
		masked[i].Pointer = contract.ReadablePointer(jsontext.Pointer(masked[i].Pointer), v.redact)
	}
	for _, f := range first.report.Violations {
		switch {
		case f.Keyword == "content":
			contentType = append(contentType, f)
		case f.Keyword != "writeOnly":
			conforms = append(conforms, f)
		case !slices.ContainsFunc(masked, func(m client.Finding) bool { return m.Pointer == f.Pointer }):
			masked = append(masked, f)
		}
	}
	v.add(verdict(name("content-type"), "the content type is not that of the contract", contentType))
	v.add(verdict(name("conforms"), "the response violates the contract", conforms))
	v.add(verdict(name("masked"), "a secret is not masked", masked))
	v.add(first.identity(name("identity"), slug))
	v.add(v.drift(name("drift"), first.report))

	head, err := v.send(ctx, http.MethodHead, slug, v.credentials())
	if err != nil {
		return err
	}
	v.add(v.head(name("head"), head))

	second, err := v.send(ctx, http.MethodGet, slug, v.credentials())
	if err != nil {
		return err
	}
	v.add(v.repeated(name("repeatable"), first, second))
	return nil
}

func (v *verifier) add(c CheckResult) { v.result.Checks = append(v.result.Checks, c) }

// verdict returns the result of a check that passes if it has no findings.
func verdict(name, reason string, findings []client.Finding) CheckResult {
	if len(findings) == 0 {
		return CheckResult{Name: name, Status: Pass}
	}
	return CheckResult{Name: name, Status: Fail, Reason: reason, Findings: findings}
}

// credentials returns the header with the target's key or token.
func (v *verifier) credentials() http.Header {
	if v.target.BearerToken != "" {
		return http.Header{"Authorization": {"Bearer " + v.target.BearerToken}}
	}
	return http.Header{"X-Portkey-Api-Key": {v.target.APIKey}}
}

// A reply is the response to a request, or the error if there is none.
type reply struct {
	status int // 0 without a response
	body   []byte
	report client.Report
	err    error
}

// send waits for the interval to pass and makes a request. It returns an error only if ctx ends.
func (v *verifier) send(ctx context.Context, method, slug string, header http.Header) (reply, error) {
	timer := time.NewTimer(time.Until(v.next))
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
		return reply{}, context.Cause(ctx)
	}
	v.next = time.Now().Add(v.interval)

	r, err := v.exchange(ctx, method, slug, header)
	if err == nil {
		return r, nil
	}
	if ctx.Err() != nil {
		return reply{}, context.Cause(ctx)
	}
	if u, ok := errors.AsType[*url.Error](err); ok {
		err = u.Err // without the URL, which includes the query
	}
	return reply{err: err}, nil
}

func (v *verifier) exchange(ctx context.Context, method, slug string, header http.Header) (reply, error) {
	target, err := url.JoinPath(v.target.BaseURL, "integrations", slug)
	if err != nil {
		return reply{}, err
	}
	if v.target.WorkspaceID != "" {
		target += "?" + url.Values{"workspace_id": {v.target.WorkspaceID}}.Encode()
	}
	request, err := http.NewRequestWithContext(ctx, method, target, nil)
	if err != nil {
		return reply{}, err
	}
	for name, values := range v.target.Header {
		request.Header[http.CanonicalHeaderKey(name)] = values
	}
	maps.Copy(request.Header, header)
	request.Header.Set("Accept", jsonType)
	request.Header.Set("User-Agent", "portkey-integration-go-contracttest")

	resp, err := v.http.Do(request)
	if err != nil {
		return reply{}, err
	}
	defer resp.Body.Close()
	r := reply{status: resp.StatusCode}
	contentType := resp.Header.Get("Content-Type")
	if hasBody(method, resp.StatusCode) {
		if r.body, err = peek(resp); err != nil {
			return reply{}, err
		}
		if r.body, err = decompress(resp.Header.Get("Content-Encoding"), r.body); err != nil {
			return reply{}, err
		}
		if r.report, err = checkBody(ctx, resp.StatusCode, contentType, r.body, v.redact); err != nil {
			return reply{}, err
		}
	} else {
		r.report = checkHead(resp.StatusCode, contentType)
	}
	v.seen[r.status] = true
	v.look(method, resp, r.body)
	if r.status == http.StatusOK {
		for _, c := range resp.Cookies() {
			v.cookies[c.Name] = c.Value
		}
	}
	return r, nil
}

// quoted matches what the errors of net/http quote from a server.
var quoted = regexpOnce(`"(?:[^"\\]|\\.)*"`)

func (v *verifier) describe(r reply) string {
	if r.err != nil {
		reason := quoted().ReplaceAllLiteralString(r.err.Error(), `"…"`)
		return "no complete response (" + text.Line(v.redact(reason), maxText) + ")"
	}
	return "status code " + strconv.Itoa(r.status)
}

// identity checks that a response is about the requested integration. Property names are case-sensitive.
func (a reply) identity(name, slug string) CheckResult {
	value, err := parseExactly(a.body)
	if err != nil {
		return CheckResult{Name: name, Status: Skip, Reason: "the body cannot be read"}
	}
	object, _ := value.(map[string]any)
	gotSlug, _ := object["slug"].(string)
	gotID, _ := object["id"].(string)
	if gotSlug != slug && !strings.EqualFold(gotID, slug) {
		return CheckResult{Name: name, Status: Fail, Reason: "neither the slug nor the id in the response is the one asked for"}
	}
	return CheckResult{Name: name, Status: Pass}
}

func (v *verifier) drift(name string, report client.Report) CheckResult {
	c := CheckResult{Name: name, Status: Pass, Findings: report.Drift}
	if _, n := counts(report); n > 0 {
		c.Reason = fmt.Sprintf("the response drifts from the contract in %d places", n)
		if n == 1 {
			c.Reason = "the response drifts from the contract in one place"
		}
		if v.failOnDrift {
			c.Status = Fail
		}
	}
	return c
}

// head checks a response to HEAD, which must be like that to GET or refuse the method.
func (v *verifier) head(name string, r reply) CheckResult {
	switch {
	case r.status == http.StatusOK:
		return verdict(name, "the content type of the response to HEAD is not that of the contract", r.report.Violations)
	case slices.Contains(headRefused, r.status):
		return CheckResult{Name: name, Status: Pass, Reason: "HEAD is refused with " + strconv.Itoa(r.status)}
	}
	return CheckResult{Name: name, Status: Fail, Reason: v.describe(r) + ", want 200, or 404, 405 or 501 for a refusal"}
}

// repeated compares two responses to the same request. Properties that are not in the contract may differ, such as a
// usage counter.
func (v *verifier) repeated(name string, first, second reply) CheckResult {
	if second.status != first.status {
		return CheckResult{Name: name, Status: Fail, Reason: "the second time: " + v.describe(second)}
	}
	x, err := parseExactly(first.body)
	if err != nil {
		return CheckResult{Name: name, Status: Skip, Reason: "the body cannot be read"}
	}
	if first.report.Conforms() && !second.report.Conforms() {
		return verdict(name, "the second response violates the contract", second.report.Violations)
	}
	y, err := parseExactly(second.body)
	if err != nil {
		return CheckResult{Name: name, Status: Fail, Reason: "the body of the second response cannot be read"}
	}
	unnamed := map[string]bool{}
	for _, f := range append(slices.Clip(first.report.Drift), second.report.Drift...) {
		if f.Keyword == "properties" {
			unnamed[f.Pointer] = true
		}
	}
	d := differ{unnamed: unnamed, redact: v.redact}
	d.compare(x, y)
	for _, r := range []reply{first, second} {
		if _, n := counts(r.report); n > len(r.report.Drift) && len(d.found) > 0 {
			return CheckResult{Name: name, Status: Skip, Reason: "there is too much drift to know what may differ"}
		}
	}
	return verdict(name, "GET had another response the second time", d.found)
}

// look searches a response for the target's credentials.
func (v *verifier) look(method string, resp *http.Response, body []byte) {
	const most = 10
	add := func(where string) {
		if len(v.echoes) < most {
			v.echoes = append(v.echoes, client.Finding{Reason: fmt.Sprintf("%s of the response to %s, status code %d", where, method, resp.StatusCode)})
		}
	}
	for _, name := range slices.Sorted(maps.Keys(resp.Header)) {
		for _, value := range append([]string{name}, resp.Header[name]...) {
			if v.redact(value) != value {
				add("the header " + text.Line(v.redact(name), maxText))
				break
			}
		}
	}
	if v.redact(string(body)) != string(body) || unquotedRepeats(body, v.redact) {
		add("the body")
	}
}

func (v *verifier) echo() CheckResult {
	if len(v.target.APIKey)+len(v.target.BearerToken) < minCredential {
		return CheckResult{Name: "auth/echo", Status: Skip, Reason: fmt.Sprintf("a key of less than %d characters is found everywhere", minCredential)}
	}
	return verdict("auth/echo", "a response contains a credential that was sent", v.echoes)
}

// notChecked lists the documented status codes that no response had.
func (v *verifier) notChecked() []string {
	var missing []string
	for code := range operation().Responses.Map() {
		if status, err := strconv.Atoi(code); err == nil && !v.seen[status] {
			missing = append(missing, code)
		}
	}
	if len(missing) == 0 {
		return nil
	}
	slices.Sort(missing)
	return []string{"responses with status code " + strings.Join(missing, ", ") + ": none was sent"}
}

// publicURL returns a base URL without user information, query and fragment.
func publicURL(base string) string {
	u, err := url.Parse(base)
	if err != nil {
		return "(not a URL)"
	}
	return (&url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}).String()
}
