package main

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"
)

func (a *app) manCommand(root *cobra.Command) *cobra.Command {
	return &cobra.Command{
		Use:   "man",
		Short: "Print the manual page",
		Long:  `Print a manual page for all commands, in man(7) format.`,
		Example: `  portkey-integration man > /usr/local/share/man/man1/portkey-integration.1
  portkey-integration man | man -l -`,
		Args:   cobra.NoArgs,
		Hidden: true,
		RunE: a.action(func(context.Context, []string) error {
			writeManual(a.out, root)
			return nil
		}),
	}
}

// writeManual writes the help of all commands. Cobra's own generator depends on a Markdown parser.
func writeManual(w io.Writer, root *cobra.Command) {
	fmt.Fprintf(w, ".TH %s 1 \"\" %q \"User Commands\"\n", strings.ToUpper(root.Name()), roff(root.Name()+" "+moduleVersion()))
	fmt.Fprintf(w, ".SH NAME\n%s \\- %s\n", roff(root.Name()), roff(root.Short))
	fmt.Fprintf(w, ".SH SYNOPSIS\n%s\n.I command\n[flags]\n", roff(root.Name()))
	fmt.Fprint(w, ".SH DESCRIPTION\n")
	verbatim(w, root.Long)
	fmt.Fprint(w, ".SH COMMANDS\n")
	for _, command := range root.Commands() {
		if command.IsAvailableCommand() {
			writeCommand(w, command)
		}
	}
	fmt.Fprint(w, ".SH EXAMPLES\n")
	verbatim(w, root.Example)
}

func writeCommand(w io.Writer, command *cobra.Command) {
	fmt.Fprintf(w, ".SS %s\n", roff(strings.TrimPrefix(command.UseLine(), command.Root().Name()+" ")))
	text := command.Long
	if text == "" {
		text = command.Short + "."
	}
	verbatim(w, text)
	if flags := command.NonInheritedFlags().FlagUsages(); flags != "" {
		fmt.Fprint(w, ".PP\nFlags:\n")
		verbatim(w, flags)
	}
	if command.Example != "" {
		fmt.Fprint(w, ".PP\nExamples:\n")
		verbatim(w, command.Example)
	}
}

// verbatim writes text without filling lines, since help is already laid out for a terminal.
func verbatim(w io.Writer, text string) {
	fmt.Fprintf(w, ".nf\n%s\n.fi\n", roff(strings.Trim(text, "\n")))
}

// roff escapes what man(7) would interpret.
func roff(text string) string {
	text = strings.NewReplacer(`\`, `\e`, `-`, `\-`).Replace(text)
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		if strings.HasPrefix(line, ".") || strings.HasPrefix(line, "'") {
			lines[i] = `\&` + line
		}
	}
	return strings.Join(lines, "\n")
}
