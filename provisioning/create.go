package provisioning

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"hash"
)

// Create makes of a judged command what intake hands on: call it only for a set-user-parameters command in which
// Rules.Judge found nothing wrong.
func (c *Command) Create(appendedAt Timestamp) *CreateEntry {
	s := c.SetUserParameters
	e := &CreateEntry{
		CommandID: c.ID, Source: c.Source,
		Subscription: s.Subscription, Smartcard: s.Smartcard,
		Action:             ResetPIN,
		ProcessImmediately: s.ProcessImmediately,
		ScheduledDate:      s.ScheduledDate,
		AppendedAt:         appendedAt,
	}
	if s.NewPIN != nil {
		e.Action, e.NewPIN = SetPIN, *s.NewPIN
	}
	return e
}

// DueAt returns when a request created at created may be sent: at once where the command is immediate, says no date,
// or a past one; else at its date.
func (e *CreateEntry) DueAt(created Timestamp) Timestamp {
	if e.ProcessImmediately || e.ScheduledDate == nil {
		return created
	}
	return max(created, *e.ScheduledDate)
}

// NewRequest makes the PENDING request of a valid command whose entry stands at number, and the event that says so. The
// card's key must be known to be valid, as it is of every entry that intake wrote.
func NewRequest(e *CreateEntry, number RequestNumber, card SmartcardKey, d Digester, now Timestamp) (*Request, Event) {
	r := &Request{
		Number: number, CommandID: e.CommandID, Source: e.Source,
		Subscription: e.Subscription, Smartcard: e.Smartcard, SmartcardKey: card,
		Action: e.Action, NewPIN: e.NewPIN, ContentDigest: d.Digest(e),
		ProcessImmediately: e.ProcessImmediately, ScheduledDate: e.ScheduledDate,
		CommandAppendedAt: e.AppendedAt, CreatedAt: now, DueAt: e.DueAt(now), UpdatedAt: now,
		State: Pending,
	}
	return r, r.event(RequestPending, now)
}

// Differs reports whether the content of a repeated command is another than that of the first one, whose request is r.
// Once r has ended its PIN is gone; then only a keyed digest can tell two PINs apart, and without a key they count as
// equal (docs/decisions/0004-duplicates.md).
func (r *Request) Differs(e *CreateEntry, d Digester) bool {
	if r.Action != e.Action || r.ProcessImmediately != e.ProcessImmediately ||
		!r.Subscription.Equal(e.Subscription) || !equalOptional(r.ScheduledDate, e.ScheduledDate) {
		return true
	}
	if !r.NewPIN.IsZero() || r.Action != SetPIN {
		return r.NewPIN != e.NewPIN
	}
	digest := d.Digest(e)
	return digest != nil && r.ContentDigest != nil && !hmac.Equal(digest, r.ContentDigest)
}

// Digester makes keyed digests of a command's content, so that a differing duplicate is recognised when the PIN itself
// is gone. Without the key a digest says nothing; the zero Digester has no key and makes none.
type Digester struct{ key []byte }

// NewDigester returns a Digester with this secret key. An empty one is no key: anybody could make its digests.
func NewDigester(key []byte) Digester { return Digester{key} }

// Keyed reports whether there is a key.
func (d Digester) Keyed() bool { return len(d.key) > 0 }

// digestLength is how many bytes of the HMAC are kept: enough to tell contents apart, and no more in every record.
const digestLength = 8

// Digest returns the keyed digest of the content of e, or nil without a key.
func (d Digester) Digest(e *CreateEntry) []byte {
	if !d.Keyed() {
		return nil
	}
	h := hmac.New(sha256.New, d.key)
	// The card and the sender's id go in as well, so that equal PINs of two requests have unequal digests.
	for _, s := range []string{e.Source, e.CommandID, string(e.Action), e.NewPIN.Reveal()} {
		writeString(h, s)
	}
	for _, f := range append(e.Subscription.fields(), e.Smartcard.fields()...) {
		if f.value != nil {
			writeString(h, f.name)
			writeString(h, *f.value)
		}
	}
	return h.Sum(nil)[:digestLength]
}

// writeString hashes s with its length, so that no two lists of strings hash alike.
func writeString(h hash.Hash, s string) {
	var length [8]byte
	binary.BigEndian.PutUint64(length[:], uint64(len(s)))
	h.Write(length[:])
	h.Write([]byte(s))
}
