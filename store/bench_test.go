package store_test

import (
	"context"
	"encoding/binary"
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2"

	"cardstream/provisioning"
	"cardstream/store"
)

// The benchmarks' codec is about as fast as the real one: fixed fields, and a tail as long as the real record's.
const benchTail = 120

func benchEncode(dst []byte, r *provisioning.Request) []byte {
	dst = binary.BigEndian.AppendUint32(dst, uint32(r.Number.Partition))
	for _, n := range []int64{r.Number.Offset, int64(r.DueAt), int64(r.CreatedAt)} {
		dst = binary.BigEndian.AppendUint64(dst, uint64(n))
	}
	for _, s := range []string{string(r.SmartcardKey), r.CommandID, r.Source, string(r.State)} {
		dst = append(append(dst, byte(len(s))), s...)
	}
	return append(dst, make([]byte, benchTail)...)
}

func benchDecode(b []byte) (provisioning.Request, error) {
	var r provisioning.Request
	r.Number.Partition = int32(binary.BigEndian.Uint32(b))
	r.Number.Offset = int64(binary.BigEndian.Uint64(b[4:]))
	r.DueAt = provisioning.Timestamp(binary.BigEndian.Uint64(b[12:]))
	r.CreatedAt = provisioning.Timestamp(binary.BigEndian.Uint64(b[20:]))
	b = b[28:]
	for _, s := range []*string{(*string)(&r.SmartcardKey), &r.CommandID, &r.Source, (*string)(&r.State)} {
		*s, b = string(b[1:1+b[0]]), b[1+b[0]:]
	}
	return r, nil
}

// benchRequest is the n-th request: each on its own card, due in an order that has nothing to do with its number.
func benchRequest(n int64) provisioning.Request {
	scattered := int64(uint64(n) * 0x9e3779b97f4a7c15 >> 24)
	return provisioning.Request{
		Number:       provisioning.RequestNumber{Partition: partition, Offset: n},
		SmartcardKey: provisioning.SmartcardKey(fmt.Sprintf("serial_number:%011d", scattered%1e11)),
		CommandID:    fmt.Sprintf("%016x-%016x", scattered, n), Source: "crm", State: provisioning.Pending,
		DueAt: provisioning.Timestamp(1.8e12 + scattered%31536e6), CreatedAt: provisioning.Timestamp(1.7e12 + n),
	}
}

const benchStep = 500

// requests is how many requests the benchmarks work with: CARDSTREAM_BENCH_REQUESTS, or 200,000.
func requests(b *testing.B) int64 {
	n, err := strconv.ParseInt(os.Getenv("CARDSTREAM_BENCH_REQUESTS"), 10, 64)
	if err != nil {
		return 200_000
	}
	return n
}

func benchOptions() store.Options { return store.Options{Decode: benchDecode} }

// stopwatch measures time, and the processor's time, which a busy machine does not spoil.
type stopwatch struct {
	start time.Time
	cpu   time.Duration
}

func startWatch() stopwatch { return stopwatch{time.Now(), cpu()} }

// cpu returns the processor time that this process has used, with compaction and garbage collection.
func cpu() time.Duration {
	var usage syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &usage)
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// report reports what n of something took, and the memory that the process has now.
func (w stopwatch) report(b *testing.B, what string, n int64) {
	b.ReportMetric(float64(n)/time.Since(w.start).Seconds(), what+"/s")
	b.ReportMetric(float64((cpu()-w.cpu).Microseconds())/float64(n), "cpu-µs/"+what)
	b.ReportMetric(float64(resident())/(1<<20), "MiB-resident")
}

// resident returns the process's resident memory in bytes, 0 where /proc is not there.
func resident() int64 {
	status, _ := os.ReadFile("/proc/self/status")
	for line := range strings.Lines(string(status)) {
		if rest, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			kib, _ := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
			return kib << 10
		}
	}
	return 0
}

// load puts requests as live steps do: is the command known, who is first in line, put.
func load(b *testing.B, p *store.Partition, n int64) {
	var value []byte
	for from := int64(0); from < n; from += benchStep {
		o := mustBegin(b, p)
		for i := from; i < min(from+benchStep, n); i++ {
			r := benchRequest(i)
			if _, known, err := o.ByCommand(r.SmartcardKey, r.Source, r.CommandID); known || err != nil {
				b.Fatal(known, err)
			}
			if _, _, err := o.Head(r.SmartcardKey); err != nil {
				b.Fatal(err)
			}
			value = benchEncode(value[:0], &r)
			check(b, o.Put(&r, value, store.ArmedAt(r.DueAt)))
		}
		check(b, o.Apply(store.Checkpoint{Position: from + benchStep}))
	}
}

// drain sends what is due and completes it, as live steps do with results off, and looks who is next in line.
func drain(b *testing.B, p *store.Partition, n int64) {
	var value []byte
	for done := int64(0); done < n; {
		o := mustBegin(b, p)
		items := must[[]store.Item](b)(o.Woken(4e12, benchStep))
		for i := range items {
			r := items[i].Request
			r.State = provisioning.Completed
			value = benchEncode(value[:0], &r)
			check(b, o.Put(&r, value, store.ArmedAt(5e12+r.DueAt)))
			if _, _, err := o.Head(r.SmartcardKey); err != nil {
				b.Fatal(err)
			}
		}
		if _, _, err := o.NextWake(); err != nil {
			b.Fatal(err)
		}
		done += int64(len(items))
		check(b, o.Apply(store.Checkpoint{Position: done}))
	}
}

// BenchmarkLife loads, reopens and drains.
func BenchmarkLife(b *testing.B) {
	n := requests(b)
	for b.Loop() {
		dir := b.TempDir()
		s := mustOpen(b, dir, benchOptions())
		p := mustLease(b, s)
		watch := startWatch()
		load(b, p, n)
		watch.report(b, "loaded", n)

		start := time.Now()
		check(b, s.Close())
		b.ReportMetric(time.Since(start).Seconds()*1000, "ms-close")
		start = time.Now()
		s = mustOpen(b, dir, benchOptions())
		p = mustLease(b, s)
		_, _, err := mustBegin(b, p).NextWake()
		check(b, err)
		b.ReportMetric(time.Since(start).Seconds()*1000, "ms-reopen")
		b.ReportMetric(float64(s.Metrics().DiskBytes)/(1<<20), "MiB-disk")
		p = mustLease(b, s)

		watch = startWatch()
		drain(b, p, n)
		watch.report(b, "drained", n)
		check(b, s.Close())
	}
}

// BenchmarkBacklog works off immediate commands, on cards that have nothing else, while many requests wait: what does a
// command cost as the backlog grows?
func BenchmarkBacklog(b *testing.B) {
	waiting, commands := requests(b), int64(300_000)
	for b.Loop() {
		s := mustOpen(b, b.TempDir(), benchOptions())
		p := mustLease(b, s)
		load(b, p, waiting)
		before, watch := s.Metrics(), startWatch()
		var value []byte
		for from := waiting; from < waiting+commands; from += benchStep {
			o := mustBegin(b, p)
			cards := make([]provisioning.SmartcardKey, 0, benchStep)
			for i := from; i < from+benchStep; i++ {
				cards = append(cards, benchRequest(i).SmartcardKey)
			}
			check(b, o.Foresee(cards))
			for i := from; i < from+benchStep; i++ {
				r := benchRequest(i)
				r.State = provisioning.Completed
				_, known, err := o.ByCommand(r.SmartcardKey, r.Source, r.CommandID)
				check(b, err)
				_, busy, err := o.Head(r.SmartcardKey)
				check(b, err)
				if known || busy {
					b.Fatal(known, busy)
				}
				value = benchEncode(value[:0], &r)
				check(b, o.Put(&r, value, store.ArmedAt(r.CreatedAt)))
			}
			check(b, o.Apply(store.Checkpoint{Position: from}))
		}
		watch.report(b, "immediate", commands)
		b.Logf("%+v\n%+v", before, s.Metrics())
		check(b, s.Close())
	}
}

// BenchmarkRestore replays a changelog of requests on a card each, or on a tenth as many cards.
func BenchmarkRestore(b *testing.B) {
	n := requests(b)
	for _, perCard := range []int64{1, 10} {
		b.Run(fmt.Sprintf("%d a card", perCard), func(b *testing.B) {
			for b.Loop() {
				s := mustOpen(b, b.TempDir(), benchOptions())
				restore := must[*store.Restore](b)(mustLease(b, s).Restore(benchNatural))
				watch := startWatch()
				var value []byte
				for i := range n {
					r := benchRequest(i)
					r.SmartcardKey = benchRequest(i / perCard).SmartcardKey
					value = benchEncode(value[:0], &r)
					check(b, restore.Put(&r, value))
				}
				check(b, restore.Finish(context.Background(), store.Checkpoint{Position: n}))
				watch.report(b, "restored", n)
				check(b, s.Close())
			}
		})
	}
}

func benchNatural(r *provisioning.Request, head bool) store.Place {
	if head {
		return store.ArmedAt(r.DueAt)
	}
	return store.ParkedPlace()
}

// BenchmarkBareLoad writes rows of the same sizes and orders with nothing around Pebble, as the bound of a restore.
func BenchmarkBareLoad(b *testing.B) {
	n := requests(b)
	for b.Loop() {
		db := must[*pebble.DB](b)(pebble.Open(b.TempDir(), store.PebbleOptions(benchOptions())))
		watch := startWatch()
		batch, value := db.NewBatch(), []byte(nil)
		var key []byte
		for i := range n {
			r := benchRequest(i)
			value = benchEncode(value[:0], &r)
			scattered := uint64(i) * 0x9e3779b97f4a7c15
			key = append(binary.BigEndian.AppendUint32(key[:0], partition), byte(store.Armed))
			key = binary.BigEndian.AppendUint64(key, uint64(r.DueAt))
			check(b, batch.Set(binary.BigEndian.AppendUint64(key, uint64(i)), value, nil))
			key = append(binary.BigEndian.AppendUint32(key[:0], partition), 0x20)
			check(b, batch.Set(binary.BigEndian.AppendUint64(key, uint64(i)), value[:9], nil))
			key = append(binary.BigEndian.AppendUint32(key[:0], partition), 0x30)
			key = append(append(key, r.SmartcardKey...), 0, 1, 1)
			key = binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(key, uint64(r.DueAt)), uint64(i))
			check(b, batch.Set(key, nil, nil))
			key = append(binary.BigEndian.AppendUint32(key[:0], partition), 0x30)
			key = append(append(key, r.SmartcardKey...), 0, 1, 2)
			key = binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(key, scattered), scattered)
			check(b, batch.Set(key, value[:8], nil))
			if batch.Count() >= 4*benchStep {
				check(b, batch.Commit(pebble.NoSync))
				batch = db.NewBatch()
			}
		}
		check(b, batch.Commit(pebble.NoSync))
		watch.report(b, "loaded", n)
		check(b, db.Close())
	}
}

// BenchmarkLongLine drains one card's line of 10,000 from its head, each sent, ended and followed by the next.
func BenchmarkLongLine(b *testing.B) {
	const length, card = 10_000, provisioning.SmartcardKey("serial_number:1")
	for b.Loop() {
		s := mustOpen(b, b.TempDir(), benchOptions())
		p := mustLease(b, s)
		put := func(o *store.Overlay, r provisioning.Request, place store.Place) {
			check(b, o.Put(&r, benchEncode(nil, &r), place))
		}
		o := mustBegin(b, p)
		for n := range int64(length) {
			put(o, with(request(n, card, provisioning.Timestamp(n)), immediate), store.ParkedPlace())
		}
		check(b, o.Apply(store.Checkpoint{}))
		watch := startWatch()
		for n := 0; n < length; {
			o := mustBegin(b, p)
			for range benchStep {
				head, _, err := o.Head(card)
				check(b, err)
				must[bool](b)(o.Urgent(card))
				r := must[*store.Item](b)(o.Get(head.Number)).Request
				put(o, with(r, sent), store.ArmedAt(5))
				put(o, with(r, completed), store.ArmedAt(1e6))
				n++
			}
			check(b, o.Apply(store.Checkpoint{}))
		}
		watch.report(b, "drained", length)
		check(b, s.Close())
	}
}
