package main

import (
	"context"
	"fmt"
	"runtime/debug"
	"strings"

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

// moduleVersion is the version that the program was built from, as the Go command knows it.
func moduleVersion() string {
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return strings.Trim(info.Main.Version, "()") // "(devel)" is no word for a User-Agent.
	}
	return "devel"
}
