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

// version is set with -ldflags "-X main.version=v1.2.3" in release archives. They are built without version control
// information, so that anyone can reproduce them, and the Go command does not know the version.
var version string

// moduleVersion returns the version that the program was built from.
func moduleVersion() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		info = &debug.BuildInfo{}
	}
	return versionOf(info.Main.Version, version)
}

// versionOf prefers the version that the Go command recorded, of a downloaded module or of a commit.
func versionOf(built, set string) string {
	if built == "(devel)" { // Not valid in a User-Agent.
		built = ""
	}
	return cmp.Or(built, set, "devel")
}
