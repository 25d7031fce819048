package simulation

import (
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/prometheus/client_golang/prometheus"

	"cardstream/internal/cluster"
	"cardstream/processor"
	"cardstream/provisioning"
	"cardstream/schemas"
)

// Settings are those of the processors' that a simulation varies.
type Settings struct {
	Policy         provisioning.Policy
	PINPattern     string
	ClockBound     time.Duration
	Linger         time.Duration
	StepRecords    int
	SessionTimeout time.Duration

	// RebalanceTimeout is shorter than a processor's. With each member that joins kfake begins anew to wait for the others,
	// which Kafka does not; three members whose tries to join do not meet would keep it waiting for ever. A try lasts for
	// RebalanceTimeout and 3 s more; with a second of it there is time for the wait to end between the tries of three.
	RebalanceTimeout time.Duration
}

// application is the --app of all processors.
const application = "cardstream"

// processor is one life of what `cardstream run` runs, on this machine's clocks and disk.
func (m *machine) processor(client *cluster.Client, registry *schemas.Registry, disk vfs.FS) *processor.Processor {
	s := m.world.plan.Settings
	rules, err := provisioning.NewRules(s.PINPattern, provisioning.DefaultHorizon)
	if err != nil {
		panic(err) // ours
	}
	return processor.New(processor.Config{
		Stages: m.stages, App: application, Client: client, Registry: registry,
		Rules: rules, Policy: s.Policy, Digester: provisioning.NewDigester([]byte("simulated")),
		ClockBound: s.ClockBound, Linger: s.Linger, StepRecords: s.StepRecords,
		SessionTimeout: s.SessionTimeout, RebalanceTimeout: s.RebalanceTimeout,
		Store: processor.Store{Dir: "store", CacheBytes: 1 << 20, FlushInterval: 5 * time.Second, FS: disk},
		Clock: m.clock, FastClock: m.time, Metrics: prometheus.NewRegistry(), Log: m.log,
	})
}
