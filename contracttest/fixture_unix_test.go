//go:build unix

package contracttest_test

import (
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/portkey-integration/portkey-integration-go/contracttest"
)

// Opening a pipe would block until its other end is opened.
func TestPipeAsFixtureIsRefused(t *testing.T) {
	pipe := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := contracttest.NewHandler(contracttest.WithFixture("mine", contracttest.File(pipe)))
	if err == nil || !strings.Contains(err.Error(), "not a regular file") {
		t.Errorf("got %v, want an error: not a regular file", err)
	}
}
