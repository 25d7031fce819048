package ledger

import (
	"hash/maphash"
	"sync"

	"github.com/twmb/franz-go/pkg/kgo"
)

// book holds the facts of a run, by the key of the records. It is safe for many goroutines.
type book struct {
	rules Rules
	mode  Mode
	seed  maphash.Seed
	place placement

	mu      sync.Mutex
	lines   map[string]*line
	cancels []commandFact // valid ones: their line is known only when the request is

	cancelEntries map[uint64]int // by who
	states        map[number]stateFact
	results       results
	letters       deadLetters
	eventIDs      map[uint64]struct{}
	lastCreated   map[int32]int64 // by partition of provisioning.events
	leaks         *leakSearch
	texts         map[string]string // one copy of each code list
	aborts        aborts

	found    Report // what showed itself while reading
	progress progress
}

// line is everything that was said under one key: about one smartcard, or one command that names none. Each slice is in
// the order of its topic's partition.
type line struct {
	commands []commandFact
	entries  []entryFact
	events   []eventFact
	cards    []cardFact
}

func newBook(rules Rules, mode Mode, place placement) *book {
	return &book{
		rules: rules, mode: mode, place: place, seed: maphash.MakeSeed(),
		lines: map[string]*line{}, cancelEntries: map[uint64]int{}, states: map[number]stateFact{},
		results: newResults(), letters: newDeadLetters(), eventIDs: map[uint64]struct{}{},
		lastCreated: map[int32]int64{}, leaks: newLeakSearch(), texts: map[string]string{}, aborts: newAborts(),
		found:    Report{Counts: Counts{Records: map[string]int{}, Events: map[string]int{}}},
		progress: newProgress(),
	}
}

// line returns the line of a key.
func (b *book) line(key []byte) *line {
	l := b.lines[string(key)]
	if l == nil {
		l = &line{}
		b.lines[string(key)] = l
	}
	return l
}

// one returns the copy of text that all facts share.
func (b *book) one(text string) string {
	if shared, ok := b.texts[text]; ok {
		return shared
	}
	b.texts[text] = text
	return text
}

// look searches the key, headers and value of a record that must hold no PIN; withValue is false where the value may.
func (b *book) look(topic string, r *kgo.Record, withValue bool) {
	where := func() string { return positionOf(r).in(topic) }
	b.leaks.look(r.Key, where)
	for _, h := range r.Headers {
		b.leaks.look(h.Value, where)
	}
	if withValue {
		b.leaks.look(r.Value, where)
	}
}

func positionOf(r *kgo.Record) position { return position{r.Partition, r.Offset} }

// placement says how many partitions each topic has, and so where a key belongs.
type placement struct {
	partitions map[string]int
	judge      kgo.TopicPartitioner // Java's default partitioner; made once, for that is dear
}

func newPlacement() placement {
	return placement{partitions: map[string]int{}, judge: kgo.StickyKeyPartitioner(nil).ForTopic("")}
}

// right reports whether the record stands in the partition that Java's default partitioner gives its key.
func (p placement) right(topic string, r *kgo.Record) bool {
	return p.judge.Partition(r, p.partitions[topic]) == int(r.Partition)
}

// requestNumber returns the number of the request that a set-user-parameters command made.
func (b *book) requestNumber(c *Command) (string, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	l := b.lines[c.eventKey("", position{})]
	if l == nil {
		return "", false
	}
	who := identity(b.seed, c.Source, c.ID)
	for i := range l.events {
		if e := &l.events[i]; e.kind == pending && e.who == who {
			return e.number.String(), true
		}
	}
	return "", false
}
