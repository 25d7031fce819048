package ledger_test

import (
	"fmt"
	"runtime"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"cardstream/internal/ledger"
)

// BenchmarkWitness measures one command's whole life, eight records: the time to read and audit them, and the memory
// that is kept of them, each command being for a card of its own.
func BenchmarkWitness(b *testing.B) {
	w := newWorld(b)
	reading := ledger.NewReading(w.registry, partitions)
	s := newScene()
	var memory [2]runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&memory[0])
	b.ReportAllocs()
	var spent time.Duration
	for n := range b.N {
		c := call{id: fmt.Sprint(n), serial: fmt.Sprint(n), pin: "1234"}
		s.accept(c)
		s.send(c)
		var records []*kgo.Record
		for _, i := range s.items {
			records = append(records, w.record(i))
			records[len(records)-1].Offset = i.offset
		}
		began := time.Now()
		for i, r := range records {
			if err := reading.Read(b.Context(), s.items[i].topic, r); err != nil {
				b.Fatal(err)
			}
		}
		spent += time.Since(began)
		s.items = s.items[:0]
		delete(s.numbers, c.id)
	}
	runtime.GC()
	runtime.ReadMemStats(&memory[1])
	began := time.Now()
	report := reading.Audit()
	if !report.OK() || report.Counts.Requests != b.N {
		b.Fatal(report)
	}
	b.ReportMetric(float64(memory[1].HeapAlloc-memory[0].HeapAlloc)/float64(b.N), "B-kept/command")
	b.ReportMetric(float64(spent.Nanoseconds())/float64(b.N), "ns-read/command")
	b.ReportMetric(float64(time.Since(began).Nanoseconds())/float64(b.N), "ns-audit/command")
}
