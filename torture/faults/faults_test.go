package faults_test

import (
	"context"
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"cardstream/internal/leaktest"
	"cardstream/torture/faults"
	"cardstream/torture/schedule"
)

func TestMain(m *testing.M) { leaktest.Main(m) }

// blows are some of a kind, so that each of its variants is among them.
func blows(k faults.Kind) []schedule.Blow {
	return schedule.Of(1, 20*time.Minute, []schedule.Kind{k.Scheduled(processes)})
}

// Whichever of its operations fails, a fault's undo makes everything right again.
func TestUndoMakesRightWhateverHasFailed(t *testing.T) {
	for _, kind := range faults.Kinds() {
		t.Run(kind.Name, func(t *testing.T) {
			for _, b := range blows(kind)[:8] {
				for failAt := 0; ; failAt++ {
					tried := 0
					synctest.Test(t, func(t *testing.T) {
						w, scene := newWorld()
						w.failAt = failAt
						fault := kind.New(scene, b)
						_ = fault.Inject(t.Context()) // it may fail: that is what is tried
						<-time.After(kind.Most)
						tried = w.operations()
						w.mu.Lock()
						w.failAt = 0
						w.mu.Unlock()
						_ = fault.Undo(t.Context())
						w.wantRight(t)
					})
					if failAt >= tried {
						break
					}
				}
			}
		})
	}
}

// Every kind does something.
func TestEveryKindMakesSomethingWrong(t *testing.T) {
	for _, kind := range faults.Kinds() {
		synctest.Test(t, func(t *testing.T) {
			w, scene := newWorld()
			fault := kind.New(scene, blows(kind)[0])
			if err := fault.Inject(t.Context()); err != nil {
				t.Errorf("%s: %v", kind.Name, err)
			}
			<-time.After(kind.Most)
			if w.operations() == 0 || fault.Name() == "" {
				t.Errorf("%s (%q) does nothing", kind.Name, fault.Name())
			}
			if err := fault.Undo(t.Context()); err != nil {
				t.Errorf("%s: undo: %v", kind.Name, err)
			}
		})
	}
}

// The same blow draws the same details.
func TestABlowSaysTheSameAgain(t *testing.T) {
	for _, kind := range faults.Kinds() {
		_, scene := newWorld()
		for _, b := range blows(kind) {
			if a, again := kind.New(scene, b).Name(), kind.New(scene, b).Name(); a != again {
				t.Errorf("%q, then %q", a, again)
			}
		}
	}
}

func TestAStormStrikesInOrderAndUndoesAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, scene := newWorld()
		planned := everything(3 * time.Minute)
		var said []schedule.Blow
		err := faults.Storm(t.Context(), scene, faults.Kinds(), planned, func(b schedule.Blow, _ faults.Fault) {
			said = append(said, b)
		})
		if err != nil || !reflect.DeepEqual(said, planned) {
			t.Errorf("%v; %d of %d blows told of", err, len(said), len(planned))
		}
		w.wantRight(t)
	})
}

func TestAStormThatIsBrokenOffUndoesAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, scene := newWorld()
		ctx, cancel := context.WithTimeout(t.Context(), 40*time.Second)
		defer cancel()
		began, said := time.Now(), 0
		err := faults.Storm(ctx, scene, faults.Kinds(), everything(3*time.Minute), func(schedule.Blow, faults.Fault) { said++ })
		if err != nil || said == 0 || time.Since(began) > 41*time.Second {
			t.Errorf("%v; %d blows, ended after %s", err, said, time.Since(began))
		}
		w.wantRight(t)
	})
}

func TestAStormTellsOfAFaultThatFailed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, scene := newWorld()
		w.failAt = 3
		kind := faults.Named(faults.Kinds(), "kill-process")
		err := faults.Storm(t.Context(), scene, faults.Kinds(), blows(kind), func(schedule.Blow, faults.Fault) {})
		if !errors.Is(err, errFails) || !strings.Contains(err.Error(), ", kill -9 of process") {
			t.Errorf("%v, want one that names the fault", err)
		}
		w.wantRight(t)
	})
}

func everything(length time.Duration) []schedule.Blow {
	var kinds []schedule.Kind
	for _, k := range faults.Kinds() {
		kinds = append(kinds, k.Scheduled(processes))
	}
	return schedule.Of(1, length, kinds)
}

func TestChoose(t *testing.T) {
	for name, test := range map[string]struct {
		only, without []string
		want          []string // nil: an error
	}{
		"only":           {only: []string{"cut", "kill-process"}, want: []string{"kill-process", "cut"}},
		"without":        {only: []string{"cut", "slow"}, without: []string{"cut"}, want: []string{"slow"}},
		"unknown":        {only: []string{"cat"}},
		"unknown out":    {without: []string{"cat"}},
		"in and out too": {only: []string{"cut"}, without: []string{"cut"}, want: []string{}},
	} {
		chosen, err := faults.Choose(faults.Kinds(), test.only, test.without)
		names := []string{}
		for _, k := range chosen {
			names = append(names, k.Name)
		}
		if (err != nil) != (test.want == nil) || err == nil && !slices.Equal(names, test.want) {
			t.Errorf("%s: %v, %v", name, names, err)
		}
	}
	if all, err := faults.Choose(faults.Kinds(), nil, nil); err != nil || len(all) != len(faults.Kinds()) {
		t.Errorf("%d of %d: %v", len(all), len(faults.Kinds()), err)
	}
}

// unable is a machine without small disks, and a binary whose clock is always right.
type unable struct {
	faults.Stores
	faults.Clocks
}

func (unable) Bounded() bool  { return false }
func (unable) Settable() bool { return false }

func TestWhatCannotBeIsLeftOutAndSaid(t *testing.T) {
	_, scene := newWorld()
	scene.Stores, scene.Clocks = unable{}, unable{}
	possible, missing := faults.Possible(faults.Kinds(), scene)
	if len(possible) != len(faults.Kinds())-2 || len(missing) != 2 || faults.Has(possible, "disk-full") ||
		faults.Has(possible, "clock") {
		t.Errorf("%d kinds; %q", len(possible), missing)
	}
}

// Kafka loses a partition whose replicas are moved while brokers are killed: a run with that has no verdict.
func TestNoBrokerIsKilledWhileReplicasMove(t *testing.T) {
	kinds := faults.Kinds()
	for _, broker := range []string{"kill-broker", "kill-brokers"} {
		killed := faults.Named(kinds, broker).Scheduled(processes).Claims(0)
		moved := faults.Named(kinds, "reassign").Scheduled(processes).Claims(0)
		if !slices.ContainsFunc(killed, func(claim string) bool { return slices.Contains(moved, claim) }) {
			t.Errorf("%s claims %v, and reassign %v", broker, killed, moved)
		}
	}
}
