package simulation_test

import (
	"flag"
	"os"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"cardstream/internal/leaktest"
	"cardstream/internal/simulation"
)

// Which seeds are played. The environment is for those who run the tests of all rooms at once.
var (
	seeds = flag.Int("seeds", environment("CARDSTREAM_SIM_SEEDS", usual), "how many seeds to play")
	first = flag.Int("first", environment("CARDSTREAM_SIM_FIRST", 1), "the first of them")
	only  = flag.Int("seed", 0, "play this seed alone, and print all of it")
	times = flag.Int("times", 1, "with -seed: so often")
	until = flag.Bool("until-found", false, "play no further seed once one has found something")
)

func environment(name string, otherwise int) int {
	if n, err := strconv.Atoi(os.Getenv(name)); err == nil {
		return n
	}
	return otherwise
}

func TestMain(m *testing.M) { leaktest.Main(m) }

// play plays a seed in a bubble of its own.
func play(t *testing.T, seed int) (r *simulation.Result) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		r = simulation.Run(t.Context(), simulation.NewPlan(uint64(seed)))
	})
	return r
}

// TestSeeds plays one world after another, and holds that every kind of trouble did come to something.
func TestSeeds(t *testing.T) {
	if *only != 0 {
		again(t, *only, *times)
		return
	}
	total := total{effects: simulation.Effects{}}
	began := time.Now()
	t.Run("seed", func(t *testing.T) {
		for seed := *first; seed < *first+*seeds; seed++ {
			t.Run(strconv.Itoa(seed), func(t *testing.T) {
				t.Parallel()
				if *until && total.found() > 0 {
					return
				}
				r := play(t, seed)
				total.add(r)
				if !r.OK() {
					t.Errorf("found %v; again with: go test ./internal/simulation -seed %d\n%s", r.Findings(), seed, r)
				}
			})
		}
	})
	t.Logf("%d seeds from %d in %s, %s simulated, %d found something: %s", total.played, *first,
		time.Since(began).Round(time.Second), total.simulated.Round(time.Second), total.found(), total.effects)
	if *seeds >= usual && !*until {
		total.wantEverything(t)
	}
}

// again plays one seed so often, and prints what it found at first.
func again(t *testing.T, seed, times int) {
	t.Helper()
	found := 0
	for range times {
		r := play(t, seed)
		if r.OK() {
			continue
		}
		if found++; found == 1 {
			t.Errorf("log:\n%s\nfound %v\n%s", r.Log, r.Findings(), r)
		}
	}
	t.Logf("seed %d, played %d times: found something %d times", seed, times, found)
}

// total sums up runs.
type total struct {
	mu        sync.Mutex
	played    int
	findings  int
	simulated time.Duration
	effects   simulation.Effects
}

func (s *total) add(r *simulation.Result) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.played++
	if !r.OK() {
		s.findings++
	}
	s.simulated += r.Plan.End + r.Took
	s.effects.Add(r.Effects)
}

func (s *total) found() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.findings
}

// wantEverything fails where a kind of trouble, or of outcome, never came to anything: then the runs show less than they
// seem to.
func (s *total) wantEverything(t *testing.T) {
	t.Helper()
	wanted := []string{
		"takeovers", "tasks that began again", "aborted transactions", "cancels",
		"disk " + string(simulation.Kept), "disk " + string(simulation.Crashed), "disk " + string(simulation.Lost),
		"disk " + string(simulation.Foreign), "REQUEST_COMPLETED", "REQUEST_REJECTED", "REQUEST_CANCELLED",
		"COMMAND_REJECTED", "COMMAND_DUPLICATE",
	}
	for _, kind := range simulation.Kinds() {
		wanted = append(wanted, string(kind))
	}
	for _, name := range wanted {
		if s.effects[name] == 0 {
			t.Errorf("%s: never came to anything in %d seeds", name, s.played)
		}
	}
}
