// Command figures measures a running cardstream from outside: how long a command takes to its smartcard command, how late
// scheduled ones are, how fast a burst is worked off. A smartcard command counts when it can be read as committed.
//
//	go run ./bench/figures --mode immediate --n 100
//	go run ./bench/figures --mode load      --n 60000 --rate 1000
//	go run ./bench/figures --mode spread    --n 60000 --rate 1000
//	go run ./bench/figures --mode burst     --n 100000 --ahead 60s
//	go run ./bench/figures --mode backlog   --n 1000000 --ahead 8760h
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"time"

	"cardstream/bench/meter"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "figures:", err)
		os.Exit(1)
	}
}

// settings are the flags.
type settings struct {
	brokers, registry, prefix, mode string
	n                               int
	rate                            float64
	ahead, pause, timeout           time.Duration
}

func run(ctx context.Context) error {
	var s settings
	flag.StringVar(&s.brokers, "brokers", "127.0.0.1:9092", "bootstrap brokers")
	flag.StringVar(&s.registry, "registry", "http://127.0.0.1:8081", "schema registry")
	flag.StringVar(&s.prefix, "prefix", "", "prefix of the topics' names")
	flag.StringVar(&s.mode, "mode", "immediate", "immediate, load, spread, burst or backlog")
	flag.IntVar(&s.n, "n", 100, "how many commands")
	flag.Float64Var(&s.rate, "rate", 1000, "load: how many are written a second; spread: are due a second")
	flag.DurationVar(&s.ahead, "ahead", 30*time.Second, "how far ahead the (first) date is")
	flag.DurationVar(&s.pause, "pause", 200*time.Millisecond, "immediate: between one command's end and the next")
	flag.DurationVar(&s.timeout, "timeout", 10*time.Minute, "bound on the whole")
	flag.Parse()
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	m, err := meter.Open(ctx, meter.Config{Brokers: strings.Split(s.brokers, ","), Registry: s.registry, Prefix: s.prefix})
	if err != nil {
		return err
	}
	return errors.Join(s.measure(ctx, m), m.Close())
}

func (s settings) measure(ctx context.Context, m *meter.Meter) error {
	switch s.mode {
	case "immediate":
		return s.immediate(ctx, m)
	case "load":
		return s.load(ctx, m)
	case "spread":
		return s.scheduled(ctx, m, s.rate)
	case "burst":
		return s.scheduled(ctx, m, 0)
	case "backlog":
		due := time.Now().Add(s.ahead)
		began := time.Now()
		_, err := m.Feed(ctx, meter.Plan{Commands: s.n, Due: func(int) time.Time { return due }, Untimed: true})
		fmt.Printf("fed %d commands in %.1f s\n", s.n, time.Since(began).Seconds())
		return err
	}
	return fmt.Errorf("mode %q is none", s.mode)
}

// immediate sends one command at a time to an idle system.
func (s settings) immediate(ctx context.Context, m *meter.Meter) error {
	took := make([]int64, 0, s.n)
	for range s.n {
		l, err := m.Feed(ctx, meter.Plan{Commands: 1})
		if err == nil {
			err = l.Await(ctx)
		}
		if err != nil {
			return err
		}
		took = append(took, l.FromPlan().Max.Microseconds())
		select {
		case <-time.After(s.pause):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	fmt.Println("send to committed smartcard command:", meter.QuantilesOf(took))
	return nil
}

// load sends immediate ones at a rate.
func (s settings) load(ctx context.Context, m *meter.Meter) error {
	l, err := m.Feed(ctx, meter.Plan{Commands: s.n, Rate: s.rate})
	if err == nil {
		err = l.Await(ctx)
	}
	if err != nil {
		return err
	}
	fmt.Println("append to committed smartcard command:", l.FromAppend())
	fmt.Println("planned moment to it:", l.FromPlan())
	fmt.Printf("%.0f commands a second\n", float64(s.n)/l.Took().Seconds())
	return nil
}

// scheduled sends those that fall due at a rate, or all at once, and measures how late each is.
func (s settings) scheduled(ctx context.Context, m *meter.Meter, rate float64) error {
	first := time.Now().Add(s.ahead).Truncate(time.Second)
	l, err := m.Feed(ctx, meter.Plan{Commands: s.n, Due: meter.Spread(first, rate)})
	if err != nil {
		return err
	}
	if left := time.Until(first); left < time.Second {
		return fmt.Errorf("feeding took too long: %s before the first date (--ahead)", left)
	}
	if err := l.Await(ctx); err != nil {
		return err
	}
	late, early := l.Lateness()
	fmt.Println("arrival after due:", late)
	fmt.Printf("early %d\n", early)
	return nil
}
