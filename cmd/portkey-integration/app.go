package main

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/portkey-integration/portkey-integration-go/client"
	"github.com/portkey-integration/portkey-integration-go/internal/text"
)

const (
	exitFailed = 1 // A response is an error or violates the contract.
	exitUsage  = 2 // The command line or an input is invalid.
)

// app is one run of the program: what it reads from and writes to.
type app struct {
	env     func(string) string
	in      io.Reader
	out     *bufio.Writer // Data.
	err     io.Writer     // Messages.
	color   bool          // Whether out shows colours.
	live    bool          // Whether err is a terminal, which can show notes on the progress.
	shown   bool          // Whether out is a terminal.
	running bool          // Whether the command line was valid.
}

// run runs the program and returns its exit code.
func run(ctx context.Context, args []string, env func(string) string, in io.Reader, out, err io.Writer) int {
	a := &app{
		env:   env,
		in:    in,
		out:   bufio.NewWriter(pipe{out}),
		err:   err,
		color: wantsColor(env, out),
		live:  isTerminal(err),
		shown: isTerminal(out),
	}
	root := a.root()
	root.SetArgs(append([]string{}, args...)) // cobra replaces nil with os.Args.
	root.SetIn(in)
	root.SetOut(a.out)
	root.SetErr(err)
	command, failure := root.ExecuteContextC(ctx)
	return a.exit(command, cmp.Or(failure, a.out.Flush()))
}

// pipe is a writer that ignores EPIPE, since a reader such as head may exit early.
type pipe struct{ io.Writer }

func (p pipe) Write(b []byte) (int, error) {
	n, err := p.Writer.Write(b)
	if errors.Is(err, syscall.EPIPE) {
		return len(b), nil
	}
	return n, err
}

// failed is the exit code of a failure that was already reported.
type failed int

func (f failed) Error() string { return fmt.Sprintf("exit code %d", int(f)) }

func (a *app) exit(command *cobra.Command, err error) int {
	if err == nil {
		return 0
	}
	if reported, ok := errors.AsType[failed](err); ok {
		return int(reported)
	}
	a.complain("%s", inFlags(err))
	if !a.running {
		fmt.Fprintf(a.err, "Run '%s --help' for usage and examples.\n", command.CommandPath())
	}
	return exitCode(err)
}

// complain writes a message on one line, without characters that are unsafe for a terminal.
func (a *app) complain(format string, args ...any) {
	fmt.Fprintln(a.err, "portkey-integration: "+text.Line(fmt.Sprintf(format, args...), maxMessage))
}

// maxMessage is the maximum length of a message, in characters.
const maxMessage = 4000

// exitCode distinguishes a request that failed from one that could not be made.
func exitCode(err error) int {
	for _, isResponse := range []func(error) bool{
		is[*client.APIError],
		is[*client.ValidationError],
		is[*client.DecodeError],
		is[*client.ResponseTooLargeError],
		is[*client.RedirectError],
		is[*client.TransportError],
	} {
		if isResponse(err) {
			return exitFailed
		}
	}
	if errors.Is(err, context.Canceled) {
		return exitFailed
	}
	return exitUsage
}

func is[E error](err error) bool {
	_, ok := errors.AsType[E](err)
	return ok
}

// action returns the RunE function of a command. Errors before it runs are errors of the command line.
func (a *app) action(f func(ctx context.Context, args []string) error) func(*cobra.Command, []string) error {
	return func(command *cobra.Command, args []string) error {
		a.running = true
		return f(command.Context(), args)
	}
}

// choice is a flag whose value is one of a few words.
type choice struct {
	value   string
	allowed []string // The first one is the default.
}

func choose(allowed ...string) *choice { return &choice{allowed[0], allowed} }

func (c *choice) String() string { return c.value }
func (c *choice) Type() string   { return strings.Join(c.allowed, "|") }

func (c *choice) Set(text string) error {
	if !slices.Contains(c.allowed, text) {
		return fmt.Errorf("want %s", strings.Join(c.allowed, ", "))
	}
	c.value = text
	return nil
}

// flag adds c to a command, with shell completion for its values.
func (c *choice) flag(command *cobra.Command, name, shorthand, usage string) {
	command.Flags().VarP(c, name, shorthand, usage)
	_ = command.RegisterFlagCompletionFunc(name, cobra.FixedCompletions(c.allowed, cobra.ShellCompDirectiveNoFileComp))
}
