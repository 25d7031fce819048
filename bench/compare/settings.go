package main

import (
	"flag"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"cardstream/bench/report"
)

// settings are the flags of `compare run`.
type settings struct {
	shown string // the command that a reader would give

	brokers, registry string
	brokerPID         int
	binary, peer      string
	java, peerHeap    string
	peerFlags         []string
	work, out         string
	versions          map[string]string

	measures, subjects []string
	rounds             int
	quick              bool

	commands, warm int           // load
	rates          []float64     // latency
	period         time.Duration // latency, lateness: of each load
	dueRate        float64       // lateness
	waiting        []int         // backlog
	probe          int
	settle         time.Duration
	audited        int
}

// quickFlags make everything small: to see that it works, not how fast.
var quickFlags = []string{"--rounds=1", "--commands=4000", "--warm=1000", "--rates=50,200", "--period=3s", "--due-rate=100",
	"--waiting=1000,5000", "--probe=1000", "--settle=1s", "--audited=600"}

// parse reads the flags. What --quick makes small can still be set.
func parse(args []string) (*settings, error) {
	s := &settings{shown: "compare run " + strings.Join(args, " "), versions: map[string]string{}}
	f := s.flags()
	if slices.Contains(args, "--quick") || slices.Contains(args, "-quick") {
		args = append(slices.Clone(quickFlags), args...)
	}
	if err := f.Parse(args); err != nil {
		return nil, err
	}
	if f.NArg() > 0 {
		return nil, fmt.Errorf("unknown argument %q", f.Arg(0))
	}
	return s, nil
}

func (s *settings) flags() *flag.FlagSet {
	f := flag.NewFlagSet("run", flag.ContinueOnError)
	f.StringVar(&s.brokers, "brokers", "127.0.0.1:19092", "bootstrap brokers")
	f.StringVar(&s.registry, "registry", "http://127.0.0.1:18081/apis/ccompat/v7", "schema registry")
	f.IntVar(&s.brokerPID, "broker-pid", 0, "process id of the broker; 0: its processor time is not measured")
	f.StringVar(&s.binary, "cardstream", "bin/cardstream", "cardstream's binary")
	f.StringVar(&s.peer, "peer", "bench/peer/target", "folder with the peer's jars")
	f.StringVar(&s.java, "java", "java", "Java's launcher")
	f.StringVar(&s.peerHeap, "peer-heap", "1g", "the peer's heap; where memory is measured it is 512m")
	f.Func("peer-flag", "a further flag of the peer, as in --set=commit.interval.ms=20; more than once", func(text string) error {
		name, value, _ := strings.Cut(text, "=")
		s.peerFlags = append(s.peerFlags, name, value)
		return nil
	})
	f.StringVar(&s.shown, "shown", s.shown, "the command to note down, in place of this one")
	f.StringVar(&s.work, "work", ".cache/bench/work", "folder for logs and local stores")
	f.StringVar(&s.out, "out", "bench/results", "folder for the raw figures")
	f.Func("version", "NAME=VALUE: a version to note down; more than once", func(text string) error {
		name, value, _ := strings.Cut(text, "=")
		s.versions[name] = value
		return nil
	})
	f.BoolVar(&s.quick, "quick", false, "make everything small: to see that it works")
	f.IntVar(&s.rounds, "rounds", 3, "how often each measurement is made, in turns")
	f.IntVar(&s.commands, "commands", 500_000, "load: how many commands")
	f.IntVar(&s.warm, "warm", 100_000, "immediate commands before each measurement, so that all code is compiled")
	f.DurationVar(&s.period, "period", time.Minute, "latency, lateness: how long each load is")
	f.Float64Var(&s.dueRate, "due-rate", 1000, "lateness: how many are due a second")
	f.IntVar(&s.probe, "probe", 100_000, "backlog: how many commands are measured on it, in each round")
	f.DurationVar(&s.settle, "settle", 20*time.Second, "backlog: how long to wait before memory is read")
	f.IntVar(&s.audited, "audited", 20_000, "audit: how many commands")
	list(f, &s.measures, "measures", strings.Join(report.Measures, ","), "which", text)
	list(f, &s.subjects, "subjects", strings.Join(names(), ","), "of whom", text)
	list(f, &s.rates, "rates", "100,1000,5000", "latency: commands a second",
		func(text string) (float64, error) { return strconv.ParseFloat(text, 64) })
	list(f, &s.waiting, "waiting", "10000,100000,1000000,10000000", "backlog: how many wait, ascending", strconv.Atoi)
	return f
}

func text(s string) (string, error) { return s, nil }

// list adds a flag whose values are separated by commas.
func list[T any](f *flag.FlagSet, to *[]T, name, otherwise, usage string, read func(string) (T, error)) {
	set := func(value string) error {
		*to = nil
		for part := range strings.SplitSeq(value, ",") {
			item, err := read(part)
			if err != nil {
				return err
			}
			*to = append(*to, item)
		}
		return nil
	}
	if err := set(otherwise); err != nil {
		panic(err) // a default is right
	}
	f.Func(name, usage+" (default "+otherwise+")", set)
}
