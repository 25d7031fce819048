package ledger

import (
	"slices"
	"strings"
	"time"
)

// breakage spoils a valid command in one way.
type breakage struct {
	code  string
	spoil func(*planned)
}

// tooFar is a date beyond any horizon.
const tooFar = 100 * 365 * 24 * time.Hour

// breakages are every way to break a rule. Those of one row exclude each other.
var breakages = [][]breakage{
	{
		{"SUBSCRIPTION_IDENTIFIER_MISSING", func(p *planned) { p.set().Subscription = Subscription{} }},
		{"SUBSCRIPTION_IDENTIFIER_AMBIGUOUS", func(p *planned) {
			p.set().Subscription = Subscription{ID: Some("1"), Number: Some("2")}
		}},
		{"VALUE_INVALID", func(p *planned) { p.set().Subscription = Subscription{ID: Some(" padded ")} }},
	},
	{
		{"SMARTCARD_IDENTIFIER_MISSING", func(p *planned) { p.set().Smartcard = Smartcard{} }},
		{"SMARTCARD_IDENTIFIER_AMBIGUOUS", func(p *planned) {
			p.set().Smartcard = Smartcard{ID: Some("1"), AlternativeCode: Some("2")}
		}},
		{"VALUE_INVALID", func(p *planned) { p.set().Smartcard = Smartcard{SerialNumber: Some(strings.Repeat("9", 65))} }},
		{"VALUE_INVALID", func(p *planned) { p.set().Smartcard = Smartcard{ID: Some("a\x00b")} }},
	},
	{
		{"PIN_PARAMETER_MISSING", func(p *planned) { p.set().ResetPIN, p.set().NewPIN = None[bool](), None[PIN]() }},
		{"PIN_PARAMETER_AMBIGUOUS", func(p *planned) {
			if p.set().ResetPIN = Some(false); !p.set().NewPIN.Set {
				p.set().ResetPIN, p.set().NewPIN = Some(true), Some(PIN("0000"))
				p.demand.Codes = append(p.demand.Codes, p.unlessDigits()...)
			}
		}},
		{"RESET_PIN_FALSE", func(p *planned) { p.set().ResetPIN, p.set().NewPIN = Some(false), None[PIN]() }},
		{"NEW_PIN_INVALID", func(p *planned) { p.set().ResetPIN, p.set().NewPIN = None[bool](), Some(PIN("LEAKINGPIN")) }},
	},
	{{"SCHEDULED_DATE_TOO_FAR", func(p *planned) { p.ahead = Some(tooFar) }}},
	{{"COMMAND_ID_MISSING", func(p *planned) { p.command.ID = "" }}},
	{{"SOURCE_MISSING", func(p *planned) { p.command.Source = "" }}},
}

func (p *planned) set() *SetUserParameters { return p.command.SetUserParameters }

// unlessDigits is what four digits break where PINs are letters.
func (p *planned) unlessDigits() []string {
	if p.letters {
		return []string{"NEW_PIN_INVALID"}
	}
	return nil
}

// broken makes a command that breaks one rule, or several.
func (p *plan) broken() planned {
	c, _ := p.valid()
	c.letters = p.load.Letters
	c.demand = Demand{Outcome: Rejected}
	for _, row := range p.random.Perm(len(breakages))[:1+p.random.IntN(3)*p.random.IntN(2)] {
		b := breakages[row][p.random.IntN(len(breakages[row]))]
		b.spoil(&c)
		c.demand.Codes = append(c.demand.Codes, b.code)
	}
	slices.Sort(c.demand.Codes)
	return c
}

// cancel makes a cancel of nothing.
func (p *plan) cancel() planned {
	c, _ := p.valid()
	c.command.SetUserParameters = nil
	if p.random.IntN(2) == 0 {
		c.command.Cancel = &Cancel{Number: "number one"}
		c.demand = Demand{Outcome: Rejected, Codes: []string{"REQUEST_NUMBER_INVALID"}}
	} else {
		c.command.Cancel = &Cancel{Number: "0-888888888888"}
		c.demand = Demand{Outcome: Rejected, Codes: []string{"REQUEST_UNKNOWN"}}
	}
	return c
}
