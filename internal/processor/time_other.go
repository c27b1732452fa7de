//go:build !unix

package processor

import "time"

// Time returns 0: CPU time is not measured on this system.
func Time() time.Duration { return 0 }
