package cluster

import (
	"maps"
	"net"
	"slices"
	"strconv"
	"sync"

	"github.com/segmentio/kafka-go/protocol/metadata"

	"cardstream/record"
)

// topology is what is known of the cluster: brokers' addresses and partitions' leaders, as last told. It is a cache and
// may be wrong at any time; who finds out says so, and the cluster is asked again.
type topology struct {
	bootstrap []string

	mu        sync.Mutex
	addresses map[BrokerID]string
	leaders   map[record.TopicPartition]BrokerID
	losses    map[BrokerID]uint64 // how often each was not there, or went away with a request in hand
	preferred string              // the address that answered last
}

func newTopology(bootstrap []string) *topology {
	return &topology{
		bootstrap: slices.Clone(bootstrap),
		addresses: map[BrokerID]string{},
		leaders:   map[record.TopicPartition]BrokerID{},
		losses:    map[BrokerID]uint64{},
	}
}

// learn takes over what a metadata answer says.
func (t *topology) learn(response *metadata.Response) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(response.Brokers) > 0 {
		clear(t.addresses) // one that left the cluster is no candidate any more
	}
	for _, broker := range response.Brokers {
		t.addresses[BrokerID(broker.NodeID)] = joinAddress(broker.Host, broker.Port)
	}
	for _, topic := range response.Topics {
		for _, partition := range topic.Partitions {
			tp := record.TopicPartition{Topic: topic.Name, Partition: partition.PartitionIndex}
			if leaderError(partition) == nil {
				t.leaders[tp] = BrokerID(partition.LeaderID)
			} else {
				delete(t.leaders, tp)
			}
		}
	}
}

func (t *topology) learnAddress(broker BrokerID, host string, port int32) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.addresses[broker] = joinAddress(host, port)
}

func (t *topology) address(broker BrokerID) (addr string, known bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	addr, known = t.addresses[broker]
	return addr, known
}

func (t *topology) forgetAddress(broker BrokerID, addr string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.addresses[broker] == addr {
		delete(t.addresses, broker)
	}
}

func (t *topology) noteLoss(broker BrokerID) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.losses[broker]++
}

func (t *topology) lossesOf(broker BrokerID) uint64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.losses[broker]
}

func (t *topology) leader(tp record.TopicPartition) (broker BrokerID, known bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	broker, known = t.leaders[tp]
	return broker, known
}

func (t *topology) forgetLeader(tp record.TopicPartition, broker BrokerID) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if known, ok := t.leaders[tp]; ok && known == broker {
		delete(t.leaders, tp)
	}
}

func (t *topology) prefer(addr string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.preferred = addr
}

// candidates returns the addresses that can be asked, the preferred one first: the known brokers, then the bootstrap
// addresses, which are never given up (every broker may have moved).
func (t *topology) candidates() []string {
	t.mu.Lock()
	defer t.mu.Unlock()
	var all []string
	for _, broker := range slices.Sorted(maps.Keys(t.addresses)) {
		all = append(all, t.addresses[broker])
	}
	for _, addr := range t.bootstrap {
		if !slices.Contains(all, addr) {
			all = append(all, addr)
		}
	}
	if i := slices.Index(all, t.preferred); i > 0 {
		all = slices.Concat(all[i:], all[:i])
	}
	return all
}

func joinAddress(host string, port int32) string {
	return net.JoinHostPort(host, strconv.FormatInt(int64(port), 10))
}
