package ledger_test

import (
	"testing"
	"time"

	"cardstream/internal/ledger"
)

// jump is by how much a processor's clock is ahead in these tests, milliseconds.
const jump = 20_000

// ahead writes all of a command's life by a processor whose clock is ahead: c.dueIn counts from that clock's now.
func (s *scene) ahead(c call) {
	right, from := s.base, len(s.items)
	s.base += jump
	s.accept(c)
	s.send(c)
	s.base = right
	for i := from; i < len(s.items); i++ {
		s.items[i].at = right // the broker's clock is right
	}
}

// What a wrong clock dates is no finding where clocks may be wrong; what it sends before its date is.
func TestAClockThatJumps(t *testing.T) {
	var (
		strict    = ledger.Mode{}
		jumping   = ledger.Mode{ClockTolerance: time.Second, ClockJump: jump * time.Millisecond}
		dueAtOnce = call{id: "c-9", serial: "300", pin: "SECRETXX"}
		past      = call{id: "c-9", serial: "300", pin: "SECRETXX", dueIn: -jump - 500} // and so by any clock
		within    = call{id: "c-9", serial: "300", pin: "SECRETXX", dueIn: -jump + 900}
		beyond    = call{id: "c-9", serial: "300", pin: "SECRETXX", dueIn: -jump + 1100}
	)
	for name, c := range map[string]struct {
		call  call
		mode  ledger.Mode
		early int
	}{
		"due at once, clocks are right":       {dueAtOnce, strict, 1},
		"due at once, clocks may be wrong":    {dueAtOnce, jumping, 0},
		"of a past date":                      {past, jumping, 0},
		"early by less than is tolerated":     {within, jumping, 0},
		"early by more":                       {beyond, jumping, 1},
		"early by more, and clocks are right": {beyond, strict, 1},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			witness := w.witness(c.mode, secrets(t))
			s := faultless()
			s.ahead(c.call)
			w.write(s.items)
			report := audited(t, witness)
			if report.Early.Count != c.early || report.OK() != (c.early == 0) {
				t.Errorf("%d early, want %d:\n%s", report.Early.Count, c.early, report)
			}
		})
	}
}
