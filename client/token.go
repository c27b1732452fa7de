package client

import (
	"context"
	"fmt"
	"sync/atomic"
)

// tokens keeps the token of a source, for all calls of a client, until it is discarded.
type tokens struct {
	source  func(context.Context) (string, error)
	current atomic.Pointer[secret]
	asking  chan struct{} // Holds a value while the source is asked: a lock that a context can give up.
}

func newTokens(source func(context.Context) (string, error)) *tokens {
	return &tokens{source: source, asking: make(chan struct{}, 1)}
}

// get returns the current token, or asks the source for one. Calls that come together ask once.
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

// discard has the source asked again, unless another call already did.
func (t *tokens) discard(token *secret) { t.current.CompareAndSwap(token, nil) }
