package main

import (
	"github.com/spf13/cobra"
)

func (a *app) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "portkey-integration",
		Short: "Read integrations of the Portkey Admin API, and check responses against its contract",
		Long: `Read integrations of the Portkey Admin API, and check responses against its contract.

Environment:
  PORTKEY_API_KEY   the API key; it is never taken from a flag's value
  PORTKEY_BASE_URL  the control plane, path prefix included
  NO_COLOR          no colours; CLICOLOR_FORCE=1 for colours where there is no terminal

Exit codes:
  0  success
  1  the response or the contract failed: an error of the API, no complete response, a violation, a failed check; or the
     work was interrupted
  2  the command line or an input cannot be used: a wrong flag, no key, a malformed slug, a file that cannot be read

Data goes to standard output, messages to standard error.`,
		Example: `  portkey-integration get --sandbox openai-production
  portkey-integration check response.json
  portkey-integration serve
  portkey-integration proxy --upstream https://api.portkey.ai/v1
  portkey-integration verify my-integration --base-url https://aws-cp.portkey.ai/api/v1
  portkey-integration spec --output json`,
		Version:       moduleVersion(),
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	root.SetVersionTemplate("{{.DisplayName}} {{.Version}}\n")
	root.AddCommand(a.getCommand(), a.checkCommand(), a.serveCommand(), a.proxyCommand(), a.verifyCommand(), a.specCommand(),
		a.versionCommand(), a.manCommand(root))
	return root
}
