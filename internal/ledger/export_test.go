package ledger

import (
	"context"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

// Reading is a witness without a broker: records are handed to it.
type Reading struct{ reader *reader }

// NewReading returns one for topics of so many partitions.
func NewReading(registryURL string, partitions int) *Reading {
	place := newPlacement()
	for _, topic := range witnessedTopics(Mode{}) {
		place.partitions[topic] = partitions
	}
	return &Reading{&reader{book: newBook(Rules{}, Mode{}, place), registry: newRegistry(registryURL, nil)}}
}

// Read takes in a record of a topic.
func (r *Reading) Read(ctx context.Context, topic string, record *kgo.Record) error {
	return r.reader.read(ctx, topic, record, time.Now())
}

// Audit accounts for what has been read.
func (r *Reading) Audit() *Report { return r.reader.book.audit() }
