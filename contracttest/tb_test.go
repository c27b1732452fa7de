package contracttest_test

import (
	"fmt"
	"runtime"
	"strings"
	"sync"
	"testing"
)

// fakeTB is a testing.TB for a test that should fail. It records what is reported.
type fakeTB struct {
	testing.TB
	mu     sync.Mutex
	errors []string
	fatal  string
	logs   []string
	clean  []func()
}

func (f *fakeTB) Helper()          {}
func (f *fakeTB) Cleanup(g func()) { f.clean = append(f.clean, g) }

func (f *fakeTB) Failed() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.errors) > 0 || f.fatal != ""
}

func (f *fakeTB) Errorf(format string, args ...any) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.errors = append(f.errors, fmt.Sprintf(format, args...))
}

func (f *fakeTB) Logf(format string, args ...any) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.logs = append(f.logs, fmt.Sprintf(format, args...))
}

func (f *fakeTB) Fatalf(format string, args ...any) {
	f.fatal = fmt.Sprintf(format, args...)
	runtime.Goexit()
}

func (f *fakeTB) all() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return strings.Join(append(append(f.errors, f.logs...), f.fatal), "\n")
}

// fails runs f with a fakeTB, which it returns.
func fails(t *testing.T, f func(tb testing.TB)) *fakeTB {
	t.Helper()
	fake := &fakeTB{TB: t}
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer func() {
			for _, g := range fake.clean {
				g()
			}
		}()
		f(fake)
	}()
	<-done
	return fake
}
