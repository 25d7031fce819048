package ledger

import (
	"bufio"
	"bytes"
	"io"
	"slices"
	"time"
)

// Outcome is what becomes of one command.
type Outcome uint8

// The outcomes.
const (
	Accepted  Outcome = iota + 1 // it makes a request
	Rejected                     // COMMAND_REJECTED
	Duplicate                    // COMMAND_DUPLICATE
	Cancels                      // a cancel: only the request that it names can tell
)

// Demand is what a command demands of cardstream.
type Demand struct {
	Outcome Outcome
	Codes   []string // sorted: of the errors, for Rejected and Duplicate

	// CodesOptional says that the errors may as well be none: contents that differ in the PIN alone are told apart only
	// while the PIN is still known.
	CodesOptional bool
}

// demandOf judges a command, given the content of the first valid one with the same source, id and card; nil for none.
func demandOf(rules Rules, c *Command, now time.Time, first *SetUserParameters) Demand {
	codes := rules.Judge(c, now)
	switch {
	case len(codes) > 0:
		return Demand{Outcome: Rejected, Codes: codes}
	case c.Cancel != nil:
		return Demand{Outcome: Cancels}
	case first == nil:
		return Demand{Outcome: Accepted}
	case *first == *c.SetUserParameters:
		return Demand{Outcome: Duplicate}
	}
	return Demand{
		Outcome: Duplicate, Codes: []string{"DUPLICATE_DIFFERS"},
		CodesOptional: withoutPIN(first) == withoutPIN(c.SetUserParameters),
	}
}

// withoutPIN is the content as far as it is remembered for ever.
func withoutPIN(s *SetUserParameters) SetUserParameters {
	rest := *s
	rest.NewPIN.Value = ""
	return rest
}

// Events returns the event types that the demand leads to, in order, for a request without headend results.
func (d Demand) Events() []string {
	switch d.Outcome {
	case Accepted:
		return []string{requestPending, requestSent, requestCompleted}
	case Rejected:
		return []string{commandRejected}
	case Duplicate:
		return []string{commandDuplicate}
	}
	return nil
}

// Expected is a line of a file of commands, and what it demands.
type Expected struct {
	Line    int   // from 1
	Broken  error // why it is no command; nil for a command
	Command *Command
	Demand
}

// Expect reads a file of commands and says what each line demands, when the whole is sent at sentAt and each card's
// commands stay in order. Blank lines are skipped. A cancel of a number is taken to name no request: the file cannot
// know one.
func Expect(file io.Reader, rules Rules, sentAt time.Time) ([]Expected, error) {
	firsts := map[[3]string]*SetUserParameters{}
	var all []Expected
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, 1<<20)
	for n := 1; lines.Scan(); n++ {
		if len(bytes.TrimSpace(lines.Bytes())) == 0 {
			continue
		}
		e := Expected{Line: n}
		if e.Command, e.Broken = ParseLine(slices.Clone(lines.Bytes()), sentAt); e.Broken == nil {
			who := identityOf(e.Command.Source, e.Command.ID, e.Command.card())
			e.Demand = demandOf(rules, e.Command, sentAt, firsts[who])
			if e.Outcome == Accepted {
				firsts[who] = e.Command.SetUserParameters
			}
			if e.Outcome == Cancels && e.Command.Cancel.Of == "" {
				e.Demand = Demand{Outcome: Rejected, Codes: []string{"REQUEST_UNKNOWN"}}
			}
		}
		all = append(all, e)
	}
	return all, lines.Err()
}
