package control

import (
	"context"
	"fmt"

	"cardstream/producer"
	"cardstream/record"
	"cardstream/schemas"
)

// Setter writes settings.
type Setter struct {
	Producer *producer.Idempotent
	Topic    string // provisioning.control, with the installation's prefix
	Codec    *schemas.Codec[schemas.ControlSetting]
}

// Set writes a setting, acknowledged by all replicas in sync; it counts from then on, on every instance. A value that the
// setting cannot have is refused, and nothing is written. Any other error may come of a setting that was written all the
// same: its answer was lost.
func (s *Setter) Set(ctx context.Context, setting schemas.ControlSetting) error {
	if err := judge(setting.Name, setting.Value); err != nil {
		return err
	}
	value, err := s.Codec.Append(nil, &setting)
	if err != nil {
		return fmt.Errorf("encode setting: %w", err)
	}
	r := record.Record{Topic: s.Topic, Key: []byte(setting.Name), Value: value}
	if _, err := s.Producer.Produce(ctx, []record.Record{r}); err != nil {
		return fmt.Errorf("set %s: %w", setting.Name, err)
	}
	return nil
}
