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
	exitFailed = 1 // The response or the contract failed.
	exitUsage  = 2 // The command line or an input cannot be used.
)

// app is one run of the program: what it reads from and writes to.
type app struct {
	env     func(string) string
	in      io.Reader
	out     *bufio.Writer // Data.
	err     io.Writer     // Messages.
	color   bool          // Whether out shows colours.
	live    bool          // Whether err is a terminal, where a note can be written and wiped.
	shown   bool          // Whether out is a terminal.
	running bool          // Whether the command line was understood.
}

// run is the whole program, and returns its exit code.
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
	root.SetArgs(append([]string{}, args...)) // Of nil, cobra would make os.Args.
	root.SetIn(in)
	root.SetOut(a.out)
	root.SetErr(err)
	command, failure := root.ExecuteContextC(ctx)
	return a.exit(command, cmp.Or(failure, a.out.Flush()))
}

// pipe is a writer whose reader may have seen enough, as head has: that is no failure.
type pipe struct{ io.Writer }

func (p pipe) Write(b []byte) (int, error) {
	n, err := p.Writer.Write(b)
	if errors.Is(err, syscall.EPIPE) {
		return len(b), nil
	}
	return n, err
}

// failed is a failure that was reported already.
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

// complain writes a message. What it repeats of a server, a file or an argument, it makes fit for a terminal.
func (a *app) complain(format string, args ...any) {
	fmt.Fprintln(a.err, "portkey-integration: "+text.Line(fmt.Sprintf(format, args...), maxMessage))
}

// maxMessage is the most characters of a message.
const maxMessage = 4000

// exitCode tells a response that is no good from a request that was none.
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

// action makes f what a command does. An error before it is one of the command line.
func (a *app) action(f func(ctx context.Context, args []string) error) func(*cobra.Command, []string) error {
	return func(command *cobra.Command, args []string) error {
		a.running = true
		return f(command.Context(), args)
	}
}

// choice is a flag that takes one of a few words.
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

// flag adds c to a command, for which shells complete its values.
func (c *choice) flag(command *cobra.Command, name, shorthand, usage string) {
	command.Flags().VarP(c, name, shorthand, usage)
	_ = command.RegisterFlagCompletionFunc(name, cobra.FixedCompletions(c.allowed, cobra.ShellCompDirectiveNoFileComp))
}
