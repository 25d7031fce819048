package rig

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"time"

	"cardstream/internal/ledger"
	"cardstream/torture/faults"
)

// pinPattern lets PINs be such that can be searched for, in records and logs alike.
const pinPattern = "[A-Z]{8}"

// cardsPerRate lets a card have a command in so many seconds: often enough that those of one card meet and queue, and
// seldom enough that an outage of a minute leaves no queue that takes longer than that to go one by one.
const cardsPerRate = 25

// cancelEvery is how often a waiting request is cancelled.
const cancelEvery = 500 * time.Millisecond

// load is the commands that come in, and the witness of what becomes of them.
type load struct {
	witness *ledger.Witness
	feeder  *ledger.Feeder

	begun       bool
	breakOff    context.CancelFunc // ends everything at once
	stopCancels context.CancelFunc // ends the cancels
	feeding     sync.WaitGroup
	cancelling  sync.WaitGroup
	random      *rand.Rand
	err         error // of the feeder, read after feeding
	cancelErr   error // of the cancels, read after cancelling
}

func openLoad(ctx context.Context, r *Rig) (*load, error) {
	rules, err := ledger.NewRules(pinPattern, 0)
	if err != nil {
		return nil, err
	}
	mode := ledger.Mode{Results: true, Timeout: headendTimeout}
	if r.config.ClockJump {
		mode.ClockTolerance, mode.ClockJump = clockBound, faults.MostWrong*time.Second
	}
	l := &load{random: rand.New(rand.NewPCG(r.config.Seed, 0))}
	l.witness, err = ledger.Open(ctx, ledger.Config{
		Brokers: r.cluster.brokers, Registry: r.cluster.registry, Prefix: prefix, Rules: rules, Mode: mode,
	})
	if err != nil {
		return nil, err
	}
	l.feeder, err = ledger.NewFeeder(ctx, ledger.FeederConfig{
		Brokers: r.cluster.brokers, Registry: r.cluster.registry, Prefix: prefix, Rate: r.config.Rate,
		Load: ledger.Load{
			Seed: r.config.Seed, Commands: 1 << 40, Cards: int(cardsPerRate * r.config.Rate), Window: 5 * time.Second, Ahead: time.Second,
			Letters: true,
			Mix:     ledger.Mix{Immediate: 30, DueNow: 27, Scheduled: 30, Duplicates: 5, Broken: 5, Cancels: 3},
		},
	})
	if err != nil {
		l.witness.Close()
		return nil, err
	}
	return l, nil
}

// begin writes commands until finish, and returns when the first have come to their end.
func (l *load) begin(ctx context.Context) error {
	feeding, breakOff := context.WithCancel(context.Background())
	cancelling, stopCancels := context.WithCancel(feeding)
	l.breakOff, l.stopCancels, l.begun = breakOff, stopCancels, true
	l.feeding.Go(func() { l.err = l.feeder.Run(feeding) })
	l.cancelling.Go(func() { l.cancelErr = l.cancelSome(cancelling, feeding) })
	limit := time.After(time.Minute)
	for l.witness.Completed() == 0 {
		select {
		case <-time.After(100 * time.Millisecond):
		case <-ctx.Done():
			return ctx.Err()
		case <-limit:
			return fmt.Errorf("no request comes to its end: %s", l.witness.Progress())
		}
	}
	return nil
}

// cancelSome cancels a waiting request now and then, until ctx ends. What it writes has until feeding ends: with its context
// franz-go's client would give up all that waits for the same partition, and brokers may just have been away.
func (l *load) cancelSome(ctx, feeding context.Context) error {
	ticks := time.NewTicker(cancelEvery)
	defer ticks.Stop()
	for n := 0; ; n++ {
		select {
		case <-ctx.Done():
			return nil
		case <-ticks.C:
		}
		_, err := l.feeder.CancelPending(feeding, l.witness, l.random, fmt.Sprintf("cancel-waiting-%d", n))
		if err != nil {
			return fmt.Errorf("cancel what waits: %w", err)
		}
	}
}

// finish ends the writing and returns what was written.
func (l *load) finish() (ledger.Fed, error) {
	l.stopCancels()
	l.cancelling.Wait()
	l.feeder.Finish() // and what was cancelled is written too before Run returns
	l.feeding.Wait()
	return l.feeder.Fed(), errors.Join(l.err, l.cancelErr)
}

func (l *load) close() error {
	if l.begun {
		l.breakOff()
		l.cancelling.Wait()
		l.feeding.Wait()
	}
	l.feeder.Close()
	l.witness.Close()
	return nil
}

// search looks for PINs in everything that processes have printed.
func (l *load) search(logs string) error {
	return filepath.WalkDir(logs, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		text, err := os.ReadFile(path)
		l.witness.Search(path, text)
		return err
	})
}

// settle waits for everything's end, for at most so long, and returns how much has none by then.
func (l *load) settle(ctx context.Context, within time.Duration) (int, error) {
	waiting, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	err := l.witness.WaitSettled(waiting, 2*within)
	switch {
	case ctx.Err() != nil:
		return 0, ctx.Err()
	case err == nil:
		return 0, nil
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, ledger.ErrStuck):
		return max(l.witness.Unsettled(), 1), nil
	}
	return 0, err
}
