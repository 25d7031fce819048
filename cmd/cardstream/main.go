// Command cardstream turns a CRM's commands into smartcard commands for a pay-TV headend, exactly once, at their time.
//
//	CRM ──commands──▶ intake ──requests──▶ dispatch ──smartcard commands──▶ headend adapter
//	                              ▲            │                                  │
//	                              └─results────┼──────────────────────────────────┘
//	CRM ◀──────────── life cycle events ───────┘
//
// Each file of this package is one subcommand: settings in, parts put together, signals out. What a part does stands in
// its own room, and what one process does in package processor; docs/design.md has the plan of the house.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/alecthomas/kong"

	"cardstream/admin"
)

// The exit codes of docs/contract.md.
const (
	exitDone   = 0
	exitFailed = 1
	exitUsage  = 2
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	// The first signal drains; the second one, no longer caught, ends the process at once. That too is safe.
	context.AfterFunc(ctx, stop)
	os.Exit(execute(ctx, os.Args[1:], streams{in: os.Stdin, out: os.Stdout, err: os.Stderr}))
}

// streams are the process's own, or a test's.
type streams struct {
	in       io.Reader
	out, err io.Writer
}

// commandLine is everything that can be said on the command line.
type commandLine struct {
	Dev         devCommand         `cmd:"" help:"Everything in one process, with an embedded broker and registry: for trying it out."`
	Run         runCommand         `cmd:"" help:"The processor, on a Kafka cluster."`
	Topics      topicsCommand      `cmd:"" help:"Create the topics and register the schemas, or check them."`
	Send        sendCommand        `cmd:"" help:"Send commands from flags or JSON lines."`
	Watch       watchCommand       `cmd:"" help:"Follow a topic, decoded, one JSON line a record."`
	DeadLetters deadLettersCommand `cmd:"" name:"dead-letters" help:"Look at the dead letters, or put them back."`
	Pause       pauseCommand       `cmd:"" help:"Send nothing but what is immediate, on every instance, until resume."`
	Resume      resumeCommand      `cmd:"" help:"End a pause."`
	Rate        rateCommand        `cmd:"" help:"Bound the smartcard commands a second, for the whole application."`
	HeadendSim  headendSimCommand  `cmd:"" name:"headend-sim" help:"A simulated headend adapter."`
}

// usageError is a setting that cannot be right: one clear line, and exit code 2, before anything is consumed.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

// execute runs one command line and returns the exit code.
func execute(ctx context.Context, args []string, std streams) int {
	var line commandLine
	helped := false
	parser, err := kong.New(&line,
		kong.Name("cardstream"),
		kong.Description("PIN changes for smartcards: from the CRM's commands to the headend, exactly once, at their time."),
		kong.UsageOnError(),
		kong.DefaultEnvars("CARDSTREAM"),
		kong.Vars{"letterfilter": admin.FilterHelp},
		kong.Writers(std.out, std.err),
		kong.Exit(func(int) { helped = true }),
		kong.ExplicitGroups([]kong.Group{{Key: "headend", Title: "The simulated headend:"}}),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, WrapUpperBound: 120}),
	)
	if err != nil {
		panic(err) // the struct above is wrong
	}
	if len(args) == 0 {
		args = []string{"--help"}
	}
	command, err := parser.Parse(args)
	if helped {
		return exitDone
	}
	if err != nil {
		return report(std, usageError{err})
	}
	command.BindTo(ctx, (*context.Context)(nil))
	return report(std, command.Run(std))
}

// report says what went wrong in one line, and which exit code that is. An end that was asked for is no failure.
func report(std streams, err error) int {
	if err == nil {
		return exitDone
	}
	// Several problems at once are still one line.
	fmt.Fprintln(std.err, "cardstream:", strings.ReplaceAll(err.Error(), "\n", "; "))
	if _, usage := errors.AsType[usageError](err); usage {
		return exitUsage
	}
	return exitFailed
}
