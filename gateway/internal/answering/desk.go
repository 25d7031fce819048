package answering

import (
	"context"
	"fmt"
	"slices"

	"cardstream/gateway/internal/readmodel"
	"cardstream/producer"
	"cardstream/provisioning"
	"cardstream/record"
	"cardstream/schemas"
)

// Desk is where commands are handed in.
type Desk struct {
	Hub        *Hub
	Writer     *Writer
	Model      *readmodel.Model
	Codec      *schemas.Codec[provisioning.Command]
	Topic      string // provisioning.commands
	Partitions int32
}

// Kind is what became of a command.
type Kind int8

const (
	Accepted    Kind = iota // written or perhaps written, and nothing heard in time
	Done                    // it made the request, or cancelled it, now or earlier
	Differs                 // the request was made by another command of the same id, whose content differs
	Invalid                 // it breaks rules
	NotPending              // a cancel of a request that is past that
	Unknown                 // a cancel of no request
	Unavailable             // surely not written
)

// Answer is what a caller is told.
type Answer struct {
	Kind    Kind
	Request *provisioning.Request    // of Done, Differs and NotPending; without a PIN
	Errors  []provisioning.Violation // of Differs, Invalid, NotPending and Unknown
}

// Do writes a command in which the rules find nothing wrong, and waits until its outcome is known, or ctx ends.
// Whatever request it answers can be looked up in the model, unless the wait was over before that. An error is about
// this process, and says nothing about the command.
func (d *Desk) Do(ctx context.Context, c *provisioning.Command) (Answer, error) {
	talk := conversation{Desk: d, command: c}
	if c.SetUserParameters != nil {
		talk.asked = c.Create(0)
	}
	// Listening begins before anything is looked up or written: so nothing can be missed between.
	talk.waiter = d.Hub.wait(c.Source, c.ID, talk.asked)
	defer talk.waiter.close()
	if talk.asked != nil {
		if answer, known, err := talk.remember(); known || err != nil {
			return answer, err
		}
	}
	record, err := d.record(c)
	if err != nil {
		return Answer{}, err
	}
	return talk.hear(ctx, d.Writer.write(record))
}

// record makes the record of a command, keyed by its card, so that the commands of one card keep their order. A cancel's
// card is not known here, and intake routes it by its number.
func (d *Desk) record(c *provisioning.Command) (record.Record, error) {
	value, err := d.Codec.Append(nil, c)
	if err != nil {
		return record.Record{}, fmt.Errorf("encode command: %w", err)
	}
	var key []byte
	if c.Cancel != nil {
		key = []byte(c.Cancel.Number)
	} else {
		card, _ := c.SetUserParameters.Smartcard.Key() // judged: there is one
		key = []byte(card)
	}
	return record.Record{
		Topic: d.Topic, Partition: record.PartitionFor(key, d.Partitions), Key: key, Value: value,
	}, nil
}

// conversation is what passes between one caller and the topics.
type conversation struct {
	*Desk
	command *provisioning.Command
	asked   *provisioning.CreateEntry // nil of a cancel
	waiter  *waiter
	older   []provisioning.RequestNumber // made by earlier commands of this name
	made    *provisioning.Event          // the latest event of the request that this command made
}

// remember looks for requests that commands of this name have made. One for another card is another content in the
// caller's eyes, although dispatch would make a request of it (docs/decisions/0041-idempotency-keys.md).
func (t *conversation) remember() (Answer, bool, error) {
	known, err := t.Model.ByCommand(t.command.Source, t.command.ID)
	if err != nil {
		return Answer{}, false, err
	}
	for _, r := range known {
		if r.SmartcardKey == t.waiter.card {
			t.older = append(t.older, r.Number)
		}
	}
	if len(known) > 0 && len(t.older) == 0 {
		return t.differs(known[0]), true, nil
	}
	return Answer{}, false, nil
}

// hear listens until the outcome is known.
func (t *conversation) hear(ctx context.Context, d *delivery) (Answer, error) {
	written := d.done
	for {
		select {
		case <-t.waiter.news:
			e := t.waiter.take()
			if answer, known, err := t.weigh(ctx, &e); known || err != nil {
				return answer, err
			}
		case <-written:
			if d.fate == producer.NotWritten && t.made == nil {
				return Answer{Kind: Unavailable}, nil
			}
			written = nil // an outcome of its own, or the end of the wait, is all that can come
		case <-ctx.Done():
			switch {
			case t.made != nil:
				return t.settle(ctx)
			case d.withdraw():
				return Answer{Kind: Unavailable}, nil
			}
			return Answer{Kind: Accepted}, nil
		}
	}
}

// weigh says what an event of the command's name means for this caller; known is false where it decides nothing.
func (t *conversation) weigh(ctx context.Context, e *provisioning.Event) (answer Answer, known bool, err error) {
	if !t.concerns(e) {
		return Answer{}, false, nil
	}
	switch e.Type {
	case provisioning.CommandRejected:
		answer, err = t.rejected(ctx, e)
		return answer, true, err
	case provisioning.CommandDuplicate:
		if t.made != nil {
			return Answer{}, false, nil // another caller's: this one's made the request
		}
		answer, err = t.duplicate(ctx, e)
		return answer, true, err
	case provisioning.RequestPending:
		if slices.Contains(t.older, *e.RequestNumber) {
			return Answer{}, false, nil // told late: this command will be its duplicate
		}
		t.made = e
		if t.asked.ProcessImmediately {
			return Answer{}, false, nil // not before it is sent
		}
	default:
		if t.asked != nil && (t.made == nil || *t.made.RequestNumber != *e.RequestNumber) {
			return Answer{}, false, nil // of a request that another command of this name made: ours is not judged yet
		}
		t.made = e
	}
	answer, err = t.settle(ctx)
	return answer, true, err
}

// concerns reports whether an event of this name is about the same card, or the same number to cancel. Only a rejected
// command's may name no request: of another one without it nothing is known.
func (t *conversation) concerns(e *provisioning.Event) bool {
	if e.RequestNumber == nil && e.Type != provisioning.CommandRejected {
		return false
	}
	if t.asked != nil {
		card, _ := e.Smartcard.Key()
		return card == t.waiter.card
	}
	if e.RequestNumber == nil {
		_, named := e.Smartcard.Key()
		return e.Type == provisioning.CommandRejected && !named // a cancel of no request
	}
	switch e.Type {
	case provisioning.RequestCancelled, provisioning.CommandDuplicate, provisioning.CommandRejected:
		return e.RequestNumber.String() == t.command.Cancel.Number
	}
	return false
}

// settle answers with the request that the command made or cancelled, once it can be looked up here.
func (t *conversation) settle(ctx context.Context) (Answer, error) {
	n := *t.made.RequestNumber
	row, err := t.Model.Await(ctx, n, asNewAs(t.made))
	if err != nil && ctx.Err() == nil {
		return Answer{}, err
	}
	request := requestOf(t.made)
	if t.waiter.seenToDiffer(n) {
		// Another caller's command of this name came first, at this moment.
		if row != nil {
			request = row
		}
		return t.differs(request), nil
	}
	return Answer{Kind: Done, Request: request}, nil
}

// duplicate answers with the first one's request as it stands.
func (t *conversation) duplicate(ctx context.Context, e *provisioning.Event) (Answer, error) {
	row, err := t.Model.Await(ctx, *e.RequestNumber, asNewAs(e))
	if err != nil && ctx.Err() == nil {
		return Answer{}, err
	}
	request := requestOf(e)
	if row != nil && asNewAs(e)(row) {
		request = row
	}
	if t.asked != nil && t.differing(request, e) {
		return t.differs(request), nil
	}
	return Answer{Kind: Done, Request: request}, nil
}

// differing reports whether the content of a duplicate is another than the first one's. The event says so, but it may be
// the event of another duplicate of the same name, that was sent a moment before: where contents can be compared, that
// decides.
func (t *conversation) differing(r *provisioning.Request, e *provisioning.Event) bool {
	first := t.Hub.recall(*r)
	tells := t.asked.Action != provisioning.SetPIN || !first.NewPIN.IsZero() ||
		first.ContentDigest != nil && t.Hub.digester.Digest(t.asked) != nil
	return first.Differs(t.asked, t.Hub.digester) || !tells && len(e.Errors) > 0
}

func (t *conversation) differs(r *provisioning.Request) Answer {
	field := "command_id"
	return Answer{Kind: Differs, Request: r, Errors: []provisioning.Violation{{
		Code: provisioning.DuplicateDiffers, Field: &field,
		Message: "command_id was used before, for a command of another content",
	}}}
}

// rejected answers what intake or dispatch found wrong.
func (t *conversation) rejected(ctx context.Context, e *provisioning.Event) (Answer, error) {
	answer := Answer{Kind: Invalid, Errors: e.Errors}
	switch {
	case t.asked != nil || len(e.Errors) != 1:
	case e.Errors[0].Code == provisioning.RequestUnknown:
		answer.Kind = Unknown
	case e.Errors[0].Code == provisioning.RequestNotPending && e.RequestNumber != nil:
		row, err := t.Model.Await(ctx, *e.RequestNumber, asNewAs(e))
		if err != nil && ctx.Err() == nil {
			return Answer{}, err
		}
		answer.Kind, answer.Request = NotPending, row
		if row == nil {
			answer.Request = requestOf(e)
		}
	}
	return answer, nil
}
