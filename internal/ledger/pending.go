package ledger

import (
	"cmp"
	"slices"
)

// pendingNumbers returns the numbers of the requests whose last event left them PENDING, in order.
func (b *book) pendingNumbers() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	var numbers []number
	for _, l := range b.lines {
		numbers = l.appendPending(numbers)
	}
	slices.SortFunc(numbers, func(a, b number) int {
		return cmp.Or(cmp.Compare(a.partition, b.partition), cmp.Compare(a.offset, b.offset))
	})
	texts := make([]string, len(numbers))
	for i, n := range numbers {
		texts[i] = n.String()
	}
	return texts
}

// appendPending appends the line's requests whose last event left them PENDING.
func (l *line) appendPending(numbers []number) []number {
	waiting := map[number]bool{}
	for i := range l.events {
		if e := &l.events[i]; e.number != noNumber && e.kind != commandWasDuplicate && e.kind != commandWasRejected {
			waiting[e.number] = e.kind == pending
		}
	}
	for n, is := range waiting {
		if is {
			numbers = append(numbers, n)
		}
	}
	return numbers
}
