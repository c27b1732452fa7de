//go:build ogen

package bench

import (
	"github.com/go-faster/jx"

	ogenclient "github.com/portkey-integration/portkey-integration-go/bench/clients/ogen"
	"github.com/portkey-integration/portkey-integration-go/bench/ogen"
)

func init() {
	rows = append(rows, row{"ogen", ogenclient.New, true})
	parts = append(parts, part{"ogen", func(body []byte) error {
		var in ogen.Integration
		if err := in.Decode(jx.DecodeBytes(body)); err != nil {
			return err
		}
		return in.Validate()
	}})
}
