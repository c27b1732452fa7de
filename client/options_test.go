package client_test

import (
	"context"
	"errors"
	"iter"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/portkey-integration/portkey-integration-go/client"
)

var goodBaseURLs = []string{
	"https://api.portkey.ai/v1", "https://api.portkey.ai/v1/", "https://cp.example", "https://cp.example:8443/a/b//", "HTTPS://cp.example/",
	"http://127.0.0.1:4010", "http://localhost", "http://LocalHost:80/v1", "http://[::1]:8080/", "http://127.9.9.9/", "http://[::ffff:127.0.0.1]/",
	"https://cp.example/a%2Fb/", "https://cp.example/ä", "https://bücher.example",
}

// badBaseURLs yields base URLs that are refused. Passwords and keys in them are theKey.
func badBaseURLs() iter.Seq[string] {
	return slices.Values([]string{
		"https://" + theKey + "@cp.example/v1", "https://user:" + theKey + "@cp.example", "https://:" + theKey + "@cp.example",
		"http://user:" + theKey + "@127.0.0.1/", "https://@cp.example/", "https://user:" + theKey + " @cp.example", "https://user:%zz" + theKey + "@cp.example",
		"https://user:" + theKey + "@cp.example:port/", "https://user:" + theKey + "@[::1/", "//user:" + theKey + "@cp.example", "https:user:" + theKey + "@cp.example",
		"ftp://user:" + theKey + "@cp.example", "https://user:" + theKey + "\n@cp.example",
		"https://cp.example/v1?key=" + theKey, "https://cp.example/v1?", "https://cp.example/v1#" + theKey, "https://cp.example/v1#",
		"cp.example/v1", "cp.example:443", "/v1", "https://", "https:///v1", "https://:443/", "http:cp.example", "mailto:a@b", "file:///etc/passwd",
		"unix:///run/cp.sock", "ftp://cp.example/v1", "ws://cp.example", "file://cp.example/v1", " https://cp.example", "https://cp.example/\x00", "https://cp .example", "javascript:alert(1)", "://", "\n",
	})
}

func TestBaseURLs(t *testing.T) {
	for _, text := range goodBaseURLs {
		if _, err := client.New(client.WithAPIKey("k"), client.WithBaseURL(text)); err != nil {
			t.Errorf("%q: got %v, want it accepted", text, err)
		}
	}
	for text := range badBaseURLs() {
		for name, make := range map[string]func() (*client.Client, error){
			"option": func() (*client.Client, error) {
				return client.New(client.WithAPIKey("k"), client.WithBaseURL(text), client.WithInsecureHTTP())
			},
			"environment": func() (*client.Client, error) {
				if strings.Contains(text, "\x00") {
					return nil, errors.New("an environment has no zero bytes")
				}
				t.Setenv("PORTKEY_BASE_URL", text)
				return client.New(client.WithAPIKey("k"))
			},
		} {
			_, err := make()
			if err == nil {
				t.Errorf("%s: got %q accepted, want an error", name, strings.ReplaceAll(text, theKey, "…"))
				continue
			}
			expectClean(t, name, err, theKey)
		}
	}
}

func TestPlainHTTPOnlyToLoopback(t *testing.T) {
	for _, text := range []string{
		"http://cp.example/v1", "http://api.portkey.ai", "http://10.0.0.1/", "http://192.168.1.1:80", "http://0.0.0.0/", "http://[::]/", "http://127.0.0.1.evil.example/",
		"http://localhost.evil.example/", "http://localhost./", "http://128.0.0.1", "http://[fe80::1]/", "http://2130706433/", "HTTP://cp.example",
	} {
		_, err := client.New(client.WithAPIKey("k"), client.WithBaseURL(text))
		if err == nil || !strings.Contains(err.Error(), "WithInsecureHTTP") {
			t.Errorf("%s: got %v, want an error that names WithInsecureHTTP", text, err)
		}
		if _, err := client.New(client.WithAPIKey("k"), client.WithBaseURL(text), client.WithInsecureHTTP()); err != nil {
			t.Errorf("%s: got %v with WithInsecureHTTP, want it accepted", text, err)
		}
	}
}

// New reports all invalid options in one error, and also a missing key.
func TestNewRefusesBadOptions(t *testing.T) {
	t.Setenv("PORTKEY_API_KEY", "")
	if _, err := client.New(); err == nil || !strings.Contains(err.Error(), "PORTKEY_API_KEY") {
		t.Errorf("got %v without a key, want an error that names PORTKEY_API_KEY", err)
	}
	bad := map[string]client.Option{
		"WithAPIKey": client.WithAPIKey(""), "WithBearerToken": client.WithBearerToken(""), "WithBaseURL": client.WithBaseURL(""),
		"WithHTTPClient": client.WithHTTPClient(nil), "WithTimeout": client.WithTimeout(-1), "WithMaxRetries": client.WithMaxRetries(-1),
		"WithUserAgent": client.WithUserAgent("a\nb"), "WithHeader": client.WithHeader("Host", "h"), "WithLogger": client.WithLogger(nil),
		"WithValidation": client.WithValidation(3), "WithReportHandler": client.WithReportHandler(nil), "WithMaxResponseBytes": client.WithMaxResponseBytes(0),
		"WithTokenSource": client.WithTokenSource(nil),
		"nil":             nil,
	}
	if _, err := client.New(client.WithAPIKey("k"), nil); err == nil || !strings.Contains(err.Error(), "option 2") {
		t.Errorf("got %v for a second option that is nil, want an error that counts", err)
	}
	if _, err := client.New(client.WithAPIKey("k"), client.WithHeader("X Y", "v")); err == nil {
		t.Error("got a header accepted whose name has a space")
	}
	var all []client.Option
	for name, opt := range bad {
		all = append(all, opt)
		if _, err := client.New(client.WithAPIKey("k"), opt); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: got %v", name, err)
		}
	}
	_, err := client.New(all...)
	for name := range bad {
		if err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("got an error that does not name %s: %v", name, err)
		}
	}
}

// Options take precedence over the environment, and the environment over defaults.
func TestEnvironment(t *testing.T) {
	var got *http.Request
	handle := over(func(r *http.Request) (*http.Response, error) {
		got = r
		return respond(200, nil, integrationBody("some-slug"))
	})
	for _, test := range []struct {
		key, base     string
		opts          []client.Option
		wantKey, want string
	}{
		{"env-key", "", nil, "env-key", "https://api.portkey.ai/v1"},
		{"env-key", "https://env.example/x/", nil, "env-key", "https://env.example/x"},
		{"env-key", "https://env.example", []client.Option{client.WithAPIKey("k"), client.WithBaseURL("https://opt.example")}, "k", "https://opt.example"},
		{"env-key", "", []client.Option{client.WithBearerToken("t")}, "", "https://api.portkey.ai/v1"},
	} {
		t.Setenv("PORTKEY_API_KEY", test.key)
		t.Setenv("PORTKEY_BASE_URL", test.base)
		c, err := client.New(append(test.opts, handle)...)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.RetrieveIntegration(context.Background(), "some-slug"); err != nil {
			t.Fatal(err)
		}
		if got.URL.String() != test.want+"/integrations/some-slug" || got.Header.Get("X-Portkey-Api-Key") != test.wantKey {
			t.Errorf("%+v: got a request to %s, or another key", test, got.URL)
		}
	}
}

// A Validation unmarshals what it marshals; an unknown one prints as its number.
func TestValidationText(t *testing.T) {
	for want, v := range map[string]client.Validation{"strict": client.ValidationStrict, "report": client.ValidationReport, "off": client.ValidationOff} {
		text, err := v.MarshalText()
		if got := string(text); got != want || err != nil || v.String() != want {
			t.Errorf("got %s and %s, %v, want %s", got, v, err, want)
		}
		got := client.Validation(9)
		if err := got.UnmarshalText(text); err != nil || got != v {
			t.Errorf("got %v, %v, want %s", got, err, want)
		}
	}
	if err := new(client.Validation).UnmarshalText([]byte("lax")); err == nil {
		t.Error("got lax accepted, want an error")
	}
	if got := client.Validation(3).String(); got != "Validation(3)" {
		t.Errorf("got %s, want Validation(3)", got)
	}
}
