package ledger

import (
	"hash/maphash"
	"strconv"

	"github.com/twmb/franz-go/pkg/kgo"
)

// deadLetters are those that commands demand, and those that are there.
type deadLetters struct {
	demanded map[position]demandedLetter
	there    map[position][]letterFact // by the place in provisioning.commands
}

type demandedLetter struct {
	code  string
	value uint64
}

type letterFact struct {
	at    position
	code  string
	value uint64
	empty bool
}

func newDeadLetters() deadLetters {
	return deadLetters{demanded: map[position]demandedLetter{}, there: map[position][]letterFact{}}
}

// undecodable notes a record of provisioning.commands that demands a dead letter.
func (b *book) undecodable(r *kgo.Record, why error) {
	b.progress.wanted++
	b.letters.demanded[positionOf(r)] = demandedLetter{code: why.Error(), value: maphash.Bytes(b.seed, r.Value)}
}

// deadLetter takes in a record of provisioning.dead-letters.
func (b *book) deadLetter(commandsName, resultsName string, r *kgo.Record) {
	b.look(deadLettersTopic, r, false)
	headers := map[string]string{}
	for _, h := range r.Headers {
		headers[h.Key] = string(h.Value)
	}
	source := headers["cardstream.source.topic"]
	partition, errPartition := strconv.ParseInt(headers["cardstream.source.partition"], 10, 32)
	offset, errOffset := strconv.ParseInt(headers["cardstream.source.offset"], 10, 64)
	switch {
	case errPartition != nil || errOffset != nil:
		b.found.Foreign.add("%s does not say where it came from", positionOf(r).in(deadLettersTopic))
	case source == commandsName:
		b.progress.seen++
		at := position{int32(partition), offset}
		b.letters.there[at] = append(b.letters.there[at], letterFact{
			at: positionOf(r), code: headers["cardstream.error.code"],
			value: maphash.Bytes(b.seed, r.Value), empty: r.Value == nil,
		})
	case source == resultsName && b.mode.Results:
		b.resultLetter(position{int32(partition), offset}, headers["cardstream.error.code"])
	default:
		b.found.Foreign.add("%s came from %q", positionOf(r).in(deadLettersTopic), source)
	}
}

// audit compares the two.
func (d deadLetters) audit(report *Report) {
	for at, demanded := range d.demanded {
		there := d.there[at]
		if len(there) == 0 {
			report.Missing.add("dead letter %s of %s", demanded.code, at.in(commandsTopic))
			continue
		}
		if len(there) > 1 {
			report.Doubled.add("dead letter of %s: %d times", at.in(commandsTopic), len(there))
		}
		if there[0].code != demanded.code {
			report.Differing.add("dead letter of %s: %s, want %s", at.in(commandsTopic), there[0].code, demanded.code)
		}
		if there[0].value != demanded.value && !there[0].empty {
			report.Differing.add("dead letter of %s: not its bytes", at.in(commandsTopic))
		}
	}
	for at, there := range d.there {
		if _, ok := d.demanded[at]; !ok {
			report.Foreign.add("%s: %s deserves no dead letter", there[0].at.in(deadLettersTopic), at.in(commandsTopic))
		}
	}
}
