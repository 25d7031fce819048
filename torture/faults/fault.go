// Package faults is everything that is done to cardstream and to what it stands on, one file for each kind. A fault
// knows what to do and how to take it back; when, and to whom, is for package schedule to draw.
package faults

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"cardstream/torture/schedule"
)

// Fault is one thing that goes wrong. Inject returns when it has gone wrong. Undo makes it right again; it is called once
// and always, also where Inject has failed half-way, and also where the run is being broken off.
type Fault interface {
	Name() string // in words, with its target and what was drawn for it
	Inject(ctx context.Context) error
	Undo(ctx context.Context) error
}

// Kind is a kind of fault.
type Kind struct {
	Name        string
	About       string // one line for people
	Least, Most time.Duration
	On          Target
	New         func(s *Scene, b schedule.Blow) Fault

	// Missing says what this kind needs and this machine, or the binary under test, does not have; nil: nothing.
	Missing func(s *Scene) string
}

// Target is what a kind of fault is done to.
type Target int

// The targets.
const (
	OneProcess   Target = iota
	TwoProcesses        // one and the next
	EveryProcess
	Newcomers // processes that are there for the fault alone
	Brokers   // one fault of brokers at a time, or none might be left to elect a controller
	Replicas
	Reassignment // replicas, and all brokers stay: see reassign
	Registry
	Headend
)

// Kinds are all of them.
func Kinds() []Kind {
	return []Kind{
		killProcess, killEveryProcess, freezeProcess, rollingRestart, rebalanceStorm,
		killBroker, killEveryBroker, reassign, elect,
		cut, slow, mute, halfOpen,
		diskFull, storeLost, storeForeign, storeGarbled,
		clockJump, registryAway, headendDown,
	}
}

// Choose returns the kinds named in only, all where it is empty, less those named in without. A name that is none is an
// error.
func Choose(kinds []Kind, only, without []string) ([]Kind, error) {
	for _, name := range slices.Concat(only, without) {
		if !Has(kinds, name) {
			return nil, fmt.Errorf("%q is no kind of fault: --list names them", name)
		}
	}
	var chosen []Kind
	for _, k := range kinds {
		if (len(only) == 0 || slices.Contains(only, k.Name)) && !slices.Contains(without, k.Name) {
			chosen = append(chosen, k)
		}
	}
	return chosen, nil
}

// Has reports whether a kind is among them.
func Has(kinds []Kind, name string) bool {
	return slices.ContainsFunc(kinds, func(k Kind) bool { return k.Name == name })
}

// Possible returns the kinds that can be done to a scene, and a line for each that cannot.
func Possible(kinds []Kind, s *Scene) (possible []Kind, missing []string) {
	for _, k := range kinds {
		if k.Missing != nil {
			if what := k.Missing(s); what != "" {
				missing = append(missing, fmt.Sprintf("%s is left out: it needs %s", k.Name, what))
				continue
			}
		}
		possible = append(possible, k)
	}
	return possible, missing
}

// Named returns the kind of a name out of kinds.
func Named(kinds []Kind, name string) Kind {
	return kinds[slices.IndexFunc(kinds, func(k Kind) bool { return k.Name == name })]
}

// Scheduled is what a schedule has to know of a kind where there are so many processes.
func (k Kind) Scheduled(processes int) schedule.Kind {
	s := schedule.Kind{Name: k.Name, Least: k.Least, Most: k.Most}
	process := func(n int) string { return "process " + strconv.Itoa(n%processes) }
	switch k.On {
	case OneProcess:
		s.Targets, s.Claims = processes, func(n int) []string { return []string{process(n)} }
	case TwoProcesses:
		s.Targets, s.Claims = processes, func(n int) []string { return slices.Compact([]string{process(n), process(n + 1)}) }
	case EveryProcess:
		var all []string
		for n := range processes {
			all = append(all, process(n))
		}
		s.Claims = func(int) []string { return all }
	case Brokers:
		s.Targets, s.Claims = brokers, func(int) []string { return []string{"brokers"} }
	case Reassignment:
		s.Claims = func(int) []string { return []string{"brokers", "replicas"} }
	default:
		what := map[Target]string{Newcomers: "newcomers", Replicas: "replicas", Registry: "registry", Headend: "headend"}[k.On]
		s.Claims = func(int) []string { return []string{what} }
	}
	return s
}

// brokers is how many there are.
const brokers = 3

// Table lists kinds for people.
func Table(kinds []Kind) string {
	var b strings.Builder
	for _, k := range kinds {
		fmt.Fprintf(&b, "%-18s %s; %s to %s\n", k.Name, k.About, k.Least, k.Most)
	}
	return b.String()
}
