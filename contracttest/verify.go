package contracttest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/portkey-integration/portkey-integration-go/client"
)

// A Target is a control plane to verify. It prints without its credentials.
type Target struct {
	BaseURL      string   // path prefix included, for example https://api.portkey.ai/v1
	APIKey       string   `json:"-"` // sent as x-portkey-api-key
	BearerToken  string   `json:"-"` // sent as Authorization: Bearer, in place of a key
	Slugs        []string // slugs (or ids) of integrations that the key can read
	WorkspaceID  string   // sent as workspace_id where it is not empty
	InsecureHTTP bool     // allows plain http to other hosts than loopback; the key then crosses the network in clear

	// HTTPClient makes the requests, apart from its redirects and its cookies: none is followed, none is sent. Nil
	// means a client with [http.DefaultTransport]. Without a timeout of its own, an answer may take 30 seconds.
	HTTPClient *http.Client `json:"-"`
}

// Format implements [fmt.Formatter]: whatever the verb, it prints the base URL and the slugs.
func (t Target) Format(f fmt.State, _ rune) {
	_, _ = fmt.Fprintf(f, "contracttest.Target(%s %s)", publicURL(t.BaseURL), t.Slugs)
}

// LogValue implements [slog.LogValuer] with what Format prints.
func (t Target) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(t)) }

// A VerifyOption configures [Verify] and [Run].
type VerifyOption func(*verifier)

// DefaultInterval is the least time between the starts of two requests unless [WithInterval] says otherwise.
const DefaultInterval = 200 * time.Millisecond

// WithInterval sets the least time between the starts of two requests.
func WithInterval(d time.Duration) VerifyOption { return func(v *verifier) { v.interval = d } }

// A CheckStatus is the outcome of a check.
type CheckStatus string

// The outcomes of a check.
const (
	Pass CheckStatus = "pass"
	Fail CheckStatus = "fail"
	Skip CheckStatus = "skip"
)

// A CheckResult is one check of [Verify] and its outcome.
type CheckResult struct {
	Name     string           `json:"name"` // stable, for example "auth/no-key" or "integration/<slug>/conforms"
	Status   CheckStatus      `json:"status"`
	Reason   string           `json:"reason,omitempty"`   // why it failed or was skipped, or what there is to know of a pass
	Findings []client.Finding `json:"findings,omitempty"` // where the answer and the contract differ
}

// A Result is what [Verify] found.
type Result struct {
	Target string        `json:"target"` // base URL, without user information and query
	Checks []CheckResult `json:"checks"`
}

// Passed tells whether something was checked and nothing failed.
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

// The checks of each slug, in their order. All but the first are skipped when there is no answer to look at.
var integrationChecks = []string{"status", "content-type", "conforms", "masked", "identity", "drift", "head", "repeatable"}

const (
	unknownSlug = "contracttest-no-such-integration"
	wrongKey    = "contracttest-wrong-key"
)

// Verify checks whether a control plane conforms to the contract. It sends GET and HEAD only: three requests for each
// slug and three more, one after the other, [DefaultInterval] apart. The checks are, for each slug,
//
//   - integration/<slug>/status: GET answers 200
//   - integration/<slug>/content-type: with application/json
//   - integration/<slug>/conforms: and a body that conforms to the contract
//   - integration/<slug>/masked: without any secret that should be masked
//   - integration/<slug>/identity: about this integration, by slug or id
//   - integration/<slug>/drift: never fails; its findings are what the answer has beyond the contract
//   - integration/<slug>/head: HEAD answers 200 too, or is refused
//   - integration/<slug>/repeatable: GET answers the same again, apart from properties that the contract does not name
//
// and, once,
//
//   - auth/no-key: without a key, the answer is 401 and an error of the API
//   - auth/wrong-key: with a wrong one, it is 401, 403 or 412 and an error of the API
//   - unknown-slug: for a slug that there is not, it is 404 or 403 and an error of the API
//
// To verify a [Server], start it with [WithInvalidRequestsAllowed]: a request without a key breaks the contract.
//
// The error is about a target that cannot be verified, before any request, or about the end of ctx; the result then has
// the checks made so far.
func Verify(ctx context.Context, target Target, opts ...VerifyOption) (*Result, error) {
	v := &verifier{target: target, interval: DefaultInterval, result: &Result{Target: publicURL(target.BaseURL)}}
	for _, opt := range opts {
		opt(v)
	}
	if err := v.prepare(); err != nil {
		return v.result, fmt.Errorf("contracttest: %w", err)
	}
	if err := v.run(ctx); err != nil {
		return v.result, fmt.Errorf("contracttest: verify %s: %w", v.result.Target, err)
	}
	return v.result, nil
}

// Run runs [Verify] as a test, with a subtest for each check.
func Run(t *testing.T, target Target, opts ...VerifyOption) {
	t.Helper()
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
	if err != nil {
		t.Error(err)
	}
}

type verifier struct {
	target   Target
	interval time.Duration
	http     http.Client
	next     time.Time // when the next request may start
	result   *Result
}

// prepare refuses a target that cannot be verified. What makes a base URL and a key fit is for package client to say.
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
	// A redirect is an answer to report, and would take the key along. A cookie could stand in for a key.
	v.http.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	v.http.Jar = nil
	if v.http.Timeout == 0 {
		v.http.Timeout = 30 * time.Second
	}
	return nil
}

func (v *verifier) run(ctx context.Context) error {
	slugs := v.target.Slugs
	for i, slug := range slugs {
		if slices.Contains(slugs[:i], slug) {
			continue
		}
		if err := v.integration(ctx, slug); err != nil {
			return err
		}
	}
	guarded := unknownSlug
	if len(slugs) == 0 {
		v.add(CheckResult{Name: "integration", Status: Skip, Reason: "no slug was given"})
	} else {
		guarded = slugs[0]
	}
	for _, refusal := range []struct {
		check, slug string
		header      http.Header
		want        []int
	}{
		{"auth/no-key", guarded, http.Header{}, []int{401}},
		{"auth/wrong-key", guarded, v.credentials(wrongKey), []int{401, 403, 412}},
		{"unknown-slug", unknownSlug, v.credentials(v.target.APIKey + v.target.BearerToken), []int{404, 403}},
	} {
		reply, err := v.send(ctx, http.MethodGet, refusal.slug, refusal.header)
		if err != nil {
			return err
		}
		v.add(reply.refused(refusal.check, refusal.want))
	}
	return nil
}

// integration makes the checks of one slug. The error is the end of ctx.
func (v *verifier) integration(ctx context.Context, slug string) error {
	key := v.credentials(v.target.APIKey + v.target.BearerToken)
	name := func(check string) string { return "integration/" + slug + "/" + check }

	first, err := v.send(ctx, http.MethodGet, slug, key)
	if err != nil {
		return err
	}
	if first.status != http.StatusOK {
		v.add(CheckResult{Name: name("status"), Status: Fail, Reason: first.describe() + ", want 200"})
		for _, check := range integrationChecks[1:] {
			v.add(CheckResult{Name: name(check), Status: Skip, Reason: "there is no answer 200"})
		}
		return nil
	}
	v.add(CheckResult{Name: name("status"), Status: Pass})

	var contentType, conforms, masked []client.Finding
	for _, f := range first.report.Violations {
		switch f.Keyword {
		case "content":
			contentType = append(contentType, f)
		case "writeOnly":
			masked = append(masked, f)
		default:
			conforms = append(conforms, f)
		}
	}
	v.add(verdict(name("content-type"), "the content type is not that of the contract", contentType))
	v.add(verdict(name("conforms"), "the answer breaks the contract", conforms))
	v.add(verdict(name("masked"), "a secret is not masked", masked))
	v.add(first.identity(name("identity"), slug))
	drift := CheckResult{Name: name("drift"), Status: Pass, Findings: first.report.Drift}
	if n := len(drift.Findings); n > 0 {
		drift.Reason = fmt.Sprintf("the answer goes beyond the contract in %d places", n)
	}
	v.add(drift)

	head, err := v.send(ctx, http.MethodHead, slug, key)
	if err != nil {
		return err
	}
	v.add(head.head(name("head")))

	second, err := v.send(ctx, http.MethodGet, slug, key)
	if err != nil {
		return err
	}
	v.add(first.repeated(name("repeatable"), second))
	return nil
}

func (v *verifier) add(c CheckResult) { v.result.Checks = append(v.result.Checks, c) }

// verdict passes a check that has no findings.
func verdict(name, reason string, findings []client.Finding) CheckResult {
	if len(findings) == 0 {
		return CheckResult{Name: name, Status: Pass}
	}
	return CheckResult{Name: name, Status: Fail, Reason: reason, Findings: findings}
}

// credentials is the header that carries a key as the target takes it.
func (v *verifier) credentials(key string) http.Header {
	if v.target.BearerToken != "" {
		return http.Header{"Authorization": {"Bearer " + key}}
	}
	return http.Header{"X-Portkey-Api-Key": {key}}
}

// A reply is what came back for a request: an answer, or the reason why there is none.
type reply struct {
	status int // 0 without an answer
	body   []byte
	report client.Report
	broken error
}

// send makes a request when its time has come. The error is the end of ctx.
func (v *verifier) send(ctx context.Context, method, slug string, header http.Header) (reply, error) {
	timer := time.NewTimer(time.Until(v.next))
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
		return reply{}, context.Cause(ctx)
	}
	v.next = time.Now().Add(v.interval)

	target, err := url.JoinPath(v.target.BaseURL, "integrations", slug)
	if err != nil {
		return reply{broken: err}, nil
	}
	if v.target.WorkspaceID != "" {
		target += "?" + url.Values{"workspace_id": {v.target.WorkspaceID}}.Encode()
	}
	r, err := http.NewRequestWithContext(ctx, method, target, nil)
	if err != nil {
		return reply{broken: err}, nil
	}
	maps.Copy(r.Header, header)
	r.Header.Set("Accept", jsonType)
	r.Header.Set("User-Agent", "portkey-integration-go-contracttest")

	resp, err := v.http.Do(r)
	if err == nil {
		defer resp.Body.Close()
		var a reply
		if a.report, err = checkResponse(resp); err == nil {
			a.status = resp.StatusCode
			a.body, err = peek(resp)
		}
		if err == nil {
			return a, nil
		}
	}
	if ctx.Err() != nil {
		return reply{}, context.Cause(ctx)
	}
	if u, ok := errors.AsType[*url.Error](err); ok {
		err = u.Err // without the URL, which has the query
	}
	return reply{broken: err}, nil
}

func (a reply) describe() string {
	if a.broken != nil {
		return "no complete answer (" + a.broken.Error() + ")"
	}
	return "answered " + strconv.Itoa(a.status)
}

// refused passes when the answer is a proper error with one of the statuses.
func (a reply) refused(name string, want []int) CheckResult {
	if !slices.Contains(want, a.status) {
		return CheckResult{Name: name, Status: Fail, Reason: fmt.Sprintf("%s, want %s", a.describe(),
			strings.Trim(strings.ReplaceAll(fmt.Sprint(want), " ", " or "), "[]"))}
	}
	return verdict(name, fmt.Sprintf("answered %d, but not with an error of the API", a.status), a.report.Violations)
}

func (a reply) identity(name, slug string) CheckResult {
	var is struct{ ID, Slug string }
	if json.Unmarshal(a.body, &is) != nil {
		return CheckResult{Name: name, Status: Skip, Reason: "the body cannot be read"}
	}
	if is.Slug != slug && !strings.EqualFold(is.ID, slug) {
		return CheckResult{Name: name, Status: Fail, Reason: "neither the slug nor the id of the answer is the one asked for"}
	}
	return CheckResult{Name: name, Status: Pass}
}

// head passes an answer to HEAD like that to GET, and a refusal.
func (a reply) head(name string) CheckResult {
	switch a.status {
	case http.StatusOK:
		return CheckResult{Name: name, Status: Pass}
	case http.StatusNotFound, http.StatusMethodNotAllowed, http.StatusNotImplemented:
		return CheckResult{Name: name, Status: Pass, Reason: "HEAD is refused with " + strconv.Itoa(a.status)}
	}
	return CheckResult{Name: name, Status: Fail, Reason: a.describe() + ", want 200, or 404, 405 or 501 for a refusal"}
}

// repeated compares two answers to the same request. A property that the contract does not name may differ: a counter
// of current usage, say.
func (a reply) repeated(name string, second reply) CheckResult {
	if second.status != a.status {
		return CheckResult{Name: name, Status: Fail, Reason: "the second time: " + second.describe()}
	}
	var x, y any
	if json.Unmarshal(a.body, &x) != nil || json.Unmarshal(second.body, &y) != nil {
		return CheckResult{Name: name, Status: Skip, Reason: "the body cannot be read"}
	}
	var findings []client.Finding
	for _, pointer := range differences(x, y, "") {
		if !slices.ContainsFunc(append(a.report.Drift, second.report.Drift...), func(f client.Finding) bool {
			return f.Keyword == "properties" && strings.HasPrefix(pointer+"/", f.Pointer+"/")
		}) {
			findings = append(findings, client.Finding{Pointer: pointer, Reason: "the two answers differ"})
		}
	}
	return verdict(name, "GET answered something else the second time", findings)
}

// differences are the JSON Pointers of the places where two values differ.
func differences(x, y any, at string) []string {
	var found []string
	switch a := x.(type) {
	case map[string]any:
		b, ok := y.(map[string]any)
		if !ok {
			return []string{at}
		}
		names := maps.Clone(a)
		maps.Copy(names, b)
		for _, name := range slices.Sorted(maps.Keys(names)) {
			below := at + "/" + strings.NewReplacer("~", "~0", "/", "~1").Replace(name)
			v, here := a[name]
			w, there := b[name]
			if here != there {
				found = append(found, below)
			} else {
				found = append(found, differences(v, w, below)...)
			}
		}
		return found
	case []any:
		b, ok := y.([]any)
		if !ok || len(a) != len(b) {
			return []string{at}
		}
		for i := range a {
			found = append(found, differences(a[i], b[i], at+"/"+strconv.Itoa(i))...)
		}
		return found
	}
	switch y.(type) { // maps and slices cannot be compared with ==
	case map[string]any, []any:
		return []string{at}
	}
	if x != y {
		return []string{at}
	}
	return nil
}

// publicURL is a base URL without what may be secret in it.
func publicURL(base string) string {
	u, err := url.Parse(base)
	if err != nil {
		return "(not a URL)"
	}
	return (&url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}).String()
}
