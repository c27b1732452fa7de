package main

import (
	"cmp"
	"context"
	"fmt"
	"runtime/debug"

	"github.com/spf13/cobra"
)

func (a *app) versionCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the versions of this program and of its contract",
		Args:  cobra.NoArgs,
		RunE: a.action(func(context.Context, []string) error {
			goVersion := ""
			if info, ok := debug.ReadBuildInfo(); ok {
				goVersion = " (" + info.GoVersion + ")"
			}
			c := loadHeader()
			_, err := fmt.Fprintf(a.out, "portkey-integration %s%s\ncontract %s (OpenAPI %s)\n",
				moduleVersion(), goVersion, c.Info.Version, c.OpenAPI)
			return err
		}),
	}
}

// version is set with -ldflags "-X main.version=v1.2.3" where the Go command does not know it: in release archives, which
// are built without the version control, so that anyone can build the same.
var version string

// moduleVersion is the version that the program was built from.
func moduleVersion() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		info = &debug.BuildInfo{}
	}
	return versionOf(info.Main.Version, version)
}

// versionOf prefers what the Go command knows: of a module that was downloaded, or of a commit.
func versionOf(built, set string) string {
	if built == "(devel)" { // No word for a User-Agent.
		built = ""
	}
	return cmp.Or(built, set, "devel")
}
