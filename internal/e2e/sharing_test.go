package e2e_test

import (
	"context"
	"testing"
	"time"

	"cardstream/internal/ledger"
)

// sessionTimeout is run's default.
const sessionTimeout = 6 * time.Second

// shared is two processes that share the partitions of three brokers, under a steady load.
type shared struct {
	*deployment
	own     *ownCluster
	witness *ledger.Witness
	feed    *feed
	pulse   *pulse

	baseline time.Duration // how long a partition stands still without a blow
}

func share(t *testing.T) *shared {
	t.Helper()
	own := ownClusters.start(t, 3)
	s := &shared{deployment: deploy(t, own.Cluster), own: own}
	s.witness = s.deployment.witness(ledger.Rules{})
	s.run(2)
	s.awaitSharing(0, 1)
	s.pulse = s.takePulse()
	s.feed = s.deployment.feed(ledger.Load{
		Cards: 5000, Window: 3 * time.Second, Ahead: time.Second, Mix: ledger.Mix{Immediate: 4, DueNow: 4, Scheduled: 2},
	}, 200)
	s.pulse.awaitMoving(t, "under load")
	s.warmUp()
	s.baseline = s.pulse.baseline(t)
	return s
}

// warmUp lets the load go on, and a process hand over its half and take it back, until the brokers have compiled what all of
// that takes.
func (s *shared) warmUp() {
	s.t.Helper()
	wait := warmUp(s.t)
	if wait == 0 {
		return
	}
	pause(s.t, wait/2)
	ctx, cancel := context.WithTimeout(s.t.Context(), 15*time.Second)
	defer cancel()
	if _, err := s.fleet.Terminate(ctx, 1); err != nil {
		s.t.Fatal(err)
	}
	s.awaitAll(0)
	if err := s.fleet.Restart(1); err != nil {
		s.t.Fatal(err)
	}
	s.awaitSharing(0, 1)
	pause(s.t, wait/2)
}

// watch is the pulse's, after a blow at since.
func (s *shared) watch(what string, since time.Time, observe, most time.Duration) {
	s.t.Helper()
	s.pulse.watch(s.t, what, since, observe, most, s.baseline)
}

// audit ends the load and wants everything to be there once.
func (s *shared) audit() {
	s.t.Helper()
	s.settle(s.witness, s.feed.end())
}

func TestKilledProcessesPartitionsStepElsewhere(t *testing.T) {
	s := share(t)
	killed := time.Now()
	if err := s.fleet.Kill(0); err != nil {
		t.Fatal(err)
	}
	s.watch("kill -9", killed, 20*time.Second, sessionTimeout+5*time.Second)
	s.awaitAll(1)
	if err := s.fleet.Restart(0); err != nil {
		t.Fatal(err)
	}
	s.awaitSharing(0, 1)
	s.audit()
}

func TestTerminatedProcessesPartitionsStepElsewhere(t *testing.T) {
	s := share(t)
	ctx, cancel := context.WithTimeout(t.Context(), 15*time.Second)
	defer cancel()
	told := time.Now()
	took, err := s.fleet.Terminate(ctx, 0)
	if err != nil {
		t.Errorf("after SIGTERM: %v", err)
	}
	t.Logf("SIGTERM: ended after %s", took.Round(time.Millisecond))
	s.watch("SIGTERM", told, 8*time.Second, 2*time.Second)
	s.awaitAll(1)
	s.audit()
}

func TestAKilledBrokerStopsNoPartitionForLong(t *testing.T) {
	s := share(t)
	killed := time.Now()
	s.own.must(t, "kill", "1")
	defer s.own.must(t, "start", "1")
	s.watch("a broker's kill", killed, 40*time.Second, 20*time.Second)
	s.audit()
}

func TestAFrozenProcessSendsNothingTwice(t *testing.T) {
	s := share(t)
	frozen := time.Now()
	if err := s.fleet.Stop(0); err != nil {
		t.Fatal(err)
	}
	s.watch("SIGSTOP", frozen, 2*sessionTimeout+time.Second, sessionTimeout+5*time.Second)
	woken := time.Now()
	if err := s.fleet.Continue(0); err != nil {
		t.Fatal(err)
	}
	// Who comes back joins anew, and half of the partitions are handed over to it: two moves.
	s.watch("SIGCONT", woken, 10*time.Second, 2*2*time.Second)
	s.awaitSharing(0, 1)
	s.audit()
}
