package rig

import "cardstream/internal/ledger/chaos"

// Stores are the local stores.
type Stores = stores

// NewStores makes them.
var NewStores = newStores

// Of returns the folder of a store.
func (s *stores) Of(slot int) string { return s.of(slot) }

// SetAlien says where another cluster's store is.
func (s *stores) SetAlien(folder string) { s.alien = folder }

// Close unmounts their disks.
func (s *stores) Close() error { return s.close() }

// Processors are the supervised processes.
type Processors = processors

// Supervise looks after a fleet.
func Supervise(fleet *chaos.Fleet, count int, log func(format string, args ...any)) *Processors {
	return supervise(fleet, count, log)
}

// Ends returns the ends without an excuse, and how many had one.
func (p *processors) Ends() ([]string, int) { return p.ends() }

// Close ends them.
func (p *processors) Close() error { return p.close() }

// NewCrowd is a process that comes and goes, and what has joined of it.
func NewCrowd(c chaos.Config) (crowd *crowd, present func() *chaos.Fleet) {
	crowd = newCrowd(c)
	return crowd, func() *chaos.Fleet { return crowd.present }
}

// NewClocks are clocks in a folder, and the file of the first.
func NewClocks(folder string) (*clocks, string) {
	c := &clocks{folder: folder}
	return c, c.file(0)
}

// What tests look at.
var (
	EffectsIn     = effects
	ClockSettable = clockSettable
)
