package ledger

import (
	"fmt"
	"math/rand/v2"
	"time"
)

// Load says what a Feeder feeds. The same load gives the same commands, but for the moment from which dates count.
type Load struct {
	Seed     uint64
	Commands int
	Cards    int           // how many smartcards they are about
	Window   time.Duration // scheduled ones are due within it, from the moment of their sending
	Ahead    time.Duration // and not before it
	Mix      Mix
	Letters  bool // PINs of eight capital letters, which can be searched for (set the pattern [A-Z]{8}); else four digits
	Source   string
}

// Mix weighs the kinds of commands against each other; the zero value is DefaultMix.
type Mix struct {
	Immediate  int // process_immediately
	DueNow     int // no date, or a past one
	Scheduled  int // a date ahead
	Duplicates int // an earlier command again, in part with another content
	Broken     int // at least one rule broken
	Cancels    int // of numbers that are none, or name no request
}

// DefaultMix has something of everything, and mostly what is normal.
var DefaultMix = Mix{Immediate: 30, DueNow: 30, Scheduled: 25, Duplicates: 6, Broken: 7, Cancels: 2}

func (m Mix) weights() []int {
	return []int{m.Immediate, m.DueNow, m.Scheduled, m.Duplicates, m.Broken, m.Cancels}
}

// planned is a command of a load before it is sent: its date is still relative.
type planned struct {
	command Command
	ahead   Maybe[time.Duration] // scheduled_date, from the moment of sending
	demand  Demand               // by construction, not by judging it
	letters bool                 // PINs are letters
}

// plan makes the commands of a load one after another. It remembers the last valid command of each card, to repeat it.
type plan struct {
	load    Load
	random  *rand.Rand
	made    int
	byCard  map[int]planned
	lastSet []int // cards with a command to repeat
}

func newPlan(load Load) *plan {
	if load.Mix == (Mix{}) {
		load.Mix = DefaultMix
	}
	if load.Source == "" {
		load.Source = fmt.Sprintf("ledger-%d", load.Seed)
	}
	return &plan{load: load, random: rand.New(rand.NewPCG(load.Seed, 1)), byCard: map[int]planned{}}
}

// next returns the next command, and false after the last.
func (p *plan) next() (planned, bool) {
	if p.made >= p.load.Commands {
		return planned{}, false
	}
	p.made++
	switch p.kind() {
	case 0:
		return p.remember(p.immediate()), true
	case 1:
		return p.remember(p.dueNow()), true
	case 2:
		return p.remember(p.scheduled()), true
	case 3:
		if len(p.lastSet) > 0 {
			return p.duplicate(), true
		}
		return p.remember(p.dueNow()), true
	case 4:
		return p.broken(), true
	}
	return p.cancel(), true
}

// kind draws by weight.
func (p *plan) kind() int {
	total := 0
	for _, weight := range p.load.Mix.weights() {
		total += weight
	}
	drawn := p.random.IntN(total)
	for kind, weight := range p.load.Mix.weights() {
		if drawn -= weight; drawn < 0 {
			return kind
		}
	}
	panic("ledger: a draw beyond the weights")
}

// valid makes a command that keeps every rule, and says which card it is about.
func (p *plan) valid() (planned, int) {
	card := p.random.IntN(max(p.load.Cards, 1))
	c := Command{ID: fmt.Sprintf("c-%d", p.made), Source: p.load.Source, SetUserParameters: &SetUserParameters{
		Subscription: Subscription{Number: Some(fmt.Sprintf("S-%d", card))},
		Smartcard:    cardNamed(card),
	}}
	if p.random.IntN(4) == 0 {
		c.SetUserParameters.ResetPIN = Some(true)
	} else {
		c.SetUserParameters.NewPIN = Some(p.pin())
	}
	return planned{command: c, demand: Demand{Outcome: Accepted}}, card
}

// cardNamed names a card, always in the same way: most by serial number.
func cardNamed(card int) Smartcard {
	switch name := fmt.Sprintf("%011d", card); card % 10 {
	case 0:
		return Smartcard{ID: Some("item " + name)}
	case 1:
		return Smartcard{AlternativeCode: Some("Ä-" + name)}
	default:
		return Smartcard{SerialNumber: Some(name)}
	}
}

func (p *plan) pin() PIN {
	if !p.load.Letters {
		return PIN(fmt.Sprintf("%04d", p.random.IntN(10_000)))
	}
	letters := make([]byte, 8)
	for i := range letters {
		letters[i] = byte('A' + p.random.IntN(26))
	}
	return PIN(letters)
}

func (p *plan) immediate() (planned, int) {
	c, card := p.valid()
	c.command.SetUserParameters.ProcessImmediately = true
	return c, card
}

func (p *plan) dueNow() (planned, int) {
	c, card := p.valid()
	if p.random.IntN(3) == 0 {
		c.ahead = Some(-time.Duration(1+p.random.IntN(1000)) * time.Hour)
	}
	return c, card
}

func (p *plan) scheduled() (planned, int) {
	c, card := p.valid()
	c.ahead = Some(p.load.Ahead + time.Duration(p.random.Int64N(max(int64(p.load.Window), 1))))
	return c, card
}

// remember keeps a valid command for a duplicate; one with a relative date cannot be repeated as it was.
func (p *plan) remember(c planned, card int) planned {
	if c.ahead.Set {
		return c
	}
	if _, known := p.byCard[card]; !known {
		p.lastSet = append(p.lastSet, card)
	}
	p.byCard[card] = c
	return c
}

// duplicate repeats the last command of a card, every third time with another subscription.
func (p *plan) duplicate() planned {
	again := p.byCard[p.lastSet[p.random.IntN(len(p.lastSet))]]
	again.demand = Demand{Outcome: Duplicate}
	if p.random.IntN(3) == 0 {
		content := *again.command.SetUserParameters
		content.Subscription = Subscription{ID: Some("another")}
		again.command.SetUserParameters = &content
		again.demand.Codes = []string{"DUPLICATE_DIFFERS"}
	}
	return again
}
