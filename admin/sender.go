package admin

import (
	"context"
	"fmt"

	"cardstream/producer"
	"cardstream/provisioning"
	"cardstream/record"
	"cardstream/schemas"
)

// Sender writes commands to provisioning.commands, acknowledged by all replicas in sync. A command is keyed by its card,
// so that the commands of one card keep their order.
type Sender struct {
	Producer   *producer.Idempotent
	Schemas    *schemas.Set
	Topics     schemas.Topics
	Partitions int32 // of provisioning.commands
}

// Send writes the commands, those of one card in their order. With an error some may have been written.
func (s *Sender) Send(ctx context.Context, commands []provisioning.Command) error {
	records := make([]record.Record, len(commands))
	for i := range commands {
		value, err := s.Schemas.Command.Append(nil, &commands[i])
		if err != nil {
			return fmt.Errorf("encode command: %w", err)
		}
		key := commandKey(&commands[i])
		records[i] = record.Record{
			Topic: s.Topics.Commands(), Partition: record.PartitionFor(key, s.Partitions), Key: key, Value: value,
		}
	}
	if _, err := s.Producer.Produce(ctx, records); err != nil {
		return fmt.Errorf("send commands: %w", err)
	}
	return nil
}

// commandKey is the card's key; of a cancel, and of a command that names no card, something that spreads them.
func commandKey(c *provisioning.Command) []byte {
	if c.Cancel != nil {
		return []byte(c.Cancel.Number)
	}
	if card, ok := c.SetUserParameters.Smartcard.Key(); ok {
		return []byte(card)
	}
	return []byte(c.ID)
}
