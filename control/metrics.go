package control

import (
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Metrics say how old a Follower's knowledge is. Make them once for a registry; nil measures nothing.
type Metrics struct{ at atomic.Pointer[time.Time] }

// NewMetrics registers the gauge.
func NewMetrics(reg prometheus.Registerer) *Metrics {
	m := new(Metrics)
	reg.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "cardstream_control_age_seconds",
		Help: "Since the brokers last told whether there are new settings of the run; 0 where nobody asks.",
	}, func() float64 {
		at := m.at.Load()
		if at == nil {
			return 0
		}
		return time.Since(*at).Seconds()
	}))
	return m
}

// heard notes when the brokers told something.
func (m *Metrics) heard(at time.Time) {
	if m != nil {
		m.at.Store(&at)
	}
}
