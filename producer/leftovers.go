package producer

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/segmentio/kafka-go/protocol"
	"github.com/segmentio/kafka-go/protocol/findcoordinator"
	"github.com/segmentio/kafka-go/protocol/metadata"
	"github.com/segmentio/kafka-go/protocol/offsetfetch"

	"cardstream/internal/cluster"
	"cardstream/producer/internal/txnwire"
	"cardstream/record"
)

// A coordinator can call a transaction complete without having written its markers: Kafka does so for every partition that
// has no leader at that moment, since its metadata cache was rewritten (KAFKA-20734), and where the only broker comes back
// that may be all of them. What such a transaction wrote there stays open, unseen, until the next marker of the same
// producer comes along and ends it too: a commit here, an abort there, and one transaction is half committed.
//
// So where something is left open, a new epoch begins with a transaction that has nothing in it, spans all that the last
// one may have touched, and ends as that one did: a settlement. How it did, the coordinator still knows, if it is asked
// before InitProducerID makes it forget. And what is open, the leaders know.

// outcome is how a transaction ended.
type outcome int8

const (
	unknownOutcome outcome = iota // there was none, or nobody knows any more
	committed
	aborted
)

// recall asks the coordinator how the last transaction ended. What it said before InitProducerID stays good after it,
// until that transaction is settled.
func (t *Transactional) recall(ctx context.Context) error {
	if len(t.config.Partitions) == 0 {
		return nil
	}
	state, err := t.state(ctx)
	if err != nil {
		return err
	}
	switch state {
	case txnwire.Empty, txnwire.Dead:
	case txnwire.PrepareCommit, txnwire.CompleteCommit:
		t.outcome = committed
	default:
		// Aborted, or open, and InitProducerID will abort it. Unless it is our own, in the course of settling one that was
		// committed.
		if t.outcome == unknownOutcome {
			t.outcome = aborted
		}
		t.cutOff = t.cutOff || state != txnwire.CompleteAbort
	}
	if state == txnwire.PrepareCommit || state == txnwire.PrepareAbort {
		return cluster.ConcurrentTransactions // as InitProducerID would say, after much else has been asked
	}
	return nil
}

// state asks the coordinator once how the last transaction stands.
func (t *Transactional) state(ctx context.Context) (state txnwire.State, err error) {
	request := &txnwire.DescribeTransactions{ClientID: t.client.ClientID(), TransactionalID: t.config.TransactionalID}
	err = t.askOnce(ctx, t.coordinator, request, func(answer protocol.Message) error {
		description := answer.(*txnwire.Description)
		if description.ErrorCode == cluster.TransactionalIDNotFound {
			state = txnwire.Empty
			return nil
		}
		state = description.State
		return cluster.ErrorOf(int16(description.ErrorCode))
	})
	return state, err
}

// leftOpen reports whether the last transaction may have left anything open. Who cannot find out soon says yes: what is to
// become of it may be known here alone by now.
//
// Where nothing is open, nothing can be opened under an older epoch any more, though no leader has heard of the new one:
// before it opens a transaction of version 2 it asks the coordinator (KIP-890). A transaction that was announced it may
// take on trust; and of one that was cut off, a leader may still be asking, and its marker may have been passed over. These
// are settled anyway.
func (t *Transactional) leftOpen(ctx context.Context) (left bool, err error) {
	if !t.joining || t.cutOff || (t.config.Group != "" && len(t.config.Inputs) == 0) {
		return true, nil
	}
	const soon = 2 * time.Second
	asking, cancel := context.WithTimeout(ctx, soon)
	defer cancel()
	again := false // a broker that leads no longer answers as if it did, so who led a moment ago is to be looked up
	err = persist(asking, func() (err error) {
		if again {
			if err := t.led(asking); err != nil {
				return err
			}
		}
		again = true
		if left, err = t.openHere(asking); err != nil || left {
			return err
		}
		left, err = t.offsetsOpen(asking)
		return err
	})
	if err != nil && ctx.Err() == nil {
		return true, nil
	}
	return left, err
}

// offsetsOpen reports whether a transaction is open that committed offsets of this producer's inputs. It is one attempt.
func (t *Transactional) offsetsOpen(ctx context.Context) (bool, error) {
	if t.config.Group == "" {
		return false, nil
	}
	request := &txnwire.FetchStableOffsets{ClientID: t.client.ClientID()}
	request.GroupID = t.config.Group
	for topic, partitions := range partitionsByTopic(t.config.Inputs) {
		request.Topics = append(request.Topics, offsetfetch.RequestTopic{Name: topic, PartitionIndexes: partitions})
	}
	answer, err := t.client.Coordinator(cluster.GroupCoordinator, t.config.Group).RoundTrip(ctx, request)
	if err != nil {
		return false, err
	}
	response := answer.(*offsetfetch.Response)
	switch code := cluster.Error(response.ErrorCode); code {
	case 0:
	case cluster.GroupIDNotFound:
		return false, nil // it has never committed any
	default:
		return false, code
	}
	var codes []cluster.Error
	for _, topic := range response.Topics {
		for _, p := range topic.Partitions {
			codes = append(codes, cluster.Error(p.ErrorCode))
		}
	}
	if len(codes) != len(t.config.Inputs) {
		return false, errNoAnswer
	}
	if slices.Contains(codes, cluster.UnstableOffsetCommit) {
		return true, nil
	}
	return false, worst(codes)
}

// settle ends what the last transaction may have left behind.
func (t *Transactional) settle(ctx context.Context) error {
	if len(t.config.Partitions) == 0 {
		return nil
	}
	switch left, err := t.leftOpen(ctx); {
	case err != nil:
		return fmt.Errorf("look for what the last transaction left open: %w", err)
	case !left:
		t.outcome, t.cutOff = unknownOutcome, false
		return nil
	}
	if err := persist(ctx, func() error { return t.led(ctx) }); err != nil {
		return fmt.Errorf("settle the last transaction: %w", err)
	}
	err := persist(ctx, func() error { return t.addPartitionsOnce(ctx, t.config.Partitions) })
	if err != nil {
		return fmt.Errorf("settle the last transaction: add partitions: %w", err)
	}
	if t.config.Group != "" {
		if err := t.addOffsets(ctx, t.config.Group); err != nil {
			return fmt.Errorf("settle the last transaction: add offsets: %w", err)
		}
	}
	if err := t.endAnnounced(ctx, t.outcome == committed); err != nil {
		return fmt.Errorf("settle the last transaction: end: %w", err)
	}
	// The answer comes before the markers, and until they stand the group still tells the offsets of before.
	if err := persist(ctx, func() error { return t.markersWritten(ctx) }); err != nil {
		return fmt.Errorf("settle the last transaction: wait for its markers: %w", err)
	}
	t.outcome, t.cutOff = unknownOutcome, false
	return nil
}

// markersSoon is how long the markers of the last transaction may take before it is asked what holds them up.
const markersSoon = 100 * time.Millisecond

// late reports whether an attempt to open a transaction failed with err because of markers that take longer than that.
func (t *Transactional) late(err error) bool {
	late := errors.Is(err, cluster.ConcurrentTransactions) && time.Since(t.asked) > markersSoon
	t.markersLate = t.markersLate || late
	return late
}

// complete reports why the last transaction of this epoch is not known to have ended everywhere: the next one would end
// what it left behind, and its own way. A broker that has lost the lead of its partitions since, as when it is being
// stopped, may have passed over markers; then it takes a new epoch and a settlement, before which leaders are waited for.
func (t *Transactional) complete(ctx context.Context) error {
	if len(t.config.Partitions) == 0 {
		return nil
	}
	if err := t.markersWritten(ctx); err != nil {
		return err
	}
	err := t.led(ctx)
	if err != nil {
		t.doubtful.Store(true)
	}
	return err
}

// markersWritten reports that the coordinator is still at it.
func (t *Transactional) markersWritten(ctx context.Context) error {
	state, err := t.state(ctx)
	if err == nil && (state == txnwire.PrepareCommit || state == txnwire.PrepareAbort) {
		err = cluster.ConcurrentTransactions
	}
	return err
}

// led reports why the coordinator's broker sees no leader somewhere, where markers could be passed over, or why a leader
// does not have its partition yet. It is one attempt.
func (t *Transactional) led(ctx context.Context) error {
	if len(t.config.Partitions) == 0 {
		return nil
	}
	request := &metadata.Request{}
	for _, tp := range t.config.Partitions {
		if !slices.Contains(request.TopicNames, tp.Topic) {
			request.TopicNames = append(request.TopicNames, tp.Topic)
		}
	}
	err := t.askOnce(ctx, t.coordinator, request, func(answer protocol.Message) error {
		return t.ledEverywhere(answer.(*metadata.Response))
	})
	if err == nil {
		err = t.served(ctx)
	}
	if err != nil || t.config.Group == "" {
		return err
	}
	offsets := &findcoordinator.Request{Key: t.config.Group, KeyType: int8(cluster.GroupCoordinator)}
	return t.askOnce(ctx, t.coordinator, offsets, func(answer protocol.Message) error {
		return cluster.ErrorOf(answer.(*findcoordinator.Response).ErrorCode)
	})
}

// ledEverywhere reports why a partition of this producer has no leader.
func (t *Transactional) ledEverywhere(answer *metadata.Response) error {
	led := make(map[record.TopicPartition]bool)
	for _, topic := range answer.Topics {
		if err := cluster.ErrorOf(topic.ErrorCode); err != nil {
			return fmt.Errorf("topic %s: %w", topic.Name, err)
		}
		for _, p := range topic.Partitions {
			led[record.TopicPartition{Topic: topic.Name, Partition: p.PartitionIndex}] = p.LeaderID >= 0
		}
	}
	for _, tp := range t.config.Partitions {
		if !led[tp] {
			return fmt.Errorf("%s: %w", tp, cluster.LeaderNotAvailable)
		}
	}
	return nil
}

// allows refuses what settle would not reach.
func (c *Config) allows(lanes []*lane) error {
	if len(c.Partitions) == 0 {
		return nil
	}
	for _, l := range lanes {
		if !slices.Contains(c.Partitions, l.tp) {
			return fmt.Errorf("%w: %s is none of the partitions that this producer writes to", ErrInvalid, l.tp)
		}
	}
	return nil
}
