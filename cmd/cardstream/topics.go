package main

import (
	"context"
	"fmt"
	"io"
	"time"

	"cardstream/admin"
	"cardstream/internal/cluster"
	"cardstream/schemas"
)

// topicsCommand is `cardstream topics`: create the topics and register the schemas, or check them.
type topicsCommand struct {
	connection
	logging
	Check             bool          `help:"Change nothing; say what differs, and exit with 1 if anything does."`
	Partitions        int32         `default:"12" help:"Partitions of each topic (${default}); fixed at creation."`
	Replication       int16         `default:"0" help:"Replicas of each partition; 0: 3, or 1 with a single broker."`
	MinInSyncReplicas int           `default:"0" help:"Replicas that must have a record before it is acknowledged; 0: 2, or 1 with a single replica."`
	Timeout           time.Duration `default:"30s" help:"How long it may take (${default})."`
}

// Run creates or checks.
func (c *topicsCommand) Run(ctx context.Context, std streams) error {
	if c.Partitions < 1 {
		return usageError{fmt.Errorf("--partitions %d: must be positive", c.Partitions)}
	}
	client, registry, err := c.open(c.logger(std.err))
	if err != nil {
		return err
	}
	defer client.Close()
	defer registry.Close()
	ctx, cancel := context.WithTimeout(ctx, c.Timeout)
	defer cancel()
	plan, err := c.plan(ctx, client)
	if err != nil {
		return err
	}
	if !c.Check {
		done, err := plan.Create(ctx, client)
		for _, line := range done {
			fmt.Fprintln(std.out, line)
		}
		if err != nil {
			return err
		}
		if _, err := schemas.Register(ctx, registry, plan.Topics); err != nil {
			return err
		}
	}
	return c.compare(ctx, plan, client, registry, std.out)
}

// plan fills in what depends on the cluster: as many replicas as there can be, up to three.
func (c *topicsCommand) plan(ctx context.Context, client *cluster.Client) (admin.Plan, error) {
	plan := admin.Plan{
		Topics: c.topics(), Partitions: c.Partitions,
		ReplicationFactor: c.Replication, MinInSyncReplicas: c.MinInSyncReplicas,
	}
	response, err := client.Metadata(ctx)
	if err != nil {
		return plan, err
	}
	single := len(response.Brokers) == 1
	if plan.ReplicationFactor == 0 {
		plan.ReplicationFactor = 3
		if single {
			plan.ReplicationFactor = 1
		}
	}
	if plan.MinInSyncReplicas == 0 {
		plan.MinInSyncReplicas = min(2, int(plan.ReplicationFactor))
	}
	return plan, nil
}

// compare prints every difference that is left.
func (c *topicsCommand) compare(ctx context.Context, plan admin.Plan, client *cluster.Client, registry *schemas.Registry,
	out io.Writer) error {
	layout, err := plan.Describe(ctx, client)
	if err != nil {
		return err
	}
	differences := plan.Check(layout)
	for _, d := range differences {
		fmt.Fprintln(out, d)
	}
	registered, err := schemas.Check(ctx, registry, plan.Topics)
	if err != nil {
		return err
	}
	wrong := len(differences)
	for _, r := range registered {
		switch {
		case r.ID == 0:
			fmt.Fprintf(out, "subject %s has no schema of this version's %s\n", r.Subject(), r.Record)
		case !r.OK():
			fmt.Fprintf(out, "subject %s has compatibility %s, not FULL_TRANSITIVE\n", r.Subject(), r.Compatibility)
		default:
			continue
		}
		wrong++
	}
	if wrong > 0 {
		return fmt.Errorf("%d differences", wrong)
	}
	fmt.Fprintln(out, "topics and schemas are as they should be")
	return nil
}
