package producer

import (
	"cmp"
	"time"

	"cardstream/internal/recordbatch"
	"cardstream/record"
)

const defaultMaxBatchBytes = 1 << 20

// Config is of one transactional id.
type Config struct {
	// TransactionalID is the lock that correctness rests on: at most one producer of an id can commit. Mandatory.
	TransactionalID string

	// Partitions are all that transactions of this id may ever write to, Group is the one whose offsets they commit, and
	// Inputs the partitions that these offsets are of. Init settles there what the transaction before may have left behind
	// (leftovers.go). Without Partitions any partition may be written to, and nothing is settled: for who has no input.
	Partitions []record.TopicPartition
	Group      string
	Inputs     []record.TopicPartition

	// TransactionTimeout is how long Kafka leaves a transaction open before it aborts it by itself; until then readers
	// of committed records wait behind it. It is at most the broker's transaction.max.timeout.ms. Zero means 30 s.
	TransactionTimeout time.Duration

	// Codec compresses the batches. The zero value is none.
	Codec recordbatch.Codec

	// MaxBatchBytes is how large a batch may be before compression: at most the max.message.bytes of every topic that
	// is written to. Zero means 1 MiB, just below Kafka's default.
	MaxBatchBytes int

	// TopicBatchBytes is the same for topics that take another size.
	TopicBatchBytes map[string]int
}

func (c Config) limits() limits { return limits{general: c.MaxBatchBytes, byTopic: c.TopicBatchBytes} }

func (c Config) withDefaults() Config {
	c.TransactionTimeout = cmp.Or(c.TransactionTimeout, 30*time.Second)
	c.MaxBatchBytes = cmp.Or(c.MaxBatchBytes, defaultMaxBatchBytes)
	return c
}

// IdempotentConfig is of a producer without transactions.
type IdempotentConfig struct {
	// Codec compresses the batches. The zero value is none.
	Codec recordbatch.Codec

	// MaxBatchBytes is as in Config.
	MaxBatchBytes int
}

func (c IdempotentConfig) withDefaults() IdempotentConfig {
	c.MaxBatchBytes = cmp.Or(c.MaxBatchBytes, defaultMaxBatchBytes)
	return c
}
