// Command compare measures cardstream, the peer and the limit on one cluster in one run, and writes down what it found.
// scripts/bench builds what it needs, starts a broker, and runs it.
//
//	compare run [flags]       measure; raw figures go to --out as JSON
//	compare render [flags]    make the page with tables and plots of them again
//	compare limit [flags]     be the limit: a raw transactional copy (`run` starts it)
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"cardstream/bench/report"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			os.Exit(2)
		}
		fmt.Fprintln(os.Stderr, "compare:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	if len(args) == 0 {
		return errors.New("run, render or limit?")
	}
	switch command, rest := args[0], args[1:]; command {
	case "run":
		s, err := parse(rest)
		if err != nil {
			return err
		}
		return s.run(ctx)
	case "render":
		flags := flag.NewFlagSet("render", flag.ContinueOnError)
		raw := flags.String("out", "bench/results", "folder of the raw figures")
		page := flags.String("page", "bench/RESULTS.md", "page to write; plots go beside it")
		if err := flags.Parse(rest); err != nil {
			return err
		}
		return report.Render(*raw, *page)
	case "limit":
		return beTheLimit(ctx, rest)
	default:
		return fmt.Errorf("%s is no command", command)
	}
}
