package store

import (
	"hash/maphash"

	"cardstream/provisioning"
)

// headGuess guesses, while a restore writes, who follows another in its card's line: most who do are then where they
// belong at once. It remembers the first of each of as many cards as it has slots, the newest card in each. What it
// guesses stands in the line's row; Finish moves whoever it was wrong about.
type headGuess struct {
	seed  maphash.Seed
	slots []guessedHead
	noted int // how often a request was noted
}

type guessedHead struct {
	card   uint64 // hash
	number int64
	due    provisioning.Timestamp
	sent   bool
	taken  bool
}

// A restore begins with few slots, as most have little to replay. One that goes on gets many, 16 MiB while it runs, and
// forgets what it has guessed so far.
const (
	fewSlots  = 1 << 10
	manySlots = 1 << 19
)

// What stands in a line's row that a restore wrote.
var (
	placedAsHead     = []byte{1}
	placedAsFollower = []byte{2}
)

func newHeadGuess() *headGuess {
	return &headGuess{seed: maphash.MakeSeed(), slots: make([]guessedHead, fewSlots)}
}

func (g *headGuess) slot(card provisioning.SmartcardKey) (*guessedHead, uint64) {
	hash := maphash.String(g.seed, string(card))
	return &g.slots[hash%uint64(len(g.slots))], hash
}

// follows notes that a request stands in its card's line, and guesses whether it is behind another.
func (g *headGuess) follows(card provisioning.SmartcardKey, entry LineEntry) bool {
	if g.noted++; g.noted == fewSlots {
		g.slots = make([]guessedHead, manySlots)
	}
	slot, hash := g.slot(card)
	if slot.taken && slot.card == hash && slot.number != entry.Number {
		head := LineEntry{Number: slot.number, Sent: slot.sent, DueAt: slot.due}
		if head.compare(entry) < 0 {
			return true
		}
	}
	*slot = guessedHead{card: hash, number: entry.Number, due: entry.DueAt, sent: entry.Sent, taken: true}
	return false
}

// left notes that a request is not in its card's line.
func (g *headGuess) left(card provisioning.SmartcardKey, number int64) {
	if slot, hash := g.slot(card); slot.card == hash && slot.number == number {
		*slot = guessedHead{}
	}
}
