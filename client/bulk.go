package client

import (
	"context"
	"fmt"
	"iter"
	"sync"
	"time"
)

const defaultConcurrency = 8

// Result is the outcome for one slug of [Client.RetrieveIntegrations].
type Result struct {
	Slug        string
	Integration *Integration // Nil if Err is not nil.
	Err         error        // As [Client.RetrieveIntegration] returns it.
}

// RetrieveIntegrations retrieves many integrations (operation retrieveIntegration, GET /integrations/{slug}, for each
// slug) as [Client.RetrieveIntegration] does. It makes 8 requests at a time, or as many as [WithConcurrency] says, and
// yields each result when it is complete, in no particular order. A slug that fails yields a Result with an error and
// does not end the sequence.
//
// Slugs are read on a separate goroutine, at most one ahead of the requests. So memory does not grow with the number of
// slugs, and a slow source of slugs does not delay results.
//
// When the server responds with 429, all requests wait for as long as its Retry-After says, at most one minute. Each
// slug has its own number of retries. If an option cannot be used, the only Result has an error and no slug.
//
// When ctx ends, the requests in progress yield its error, no further slug is read, and the sequence ends. Leaving the
// loop early cancels the requests in progress and waits for them. Neither waits for the source of slugs, which is
// stopped at its next slug.
func (c *Client) RetrieveIntegrations(ctx context.Context, slugs iter.Seq[string], opts ...BulkOption) iter.Seq[Result] {
	return func(yield func(Result) bool) {
		bulk := bulkConfig{concurrency: defaultConcurrency}
		err := applyAll(opts, func(o BulkOption) error { return o.configureBulk(&bulk) })
		if err == nil {
			err = checkContext(ctx)
		}
		if err != nil {
			yield(Result{Err: fmt.Errorf("client: retrieve integrations: %w", err)})
			return
		}
		ctx, cancel := context.WithCancel(ctx)
		source, results := make(chan string), make(chan Result)
		underWay := 0
		defer func() {
			cancel()
			for range underWay {
				<-results
			}
		}()
		go func() {
			defer close(source)
			for slug := range slugs {
				select {
				case source <- slug:
				case <-ctx.Done():
					return
				}
			}
		}()
		limit := new(rateLimit)
		more, done := source, ctx.Done()
		for more != nil || underWay > 0 {
			next := more
			if underWay == bulk.concurrency {
				next = nil
			}
			select {
			case slug, ok := <-next:
				if !ok || ctx.Err() != nil {
					more = nil
					continue
				}
				underWay++
				go func() {
					integration, err := c.retrieve(ctx, slug, &bulk.callConfig, limit)
					results <- Result{slug, integration, err}
				}()
			case r := <-results:
				underWay--
				if !yield(r) {
					return
				}
			case <-done:
				more, done = nil, nil
			}
		}
	}
}

// rateLimit holds back the calls of a bulk when the server asks for a pause. A nil rateLimit holds nothing back.
type rateLimit struct {
	mu    sync.Mutex
	until time.Time
}

// pause holds calls back for d from now, or longer if they already are.
func (l *rateLimit) pause(d time.Duration) {
	if l == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if until := time.Now().Add(d); until.After(l.until) {
		l.until = until
	}
}

// left returns how long calls are still held back.
func (l *rateLimit) left() time.Duration {
	if l == nil {
		return 0
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return max(0, time.Until(l.until))
}

// wait waits until calls are no longer held back. It returns an error if ctx ends, or its deadline would, before that.
func (l *rateLimit) wait(ctx context.Context) error {
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		left := l.left()
		if left == 0 {
			return nil
		}
		if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) <= left {
			return context.DeadlineExceeded
		}
		_ = sleep(ctx, left) // Its error is ctx.Err(), which is checked next.
	}
}
