package producer_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/segmentio/kafka-go/protocol"
	"github.com/segmentio/kafka-go/protocol/listoffsets"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"

	"cardstream/internal/cluster"
	"cardstream/producer"
	"cardstream/record"
)

// coordinator stands in for one that says how a transaction ended, and hears what is asked of it. Leaders beside it do not
// say what is open, so that all is settled; left_test.go has those that do.
type coordinator struct {
	mu      sync.Mutex
	states  []string      // what it says in turn, the last one for good
	errors  []*kerr.Error // what it answers the next EndTxns
	leaders []bool        // whether it knows any, in turn; then it does
	busy    bool          // it begins nothing while what it would say next is that it prepares
	asked   []string
	joined  func() // is called when partitions are added; may be nil
}

// hear answers for a coordinator where kfake, which forgets nothing, has nothing to say.
func (c *coordinator) hear(request kmsg.Request) (kmsg.Response, error, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch r := request.(type) {
	case *kmsg.DescribeProducersRequest:
		return describing(r, kerr.TopicAuthorizationFailed), nil, true
	case *kmsg.DescribeTransactionsRequest:
		c.asked = append(c.asked, "describe")
		answer := r.ResponseKind().(*kmsg.DescribeTransactionsResponse)
		state := kmsg.NewDescribeTransactionsResponseTransactionState()
		state.TransactionalID, state.State = r.TransactionalIDs[0], c.states[0]
		state.Topics = []kmsg.DescribeTransactionsResponseTransactionStateTopic{{Topic: "some", Partitions: []int32{1, 2}}}
		if c.states[0] == "" {
			state.ErrorCode = kerr.TransactionalIDNotFound.Code
		}
		c.states = c.states[min(1, len(c.states)-1):]
		answer.TransactionStates = append(answer.TransactionStates, state)
		return answer, nil, true
	case *kmsg.MetadataRequest:
		var known bool
		if len(c.leaders) > 0 {
			known, c.leaders = c.leaders[0], c.leaders[1:]
		} else {
			known = true
		}
		if known {
			break
		}
		c.asked = append(c.asked, "no leaders")
		answer := r.ResponseKind().(*kmsg.MetadataResponse)
		for _, asked := range r.Topics {
			partition := kmsg.NewMetadataResponseTopicPartition()
			partition.ErrorCode, partition.Leader = kerr.LeaderNotAvailable.Code, -1
			topic := kmsg.NewMetadataResponseTopic()
			topic.Topic, topic.Partitions = asked.Topic, []kmsg.MetadataResponseTopicPartition{partition}
			answer.Topics = append(answer.Topics, topic)
		}
		return answer, nil, true
	case *kmsg.InitProducerIDRequest:
		c.asked = append(c.asked, "init")
	case *kmsg.AddPartitionsToTxnRequest:
		n := 0
		for _, topic := range r.Topics {
			n += len(topic.Partitions)
		}
		c.asked = append(c.asked, "partitions "+string(rune('0'+n)))
		if c.joined != nil {
			c.joined()
		}
		if c.busy && strings.HasPrefix(c.states[0], "Prepare") {
			return concurrent(r), nil, true
		}
	case *kmsg.AddOffsetsToTxnRequest:
		c.asked = append(c.asked, "offsets")
	case *kmsg.EndTxnRequest:
		c.asked = append(c.asked, map[bool]string{true: "commit", false: "abort"}[r.Commit])
		if len(c.errors) > 0 {
			answer := r.ResponseKind().(*kmsg.EndTxnResponse)
			answer.ErrorCode, c.errors = c.errors[0].Code, c.errors[1:]
			return answer, nil, true
		}
	}
	return nil, nil, false
}

// concurrent says that the last transaction is still under way.
func concurrent(r *kmsg.AddPartitionsToTxnRequest) kmsg.Response {
	answer := r.ResponseKind().(*kmsg.AddPartitionsToTxnResponse)
	for _, asked := range r.Topics {
		topic := kmsg.NewAddPartitionsToTxnResponseTopic()
		topic.Topic = asked.Topic
		for _, p := range asked.Partitions {
			partition := kmsg.NewAddPartitionsToTxnResponseTopicPartition()
			partition.Partition, partition.ErrorCode = p, kerr.ConcurrentTransactions.Code
			topic.Partitions = append(topic.Partitions, partition)
		}
		answer.Topics = append(answer.Topics, topic)
	}
	return answer
}

func (c *coordinator) sitIn(b bench) {
	for _, key := range []kmsg.Key{
		kmsg.Metadata, kmsg.DescribeProducers, kmsg.DescribeTransactions, kmsg.InitProducerID, kmsg.AddPartitionsToTxn, kmsg.AddOffsetsToTxn, kmsg.EndTxn,
	} {
		b.Embedded.Kafka().ControlKey(key.Int16(), func(request kmsg.Request) (kmsg.Response, error, bool) {
			b.Embedded.Kafka().KeepControl()
			return c.hear(request)
		})
	}
}

func (c *coordinator) heard() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	heard := c.asked
	c.asked = nil
	return heard
}

// What the last transaction may have left anywhere is ended as that one was, before anything else is done.
func TestTheLastTransactionIsSettled(t *testing.T) {
	for state, ended := range map[string]string{
		"CompleteCommit": "commit", "PrepareCommit": "commit",
		"CompleteAbort": "abort", "PrepareAbort": "abort", "PrepareEpochFence": "abort", "Ongoing": "abort",
		"Empty": "abort", "Dead": "abort", "": "abort",
	} {
		t.Run(state, func(t *testing.T) {
			b := mustFaultyBench(t)
			prepared := map[string]string{"commit": "PrepareCommit", "abort": "PrepareAbort"}[ended]
			c := coordinator{states: []string{state, prepared, prepared, "Complete"}}
			c.sitIn(b)
			b.mustInit(t, b.open(t))
			// The markers stand when the coordinator says so, and not when it has answered.
			want := []string{"describe", "init", "partitions 4", "offsets", ended, "describe", "describe", "describe"}
			if state == prepared { // and before, InitProducerID would be refused
				want = []string{"describe", "describe", "describe", "describe", "init", "partitions 4", "offsets", ended, "describe"}
			}
			if heard := c.heard(); !slices.Equal(heard, want) {
				t.Errorf("the coordinator heard %q, want %q", heard, want)
			}
		})
	}
}

// Once InitProducerID has come through, the coordinator no longer knows: then who asked does, until it is settled.
func TestWhatTheCoordinatorForgetsIsRemembered(t *testing.T) {
	b := mustFaultyBench(t)
	c := coordinator{states: []string{"CompleteCommit", "Empty"}, errors: []*kerr.Error{kerr.UnknownServerError}}
	c.sitIn(b)
	p := producer.NewTransactional(b.open(t), b.config())
	if err := p.Init(t.Context()); !errors.Is(err, cluster.UnknownServerError) {
		t.Fatalf("Init with an end that fails: %v", err)
	}
	c.heard()
	for _, end := range []string{"commit", "abort"} { // once settled it is over
		if err := p.Init(t.Context()); err != nil {
			t.Fatal(err)
		}
		want := []string{"describe", "init", "partitions 4", "offsets", end, "describe"}
		if heard := c.heard(); !slices.Equal(heard, want) {
			t.Errorf("the coordinator heard %q, want %q", heard, want)
		}
	}
}

// To a partition without a leader no marker is written: the coordinator is made to forget only when there are leaders, and
// the settlement ends only when there still are.
func TestLeadersAreAwaitedBeforeSettling(t *testing.T) {
	b := mustFaultyBench(t)
	client := b.open(t)
	b.mustInit(t, client)
	c := coordinator{states: []string{"CompleteCommit"}, leaders: []bool{false, false, true, false}}
	c.sitIn(b)
	b.mustInit(t, client)
	want := []string{"describe", "no leaders", "describe", "no leaders", "describe", "init",
		"no leaders", "partitions 4", "offsets", "commit", "describe"}
	if heard := c.heard(); !slices.Equal(heard, want) {
		t.Errorf("the coordinator heard %q, want %q", heard, want)
	}
}

// Brokers tell of a new partition before its leader has it. A marker for it then would hold up all markers.
func TestPartitionsAreAwaitedBeforeSettling(t *testing.T) {
	for _, trouble := range []*kerr.Error{kerr.UnknownTopicOrPartition, kerr.NotLeaderForPartition, kerr.LeaderNotAvailable} {
		t.Run(trouble.Message, func(t *testing.T) {
			b := mustFaultyBench(t)
			kafka := b.Embedded.Kafka()
			absent := kafka.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.ListOffsets}, Err: trouble, Count: 3})
			asked := 0
			kafka.ControlKey(kmsg.InitProducerID.Int16(), func(kmsg.Request) (kmsg.Response, error, bool) {
				asked = absent.Hits()
				return nil, nil, false
			})
			b.mustInit(t, b.open(t))
			if asked != 3 {
				t.Errorf("the coordinator was asked for an epoch after %d of 3 answers that a partition is not there", asked)
			}
		})
	}
}

// A leader that does not know yet how far its followers are has its partition all the same: it can take markers.
func TestANewLeaderIsNotAwaited(t *testing.T) {
	b := mustFaultyBench(t)
	asked := b.Embedded.Kafka().Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.ListOffsets}, Err: kerr.OffsetNotAvailable})
	b.mustInit(t, b.open(t))
	if asked.Hits() == 0 {
		t.Error("no leader was asked")
	}
}

// Markers that take long may be passed over in the end, by a broker that is losing its partitions' lead: the next
// transaction begins when the last one is complete and there are leaders, or behind a settlement.
func TestATransactionThatIsLongUnderWayIsLookedInto(t *testing.T) {
	next := []string{"partitions 4", "offsets", "commit"}
	settled := []string{"describe", "init", "partitions 4", "offsets", "commit", "describe"}
	for name, test := range map[string]struct {
		leaders []bool
		between []string
	}{
		"led":                 {nil, nil},
		"not led":             {[]bool{false}, append([]string{"no leaders"}, settled...)},
		"not led for a while": {[]bool{false, false}, append([]string{"no leaders", "describe", "no leaders"}, settled...)},
	} {
		t.Run(name, func(t *testing.T) {
			b := mustAnnouncingBench(t)
			p := b.mustInit(t, b.open(t))
			c := coordinator{states: []string{"PrepareCommit", "CompleteCommit"}, leaders: test.leaders, busy: true}
			c.sitIn(b)
			result, err := p.Commit(t.Context(), b.step("0", 1))
			if err != nil {
				t.Fatal(err)
			}
			if !result.MarkersLate {
				t.Error("the result does not tell that markers were late")
			}
			want := slices.Concat([]string{"partitions 4", "describe", "describe"}, test.between, next)
			if heard := slices.Compact(c.heard()); !slices.Equal(heard, slices.Compact(want)) {
				t.Errorf("the coordinator heard %q, want %q", heard, want)
			}
			b.wantSteps(t, 1, "0")
		})
	}
}

// Where markers are late nobody looks for leaders: they are where they were. The caller hears of it, and of nothing else.
func TestLateMarkersAreWaitedForAtTheSameLeader(t *testing.T) {
	b := mustFaultyBench(t)
	p := b.mustInit(t, b.open(t))
	first, err := p.Commit(t.Context(), b.alone("0")) // so that leaders are known
	if err != nil {
		t.Fatal(err)
	}
	c := coordinator{states: []string{"PrepareCommit"}}
	c.sitIn(b)
	lookedUp := b.Embedded.Kafka().Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Metadata}, Err: kerr.LeaderNotAvailable})
	b.Embedded.Kafka().Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Produce}, Err: kerr.ConcurrentTransactions, Count: 20})
	second, err := p.Commit(t.Context(), b.alone("1"))
	if err != nil {
		t.Fatal(err)
	}
	if hits := lookedUp.Hits(); hits > 0 {
		t.Errorf("leaders were looked up %d times", hits)
	}
	lookedUp.Remove()
	if first.MarkersLate || !second.MarkersLate {
		t.Errorf("markers late: %t and then %t, want false and then true", first.MarkersLate, second.MarkersLate)
	}
	b.wantAlone(t, "0", "1")
}

// The same where the first batch opens it: markers that take long, and leaders that are gone, are seen in its answer.
func TestATransactionThatIsNotOpenedIsLookedInto(t *testing.T) {
	settled := []string{"describe", "init", "partitions 4", "offsets", "commit", "describe"}
	for name, leaders := range map[string][]bool{"led": nil, "not led": {false}} {
		for _, trouble := range []*kerr.Error{
			kerr.ConcurrentTransactions, kerr.NotEnoughReplicas, kerr.NotLeaderForPartition,
		} {
			t.Run(name+" "+trouble.Message, func(t *testing.T) {
				b := mustFaultyBench(t)
				p := b.mustInit(t, b.open(t))
				if _, err := p.Commit(t.Context(), b.alone("0")); err != nil { // so that leaders are known
					t.Fatal(err)
				}
				c := coordinator{states: []string{"CompleteCommit"}, leaders: leaders}
				c.sitIn(b)
				b.Embedded.Kafka().Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Produce}, Err: trouble, Count: 1})
				if _, err := p.Commit(t.Context(), b.alone("1")); err != nil {
					t.Fatal(err)
				}
				want := []string{"describe", "commit"}
				if leaders != nil {
					want = slices.Concat([]string{"describe", "no leaders"}, settled, []string{"commit"})
				}
				if heard := c.heard(); !slices.Equal(heard, want) {
					t.Errorf("the coordinator heard %q, want %q", heard, want)
				}
				b.wantAlone(t, "0", "1")
			})
		}
	}
}

// A first batch without an answer may have opened the transaction, or open it yet: what comes next has another epoch, and
// begins behind a settlement.
func TestAnUnansweredFirstBatchIsSettledToo(t *testing.T) {
	b := mustFaultyBench(t)
	var s saboteur
	p := b.mustInit(t, b.open(t, s.on))
	c := coordinator{states: []string{"CompleteCommit"}}
	c.sitIn(b)
	s.from(func(key protocol.ApiKey, nth, _ int) bool { return key == protocol.Produce && nth == 1 })
	if _, err := p.Commit(t.Context(), b.alone("0")); err != nil {
		t.Fatal(err)
	}
	want := []string{"describe", "init", "partitions 4", "offsets", "commit", "describe", "commit"}
	if heard := c.heard(); !slices.Equal(heard, want) {
		t.Errorf("the coordinator heard %q, want %q", heard, want)
	}
	b.wantAlone(t, "0")
}

// A coordinator that was away may have passed over markers, though the producer has nothing unanswered: somebody else in
// this process was waiting there. The next transaction begins behind a settlement, and who has none to begin can ask.
func TestACoordinatorThatWasAwayIsSettledWith(t *testing.T) {
	settled := []string{"describe", "init", "partitions 4", "offsets", "commit", "describe"}
	for name, open := range map[string]func(testing.TB) bench{"joining": mustFaultyBench, "announcing": mustAnnouncingBench} {
		for _, idle := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, idle %t", name, idle), func(t *testing.T) {
				b := open(t)
				var s saboteur
				client := b.open(t, s.on)
				p := b.mustInit(t, client)
				if _, err := p.Commit(t.Context(), b.alone("0")); err != nil {
					t.Fatal(err)
				}
				if p.Doubtful() {
					t.Error("in doubt without a reason")
				}
				c := coordinator{states: []string{"CompleteCommit"}}
				c.sitIn(b)
				s.from(func(key protocol.ApiKey, _, _ int) bool { return key == protocol.ListOffsets })
				for broker := range cluster.BrokerID(3) {
					if _, err := client.RoundTrip(t.Context(), broker, new(listoffsets.Request)); err == nil {
						t.Fatal("it was heard")
					}
				}
				s.from(nil)
				if !p.Doubtful() {
					t.Error("not in doubt")
				}
				want := settled
				if idle {
					if err := p.Settle(t.Context()); err != nil {
						t.Fatal(err)
					}
					if p.Doubtful() {
						t.Error("still in doubt")
					}
				} else {
					if _, err := p.Commit(t.Context(), b.alone("1")); err != nil {
						t.Fatal(err)
					}
					if name == "announcing" {
						want = append(slices.Clone(want), "partitions 1")
					}
					want = append(slices.Clone(want), "commit")
				}
				if heard := c.heard(); !slices.Equal(heard, want) {
					t.Errorf("the coordinator heard %q, want %q", heard, want)
				}
				b.wantAlone(t, numbered(map[bool]int{true: 1, false: 2}[idle])...)
			})
		}
	}
}

// An unanswered request of the settlement itself may arrive in the transaction behind it: there is another one before that.
func TestAnUnansweredSettlementIsSettledToo(t *testing.T) {
	once := []string{"describe", "init", "partitions 4", "offsets", "commit", "commit", "describe"}
	again := []string{"describe", "init", "partitions 4", "offsets", "commit", "describe"}
	b := mustFaultyBench(t)
	var s saboteur
	p := b.mustInit(t, b.open(t, s.on))
	c := coordinator{states: []string{"CompleteCommit"}}
	c.sitIn(b)
	s.from(func(key protocol.ApiKey, nth, _ int) bool { return key == protocol.EndTxn && (nth == 1 || nth == 3) })
	if _, err := p.Commit(t.Context(), b.alone("0")); err != nil {
		t.Fatal(err)
	}
	c.heard()
	if _, err := p.Commit(t.Context(), b.alone("1")); err != nil {
		t.Fatal(err)
	}
	want := slices.Concat(once, again, []string{"commit"})
	if heard := c.heard(); !slices.Equal(heard, want) {
		t.Errorf("the coordinator heard %q, want %q", heard, want)
	}
	b.wantAlone(t, "0", "1")
}

// Who is no longer wanted in the middle of a settlement ends it all the same: the coordinator has forgotten by then what it
// was to be.
func TestASettlementOutlivesWhoWantsIt(t *testing.T) {
	b := mustFaultyBench(t)
	ctx, cancel := context.WithCancel(t.Context())
	c := coordinator{states: []string{"CompleteCommit"}, joined: cancel}
	c.sitIn(b)
	p := producer.NewTransactional(b.open(t), b.config())
	_ = p.Init(ctx) // it may say either
	want := []string{"describe", "init", "partitions 4", "offsets", "commit", "describe"}
	if heard := c.heard(); !slices.Equal(heard, want) {
		t.Errorf("the coordinator heard %q, want %q", heard, want)
	}
}

// alone is a transaction of one record, without offsets.
func (b bench) alone(value string) producer.Transaction {
	return producer.Transaction{Records: []record.Record{b.record(b.state, 0, value)}}
}

func (b bench) wantAlone(t *testing.T, values ...string) {
	t.Helper()
	if got := b.committed(t, b.state, 0); !slices.Equal(got, values) {
		t.Errorf("%s-0 holds %q as committed, want %q", b.state, got, values)
	}
}

// Offsets alone are no exception: what begins with them asks first.
func TestOffsetsAloneWaitForTheMarkersToo(t *testing.T) {
	t.Run("joining", func(t *testing.T) { offsetsAloneWait(t, mustFaultyBench(t)) })
	t.Run("announcing", func(t *testing.T) { offsetsAloneWait(t, mustAnnouncingBench(t), "offsets") })
}

// announced is what an announcing transaction says of its offsets.
func offsetsAloneWait(t *testing.T, b bench, announced ...string) {
	p := b.mustInit(t, b.open(t))
	c := coordinator{states: []string{"PrepareCommit", "CompleteCommit"}, leaders: []bool{false}}
	c.sitIn(b)
	tx := b.step("0", 1)
	tx.Records = nil
	if _, err := p.Commit(t.Context(), tx); err != nil {
		t.Fatal(err)
	}
	want := slices.Concat([]string{"describe", "describe", "no leaders",
		"describe", "init", "partitions 4", "offsets", "commit", "describe", "describe"}, announced, []string{"commit"})
	if heard := c.heard(); !slices.Equal(heard, want) {
		t.Errorf("the coordinator heard %q, want %q", heard, want)
	}
}

// An answer that the coordinator owes may mean that it went away in the middle: the next transaction begins only when
// this one is settled.
func TestAnUnansweredRequestIsSettledToo(t *testing.T) {
	t.Run("joining", func(t *testing.T) { unansweredIsSettled(t, mustFaultyBench(t)) })
	t.Run("announcing", func(t *testing.T) {
		unansweredIsSettled(t, mustAnnouncingBench(t), "partitions 4", "offsets")
	})
}

// announced is what an announcing transaction says before it ends.
func unansweredIsSettled(t *testing.T, b bench, announced ...string) {
	var s saboteur
	p := b.mustInit(t, b.open(t, s.on))
	c := coordinator{states: []string{"CompleteCommit"}}
	c.sitIn(b)
	s.from(func(key protocol.ApiKey, nth, _ int) bool { return key == protocol.EndTxn && nth == 1 })
	for i, value := range numbered(2) {
		if _, err := p.Commit(t.Context(), b.step(value, int64(i+1))); err != nil {
			t.Fatal(err)
		}
	}
	want := slices.Concat(announced, []string{"commit", "commit",
		"describe", "init", "partitions 4", "offsets", "commit", "describe"}, announced, []string{"commit"})
	if heard := c.heard(); !slices.Equal(heard, want) {
		t.Errorf("the coordinator heard %q, want %q", heard, want)
	}
	b.wantSteps(t, 2, numbered(2)...)
}

// What nobody would settle is not written.
func TestOtherPartitionsAreRefused(t *testing.T) {
	b := mustBench(t)
	p := b.mustInit(t, b.open(t))
	tx := producer.Transaction{Records: []record.Record{b.record(b.in, 0, "x")}}
	if _, err := p.Commit(t.Context(), tx); !errors.Is(err, producer.ErrInvalid) {
		t.Errorf("a record for a partition that is not named: %v", err)
	}
}
