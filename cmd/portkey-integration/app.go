package main

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/portkey-integration/portkey-integration-go/client"
)

const (
	exitAnswer = 1 // The answer or the contract says no.
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
	a.complain("%s", inFlags.Replace(err.Error()))
	if !a.running {
		fmt.Fprintf(a.err, "Run '%s --help' for usage and examples.\n", command.CommandPath())
	}
	return exitCode(err)
}

// inFlags puts the flags of this program where package client names its options.
var inFlags = strings.NewReplacer(
	"; use https, or WithInsecureHTTP", "; use https",
	"; raise the limit with WithMaxResponseBytes", "",
	"use WithAPIKey or WithBearerToken", "use "+envAPIKey+" or --api-key-file",
	"use WithWorkspaceID for the workspace", "use --workspace-id for the workspace",
	"WithAPIKey: ", "",
	"WithBaseURL: ", "",
)

func (a *app) complain(format string, args ...any) {
	fmt.Fprintf(a.err, "portkey-integration: "+format+"\n", args...)
}

// exitCode tells an answer that is no good from a question that was none.
func exitCode(err error) int {
	for _, isAnswer := range []func(error) bool{
		is[*client.APIError],
		is[*client.ValidationError],
		is[*client.DecodeError],
		is[*client.ResponseTooLargeError],
		is[*client.RedirectError],
		is[*client.TransportError],
	} {
		if isAnswer(err) {
			return exitAnswer
		}
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

// read reads a file, or standard input where the name is "-".
func (a *app) read(name string) ([]byte, error) {
	if name == "-" {
		data, err := io.ReadAll(a.in)
		if err != nil {
			return nil, fmt.Errorf("standard input: %w", err)
		}
		return data, nil
	}
	return os.ReadFile(name)
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
