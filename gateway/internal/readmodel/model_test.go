package readmodel_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"pgregory.net/rapid"

	"cardstream/gateway/internal/readmodel"
	"cardstream/provisioning"
	"cardstream/record"
	"cardstream/schemas"
)

// plain is the model as a map.
type plain map[provisioning.RequestNumber]provisioning.Request

// list is what List must return.
func (p plain) list(q readmodel.Query) []provisioning.RequestNumber {
	var matching []provisioning.Request
	for _, r := range p {
		if (q.State == "" || r.State == q.State) && (q.Smartcard == "" || *r.Smartcard.SerialNumber == q.Smartcard) &&
			(q.Subscription == "" || *r.Subscription.Number == q.Subscription) {
			matching = append(matching, r)
		}
	}
	slices.SortFunc(matching, func(a, b provisioning.Request) int {
		return cmp.Or(-cmp.Compare(a.CreatedAt, b.CreatedAt), -a.Number.Compare(b.Number))
	})
	matching = matching[min(q.Offset, len(matching)):]
	return numbers(matching[:min(q.Most, len(matching))])
}

func numbers(requests []provisioning.Request) (list []provisioning.RequestNumber) {
	for _, r := range requests {
		list = append(list, r.Number)
	}
	return list
}

// TestModel holds a model against a map, through restarts too.
func TestModel(t *testing.T) {
	codec := stateCodec(t)
	rapid.Check(t, func(r *rapid.T) {
		disk := vfs.NewMem()
		m := open(disk, codec)
		defer func() {
			if err := m.Close(); err != nil {
				t.Error(err)
			}
		}()
		must(m.Begin(identity, 2, provisioning.TimestampOf(time.Now())))
		want := plain{}
		offsets := [2]int64{}
		r.Repeat(map[string]func(*rapid.T){
			"apply": func(r *rapid.T) {
				partition := rapid.Int32Range(0, 1).Draw(r, "partition")
				var records []record.Record
				for range rapid.IntRange(0, 5).Draw(r, "records") {
					offsets[partition]++
					records = append(records, drawRecord(r, codec, partition, offsets[partition], want))
				}
				c := readmodel.Checkpoint{Position: offsets[partition] + 1, CaughtUpAt: provisioning.TimestampOf(time.Now())}
				if err := m.Apply(t.Context(), partition, records, c); err != nil {
					r.Fatal(err)
				}
			},
			"restart": func(r *rapid.T) {
				if err := m.Close(); err != nil {
					r.Fatal(err)
				}
				m = open(disk, codec)
				checkpoints := must(m.Begin(identity, 2, provisioning.TimestampOf(time.Now())))
				for p, c := range checkpoints {
					if offsets[p] > 0 && c.Position != offsets[p]+1 {
						r.Fatalf("partition %d goes on at %d, want %d", p, c.Position, offsets[p]+1)
					}
				}
			},
			"": func(r *rapid.T) { check(t.Context(), r, m, want) },
		})
	})
}

// drawRecord makes a record about one of some requests, and keeps account of it.
func drawRecord(r *rapid.T, codec *schemas.Codec[provisioning.Request], partition int32, offset int64, want plain) record.Record {
	n := provisioning.RequestNumber{Partition: partition, Offset: rapid.Int64Range(0, 8).Draw(r, "request")}
	rec := record.Record{Topic: "state", Partition: partition, Offset: offset, Key: []byte(n.String())}
	if rapid.IntRange(0, 4).Draw(r, "kind") == 0 {
		delete(want, n)
		return rec
	}
	request, known := want[n]
	if !known {
		card, subscription := fmt.Sprint(n.Offset%3), fmt.Sprint(n.Offset%2)
		request = provisioning.Request{
			Number: n, CommandID: fmt.Sprint(n.Offset % 4), Source: "source", Action: provisioning.SetPIN,
			Smartcard:    provisioning.SmartcardIdentifier{SerialNumber: &card},
			Subscription: provisioning.SubscriptionIdentifier{Number: &subscription},
			CreatedAt:    provisioning.Timestamp(rapid.Int64Range(0, 3).Draw(r, "created")),
		}
	}
	request.State = rapid.SampledFrom(provisioning.States).Draw(r, "state")
	request.Attempts++
	want[n] = request
	request.NewPIN = provisioning.NewPIN("4321")
	rec.Value = must(codec.Append(nil, &request))
	return rec
}

func check(ctx context.Context, r *rapid.T, m *readmodel.Model, want plain) {
	for p := range int32(2) {
		for o := range int64(9) {
			n := provisioning.RequestNumber{Partition: p, Offset: o}
			got, err := m.Get(n)
			expected, there := want[n]
			if err != nil || (got != nil) != there || there &&
				(got.State != expected.State || got.Attempts != expected.Attempts || !got.NewPIN.IsZero()) {
				r.Fatalf("request %s: %+v, %v, want %+v", n, got, err, expected)
			}
		}
	}
	q := readmodel.Query{
		State:        rapid.SampledFrom(append([]provisioning.State{""}, provisioning.States...)).Draw(r, "state"),
		Smartcard:    rapid.SampledFrom([]string{"", "0", "1", "2", "nobody"}).Draw(r, "card"),
		Subscription: rapid.SampledFrom([]string{"", "0", "1"}).Draw(r, "subscription"),
		Offset:       rapid.IntRange(0, 4).Draw(r, "offset"), Most: rapid.IntRange(1, 5).Draw(r, "most"),
	}
	found, err := m.List(ctx, q)
	if err != nil {
		r.Fatal(err)
	}
	var got []provisioning.RequestNumber
	for _, f := range found {
		got = append(got, f.Number)
	}
	if expected := want.list(q); !slices.Equal(got, expected) {
		r.Fatalf("%+v: %v, want %v", q, got, expected)
	}
	id := fmt.Sprint(rapid.IntRange(0, 4).Draw(r, "command"))
	made := must(m.ByCommand("source", id))
	expected := 0
	for _, w := range want {
		if w.CommandID == id {
			expected++
		}
	}
	if len(made) != expected {
		r.Fatalf("command %s: %d requests, want %d", id, len(made), expected)
	}
}

// A copy of another topic is of no use, nor is one that has not been as new as the topic for too long.
func TestWhatIsNoCopyAnyMoreIsWiped(t *testing.T) {
	codec := stateCodec(t)
	now := provisioning.TimestampOf(time.Now())
	for name, test := range map[string]struct {
		identity readmodel.Identity
		at       provisioning.Timestamp
		kept     bool
	}{
		"the same":          {identity, now.Add(time.Minute), true},
		"another cluster":   {readmodel.Identity{ClusterID: "other", TopicID: "topic", MaxAge: time.Hour}, now, false},
		"another topic":     {readmodel.Identity{ClusterID: "cluster", TopicID: "other", MaxAge: time.Hour}, now, false},
		"away for too long": {identity, now.Add(2 * time.Hour), false},
	} {
		t.Run(name, func(t *testing.T) {
			disk := vfs.NewMem()
			m := open(disk, codec)
			must(m.Begin(identity, 1, now))
			n := provisioning.RequestNumber{Offset: 7}
			request := provisioning.Request{Number: n, State: provisioning.Pending, Action: provisioning.ResetPIN}
			err := m.Apply(t.Context(), 0, []record.Record{{Key: []byte(n.String()), Value: must(codec.Append(nil, &request))}},
				readmodel.Checkpoint{Position: 8, CaughtUpAt: now})
			if err := errors.Join(err, m.Close()); err != nil {
				t.Fatal(err)
			}
			m = open(disk, codec)
			checkpoints := must(m.Begin(test.identity, 1, test.at))
			if got := must(m.Get(n)); (got != nil) != test.kept || (checkpoints[0].Position == 8) != test.kept {
				t.Errorf("kept: %v, position %d", got != nil, checkpoints[0].Position)
			}
			if err := m.Close(); err != nil {
				t.Fatal(err)
			}
		})
	}
}

// What others write into the topic is passed over; what is right beside it counts.
func TestWhatCannotBeReadIsNotShown(t *testing.T) {
	codec := stateCodec(t)
	m := open(vfs.NewMem(), codec)
	defer func() { _ = m.Close() }()
	request := provisioning.Request{Number: provisioning.RequestNumber{Offset: 1}, Action: provisioning.ResetPIN}
	good := must(codec.Append(nil, &request))
	err := m.Apply(t.Context(), 0, []record.Record{
		{Key: []byte("nonsense"), Value: good}, {Key: []byte("0-2"), Value: []byte("nonsense")},
		{Key: []byte("0-3"), Value: good[:len(good)-1]}, {Key: []byte("0-1"), Value: good},
	}, readmodel.Checkpoint{Position: 4})
	if err != nil {
		t.Fatal(err)
	}
	if found := must(m.List(t.Context(), readmodel.Query{Most: 10})); len(found) != 1 {
		t.Errorf("%d requests", len(found))
	}
}

func TestAwaitHearsOfChanges(t *testing.T) {
	codec := stateCodec(t)
	m := open(vfs.NewMem(), codec)
	defer func() { _ = m.Close() }()
	n := provisioning.RequestNumber{Offset: 1}
	apply := func(s provisioning.State) {
		request := provisioning.Request{Number: n, State: s, Action: provisioning.ResetPIN}
		rec := record.Record{Key: []byte(n.String()), Value: must(codec.Append(nil, &request))}
		if err := m.Apply(t.Context(), 0, []record.Record{rec}, readmodel.Checkpoint{Position: 2}); err != nil {
			t.Error(err)
		}
	}
	heard := make(chan error, 10)
	for range cap(heard) {
		go func() {
			_, err := m.Await(t.Context(), n, func(r *provisioning.Request) bool { return r.State == provisioning.Sent })
			heard <- err
		}()
	}
	apply(provisioning.Pending)
	apply(provisioning.Sent)
	for range cap(heard) {
		if err := <-heard; err != nil {
			t.Error(err)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	r, err := m.Await(ctx, n, func(*provisioning.Request) bool { return false })
	if !errors.Is(err, context.DeadlineExceeded) || r == nil {
		t.Errorf("%v, %v", r, err)
	}
	if left := m.Waiting(); left != 0 {
		t.Errorf("%d are still waited for", left)
	}
}
