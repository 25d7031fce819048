package stream

import (
	"strconv"
	"sync"

	"github.com/prometheus/client_golang/prometheus"

	"cardstream/record"
)

// lagCollector reads, when it is scraped, how far each task of this process is behind. Partitions that are lost leave
// the list, so no series outlives its owner.
type lagCollector struct {
	consumer, stable *prometheus.Desc

	mu     sync.Mutex
	inputs map[record.TopicPartition]lagSource
}

// lagSource is what a task's lag is computed from. Both functions may be called at any time.
type lagSource struct {
	position func() int64
	observed func() (highWatermark, lastStableOffset int64, known bool)
}

func newLagCollector() *lagCollector {
	labels := []string{"topic", "partition"}
	return &lagCollector{
		consumer: prometheus.NewDesc("cardstream_consumer_lag_records",
			"Offsets between the next one to read and the high watermark.", labels, nil),
		stable: prometheus.NewDesc("cardstream_stable_offset_lag_records",
			"Offsets between the last stable offset and the high watermark: a transaction that somebody left open.",
			labels, nil),
		inputs: make(map[record.TopicPartition]lagSource),
	}
}

func (c *lagCollector) add(tp record.TopicPartition, s lagSource) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.inputs[tp] = s
}

func (c *lagCollector) remove(tp record.TopicPartition) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.inputs, tp)
}

// Describe implements prometheus.Collector.
func (c *lagCollector) Describe(ch chan<- *prometheus.Desc) { ch <- c.consumer; ch <- c.stable }

// Collect implements prometheus.Collector.
func (c *lagCollector) Collect(ch chan<- prometheus.Metric) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for tp, s := range c.inputs {
		highWatermark, lastStable, known := s.observed()
		if !known {
			continue
		}
		partition := strconv.Itoa(int(tp.Partition))
		gauge := func(d *prometheus.Desc, behind int64) prometheus.Metric {
			return prometheus.MustNewConstMetric(d, prometheus.GaugeValue, float64(max(0, behind)), tp.Topic, partition)
		}
		ch <- gauge(c.consumer, highWatermark-s.position())
		ch <- gauge(c.stable, highWatermark-lastStable)
	}
}
