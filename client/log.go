package client

import (
	"log/slog"
	"net/http"
	"time"
)

// log says what an attempt brought. The attributes are an allowlist: no URL, header, body or message ever gets here,
// except the trace id, which is there to be quoted.
func (x *exchange) log(status, bytes int, trace string) {
	logger := x.client.logger
	if logger == nil || !logger.Enabled(x.ctx, slog.LevelDebug) {
		return
	}
	attrs := []slog.Attr{
		slog.String("method", http.MethodGet),
		slog.String("path", "/integrations/{slug}"),
		slog.Int("attempt", x.answer.attempts),
		slog.Duration("duration", time.Since(x.start)),
	}
	if status != 0 {
		attrs = append(attrs, slog.Int("status", status), slog.Int("bytes", bytes))
	}
	if trace != "" {
		attrs = append(attrs, slog.String("trace_id", x.answer.secrets().clean(trace)))
	}
	logger.LogAttrs(x.ctx, slog.LevelDebug, "portkey request", attrs...)
}

// logUnread is log for an attempt whose response, if any, is dropped.
func (x *exchange) logUnread(response *http.Response) {
	if response == nil {
		x.log(0, 0, "")
		return
	}
	x.log(response.StatusCode, 0, traceID(response))
}
