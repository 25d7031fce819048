package readmodel

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"

	"github.com/cockroachdb/pebble/v2"

	"cardstream/provisioning"
)

// Get returns the request of that number, nil where there is none.
func (m *Model) Get(n provisioning.RequestNumber) (*provisioning.Request, error) {
	return m.load(m.db, n)
}

func (m *Model) load(reader pebble.Reader, n provisioning.RequestNumber) (*provisioning.Request, error) {
	value, err := getFrom(reader, requestKey(n))
	if err != nil || value == nil {
		return nil, err
	}
	r, err := m.State.Decode(context.Background(), value) // written with this version's own schema, or a known one
	if err != nil {
		return nil, fmt.Errorf("read model: request %s: %w", n, err)
	}
	return &r, nil
}

// ByCommand returns the requests that commands of that source and id made: one for each card that they named.
func (m *Model) ByCommand(source, commandID string) ([]*provisioning.Request, error) {
	prefix := commandPrefix(source, commandID)
	var found []*provisioning.Request
	err := m.scan(m.db, prefix, func(key []byte) (bool, error) {
		tail := key[len(prefix):]
		if len(tail) != 12 {
			return false, fmt.Errorf("read model: a key of %d bytes", len(key))
		}
		n := provisioning.RequestNumber{
			Partition: int32(binary.BigEndian.Uint32(tail)), Offset: int64(binary.BigEndian.Uint64(tail[4:])),
		}
		r, err := m.Get(n)
		if r != nil && r.Source == source && r.CommandID == commandID {
			found = append(found, r)
		}
		const most = 100 // more only where one id is used for ever more cards
		return len(found) < most, err
	})
	return found, err
}

// Query says which requests are wanted. A zero field does not matter.
type Query struct {
	State        provisioning.State
	Smartcard    string // the value of an identifier
	Subscription string // likewise
	// Matches is held against each request besides. Nil: all match.
	Matches func(*provisioning.Request) bool
	Offset  int // how many to pass over
	Most    int
}

// List returns requests, the newest first.
func (m *Model) List(ctx context.Context, q Query) ([]*provisioning.Request, error) {
	snapshot := m.db.NewSnapshot()
	defer func() { _ = snapshot.Close() }()
	prefix, exact := q.index()
	var found []*provisioning.Request
	skipped := 0
	err := m.scan(snapshot, prefix, func(key []byte) (bool, error) {
		if ctx.Err() != nil {
			return false, context.Cause(ctx)
		}
		if exact && skipped < q.Offset {
			skipped++
			return true, nil
		}
		n, ok := numberOfOrder(key)
		r, err := m.load(snapshot, n)
		switch {
		case err != nil || !ok || r == nil:
			return err == nil, err
		case !q.match(r):
		case skipped < q.Offset:
			skipped++
		default:
			found = append(found, r)
		}
		return len(found) < q.Most, nil
	})
	return found, err
}

// index chooses the list with the fewest requests that are not wanted. exact says that it has none of these.
func (q Query) index() (prefix []byte, exact bool) {
	switch {
	case q.Smartcard != "":
		return listPrefix(keyCard, q.Smartcard), q.Subscription == "" && q.State == "" && q.Matches == nil
	case q.Subscription != "":
		return listPrefix(keySubscription, q.Subscription), q.State == "" && q.Matches == nil
	case q.State != "":
		return listPrefix(keyState, string(q.State)), q.Matches == nil
	}
	return listPrefix(keyAll, ""), q.Matches == nil
}

func (q Query) match(r *provisioning.Request) bool {
	is := func(wanted string, values ...*string) bool {
		for _, v := range values {
			if v != nil && *v == wanted {
				return true
			}
		}
		return wanted == ""
	}
	return (q.State == "" || r.State == q.State) &&
		is(q.Smartcard, r.Smartcard.ID, r.Smartcard.SerialNumber, r.Smartcard.AlternativeCode) &&
		is(q.Subscription, r.Subscription.ID, r.Subscription.Number) &&
		(q.Matches == nil || q.Matches(r))
}

// scan calls each with the keys that begin with prefix, as long as it wants more.
func (m *Model) scan(reader pebble.Reader, prefix []byte, each func(key []byte) (more bool, err error)) error {
	it, err := reader.NewIter(&pebble.IterOptions{LowerBound: prefix, UpperBound: after(prefix)})
	if err != nil {
		return fmt.Errorf("read model: %w", err)
	}
	defer func() { _ = it.Close() }() // what went wrong is told by Error
	for it.First(); it.Valid(); it.Next() {
		if more, err := each(bytes.Clone(it.Key())); err != nil || !more {
			return err
		}
	}
	if err := it.Error(); err != nil {
		return fmt.Errorf("read model: %w", err)
	}
	return nil
}
