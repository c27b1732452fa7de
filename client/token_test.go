package client_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/portkey-integration/portkey-integration-go/client"
)

// newTokenClient returns a client of a server that accepts the tokens for which accepts returns true, and the number of
// requests to the server.
func newTokenClient(t *testing.T, source func(context.Context) (string, error), accepts func(token string) bool, opts ...client.Option) (*client.Client, *atomic.Int64) {
	t.Helper()
	requests := new(atomic.Int64)
	c, err := client.New(append([]client.Option{
		client.WithTokenSource(source), client.WithBaseURL("https://cp.example/v1"),
		over(func(r *http.Request) (*http.Response, error) {
			requests.Add(1)
			if got := r.Header.Get("x-portkey-api-key"); got != "" {
				t.Errorf("got x-portkey-api-key %q beside a token", got)
			}
			token := r.Header.Get("Authorization")
			if !accepts(token) {
				return respond(401, nil, fmt.Sprintf(`{"success":false,"data":{"message":"no %s","errorCode":"AB05"}}`, token))
			}
			return respond(200, nil, integrationBody("some-slug"))
		}),
	}, opts...)...)
	if err != nil {
		t.Fatal(err)
	}
	return c, requests
}

// A token is kept until it is refused. Then a new one is requested once, even if no retries are allowed.
func TestTokenIsRefreshedOnce(t *testing.T) {
	t.Setenv("PORTKEY_API_KEY", "of-the-environment")
	var asked, valid atomic.Int64
	valid.Store(1)
	source := func(context.Context) (string, error) { return fmt.Sprintf("token-%d", asked.Add(1)), nil }
	c, requests := newTokenClient(t, source, func(token string) bool { return token == fmt.Sprintf("Bearer token-%d", valid.Load()) }, client.WithMaxRetries(0))
	for range 3 {
		if _, err := retrieve(c); err != nil {
			t.Fatal(err)
		}
	}
	if asked.Load() != 1 || requests.Load() != 3 {
		t.Errorf("got %d tokens and %d requests, want 1 and 3", asked.Load(), requests.Load())
	}
	valid.Store(2)
	if _, err := retrieve(c); err != nil {
		t.Error(err)
	}
	if asked.Load() != 2 || requests.Load() != 5 {
		t.Errorf("got %d tokens and %d requests after the first expired, want 2 and 5", asked.Load(), requests.Load())
	}
	valid.Store(-1)
	_, err := retrieve(c)
	if api := as[*client.APIError](t, err); !errors.Is(err, client.ErrUnauthorized) || api.Attempts != 2 {
		t.Errorf("got %v after %d attempts, want unauthorized after 2", err, api.Attempts)
	}
	expectClean(t, "the error", err, "token-2", "token-3")
}

// Concurrent calls request one token, both at first and after it was refused.
func TestTokenIsShared(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var asked, valid atomic.Int64
		valid.Store(1)
		source := func(context.Context) (string, error) {
			time.Sleep(time.Second)
			return fmt.Sprintf("token-%d", asked.Add(1)), nil
		}
		c, _ := newTokenClient(t, source, func(token string) bool { return token == fmt.Sprintf("Bearer token-%d", valid.Load()) })
		for round := range int64(3) {
			valid.Store(round + 1)
			var all sync.WaitGroup
			for range 20 {
				all.Go(func() {
					if _, err := retrieve(c); err != nil {
						t.Error(err)
					}
				})
			}
			all.Wait()
			if got := asked.Load(); got != round+1 {
				t.Errorf("got %d tokens in round %d, want %d", got, round, round+1)
			}
		}
	})
}

func TestTokenErrors(t *testing.T) {
	broken := errors.New("no token for " + theKey)
	for name, tt := range map[string]struct {
		source func(context.Context) (string, error)
		is     error
	}{
		"of the source": {func(context.Context) (string, error) { return "", broken }, broken},
		"empty":         {func(context.Context) (string, error) { return "", nil }, nil},
		"with a space":  {func(context.Context) (string, error) { return "a b", nil }, nil},
		"context":       {func(ctx context.Context) (string, error) { <-ctx.Done(); return "", ctx.Err() }, context.DeadlineExceeded},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c, requests := newTokenClient(t, tt.source, func(string) bool { return true })
				ctx, cancel := context.WithTimeout(t.Context(), time.Second)
				defer cancel()
				_, err := c.RetrieveIntegration(ctx, "some-slug")
				as[*client.TokenError](t, err)
				if tt.is != nil && !errors.Is(err, tt.is) {
					t.Errorf("got %v, want one that is %v", err, tt.is)
				}
				if requests.Load() != 0 {
					t.Error("got a request without a token")
				}
			})
		})
	}
}

// A call that waits for the token that another call requests ends with its own context.
func TestTokenWaitEndsWithTheContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		slow := func(ctx context.Context) (string, error) {
			time.Sleep(time.Hour)
			return "token-1", nil
		}
		c, _ := newTokenClient(t, slow, func(string) bool { return true })
		go func() { _, _ = retrieve(c) }()
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		start := time.Now()
		_, err := c.RetrieveIntegration(ctx, "some-slug")
		if took := time.Since(start); !errors.Is(err, context.DeadlineExceeded) || took != time.Second {
			t.Errorf("got %v after %v, want the deadline after a second", err, took)
		}
		time.Sleep(time.Hour) // Let the first call end.
	})
}
