package simulation

import (
	"context"
	"fmt"
	"time"

	"cardstream/control"
	"cardstream/internal/cluster"
	"cardstream/producer"
	"cardstream/provisioning"
	"cardstream/schemas"
)

// operator pauses and resumes.
type operator struct {
	client *cluster.Client
	setter control.Setter
}

func newOperator(ctx context.Context, w *world) (*operator, error) {
	client := w.client("operator", w.brokers...)
	registry := w.registryClient("operator", w.journal.logger("operator"))
	defer registry.Close()
	set, err := schemas.Load(ctx, registry, schemas.Topics{})
	if err != nil {
		client.Close()
		return nil, err
	}
	return &operator{client: client, setter: control.Setter{
		Producer: producer.NewIdempotent(client, producer.IdempotentConfig{}),
		Topic:    schemas.Topics{}.Control(), Codec: set.Control,
	}}, nil
}

func (o *operator) close() { o.client.Close() }

// pause sets or ends the pause. What does not get through within some seconds is given up.
func (o *operator) pause(paused bool) error {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	return o.setter.Set(ctx, schemas.ControlSetting{
		Name: control.Paused, Value: fmt.Sprint(paused), SetBy: "operator", SetAt: provisioning.TimestampOf(time.Now()),
	})
}

// fence takes the transactional id of a partition's dispatch.
func (o *operator) fence(partition int32) error {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	id := fmt.Sprintf("%s-dispatch-%s-%d", application, schemas.Topics{}.Requests(), partition)
	return producer.NewTransactional(o.client, producer.Config{TransactionalID: id}).Init(ctx)
}
