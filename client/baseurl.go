package client

import (
	"errors"
	"net"
	"net/netip"
	"net/url"
	"strings"
)

// parseBaseURL checks a base URL and returns it with a trailing slash.
func parseBaseURL(text string, insecure bool) (string, error) {
	u, err := url.Parse(text)
	switch {
	case err != nil:
		// The error of url.Parse quotes the text, which may contain a password.
		return "", errors.New("it cannot be parsed as a URL")
	case u.Scheme != "https" && u.Scheme != "http":
		return "", errors.New("its scheme is neither https nor http")
	case u.User != nil:
		return "", hint("use WithAPIKey or WithBearerToken", "it has user information")
	case u.Hostname() == "":
		return "", errors.New("it has no host")
	case u.RawQuery != "" || u.ForceQuery:
		return "", hint("use WithWorkspaceID for the workspace", "it has a query")
	case u.Fragment != "" || strings.Contains(text, "#"):
		return "", errors.New("it has a fragment")
	case u.Scheme == "http" && !insecure && !isLoopback(u.Hostname()):
		return "", hint("use https, or WithInsecureHTTP", "plain http to %s would show the key to the network", printable(u.Hostname()))
	}
	return strings.TrimRight(u.String(), "/") + "/", nil
}

func isLoopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.Unmap().IsLoopback()
}

// origin returns the scheme, host and port of u (RFC 6454).
func origin(u *url.URL) string {
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
	}
	return u.Scheme + "://" + net.JoinHostPort(strings.ToLower(u.Hostname()), port)
}
