package ledger

import (
	"fmt"
	"hash/maphash"
	"slices"
	"strings"
	"unicode/utf8"
)

// position is where a record stands in its topic.
type position struct {
	partition int32
	offset    int64
}

func (p position) in(topic string) string {
	return fmt.Sprintf("%s-%d@%d", topic, p.partition, p.offset)
}

// A fact is what the witness keeps of one record: numbers and hashes, no text. Two contents are equal if their hashes
// are: a collision, one in 2^64, could at worst hide a difference, or make a finding that its sample disproves.

// commandFact is a command, as it stood in provisioning.commands.
type commandFact struct {
	at       position
	appended int64  // milliseconds, the broker's clock
	who      uint64 // source and command_id
	value    uint64 // the record's
	codes    string // of what is wrong with it, joined by commas
	cancels  number // of a valid cancel; else noNumber
	key      string // of a valid cancel: under which it is answered if it names no request

	// Of a valid set user parameters:
	content     uint64 // as the life cycle events repeat it
	full        uint64 // all of it
	withoutPIN  uint64
	cardContent uint64 // as the smartcard command repeats it
	immediate   bool
	scheduled   Maybe[int64]
}

func (c *commandFact) due(created int64) int64 {
	s := SetUserParameters{ProcessImmediately: c.immediate, ScheduledDate: c.scheduled}
	return s.due(created)
}

// entryFact is an entry of provisioning.requests that creates a request or repeats a command.
type entryFact struct {
	at  position
	who uint64
}

// eventKind is the type of a life cycle event.
type eventKind uint8

const (
	pending eventKind = iota + 1
	sent
	completed
	rejected
	cancelled
	commandWasRejected
	commandWasDuplicate
)

// The event types on the wire.
const (
	requestPending   = "REQUEST_PENDING"
	requestSent      = "REQUEST_SENT"
	requestCompleted = "REQUEST_COMPLETED"
	requestRejected  = "REQUEST_REJECTED"
	requestCancelled = "REQUEST_CANCELLED"
	commandRejected  = "COMMAND_REJECTED"
	commandDuplicate = "COMMAND_DUPLICATE"
)

var eventKinds = map[string]eventKind{
	requestPending: pending, requestSent: sent, requestCompleted: completed, requestRejected: rejected,
	requestCancelled: cancelled, commandRejected: commandWasRejected, commandDuplicate: commandWasDuplicate,
}

// stateAfter is the life_cycle_state that an event of the kind must carry; none where the kind does not decide it.
var stateAfter = map[eventKind]string{
	pending: "PENDING", sent: "SENT", completed: "COMPLETED", rejected: "REJECTED", cancelled: "CANCELLED",
}

func (k eventKind) String() string {
	for name, kind := range eventKinds {
		if kind == k {
			return name
		}
	}
	return "unknown event"
}

// eventFact is a life cycle event.
type eventFact struct {
	at       position
	who      uint64
	number   number
	content  uint64
	created  int64
	due      int64
	occurred int64
	codes    string // joined by commas; shared by all that are alike
	attempt  int32
	kind     eventKind
	timeout  bool // rejected by the headend's silence
}

// cardFact is a smartcard command.
type cardFact struct {
	at        position
	number    number
	content   uint64
	issued    int64 // milliseconds, the processor's clock
	appended  int64 // milliseconds, the broker's clock
	arrived   int64 // microseconds, the witness's clock
	attempt   int32
	respondBy int64 // milliseconds; 0: none
}

// stateFact is the newest record of a request in provisioning.state.
type stateFact struct {
	state     eventKind // pending to cancelled; zero for another
	forgotten bool
	holdsPIN  bool
}

// eventContent is what every event of a request repeats of its command.
type eventContent struct {
	subscription Subscription
	smartcard    Smartcard
	action       string
	immediate    bool
	scheduled    Maybe[int64]
}

// cardContent is what a smartcard command repeats of its command.
type cardContent struct {
	subscription Subscription
	smartcard    Smartcard
	action       string
	pin          Maybe[string]
}

// identity hashes what recognises a repeated command on its card. Events carry at most 255 code points of each text.
func identity(seed maphash.Seed, source, id string) uint64 {
	return maphash.Comparable(seed, [2]string{cut(source), cut(id)})
}

func cut(text string) string {
	const longest = 255
	text = strings.ToValidUTF8(text, "\uFFFD")
	if len(text) <= longest || utf8.RuneCountInString(text) <= longest {
		return text
	}
	return string([]rune(text)[:longest])
}

func joinCodes(codes []string) string {
	slices.Sort(codes)
	return strings.Join(codes, ",")
}
