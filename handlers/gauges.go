package handlers

import (
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"cardstream/provisioning"
)

// requestsCollector reads, when it is scraped, how many requests this process has and how they stand. The store keeps
// count, so a scrape costs the same however many requests wait.
type requestsCollector struct {
	requests, overdue, oldest, held, paused *prometheus.Desc

	mu         sync.Mutex
	partitions map[int32]*Dispatch
}

func newRequestsCollector() *requestsCollector {
	return &requestsCollector{
		requests: prometheus.NewDesc("cardstream_requests",
			"Requests of this process's partitions, by state.", []string{"state"}, nil),
		overdue: prometheus.NewDesc("cardstream_overdue_requests",
			"Requests that are due and not sent although their card is free, held back or not yet reached.", nil, nil),
		oldest: prometheus.NewDesc("cardstream_oldest_overdue_seconds",
			"For how long the oldest of the overdue requests has been due.", nil, nil),
		held: prometheus.NewDesc("cardstream_headend_held",
			"1 while a partition of this process sends nothing but probes, as the headend does not answer.", nil, nil),
		paused: prometheus.NewDesc("cardstream_dispatch_paused",
			"1 while the processing run is paused.", nil, nil),
		partitions: make(map[int32]*Dispatch),
	}
}

func (c *requestsCollector) add(d *Dispatch) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.partitions[d.partition] = d
}

// remove takes a partition out, unless a newer life of its task has come in since.
func (c *requestsCollector) remove(d *Dispatch) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.partitions[d.partition] == d {
		delete(c.partitions, d.partition)
	}
}

// Describe implements prometheus.Collector.
func (c *requestsCollector) Describe(ch chan<- *prometheus.Desc) {
	ch <- c.requests
	ch <- c.overdue
	ch <- c.oldest
	ch <- c.held
	ch <- c.paused
}

// Collect implements prometheus.Collector.
func (c *requestsCollector) Collect(ch chan<- prometheus.Metric) {
	c.mu.Lock()
	defer c.mu.Unlock()
	gauge := func(d *prometheus.Desc, value float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, value, labels...)
	}
	for _, state := range provisioning.States {
		var n int64
		for _, d := range c.partitions {
			counts := d.store.Counts()
			n += counts.State(state)
		}
		gauge(c.requests, float64(n), string(state))
	}
	var due int64
	var oldest time.Duration
	var held, paused float64
	for _, d := range c.partitions {
		if d.held.Load() {
			held = 1
		}
		if d.Control.Current().Paused {
			paused = 1
		}
		counts := d.store.Counts()
		n, late := d.overdue.read(d.Clock(), counts.Held())
		due, oldest = due+n, max(oldest, late)
	}
	gauge(c.overdue, float64(due))
	gauge(c.oldest, oldest.Seconds())
	gauge(c.held, held)
	gauge(c.paused, paused)
}
