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

// regretEvery is how often a waiting request is cancelled.
const regretEvery = 500 * time.Millisecond

// load is the commands that come in, and the witness of what becomes of them.
type load struct {
	witness *ledger.Witness
	feeder  *ledger.Feeder

	begun      bool
	breakOff   context.CancelFunc // ends everything at once
	noRegrets  context.CancelFunc // ends the cancels
	feeding    sync.WaitGroup
	regretting sync.WaitGroup
	random     *rand.Rand
	err        error // of the feeder, read after feeding
	regretErr  error // of the cancels, read after regretting
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
	regretting, noRegrets := context.WithCancel(feeding)
	l.breakOff, l.noRegrets, l.begun = breakOff, noRegrets, true
	l.feeding.Go(func() { l.err = l.feeder.Run(feeding) })
	l.regretting.Go(func() { l.regretErr = l.regret(regretting) })
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

// regret cancels a request now and then that waits, as far as the witness has heard: by the time that the cancel is
// read, many are sent.
func (l *load) regret(ctx context.Context) error {
	ticks := time.NewTicker(regretEvery)
	defer ticks.Stop()
	for n := 0; ; n++ {
		select {
		case <-ctx.Done():
			return nil
		case <-ticks.C:
		}
		pending := l.witness.Pending()
		if len(pending) == 0 {
			continue
		}
		number := pending[l.random.IntN(len(pending))]
		if err := l.feeder.Cancel(ctx, fmt.Sprintf("regret-%d", n), number); err != nil && ctx.Err() == nil {
			return fmt.Errorf("cancel %s: %w", number, err)
		}
	}
}

// finish ends the writing and returns what was written.
func (l *load) finish() (ledger.Fed, error) {
	l.noRegrets()
	l.regretting.Wait()
	l.feeder.Finish() // and what was cancelled is written too before Run returns
	l.feeding.Wait()
	return l.feeder.Fed(), errors.Join(l.err, l.regretErr)
}

func (l *load) close() error {
	if l.begun {
		l.breakOff()
		l.regretting.Wait()
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
