package client

import (
	"errors"
	"fmt"

	"github.com/portkey-integration/portkey-integration-go/gen"
)

// ErrInvalidSlug is matched by the error for a slug that the contract does not allow. Nothing was sent: an empty slug
// would reach the list of integrations, ".." its parent, and "?" or "#" would cut the path short.
var ErrInvalidSlug = errors.New("invalid slug")

func checkSlug(slug string) error {
	if _, err := gen.Slug(slug).MarshalText(); err != nil {
		return fmt.Errorf("%w: %w", ErrInvalidSlug, err)
	}
	return nil
}
