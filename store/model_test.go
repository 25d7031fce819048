package store_test

import (
	"bytes"
	"cmp"
	"maps"
	"slices"

	"cardstream/provisioning"
	"cardstream/store"
)

// overlay is what the store's overlay and the model's have in common.
type overlay interface {
	Get(number int64) (*store.Item, error)
	Put(r *provisioning.Request, value []byte, place store.Place) error
	Move(number int64, place store.Place) error
	Delete(number int64) error
	ByCommand(card provisioning.SmartcardKey, source, commandID string) (int64, bool, error)
	Head(card provisioning.SmartcardKey) (store.LineEntry, bool, error)
	Line(card provisioning.SmartcardKey, after *store.LineEntry, limit int) ([]store.LineEntry, error)
	Urgent(card provisioning.SmartcardKey) (bool, error)
	Woken(now provisioning.Timestamp, limit int) ([]store.Item, error)
	NextWake() (provisioning.Timestamp, bool, error)
	OldestReady() (provisioning.Timestamp, bool, error)
	Counts() store.Counts
}

var _, _ overlay = (*store.Overlay)(nil), (*model)(nil)

// model is a partition as a plain map: slow, and obviously right.
type model struct {
	items map[int64]store.Item
	max   provisioning.Timestamp
}

func newModel() *model { return &model{items: map[int64]store.Item{}, max: -1 << 63} }

func (m *model) clone() *model { return &model{items: maps.Clone(m.items), max: m.max} }

func (m *model) Get(number int64) (*store.Item, error) {
	if item, ok := m.items[number]; ok {
		return &item, nil
	}
	return nil, nil
}

func (m *model) Put(r *provisioning.Request, value []byte, place store.Place) error {
	m.items[r.Number.Offset] = store.Item{
		Number: r.Number.Offset, Place: place, Request: *r, Value: bytes.Clone(value),
	}
	m.max = max(m.max, r.UpdatedAt)
	return nil
}

func (m *model) Move(number int64, place store.Place) error {
	item := m.items[number]
	item.Place = place
	m.items[number] = item
	return nil
}

func (m *model) Delete(number int64) error { delete(m.items, number); return nil }

func (m *model) ByCommand(card provisioning.SmartcardKey, source, commandID string) (int64, bool, error) {
	for n, item := range m.items {
		if r := item.Request; r.SmartcardKey == card && r.Source == source && r.CommandID == commandID {
			return n, true, nil
		}
	}
	return 0, false, nil
}

func (m *model) Head(card provisioning.SmartcardKey) (store.LineEntry, bool, error) {
	line, _ := m.Line(card, nil, 1)
	if len(line) == 0 {
		return store.LineEntry{}, false, nil
	}
	return line[0], true, nil
}

func (m *model) Line(
	card provisioning.SmartcardKey, after *store.LineEntry, limit int,
) ([]store.LineEntry, error) {
	var requests []provisioning.Request
	for _, item := range m.items {
		if item.Request.SmartcardKey == card && !item.Request.State.Ended() {
			requests = append(requests, item.Request)
		}
	}
	slices.SortFunc(requests, func(a, b provisioning.Request) int { return a.LineOrder(&b) })
	var line []store.LineEntry
	for _, r := range requests {
		line = append(line, store.LineEntry{
			Number: r.Number.Offset, Sent: r.State == provisioning.Sent, DueAt: r.DueAt,
		})
	}
	if after != nil {
		line = line[slices.Index(line, *after)+1:]
	}
	return line[:min(limit, len(line))], nil
}

func (m *model) Urgent(card provisioning.SmartcardKey) (bool, error) {
	for _, item := range m.items {
		r := item.Request
		if r.SmartcardKey == card && r.State == provisioning.Pending && r.ProcessImmediately {
			return true, nil
		}
	}
	return false, nil
}

// standing returns the items of a kind of place in order.
func (m *model) standing(k store.Kind) []store.Item {
	var items []store.Item
	for _, item := range m.items {
		if item.Place.Kind == k {
			items = append(items, item)
		}
	}
	slices.SortFunc(items, func(a, b store.Item) int {
		return cmp.Or(cmp.Compare(a.Place.At, b.Place.At), cmp.Compare(a.Number, b.Number))
	})
	return items
}

func (m *model) Woken(now provisioning.Timestamp, limit int) ([]store.Item, error) {
	var woken []store.Item
	for _, item := range m.standing(store.Armed) {
		if item.Place.At <= now && len(woken) < limit {
			woken = append(woken, item)
		}
	}
	return woken, nil
}

func (m *model) NextWake() (provisioning.Timestamp, bool, error) {
	if items := m.standing(store.Armed); len(items) > 0 {
		return items[0].Place.At, true, nil
	}
	return 0, false, nil
}

func (m *model) OldestReady() (provisioning.Timestamp, bool, error) {
	items := m.ready()
	if len(items) == 0 {
		return 0, false, nil
	}
	oldest := slices.MinFunc(items, func(a, b store.Item) int { return cmp.Compare(a.Place.At, b.Place.At) })
	return oldest.Place.At, true, nil
}

// ready returns all that is held back.
func (m *model) ready() []store.Item {
	var all []store.Item
	for _, k := range store.ReadyKinds {
		all = append(all, m.standing(k)...)
	}
	return all
}

func (m *model) Counts() store.Counts {
	counts := store.Counts{MaxUpdatedAt: m.max}
	for _, item := range m.items {
		switch item.Request.State {
		case provisioning.Pending:
			counts.Pending++
		case provisioning.Sent:
			counts.Sent++
		case provisioning.Completed:
			counts.Completed++
		case provisioning.Rejected:
			counts.Rejected++
		case provisioning.Cancelled:
			counts.Cancelled++
		}
		switch item.Place.Kind {
		case store.Parked:
			counts.Parked++
		case store.Armed:
			counts.Armed++
		case store.ReadyUrgentRetry:
			counts.ReadyUrgentRetry++
		case store.ReadyUrgent:
			counts.ReadyUrgent++
		case store.ReadyRetry:
			counts.ReadyRetry++
		case store.Ready:
			counts.Ready++
		}
		if item.Request.State == provisioning.Pending && item.Request.ProcessImmediately {
			counts.Urgent++
		}
	}
	return counts
}

// settle gives every request its natural place, as a finished restore does.
func (m *model) settle(natural store.Natural) {
	for n, item := range m.items {
		head, ok, _ := m.Head(item.Request.SmartcardKey)
		item.Place = natural(&item.Request, ok && head.Number == n)
		m.items[n] = item
	}
}
