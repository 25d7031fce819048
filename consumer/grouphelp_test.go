package consumer_test

import (
	"context"
	"maps"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"

	"cardstream/consumer"
	"cardstream/internal/cluster"
	"cardstream/internal/devkafka/kafkatest"
	"cardstream/record"
)

// member is a running member that remembers what it was told.
type member struct {
	*consumer.Group
	stop  context.CancelFunc
	ended chan error // closed after Run's error

	mu   sync.Mutex
	told []consumer.Assignment
}

// mustJoin runs a member until it is stopped, at the latest at the test's end.
func mustJoin(tb testing.TB, client *cluster.Client, config consumer.GroupConfig) *member {
	tb.Helper()
	m := &member{Group: consumer.NewGroup(client, config), ended: make(chan error, 1)}
	ctx, cancel := context.WithCancel(context.Background())
	m.stop = cancel
	go func() {
		defer close(m.ended)
		m.ended <- m.Run(ctx, m.note)
	}()
	tb.Cleanup(func() {
		cancel()
		for range m.ended { // the error, unless the test took it
		}
	})
	return m
}

func (m *member) note(a consumer.Assignment) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.told = append(m.told, a)
}

// history returns everything the member was told.
func (m *member) history() []consumer.Assignment {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.told)
}

// latest returns what the member was told last; empty before.
func (m *member) latest() consumer.Assignment {
	told := m.history()
	if len(told) == 0 {
		return consumer.Assignment{}
	}
	return told[len(told)-1]
}

func (m *member) count() int {
	n := 0
	for _, partitions := range m.latest().Partitions {
		n += len(partitions)
	}
	return n
}

// leave stops the member and returns Run's error.
func (m *member) leave() error {
	m.stop()
	return <-m.ended
}

// awaitShares waits until members have settled on numbers of partitions, in any order, and all in one generation.
func awaitShares(tb testing.TB, members []*member, shares ...int) {
	tb.Helper()
	slices.Sort(shares)
	var got []int
	defer func() {
		if tb.Failed() {
			tb.Logf("shares %v, want %v", got, shares)
		}
	}()
	await(tb, "partitions are shared", func() bool {
		got = nil
		generations := map[int32]bool{}
		owners := map[record.TopicPartition]int{}
		for _, m := range members {
			latest := m.latest()
			got = append(got, m.count())
			generations[latest.Generation] = true
			for topic, partitions := range latest.Partitions {
				for _, p := range partitions {
					owners[record.TopicPartition{Topic: topic, Partition: p}]++
				}
			}
		}
		slices.Sort(got)
		once := !slices.ContainsFunc(slices.Collect(maps.Values(owners)), func(n int) bool { return n != 1 })
		return slices.Equal(got, shares) && len(generations) == 1 && once
	})
}

// describe returns the group as its coordinator sees it.
func describe(tb testing.TB, c kafkatest.Cluster, group string) kadm.DescribedGroup {
	tb.Helper()
	described, err := kadm.NewClient(c.Client(tb)).DescribeGroups(within(tb), group)
	if err != nil {
		tb.Fatal(err)
	}
	return described[group]
}

// quick are time-outs for embedded clusters. Its session is one that no test outlasts: a test of its end has its own.
func quick(group string, topics ...string) consumer.GroupConfig {
	return consumer.GroupConfig{
		Group: group, Topics: topics,
		SessionTimeout: time.Minute, RebalanceTimeout: 2 * time.Second, HeartbeatInterval: 20 * time.Millisecond,
		Backoff: 10 * time.Millisecond,
	}
}
