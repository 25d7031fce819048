package handlers

import (
	"cardstream/provisioning"
	"cardstream/record"
)

// result applies the headend's answer. One about a request or an attempt that never was goes to the dead letters, as
// the adapter wrote it.
func (s *step) result(e *provisioning.ResultEntry) error {
	number, err := provisioning.ParseRequestNumber(e.Result.RequestNumber)
	if err != nil || number.Partition != s.partition {
		return errMisplaced // intake routed it by that number
	}
	r, err := s.lookUp(number.Offset)
	if err != nil {
		return err
	}
	if r == nil {
		s.tally.result(provisioning.ReadUnknown)
		s.out = s.bury(origin(&e.Origin), codeRequestUnknown, "there is no such request", s.out)
		return nil
	}
	sentAt := r.SentAt(e.Result.Attempt)
	outcome, reading := s.Policy.Answer(r, &e.Result, s.now)
	s.tally.result(reading)
	switch reading {
	case provisioning.ReadUnknown:
		s.out = s.bury(origin(&e.Origin), codeAttemptUnknown, "no such attempt was made", s.out)
		return nil
	case provisioning.ReadRepeated:
		s.gate.hold.answered()
		return nil
	case provisioning.ReadLate:
		s.gate.hold.answered()
		if len(outcome.Events) == 0 {
			return nil
		}
	default:
		s.gate.hold.answered()
		s.tally.answered(sentAt, s.now)
	}
	return s.settle(r, outcome)
}

// settle keeps a request whose outstanding attempt has come to something, and moves its card's line on if it ended.
func (s *step) settle(r *provisioning.Request, outcome provisioning.Outcome) error {
	if err := s.publish(outcome, r); err != nil {
		return err
	}
	if !r.State.Ended() {
		return s.put(r, natural(r, true))
	}
	s.tally.reached(r.State)
	return s.leave(r)
}

// origin is the record that an adapter wrote, as intake read it.
func origin(o *provisioning.Origin) *record.Record {
	return &record.Record{
		Topic: o.Topic, Partition: o.Partition, Offset: o.Offset, Timestamp: int64(o.Timestamp),
		Key: o.Key, Value: o.Value,
	}
}
