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
}

type guessedHead struct {
	card   uint64 // hash
	number int64
	due    provisioning.Timestamp
	sent   bool
	taken  bool
}

// guessSlots is how many cards are remembered: 16 MiB, while a restore runs.
const guessSlots = 1 << 19

// What stands in a line's row that a restore wrote.
var (
	placedAsHead     = []byte{1}
	placedAsFollower = []byte{2}
)

func newHeadGuess() *headGuess {
	return &headGuess{seed: maphash.MakeSeed(), slots: make([]guessedHead, guessSlots)}
}

func (g *headGuess) slot(card provisioning.SmartcardKey) (*guessedHead, uint64) {
	hash := maphash.String(g.seed, string(card))
	return &g.slots[hash%guessSlots], hash
}

// follows notes that a request stands in its card's line, and guesses whether it is behind another.
func (g *headGuess) follows(card provisioning.SmartcardKey, entry LineEntry) bool {
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
