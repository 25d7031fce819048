package sample

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
)

// total is how many commands there are.
const total = 1000

// writer writes commands.jsonl line by line.
type writer struct {
	random    *rand.Rand
	customers []customer
	lines     [][]byte
	ids       int
	repeats   []line // what may be repeated: valid, and with no date that counts from its sending
}

// Commands returns commands.jsonl.
func Commands() []byte {
	w := &writer{random: rand.New(rand.NewPCG(2027, 1))}
	w.customers = customers(w.random)
	special := slices.Concat(spoiled(), spoiledTogether(), cancels())
	const first = 60 // lines of the usual kinds, before anything else
	gap := (total - first) / (len(special) + 1)
	for next := 0; len(w.lines) < total; {
		if next < len(special) && len(w.lines) >= first+(next+1)*gap {
			w.special(special[next])
			next++
		} else {
			w.usual()
		}
	}
	return slices.Concat(w.lines...)
}

// usual writes what a CRM sends on a normal day: mostly one command, sometimes one card several times in a row, and
// now and then a command again.
func (w *writer) usual() {
	switch draw := w.random.IntN(100); {
	case draw < 4:
		customer := w.customers[w.random.IntN(len(w.customers))]
		for range min(3+w.random.IntN(3), total-len(w.lines)) {
			w.valid(customer)
		}
	case draw < 9 && len(w.repeats) > 0:
		w.write(w.repeats[w.random.IntN(len(w.repeats))])
	case draw < 12 && len(w.repeats) > 0:
		w.differing(w.repeats[w.random.IntN(len(w.repeats))].clone())
	case draw < 14 && len(w.repeats) > 0:
		w.namesake(w.repeats[w.random.IntN(len(w.repeats))].clone())
	default:
		w.valid(w.customers[w.random.IntN(len(w.customers))])
	}
}

func (w *writer) write(l line) { w.lines = append(w.lines, l.text()) }

// valid writes a command that keeps every rule: immediate, due now, or scheduled.
func (w *writer) valid(c customer) {
	l := w.command(c)
	relative := false
	switch draw := w.random.IntN(100); {
	case draw < 34:
		l.Immediately = json.RawMessage("true")
		if draw < 3 {
			l.Scheduled = new("2025-01-01T06:00:00Z") // kept for the record
		}
	case draw < 58:
		if draw < 40 {
			l.Immediately = json.RawMessage("false")
		} else if draw < 44 {
			l.Immediately = json.RawMessage("null")
		}
	case draw < 70:
		l.Scheduled = new(past[w.random.IntN(len(past))])
	default:
		relative = true
		l.Scheduled = new(fmt.Sprintf("+%ds", 2+w.random.IntN(7)))
		if draw < 78 {
			l.Scheduled = new(fmt.Sprintf("+%dms", 2000+w.random.IntN(6000)))
		}
	}
	if !relative {
		w.repeats = append(w.repeats, l)
	}
	w.write(l)
}

// past are dates that make a request due at once; the third is finer than a millisecond.
var past = []string{
	"2024-02-29T23:59:59Z", "2025-12-31T23:59:59.999+01:00", "2025-03-30T01:30:00.0000001Z", "1999-12-31T00:00:00-05:00",
}

// command makes a command with an id of its own.
func (w *writer) command(c customer) line {
	w.ids++
	l := line{CommandID: fmt.Sprintf("c-%04d", w.ids), Subscription: &c.subscription, Smartcard: &c.smartcard}
	if w.random.IntN(5) == 0 {
		l.ResetPIN = new(true)
	} else {
		l.NewPIN = new(fmt.Sprintf("%04d", w.random.IntN(10_000)))
	}
	switch w.random.IntN(10) {
	case 0:
		l.Source = new("crm")
		l.OccurredAt = new(fmt.Sprintf("2025-11-%02dT08:15:%02d.%03dZ", 1+w.random.IntN(28), w.random.IntN(60), w.random.IntN(1000)))
	case 1:
		l.Source = new("selfcare/Ågot")
	}
	return l
}

// differing writes a command's id again with another content. It is not the PIN alone that differs: that is recognised
// only while the first one's PIN is still kept.
func (w *writer) differing(l line) {
	if w.random.IntN(2) == 0 {
		*l.Subscription = subscription{Number: new("S-99999")}
	} else if string(l.Immediately) == "true" {
		l.Immediately = nil
	} else {
		l.Immediately = json.RawMessage("true")
	}
	w.write(l)
}

// namesake writes a command that has another's id and is none the less a new one: for another card, or of another
// source.
func (w *writer) namesake(l line) {
	if w.random.IntN(2) == 0 {
		w.ids++
		*l.Smartcard = smartcard{SerialNumber: new(fmt.Sprintf("0777%07d", w.ids))}
	} else {
		w.ids++
		l.Source = new(fmt.Sprintf("shop-%d", w.ids))
	}
	w.write(l)
}

// special writes a command that breaks rules.
func (w *writer) special(spoil func(*line)) {
	l := w.command(w.customers[w.random.IntN(len(w.customers))]).clone()
	spoil(&l)
	w.write(l)
}
