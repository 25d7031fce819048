package faults

import "context"

// down is a service that is not there.
type down struct {
	name string
	Service
}

func (d *down) Name() string                     { return d.name }
func (d *down) Inject(ctx context.Context) error { return d.Stop(ctx) }
func (d *down) Undo(ctx context.Context) error   { return d.Start(ctx) }
