package faults_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"

	"cardstream/torture/faults"
	"cardstream/torture/proxy"
)

// world is a scene that is only remembered: what is wrong with it now, and what was done. The operation failAt, counted
// from 1, fails after it has been done: that is the worse half of failing.
type world struct {
	mu     sync.Mutex
	wrong  map[string]bool
	did    []string
	failAt int
}

var errFails = errors.New("fails")

// do notes an operation that makes something wrong, or right.
func (w *world) do(what string, wrong map[string]bool) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.did = append(w.did, what)
	for name, is := range wrong {
		if w.wrong[name] = is; !is {
			delete(w.wrong, name)
		}
	}
	if len(w.did) == w.failAt {
		return errFails
	}
	return nil
}

func (w *world) operations() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.did)
}

// wantRight wants nothing to be wrong.
func (w *world) wantRight(t *testing.T) {
	t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.wrong) > 0 {
		t.Errorf("still: %v, after %s", slices.Sorted(maps.Keys(w.wrong)), strings.Join(w.did, ", "))
	}
}

const processes = 3

func newWorld() (*world, *faults.Scene) {
	w := &world{wrong: map[string]bool{}}
	return w, &faults.Scene{
		Processes: people{w}, Newcomers: guests{w}, Brokers: cluster{w}, Replicas: placement{w}, Network: network{w},
		Stores: stores{w}, Clocks: clocks{w}, Registry: service{w, "registry"}, Headend: service{w, "headend"},
		Log: func(string, ...any) {},
	}
}

type people struct{ *world }

func is(name string, slot int) string { return fmt.Sprintf("%s %d", name, slot) }

func (p people) Count() int { return processes }
func (p people) Kill(slot int) error {
	return p.do(is("kill", slot), map[string]bool{is("down", slot): true, is("frozen", slot): false})
}
func (p people) Terminate(_ context.Context, slot int) error {
	return p.do(is("terminate", slot), map[string]bool{is("down", slot): true})
}
func (p people) Start(slot int) error {
	return p.do(is("start", slot), map[string]bool{is("down", slot): false})
}
func (p people) Stop(slot int) error {
	return p.do(is("stop", slot), map[string]bool{is("frozen", slot): true})
}
func (p people) Continue(slot int) error {
	return p.do(is("continue", slot), map[string]bool{is("frozen", slot): false})
}
func (p people) Excuse(slot int, _ string) {
	_ = p.do(is("excuse", slot), map[string]bool{is("excused", slot): true})
}
func (p people) Blame(slot int) {
	_ = p.do(is("blame", slot), map[string]bool{is("excused", slot): false})
}
func (p people) Pardon(words string) { _ = p.do("pardon "+words, nil) }

type guests struct{ *world }

func (g guests) Join() error { return g.do("join", map[string]bool{"newcomer": true}) }
func (g guests) Leave(context.Context, bool) error {
	return g.do("leave", map[string]bool{"newcomer": false})
}

type cluster struct{ *world }

func (c cluster) Kill(_ context.Context, nodes ...int) error {
	return c.do(fmt.Sprint("kill brokers ", nodes), map[string]bool{"brokers down": true})
}
func (c cluster) Revive(context.Context) error {
	return c.do("revive", map[string]bool{"brokers down": false})
}

type placement struct{ *world }

func (p placement) Move(context.Context, uint64) (int, error) {
	return 1, p.do("move", map[string]bool{"moved": true})
}
func (p placement) Lead(context.Context, uint64) (int, error) { return 1, p.do("lead", nil) }
func (p placement) Spread(context.Context) error {
	return p.do("spread", map[string]bool{"moved": false})
}

type network struct{ *world }

func (n network) Cut(slot, node int) int {
	_ = n.do(fmt.Sprint("cut ", slot, node), nil)
	return 1
}
func (n network) Change(slot, node int, w proxy.Weather) {
	_ = n.do(fmt.Sprint("change ", slot, node), map[string]bool{fmt.Sprint("weather ", slot, node): w != proxy.Weather{}})
}
func (n network) Strand(slot, node int) int {
	_ = n.do(fmt.Sprint("strand ", slot, node), map[string]bool{fmt.Sprint("stranded ", slot, node): true})
	return 1
}
func (n network) Unstrand(slot, node int) {
	_ = n.do(fmt.Sprint("unstrand ", slot, node), map[string]bool{fmt.Sprint("stranded ", slot, node): false})
}

type stores struct{ *world }

func (s stores) Bounded() bool { return true }
func (s stores) Fill(slot int) error {
	return s.do(is("fill", slot), map[string]bool{is("full", slot): true})
}
func (s stores) Clear(slot int) error {
	return s.do(is("clear", slot), map[string]bool{is("full", slot): false})
}
func (s stores) Remove(slot int) error      { return s.down("remove", slot) }
func (s stores) Swap(a, b int) error        { return errors.Join(s.down("swap", a), s.down("swap", b)) }
func (s stores) Keep(slot int) error        { return s.down("keep", slot) }
func (s stores) Old(slot int) (bool, error) { return false, s.down("old", slot) }
func (s stores) Alien(slot int) error       { return s.down("alien", slot) }
func (s stores) Garble(slot int, _ uint64) (string, error) {
	return "a file", s.down("garble", slot)
}

// down is an operation that wants the process to be down.
func (s stores) down(what string, slot int) error {
	s.mu.Lock()
	isDown := s.wrong[is("down", slot)]
	s.mu.Unlock()
	return s.do(is(what, slot), map[string]bool{is("store touched beneath process", slot): !isDown})
}

type clocks struct{ *world }

func (c clocks) Settable() bool { return true }
func (c clocks) Wrong(slot, seconds int) error {
	return c.do(is("clock", slot), map[string]bool{is("wrong clock", slot): seconds != 0})
}

type service struct {
	*world
	name string
}

func (s service) Stop(context.Context) error {
	return s.do("stop "+s.name, map[string]bool{s.name + " down": true})
}
func (s service) Start(context.Context) error {
	return s.do("start "+s.name, map[string]bool{s.name + " down": false})
}
