package store_test

import (
	"bytes"
	"context"
	"fmt"
	"reflect"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"pgregory.net/rapid"

	"cardstream/provisioning"
	"cardstream/store"
)

// natural is the tests' own idea of nature: heads act when due, the SENT one at its due time and a bit, ends are
// forgotten later.
func natural(r *provisioning.Request, head bool) store.Place {
	switch {
	case r.State.Ended():
		return store.ArmedAt(r.DueAt + 1000)
	case !head:
		return store.ParkedPlace()
	case r.State == provisioning.Sent:
		return store.ArmedAt(r.DueAt + 7)
	}
	return store.ArmedAt(r.DueAt)
}

// machine does the same to the store and to the model, and compares all that they say.
type machine struct {
	options store.Options
	s       *store.Store
	p       *store.Partition
	o       *store.Overlay

	applied *model // as last applied
	now     *model // as the overlay sees it
	next    int64  // number of the next new request
	written int64  // position of the last checkpoint
	log     []logged
}

// logged is a record of the changelog.
type logged struct {
	number  int64
	request *provisioning.Request // nil: a tombstone
}

// TestMachine holds the store against a plain map under random steps, restarts and restores.
func TestMachine(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := &machine{
			options: store.Options{Decode: decode, FS: vfs.NewMem(), MemtableBytes: 64 << 10, CacheBytes: 1 << 20},
			applied: newModel(),
		}
		m.open(t)
		defer func() {
			if m.o != nil {
				m.o.Discard()
			}
			if err := m.s.Close(); err != nil {
				t.Fatal(err)
			}
		}()
		t.Repeat(map[string]func(*rapid.T){
			"put": m.put, "put2": m.put, "put3": m.put, "change": m.change, "change2": m.change,
			"move": m.move, "move2": m.move, "delete": m.delete,
			"wake": m.wake, "wake2": m.wake, "ready": m.ready, "line": m.line, "line2": m.line,
			"foresee": m.foresee,
			"apply":   m.apply, "apply2": m.apply, "discard": m.discard,
			"reopen": m.reopen, "lease": m.lease, "restore": m.restore, "tail": m.tail, "": m.compare,
		})
	})
}

func (m *machine) open(t *rapid.T) {
	m.s = must[*store.Store](t)(store.Open("store", m.options))
	m.p = must[*store.Partition](t)(m.s.Lease(partition))
	m.begin(t)
}

func (m *machine) begin(t *rapid.T) {
	m.o = must[*store.Overlay](t)(m.p.Begin())
	m.now = m.applied.clone()
}

var cards = []provisioning.SmartcardKey{"id:1", "id:2", "id:2\x00", "id:2\x00\x01", "id:10", "serial_number:é"}

func card(t *rapid.T) provisioning.SmartcardKey { return rapid.SampledFrom(cards).Draw(t, "card") }

func place(t *rapid.T) store.Place {
	at := provisioning.Timestamp(rapid.Int64Range(-5, 20).Draw(t, "at"))
	switch rapid.IntRange(0, 2).Draw(t, "kind") {
	case 0:
		return store.ParkedPlace()
	case 1:
		return store.ArmedAt(at)
	}
	return store.ReadySince(at, rapid.Bool().Draw(t, "urgent"), rapid.Bool().Draw(t, "retry"))
}

// existing draws a number that is there, or sometimes is not.
func (m *machine) existing(t *rapid.T) int64 { return rapid.Int64Range(0, m.next).Draw(t, "number") }

func (m *machine) put(t *rapid.T) {
	r := request(m.next, card(t), provisioning.Timestamp(rapid.Int64Range(-5, 20).Draw(t, "due")))
	r.ProcessImmediately = rapid.Bool().Draw(t, "immediate")
	m.next += rapid.Int64Range(1, 3).Draw(t, "gap")
	m.store(t, r)
}

func (m *machine) store(t *rapid.T, r provisioning.Request) {
	at := place(t)
	check(t, m.o.Put(&r, encode(&r), at))
	check(t, m.now.Put(&r, encode(&r), at))
}

func (m *machine) change(t *rapid.T) {
	item := must[*store.Item](t)(m.now.Get(m.existing(t)))
	if item == nil {
		return
	}
	if rapid.Bool().Draw(t, "read first") {
		read := must[*store.Item](t)(m.o.Get(item.Number))
		read.Request = provisioning.Request{} // the caller's own
	}
	r := item.Request
	r.State = rapid.SampledFrom(provisioning.States).Draw(t, "state")
	r.Revision++
	r.UpdatedAt += 50 // later than any that was just made
	m.store(t, r)
}

func (m *machine) move(t *rapid.T) {
	n, to := m.existing(t), place(t)
	if item, _ := m.now.Get(n); item == nil {
		if m.o.Move(n, to) == nil {
			t.Fatalf("%d was moved, and is not there", n)
		}
		return
	}
	check(t, m.o.Move(n, to))
	check(t, m.now.Move(n, to))
}

func (m *machine) delete(t *rapid.T) {
	n := m.existing(t)
	check(t, m.o.Delete(n))
	check(t, m.now.Delete(n))
}

func (m *machine) wake(t *rapid.T) {
	now := provisioning.Timestamp(rapid.Int64Range(-6, 25).Draw(t, "now"))
	limit := rapid.IntRange(0, 4).Draw(t, "limit")
	got := must[[]store.Item](t)(m.o.Woken(now, limit))
	want := must[[]store.Item](t)(m.now.Woken(now, limit))
	sameItems(t, got, want)
	for _, item := range got {
		switch rapid.IntRange(0, 2).Draw(t, "woken") {
		case 0:
			to := place(t)
			check(t, m.o.Move(item.Number, to))
			check(t, m.now.Move(item.Number, to))
		case 1:
			m.store(t, item.Request)
		}
	}
}

func (m *machine) ready(t *rapid.T) {
	limit := rapid.IntRange(0, 4).Draw(t, "limit")
	for _, k := range store.ReadyKinds {
		want := m.now.standing(k)
		sameItems(t, must[[]store.Item](t)(m.o.ReadyItems(k, limit)), want[:min(limit, len(want))])
	}
}

func (m *machine) line(t *rapid.T) {
	c, limit := card(t), rapid.IntRange(1, 4).Draw(t, "limit")
	same(t, "head", three(m.o.Head(c)), three(m.now.Head(c)))
	same(t, "urgent", two(m.o.Urgent(c)), two(m.now.Urgent(c)))
	var got []store.LineEntry
	var after *store.LineEntry
	for {
		entries := must[[]store.LineEntry](t)(m.o.Line(c, after, limit))
		if len(entries) == 0 {
			break
		}
		got, after = append(got, entries...), &entries[len(entries)-1]
	}
	same(t, "line", got, must[[]store.LineEntry](t)(m.now.Line(c, nil, 1000)))
}

// foresee changes nothing, and what is asked later neither.
func (m *machine) foresee(t *rapid.T) {
	check(t, m.o.Foresee(rapid.SliceOfN(rapid.SampledFrom(cards), 0, 4).Draw(t, "cards")))
}

// checkpoint is the checkpoint of the changelog's end.
func (m *machine) checkpoint() store.Checkpoint {
	return store.Checkpoint{ClusterID: "cluster", TopicID: "topic", Position: m.written, CaughtUpAt: 17}
}

func (m *machine) apply(t *rapid.T) {
	m.note()
	check(t, m.o.Apply(m.checkpoint()))
	m.applied = m.now
	m.begin(t)
}

// note writes the changelog records of a step: of each number that changed, the last.
func (m *machine) note() {
	for n := range m.next + 1 {
		before, after := m.applied.items[n], m.now.items[n]
		_, was := m.applied.items[n]
		_, is := m.now.items[n]
		switch {
		case is && (!was || !bytes.Equal(before.Value, after.Value)):
			m.log = append(m.log, logged{n, &after.Request})
		case was && !is:
			m.log = append(m.log, logged{number: n})
		}
	}
	m.written = int64(len(m.log))
}

func (m *machine) discard(t *rapid.T) {
	m.o.Discard()
	m.begin(t)
}

func (m *machine) reopen(t *rapid.T) {
	m.o.Discard()
	check(t, m.s.Close())
	m.open(t)
}

// lease takes a newer lease while the older one has an overlay.
func (m *machine) lease(t *rapid.T) {
	older := m.o
	m.p = must[*store.Partition](t)(m.s.Lease(partition))
	if err := older.Apply(store.Checkpoint{Position: 999}); err == nil {
		t.Fatal("an older lease applied")
	}
	m.begin(t)
}

// restore wipes the partition and replays the whole changelog.
func (m *machine) restore(t *rapid.T) {
	m.apply(t)
	m.o.Discard()
	check(t, m.p.Wipe())
	m.replay(t, newModel(), 0)
}

// tail replays what the store has not, and some of what it has.
func (m *machine) tail(t *rapid.T) {
	before, from := m.applied, rapid.Int64Range(0, m.written).Draw(t, "from")
	m.note()
	m.applied = m.now
	m.o.Discard()
	m.replay(t, before, from)
}

// replay restores from a position of the log, cut off and gone on with at random, upon the rows of before.
func (m *machine) replay(t *rapid.T, before *model, from int64) {
	restore := must[*store.Restore](t)(m.p.Restore(natural))
	start := from
	for i := from; i < m.written; i++ {
		switch rapid.IntRange(0, 15).Draw(t, "interruption") {
		case 0: // the position is noted
			c := m.checkpoint()
			c.Position = i
			check(t, restore.Checkpoint(c))
			from = i
		case 1: // the process ends in good order, and another goes on
			restore.Abandon()
			check(t, m.s.Close())
			m.s = must[*store.Store](t)(store.Open("store", m.options))
			m.p = must[*store.Partition](t)(m.s.Lease(partition))
			restore = must[*store.Restore](t)(m.p.Restore(natural))
			i = from
		case 2: // Finish is cut off
			ctx := &fewLooks{context.Background(), rapid.IntRange(0, 1).Draw(t, "looks")}
			c := m.checkpoint()
			c.Position = i
			if restore.Finish(ctx, c) == nil { // nobody was touched: there was nothing to settle
				from = i
			}
			restore.Abandon()
			restore = must[*store.Restore](t)(m.p.Restore(natural))
			i = from
		}
		if r := m.log[i].request; r != nil {
			check(t, restore.Put(r, encode(r)))
		} else {
			check(t, restore.Delete(m.log[i].number))
		}
	}
	check(t, restore.Finish(context.Background(), m.checkpoint()))
	m.restored(t, before, m.log[start:])
	m.begin(t)
}

// restored holds the places after a restore against nature: whoever was replayed, or stands in a line that was changed,
// is in its natural place; others may also stand where they stood.
func (m *machine) restored(t *rapid.T, before *model, replayed []logged) {
	numbers, lines := map[int64]bool{}, map[provisioning.SmartcardKey]bool{}
	for _, record := range replayed {
		numbers[record.number] = true
		was, is := before.items[record.number].Request, m.applied.items[record.number].Request
		for _, r := range []provisioning.Request{was, is} {
			lines[r.SmartcardKey] = lines[r.SmartcardKey] || r.State != "" && !r.State.Ended()
		}
	}
	settled := m.applied.clone()
	settled.settle(natural)
	m.begin(t)
	for n, item := range m.applied.items {
		got := must[*store.Item](t)(m.o.Get(n))
		moved := numbers[n] || lines[item.Request.SmartcardKey] && !item.Request.State.Ended()
		if nature := settled.items[n].Place; got.Place != nature && (moved || got.Place != before.items[n].Place) {
			t.Fatalf("request %d was restored to %v, want %v", n, got.Place, nature)
		}
		item.Place = got.Place
		m.applied.items[n] = item
	}
	m.applied.max = m.o.Counts().MaxUpdatedAt
	m.o.Discard()
}

func (m *machine) compare(t *rapid.T) {
	for n := range m.next + 1 {
		got := must[*store.Item](t)(m.o.Get(n))
		want := must[*store.Item](t)(m.now.Get(n))
		if (got == nil) != (want == nil) {
			t.Fatalf("request %d is %v, want %v", n, got, want)
		}
		r := request(n, "", 0)
		if got != nil {
			sameItems(t, []store.Item{*got}, []store.Item{*want})
			r = got.Request
		}
		same(t, "by command", three(m.o.ByCommand(r.SmartcardKey, r.Source, r.CommandID)),
			three(m.now.ByCommand(r.SmartcardKey, r.Source, r.CommandID)))
		if r.SmartcardKey != "" { // what was just looked up is remembered
			same(t, "head", three(m.o.Head(r.SmartcardKey)), three(m.now.Head(r.SmartcardKey)))
		}
	}
	same(t, "counts", m.o.Counts(), m.now.Counts())
	same(t, "applied counts", m.p.Counts(), m.applied.Counts())
	same(t, "next wake", three(m.o.NextWake()), three(m.now.NextWake()))
	same(t, "oldest ready", three(m.o.OldestReady()), three(m.now.OldestReady()))
	checkpoint, ok, err := m.p.Checkpoint()
	if err != nil || ok && checkpoint != m.checkpoint() || !ok && m.written > 0 {
		t.Fatalf("checkpoint %+v, %v, %v, want position %d", checkpoint, ok, err, m.written)
	}
}

func sameItems(t *rapid.T, got, want []store.Item) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%d items %v, want %d %v", len(got), got, len(want), want)
	}
	for i := range got {
		if got[i].Number != want[i].Number || got[i].Place != want[i].Place ||
			!bytes.Equal(got[i].Value, want[i].Value) || !reflect.DeepEqual(got[i].Request, want[i].Request) {
			t.Fatalf("item %d is %d at %v, want %d at %v, or differs",
				i, got[i].Number, got[i].Place, want[i].Number, want[i].Place)
		}
	}
}

func same(t *rapid.T, what string, got, want any) {
	t.Helper()
	if !reflect.DeepEqual(got, want) && fmt.Sprint(got) != fmt.Sprint(want) {
		t.Fatalf("%s: %v, want %v", what, got, want)
	}
}

func two(a, b any) []any      { return []any{a, b} }
func three(a, b, c any) []any { return []any{a, b, c} }
