package handlers

import (
	"sync"

	"github.com/prometheus/client_golang/prometheus"

	"cardstream/provisioning"
	"cardstream/store"
)

// requestsCollector reads, when it is scraped, how many requests this process has and how they stand. The store keeps
// count, so a scrape costs the same however many requests wait.
type requestsCollector struct {
	requests *prometheus.Desc

	mu         sync.Mutex
	partitions map[int32]*store.Partition
}

func newRequestsCollector() *requestsCollector {
	return &requestsCollector{
		requests:   prometheus.NewDesc("cardstream_requests", "Requests of this process's partitions, by state.", []string{"state"}, nil),
		partitions: make(map[int32]*store.Partition),
	}
}

func (c *requestsCollector) add(partition int32, p *store.Partition) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.partitions[partition] = p
}

// remove takes a partition out, unless a newer lease of it has come in since.
func (c *requestsCollector) remove(partition int32, p *store.Partition) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.partitions[partition] == p {
		delete(c.partitions, partition)
	}
}

// Describe implements prometheus.Collector.
func (c *requestsCollector) Describe(ch chan<- *prometheus.Desc) { ch <- c.requests }

// Collect implements prometheus.Collector.
func (c *requestsCollector) Collect(ch chan<- prometheus.Metric) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, state := range provisioning.States {
		var n int64
		for _, p := range c.partitions {
			counts := p.Counts()
			n += counts.State(state)
		}
		ch <- prometheus.MustNewConstMetric(c.requests, prometheus.GaugeValue, float64(n), string(state))
	}
}
