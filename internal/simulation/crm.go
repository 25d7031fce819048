package simulation

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"cardstream/internal/ledger"
)

// crm writes the load, and now and then cancels a request that is PENDING as far as it knows.
type crm struct {
	feeder *ledger.Feeder
	world  *world
	random *rand.Rand
}

func newCRM(ctx context.Context, w *world) (*crm, error) {
	feeder, err := ledger.NewFeeder(ctx, ledger.FeederConfig{
		Brokers: w.brokers, Registry: "http://" + registryAddress, Load: w.plan.Load, Rate: w.plan.Rate,
		Kafka: []kgo.Opt{kgo.Dialer(w.network.Dialer("crm"))}, Transport: w.transport("crm"),
	})
	return &crm{feeder: feeder, world: w, random: rand.New(rand.NewPCG(w.plan.Seed, 0xC4))}, err
}

func (c *crm) close() { c.feeder.Close() }

// run feeds all, and returns how many cancels it wrote.
func (c *crm) run(ctx context.Context) (cancels int, err error) {
	var cancelling sync.WaitGroup
	cancelling.Go(func() { cancels = c.cancel(ctx) })
	err = c.feeder.Run(ctx)
	cancelling.Wait()
	return cancels, err
}

func (c *crm) cancel(ctx context.Context) int {
	began, written := time.Now(), 0
	for n, at := range c.world.plan.Cancels {
		select {
		case <-ctx.Done():
			return written
		case <-time.After(time.Until(began.Add(at))):
		}
		wrote, err := c.feeder.CancelPending(ctx, c.world.witness, c.random, fmt.Sprintf("cancel-%d", n))
		if wrote && err == nil {
			written++
		}
	}
	return written
}
