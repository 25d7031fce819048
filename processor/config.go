package processor

import (
	"log/slog"
	"slices"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/prometheus/client_golang/prometheus"

	"cardstream/gateway"
	"cardstream/internal/cluster"
	"cardstream/internal/recordbatch"
	"cardstream/provisioning"
	"cardstream/schemas"
	"cardstream/stream"
)

// The stages.
const (
	Intake   = "intake"
	Dispatch = "dispatch"
	Gateway  = "gateway"
)

// Config is what a process is to do, and with what. It is taken to be valid.
type Config struct {
	Stages []string // Intake, Dispatch, Gateway
	App    string   // what consumer groups and transactional ids begin with

	Client   *cluster.Client // closed by Close, as is the registry
	Registry *schemas.Registry
	Topics   schemas.Topics
	Refuse   func(clusterID string) error // says why not to work on that cluster; nil: any will do

	Rules    provisioning.Rules
	Policy   provisioning.Policy
	Digester provisioning.Digester

	ClockBound      time.Duration // how far Clock may be from the brokers' for scheduled sends
	Linger          time.Duration // least time between the steps of a busy partition
	StepRecords     int           // most records of a step
	OnMissingOffset stream.MissingOffset
	Codec           recordbatch.Codec // of what is written

	SessionTimeout   time.Duration // how long a silent process keeps its partitions
	RebalanceTimeout time.Duration // how long it may take to join a group; 0: the consumer's default

	Store Store
	Web   gateway.Web // with the stage gateway only

	Clock     func() time.Time // that the steps go by
	FastClock func() time.Time // the same, for who asks under a lock: it must not block; nil: Clock

	Metrics prometheus.Registerer
	Log     *slog.Logger
}

// Store is where the local store is, and how large. All but Dir have the store's defaults.
type Store struct {
	Dir           string
	CacheBytes    int64
	FlushInterval time.Duration
	FS            vfs.FS
}

func (c *Config) has(stage string) bool { return slices.Contains(c.Stages, stage) }
