package client

import (
	"context"
	"fmt"
	"sync/atomic"
)

// tokens caches the token of a source, for all calls of a client, until it is discarded.
type tokens struct {
	source  func(context.Context) (string, error)
	current atomic.Pointer[secret]
	asking  chan struct{} // A lock held while calling source; waiting for it ends with the context.
}

func newTokens(source func(context.Context) (string, error)) *tokens {
	return &tokens{source: source, asking: make(chan struct{}, 1)}
}

// get returns the current token, or asks the source for one. Concurrent calls ask once.
func (t *tokens) get(ctx context.Context) (*secret, error) {
	if token := t.current.Load(); token != nil {
		return token, nil
	}
	select {
	case t.asking <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	defer func() { <-t.asking }()
	if token := t.current.Load(); token != nil {
		return token, nil
	}
	text, err := t.source(ctx)
	if err != nil {
		return nil, err
	}
	token, err := newCredential(text)
	if err != nil {
		return nil, fmt.Errorf("the token cannot be used: %w", err)
	}
	t.current.Store(&token)
	return &token, nil
}

// discard drops token, so that get asks the source again, unless token was already replaced.
func (t *tokens) discard(token *secret) { t.current.CompareAndSwap(token, nil) }
