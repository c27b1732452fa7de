package client

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"sync"
	"time"
)

const defaultConcurrency = 8

// Result is what came of one slug of [Client.RetrieveIntegrations].
type Result struct {
	Slug        string
	Integration *Integration // Nil where there is an error.
	Err         error        // As [Client.RetrieveIntegration] returns it.
}

// RetrieveIntegrations retrieves many integrations (operation retrieveIntegration, GET /integrations/{slug}, for each of
// the slugs), 8 at a time or as many as [WithConcurrency] says, and yields each
// result when it is there, in no particular order. A failure is one of the results and does not end the rest. Slugs
// are drawn when they can be worked on, so that memory does not grow with their number.
//
// When the server answers 429, all wait together, for as long as its Retry-After says, at most one minute; each call
// keeps its own budget of retries.
//
// When ctx ends, the calls under way yield its error, no further slug is drawn, and the sequence ends. Leaving the loop
// early cancels the calls under way and waits for them. The options apply to each call; [WithResponse] is refused.
func (c *Client) RetrieveIntegrations(ctx context.Context, slugs iter.Seq[string], opts ...CallOption) iter.Seq[Result] {
	return func(yield func(Result) bool) {
		call, err := newCall(opts)
		if err == nil && call.response != nil {
			err = errors.New("WithResponse: there are many responses")
		}
		if err != nil {
			yield(Result{Err: fmt.Errorf("client: retrieve integrations: %w", err)})
			return
		}
		call.gate = &gate{}
		ctx, cancel := context.WithCancel(ctx)
		work, results := make(chan string), make(chan Result)
		underWay := 0
		var workers sync.WaitGroup
		defer func() {
			cancel()
			close(work)
			for range underWay {
				<-results
			}
			workers.Wait()
		}()
		for range call.concurrency {
			workers.Go(func() {
				for slug := range work {
					integration, err := c.retrieve(ctx, slug, call)
					results <- Result{slug, integration, err}
				}
			})
		}
		next, stop := iter.Pull(slugs)
		defer stop()
		slug, more := next()
		for {
			more = more && ctx.Err() == nil
			if !more && underWay == 0 {
				return
			}
			send := work
			if !more {
				send = nil
			}
			select {
			case send <- slug:
				underWay++
				slug, more = next()
			case r := <-results:
				underWay--
				if !yield(r) {
					return
				}
			}
		}
	}
}

// WithConcurrency sets how many calls [Client.RetrieveIntegrations] makes at a time.
func WithConcurrency(n int) CallOption {
	return func(c *callConfig) error {
		if n < 1 {
			return fmt.Errorf("WithConcurrency: %d is less than 1", n)
		}
		c.concurrency = n
		return nil
	}
}

// gate holds back calls that share a server which asked for patience. A nil gate is open.
type gate struct {
	mu    sync.Mutex
	until time.Time
}

// shut keeps the gate shut for d from now, or longer if it already was to be.
func (g *gate) shut(d time.Duration) {
	if g == nil {
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if until := time.Now().Add(d); until.After(g.until) {
		g.until = until
	}
}

// left is how long the gate stays shut.
func (g *gate) left() time.Duration {
	if g == nil {
		return 0
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	return max(0, time.Until(g.until))
}

// pass waits until the gate is open. It returns an error where ctx has ended, or will have before the gate opens.
func (g *gate) pass(ctx context.Context) error {
	for {
		left := g.left()
		if left == 0 {
			return nil
		}
		if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) <= left {
			return context.DeadlineExceeded
		}
		timer := time.NewTimer(left)
		select {
		case <-ctx.Done():
			timer.Stop()
			return ctx.Err()
		case <-timer.C:
		}
	}
}
