package client

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"syscall"
	"time"
)

// log logs an attempt. The attributes are an allowlist: no URL, host, header or body, except the trace id, which is
// meant to be quoted to support.
func (x *exchange) log(ctx context.Context, took time.Duration, failure error) {
	logger := x.client.logger
	if logger == nil || !logger.Enabled(ctx, slog.LevelDebug) {
		return
	}
	attrs := []slog.Attr{
		slog.String("method", http.MethodGet),
		slog.String("path", "/integrations/{slug}"),
		slog.Int("attempt", x.attempts),
		slog.Duration("duration", took),
	}
	if x.response != nil {
		attrs = append(attrs, slog.Int("status", x.response.StatusCode), slog.Int("bytes", len(x.body)))
		if trace := x.traceID(); trace != "" {
			attrs = append(attrs, slog.String("trace_id", trace))
		}
	}
	if failure != nil {
		attrs = append(attrs, slog.String("error", kindOf(failure)))
	}
	logger.LogAttrs(ctx, slog.LevelDebug, "portkey request", attrs...)
}

// kindOf classifies a failure for the log. The error's own text may contain hosts and addresses.
func kindOf(failure error) string {
	var (
		redirect *RedirectError
		tooLarge *ResponseTooLargeError
		dns      *net.DNSError
		errno    syscall.Errno
	)
	switch {
	case errors.Is(failure, context.Canceled):
		return "canceled"
	case errors.Is(failure, context.DeadlineExceeded):
		return "timeout"
	case errors.As(failure, &redirect):
		return "redirect not followed"
	case errors.As(failure, &tooLarge):
		return "response too large"
	case errors.As(failure, &dns):
		return "host not found"
	case isCertificate(failure):
		return "certificate not accepted"
	case errors.As(failure, &errno):
		return errno.Error()
	case errors.Is(failure, io.EOF), errors.Is(failure, io.ErrUnexpectedEOF):
		return "connection closed"
	}
	return "connection failed"
}
