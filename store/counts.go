package store

import (
	"cardstream/provisioning"
)

// Counts says how many requests a partition has, and how they stand.
type Counts struct {
	Pending, Sent, Completed, Rejected, Cancelled int64 // by state

	Parked, Armed                                    int64 // by place
	ReadyUrgentRetry, ReadyUrgent, ReadyRetry, Ready int64 // by place: what is held back

	// Urgent are the immediate ones that are still PENDING.
	Urgent int64

	// MaxUpdatedAt is the largest updated_at that was ever put here: it does not go back when that request is forgotten.
	MaxUpdatedAt provisioning.Timestamp
}

// All returns how many requests there are.
func (c Counts) All() int64 { return c.Pending + c.Sent + c.Completed + c.Rejected + c.Cancelled }

// Held returns how many requests are due and held back.
func (c Counts) Held() int64 { return c.ReadyUrgentRetry + c.ReadyUrgent + c.ReadyRetry + c.Ready }

// State returns how many requests are in that state; zero for what is no state.
func (c Counts) State(s provisioning.State) int64 {
	if counter := c.state(s); counter != nil {
		return *counter
	}
	return 0
}

// Place returns how many requests stand at places of that kind; zero for what is no kind.
func (c Counts) Place(k Kind) int64 {
	if !k.valid() {
		return 0
	}
	return *c.place(k)
}

// state returns the counter of a state, nil for what is none.
func (c *Counts) state(s provisioning.State) *int64 {
	switch s {
	case provisioning.Pending:
		return &c.Pending
	case provisioning.Sent:
		return &c.Sent
	case provisioning.Completed:
		return &c.Completed
	case provisioning.Rejected:
		return &c.Rejected
	case provisioning.Cancelled:
		return &c.Cancelled
	}
	return nil
}

// place returns the counter of a kind of place.
func (c *Counts) place(k Kind) *int64 {
	switch k {
	case Parked:
		return &c.Parked
	case Armed:
		return &c.Armed
	case ReadyUrgentRetry:
		return &c.ReadyUrgentRetry
	case ReadyUrgent:
		return &c.ReadyUrgent
	case ReadyRetry:
		return &c.ReadyRetry
	default:
		return &c.Ready
	}
}

// add counts a request in (by is 1) or out (-1).
func (c *Counts) add(s standing, by int64) {
	*c.state(s.state) += by
	*c.place(s.place.Kind) += by
	if s.urgent() {
		c.Urgent += by
	}
}

// fields are all counters in the order in which they stand on disk.
func (c *Counts) fields() [12]*int64 {
	return [...]*int64{
		&c.Pending, &c.Sent, &c.Completed, &c.Rejected, &c.Cancelled,
		&c.Parked, &c.Armed, &c.ReadyUrgentRetry, &c.ReadyUrgent, &c.ReadyRetry, &c.Ready, &c.Urgent,
	}
}
