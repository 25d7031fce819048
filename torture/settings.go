package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"strings"
	"time"

	"cardstream/torture/faults"
)

// settings are what is said on the command line.
type settings struct {
	length    time.Duration
	seed      uint64
	rate      float64
	processes int

	kinds []faults.Kind
	list  bool // the kinds
	plan  bool // what would happen

	binary, patch string
	root, work    string
}

// parse reads the flags, and reports what cannot be right.
func parse(args []string, out io.Writer) (*settings, error) {
	s := &settings{}
	var minutes float64
	var only, without string
	f := flag.NewFlagSet("scripts/torture", flag.ContinueOnError)
	f.SetOutput(out)
	f.Float64Var(&minutes, "minutes", 20, "how long faults happen")
	f.Uint64Var(&s.seed, "seed", uint64(time.Now().UnixNano()), "of the faults and the commands; another in each run")
	f.Float64Var(&s.rate, "rate", 200, "commands a second")
	f.IntVar(&s.processes, "processes", 3, "processors")
	f.StringVar(&only, "only", "", "kinds of faults, separated by commas; none: all of them")
	f.StringVar(&without, "without", "", "kinds of faults that do not happen")
	f.BoolVar(&s.list, "list", false, "say which kinds there are, and end")
	f.BoolVar(&s.plan, "plan", false, "say what would happen, and end")
	f.StringVar(&s.binary, "binary", "", "cardstream's binary; without it, it is built")
	f.StringVar(&s.patch, "patch", "", "build what is committed with this patch applied, to see that its mistake is found")
	f.StringVar(&s.root, "root", ".", "the repository")
	f.StringVar(&s.work, "work", ".cache/torture/work", "folder for logs and local stores; it is emptied at the start")
	if err := f.Parse(args); err != nil {
		return nil, err
	}
	s.length = time.Duration(minutes * float64(time.Minute))
	kinds, err := faults.Choose(faults.Kinds(), names(only), names(without))
	s.kinds = kinds
	return s, errors.Join(err, s.validate(f.Args()))
}

func (s *settings) validate(rest []string) error {
	var errs []error
	check := func(ok bool, format string, args ...any) {
		if !ok {
			errs = append(errs, fmt.Errorf(format, args...))
		}
	}
	check(len(rest) == 0, "unknown argument %q", rest)
	check(s.length >= 10*time.Second, "--minutes %g: at least ten seconds", s.length.Minutes())
	check(s.rate > 0, "--rate %g: must be positive", s.rate)
	check(s.processes >= 2 && s.processes <= 8, "--processes %d: from 2 to 8", s.processes)
	check(s.binary == "" || s.patch == "", "--binary and --patch exclude each other")
	return errors.Join(errs...)
}

// names splits a list.
func names(list string) []string {
	if list == "" {
		return nil
	}
	return strings.Split(list, ",")
}
