package main

import "testing"

func TestVersionOf(t *testing.T) {
	for _, test := range []struct{ built, set, want string }{
		{"v0.1.0", "", "v0.1.0"},        // go install …@v0.1.0
		{"(devel)", "v0.1.0", "v0.1.0"}, // A release archive.
		{"v0.1.1-0.20260101000000-0123456789ab", "", "v0.1.1-0.20260101000000-0123456789ab"}, // go build in a clone.
		{"v0.1.0", "v0.2.0", "v0.1.0"},
		{"(devel)", "", "devel"},
		{"", "", "devel"},
	} {
		if got := versionOf(test.built, test.set); got != test.want {
			t.Errorf("built %q, set %q: got %q, want %q", test.built, test.set, got, test.want)
		}
	}
}

func TestVersionFlag(t *testing.T) {
	if o := invoke(t, "--version").want(t, 0); o.out != "portkey-integration "+moduleVersion()+"\n" {
		t.Errorf("got %q, want the name and %s", o.out, moduleVersion())
	}
}
