package store

import "cardstream/provisioning"

// lines remembers, for some cards with others waiting, where their lines begin: for a long line the same as bounds for
// the queues. It is a memory only: to forget a card costs a longer scan.
type lines struct {
	cards map[provisioning.SmartcardKey]*lineMemory
}

// maxLines bounds how many cards are remembered.
const maxLines = 4096

// lineMemory is what is known of a card's line: exactly who is SENT, and before whom nobody waits.
type lineMemory struct {
	sent       LineEntry
	hasSent    bool
	waiting    LineEntry // nobody waits before it
	urgentFrom int64     // no urgent one has a smaller number
}

func (l *lines) forgetAll() { clear(l.cards) }

// found notes that a look at the whole line found this one at its head, waiting: nobody is SENT.
func (l *lines) found(card provisioning.SmartcardKey, head LineEntry) {
	if l.cards == nil {
		l.cards = make(map[provisioning.SmartcardKey]*lineMemory)
	}
	if len(l.cards) >= maxLines {
		clear(l.cards)
	}
	l.cards[card] = &lineMemory{waiting: head, urgentFrom: firstNumber}
}

// added notes that a request stands in its card's line.
func (l *lines) added(number int64, s standing) {
	m := l.cards[s.card]
	if m == nil || !s.inLine() {
		return
	}
	if s.urgent() {
		m.urgentFrom = min(m.urgentFrom, number)
	}
	entry := s.entry(number)
	switch {
	case !entry.Sent:
		if entry.compare(m.waiting) < 0 {
			m.waiting = entry
		}
	case m.hasSent: // two SENT ones on one card: not what this is for
		delete(l.cards, s.card)
	default:
		m.sent, m.hasSent = entry, true
	}
}

// removed notes that a request has left its card's line, or changes its place there.
func (l *lines) removed(number int64, s standing) {
	m := l.cards[s.card]
	if m == nil || !s.inLine() {
		return
	}
	if entry := s.entry(number); entry.Sent {
		if !m.hasSent || m.sent != entry {
			delete(l.cards, s.card)
			return
		}
		m.hasSent = false
	}
}
