package answering_test

import (
	"context"
	"strings"
	"sync"

	"cardstream/producer"
	"cardstream/provisioning"
	"cardstream/record"
	"cardstream/schemas"
)

// brokers stand in for an idempotent producer and what is behind it.
type brokers struct {
	commands *schemas.Codec[provisioning.Command]

	mu       sync.Mutex
	fate     *producer.Fate // at the end of its time, of what is not answered; nil: they answer at once
	answered chan struct{}  // closed when they answer after all
	requests [][]string     // ids of the commands of each produce request since the last look
	atOnce   int            // the most commands of one
	wrote    int            // commands
}

// answer has them write at once again, also what waits.
func (b *brokers) answer() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.fate = nil
	close(b.answered)
}

// fail has them answer nothing until a produce request's time is over, and says what became of its records then.
func (b *brokers) fail(f producer.Fate) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.fate, b.answered = &f, make(chan struct{})
}

// seen returns what was written or tried since the last look.
func (b *brokers) seen() (lines []string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, ids := range b.requests {
		lines = append(lines, "produce "+strings.Join(ids, " "))
	}
	b.requests = nil
	return lines
}

// Produce writes, or fails, as it was told.
func (b *brokers) Produce(ctx context.Context, records []record.Record) ([]producer.Delivery, error) {
	ids := make([]string, len(records))
	for i := range records {
		command, err := b.commands.Decode(ctx, records[i].Value)
		if err != nil {
			return nil, err
		}
		ids[i] = command.ID
	}
	b.mu.Lock()
	b.requests, b.atOnce = append(b.requests, ids), max(b.atOnce, len(ids))
	fate, answered := b.fate, b.answered
	b.mu.Unlock()
	deliveries := make([]producer.Delivery, len(records))
	end := producer.Written
	var err error
	if fate != nil {
		select {
		case <-answered:
		case <-ctx.Done():
			end, err = *fate, context.Cause(ctx)
		}
	}
	for i := range deliveries {
		deliveries[i].Fate = end
	}
	if end == producer.Written {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.wrote += len(records)
	}
	return deliveries, err
}
