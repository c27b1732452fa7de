package main

import (
	"github.com/spf13/cobra"
)

func (a *app) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "portkey-integration",
		Short: "Read integrations of the Portkey Admin API, and check answers against its contract",
		Long: `Read integrations of the Portkey Admin API, and check answers against its contract.

Environment:
  PORTKEY_API_KEY   the API key; it is never taken from a flag's value
  PORTKEY_BASE_URL  the control plane, path prefix included
  NO_COLOR          no colours; CLICOLOR_FORCE=1 for colours where there is no terminal

Exit codes:
  0  fine
  1  the answer or the contract says no: an error of the API, no complete answer, a violation, a failed check
  2  the command line or an input cannot be used: a wrong flag, no key, a malformed slug, a file that cannot be read
     or is no JSON

Data goes to standard output, messages to standard error.`,
		Example: `  portkey-integration get --sandbox openai-production
  portkey-integration check answer.json
  portkey-integration serve
  portkey-integration verify --base-url https://aws-cp.portkey.ai/api/v1 --slug my-integration
  portkey-integration spec --output json`,
		Version:       moduleVersion(),
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	root.SetVersionTemplate("{{.DisplayName}} {{.Version}}\n")
	root.AddCommand(a.getCommand(), a.checkCommand(), a.serveCommand(), a.verifyCommand(), a.specCommand(),
		a.versionCommand(), a.manCommand(root))
	return root
}
