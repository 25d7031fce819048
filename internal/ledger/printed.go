package ledger

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
)

// Printed is a life cycle event as cardstream prints it: a JSON line.
type Printed struct {
	Type      string  `json:"event_type"`
	CommandID string  `json:"command_id"`
	Source    string  `json:"source"`
	Number    *string `json:"request_number"`
	State     *string `json:"life_cycle_state"`
	Attempt   *int32  `json:"attempt"`
	Rejecter  *string `json:"rejected_by"`
	Smartcard *struct {
		ID              *string `json:"id"`
		SerialNumber    *string `json:"serial_number"`
		AlternativeCode *string `json:"alternative_code"`
	} `json:"smartcard_identifier"`
	Errors []struct {
		Code string `json:"code"`
	} `json:"errors"`
}

// ReadPrinted reads events, a JSON object each, to the end.
func ReadPrinted(r io.Reader) ([]Printed, error) {
	var events []Printed
	for decoder := json.NewDecoder(r); ; {
		var e Printed
		if err := decoder.Decode(&e); errors.Is(err, io.EOF) {
			return events, nil
		} else if err != nil {
			return nil, fmt.Errorf("event %d: %w", len(events)+1, err)
		}
		events = append(events, e)
	}
}

// answers are the events that commands of one source, id and card lead to: the request's, and those of the commands that
// repeat it or break a rule, each in order.
type answers struct{ request, duplicates, refusals []string }

// Match holds printed events against what the lines of a file demand, and says in words what differs: a missing event,
// one too many, another order, other errors, a duplicate that names another request. Nothing means that each line has
// exactly its events. It cannot judge a cancel of an earlier line's request.
func Match(expected []Expected, events []Printed) []string {
	var wrong []string
	demanded, there := map[[3]string]*answers{}, map[[3]string]*answers{}
	lines := map[[3]string]int{}
	for _, e := range expected {
		if e.Broken == nil {
			who := identityOf(e.Command.Source, e.Command.ID, e.Command.card())
			lines[who] = e.Line
			of(demanded, who).demand(e.Demand)
		}
	}
	numbers := map[[3]string]string{}
	for _, e := range events {
		who := identityOf(e.Source, e.CommandID, e.card())
		if number, known := numbers[who]; e.Type == commandDuplicate && known && e.number() != number {
			wrong = append(wrong, fmt.Sprintf("%q: a duplicate of %s, not of %s", who, e.number(), number))
		}
		if e.Type == requestPending {
			numbers[who] = e.number()
		}
		of(there, who).take(e)
	}
	for who, want := range demanded {
		got := of(there, who)
		for _, pair := range [][2][]string{
			{want.request, got.request}, {want.duplicates, got.duplicates}, {want.refusals, got.refusals},
		} {
			if !slices.EqualFunc(pair[0], pair[1], alike) {
				wrong = append(wrong, fmt.Sprintf("%q, last in line %d: want %q, got %q", who, lines[who], pair[0], pair[1]))
			}
		}
		delete(there, who)
	}
	for who, got := range there {
		wrong = append(wrong, fmt.Sprintf("%q: no line demands %q", who, *got))
	}
	slices.Sort(wrong)
	return wrong
}

// alike compares errors; "?" stands for DUPLICATE_DIFFERS or none.
func alike(want, got string) bool {
	return want == got || want == "?" && (got == "" || got == "DUPLICATE_DIFFERS")
}

func identityOf(source, id, card string) [3]string { return [3]string{source, id, card} }

func of(all map[[3]string]*answers, who [3]string) *answers {
	if all[who] == nil {
		all[who] = &answers{}
	}
	return all[who]
}

func (a *answers) demand(d Demand) {
	switch codes := joinCodes(slices.Clone(d.Codes)); d.Outcome {
	case Accepted:
		a.request = append(a.request, d.Events()...)
	case Duplicate:
		if d.CodesOptional {
			codes = "?"
		}
		a.duplicates = append(a.duplicates, codes)
	case Rejected:
		a.refusals = append(a.refusals, codes)
	}
}

func (a *answers) take(e Printed) {
	switch e.Type {
	case commandDuplicate:
		a.duplicates = append(a.duplicates, e.codes())
	case commandRejected:
		a.refusals = append(a.refusals, e.codes())
	default:
		a.request = append(a.request, e.Type)
	}
}

// String says what happened: the type, the attempt, who rejected, and the errors, as far as there are any.
func (e Printed) String() string {
	text := e.Type
	if e.Attempt != nil {
		text += " " + strconv.Itoa(int(*e.Attempt))
	}
	if e.Rejecter != nil {
		text += " " + *e.Rejecter
	}
	if codes := e.codes(); codes != "" {
		text += " " + codes
	}
	return text
}

func (e Printed) codes() string {
	var codes []string
	for _, problem := range e.Errors {
		codes = append(codes, problem.Code)
	}
	return joinCodes(codes)
}

func (e Printed) number() string {
	if e.Number == nil {
		return ""
	}
	return *e.Number
}

// card returns the smartcard key of the event, nothing where it names no card.
func (e Printed) card() string {
	if e.Smartcard == nil {
		return ""
	}
	maybe := func(text *string) Maybe[string] {
		if text == nil {
			return None[string]()
		}
		return Some(*text)
	}
	key, _ := Smartcard{
		ID: maybe(e.Smartcard.ID), SerialNumber: maybe(e.Smartcard.SerialNumber),
		AlternativeCode: maybe(e.Smartcard.AlternativeCode),
	}.Key()
	return key
}

// card returns the smartcard key of the command, nothing where it names no card.
func (c *Command) card() string {
	if c.SetUserParameters == nil {
		return ""
	}
	key, _ := c.SetUserParameters.Smartcard.Key()
	return key
}
