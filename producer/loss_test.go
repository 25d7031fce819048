package producer_test

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/segmentio/kafka-go/protocol"

	"cardstream/internal/cluster"
	"cardstream/producer"
	"cardstream/record"
)

// Every answer is lost in turn: the first of all that go over the wire, then the second, until none is left to lose.
// Whatever it was, each step is committed once.
func TestEveryAnswerLostInTurn(t *testing.T) { inBothVersions(t, everyAnswerLostInTurn) }

func everyAnswerLostInTurn(t *testing.T, b bench) {
	var want []string
	for n := 1; ; n++ {
		s := &saboteur{lose: func(_ protocol.ApiKey, _, mth int) bool { return mth == n }}
		p := b.mustInit(t, b.open(t, s.on))
		for range 2 {
			value := strconv.Itoa(len(want))
			if _, err := p.Commit(t.Context(), b.step(value, int64(len(want)+1))); err != nil {
				t.Fatalf("with answer %d lost: %v", n, err)
			}
			want = append(want, value)
		}
		if s.losses() == 0 {
			const leastAnswers = 10 // Init and two transactions of three and more requests
			if n < leastAnswers {
				t.Fatalf("only %d answers in all", n)
			}
			break
		}
	}
	b.wantSteps(t, int64(len(want)), want...)
}

// A request to a coordinator that went unanswered may arrive in a later transaction: that has another epoch then. A
// batch may not need one: it is known by its sequence number. In version 2 each transaction has another epoch anyway; a
// new one besides is taken for what the coordinator may have forgotten meanwhile.
func TestStragglersAreShakenOff(t *testing.T) {
	for _, c := range []struct {
		version string
		open    func(testing.TB) bench
		lost    protocol.ApiKey
		epochs  []int16 // of each transaction
		away    []int16 // the same where the leader that was not heard is the coordinator, too
	}{
		{"announcing", mustAnnouncingBench, protocol.AddPartitionsToTxn, []int16{1, 1, 1}, nil}, // of the one that it would have opened
		{"announcing", mustAnnouncingBench, protocol.AddOffsetsToTxn, []int16{0, 1, 1}, nil},
		{"announcing", mustAnnouncingBench, protocol.TxnOffsetCommit, []int16{0, 1, 1}, nil},
		{"announcing", mustAnnouncingBench, protocol.EndTxn, []int16{0, 1, 1}, nil},
		{"announcing", mustAnnouncingBench, protocol.Produce, []int16{0, 0, 0}, []int16{0, 1, 1}},
		{"joining", mustBench, protocol.TxnOffsetCommit, []int16{0, 2, 3}, nil},
		{"joining", mustBench, protocol.EndTxn, []int16{0, 2, 3}, nil},
		{"joining", mustFaultyBench, protocol.Produce, []int16{0, 1, 2}, []int16{0, 2, 3}}, // other leaders have answered: it is open
	} {
		t.Run(c.version+" "+c.lost.String(), func(t *testing.T) {
			b := c.open(t)
			var s saboteur
			p := b.mustInit(t, b.open(t, s.on))
			s.from(func(key protocol.ApiKey, nth, _ int) bool { return key == c.lost && nth == 1 })
			for i, value := range numbered(3) {
				if _, err := p.Commit(t.Context(), b.step(value, int64(i+1))); err != nil {
					t.Fatal(err)
				}
			}
			b.wantSteps(t, 3, numbered(3)...)
			var epochs []int16
			for _, r := range b.read(t, b.state, 0) {
				epochs = append(epochs, r.ProducerEpoch)
			}
			if !slices.Equal(epochs, c.epochs) && !slices.Equal(epochs, c.away) {
				t.Errorf("epochs %v, want %v, or %v", epochs, c.epochs, c.away)
			}
			if s.losses() != 1 {
				t.Errorf("%d answers were lost, want 1", s.losses())
			}
		})
	}
}

// While no EndTxn is answered, nobody knows. It is retried while the context lives, and then said.
func TestAnEndWithoutAnAnswerIsOfUnknownOutcome(t *testing.T) {
	inBothVersions(t, anEndWithoutAnAnswerIsOfUnknownOutcome)
}

func anEndWithoutAnAnswerIsOfUnknownOutcome(t *testing.T, b bench) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	const attempts = 3
	var s saboteur
	p := b.mustInit(t, b.open(t, s.on))
	s.from(func(key protocol.ApiKey, nth, _ int) bool {
		if key == protocol.EndTxn && nth == attempts {
			cancel()
		}
		return key == protocol.EndTxn && nth <= attempts
	})
	_, err := p.Commit(ctx, b.step("0", 1))
	if !errors.Is(err, producer.ErrOutcomeUnknown) || !errors.Is(err, context.Canceled) {
		t.Fatalf("the commit says: %v", err)
	}
	if kind := cluster.KindOf(err); kind != cluster.RestartTask {
		t.Errorf("an unknown outcome is %v, want a restart of the task", kind)
	}
	if _, err := p.Commit(t.Context(), b.step("1", 2)); !errors.Is(err, producer.ErrNotInitialized) {
		t.Errorf("went on from an unknown outcome: %v", err)
	}
	if err := p.Init(t.Context()); err != nil {
		t.Fatal(err)
	}
	b.wantSteps(t, 1, "0") // the first attempt did commit, and the log says so
	if _, err := p.Commit(t.Context(), b.step("1", 2)); err != nil {
		t.Fatal(err)
	}
	b.wantSteps(t, 2, "0", "1")
}

// A context that ends with a transaction open leaves it to Init, which aborts it.
func TestWhatIsLeftOpenIsAborted(t *testing.T) {
	for _, c := range []struct {
		version string
		open    func(testing.TB) bench
		at      protocol.ApiKey
	}{
		{"announcing", mustAnnouncingBench, protocol.AddPartitionsToTxn},
		{"announcing", mustAnnouncingBench, protocol.Produce},
		{"announcing", mustAnnouncingBench, protocol.AddOffsetsToTxn},
		{"announcing", mustAnnouncingBench, protocol.TxnOffsetCommit},
		{"joining", mustBench, protocol.Produce},
		{"joining", mustBench, protocol.TxnOffsetCommit},
	} {
		at := c.at
		t.Run(c.version+" "+at.String(), func(t *testing.T) {
			b := c.open(t)
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			var s saboteur
			p := b.mustInit(t, b.open(t, s.on))
			s.from(func(key protocol.ApiKey, _, _ int) bool {
				if key == at {
					cancel()
				}
				return key == at
			})
			_, err := p.Commit(ctx, b.step("lost", 1))
			if !errors.Is(err, context.Canceled) || errors.Is(err, producer.ErrOutcomeUnknown) {
				t.Fatalf("the commit says: %v", err)
			}
			owner := b.mustInit(t, b.open(t))
			b.wantSteps(t, -1)
			if _, err := owner.Commit(t.Context(), b.step("kept", 1)); err != nil {
				t.Fatal(err)
			}
			b.wantSteps(t, 1, "kept")
		})
	}
}

// A broker that never answers is given up after the request time-out, and the batch sent again elsewhere in time.
func TestASilentBrokerIsGivenUp(t *testing.T) { inBothVersions(t, aSilentBrokerIsGivenUp) }

func aSilentBrokerIsGivenUp(t *testing.T, b bench) {
	var hung hangOnce
	client := b.open(t, func(config *cluster.Config) {
		config.Dial, config.RequestTimeout = hung.dial, 200*time.Millisecond
	})
	p := b.mustInit(t, client)
	hung.arm(protocol.Produce)
	if _, err := p.Commit(t.Context(), b.step("0", 1)); err != nil {
		t.Fatal(err)
	}
	b.wantSteps(t, 1, "0")
}

func TestOffsetsOfManyInputs(t *testing.T) {
	b := mustFaultyBench(t)
	p := b.mustInit(t, b.open(t))
	offsets := map[record.TopicPartition]int64{{Topic: b.in}: 7}
	for partition := range int32(3) {
		offsets[record.TopicPartition{Topic: b.out, Partition: partition}] = int64(partition)
	}
	if _, err := p.Commit(t.Context(), producer.Transaction{Offsets: offsets, Group: b.group}); err != nil {
		t.Fatal(err)
	}
	commits := b.Embedded.Kafka().GroupInfo(b.group).Commits
	if got := commits[b.in][0]; got.Offset != 7 || got.LeaderEpoch != -1 {
		t.Errorf("committed %+v, want offset 7 of no leader's epoch", got)
	}
	for partition := range int32(3) {
		if got := commits[b.out][partition].Offset; got != int64(partition) {
			t.Errorf("committed %d for partition %d", got, partition)
		}
	}
	if !slices.Equal(b.committed(t, b.state, 0), nil) {
		t.Error("records came from nowhere")
	}
}
