package main_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	compare "cardstream/bench/compare"
)

func TestQuickMakesSmallWhatIsNotSaid(t *testing.T) {
	rounds, commands, rates, waiting, err := compare.Sizes([]string{"--commands", "7", "--quick", "--waiting", "1,2"})
	if err != nil || rounds != 1 || commands != 7 || len(rates) != 2 || !slices.Equal(waiting, []int{1, 2}) {
		t.Errorf("%d rounds, %d commands, rates %v, waiting %v, %v", rounds, commands, rates, waiting, err)
	}
	rounds, _, rates, waiting, err = compare.Sizes(nil)
	if err != nil || rounds != 3 || !slices.Equal(rates, []float64{100, 1000, 5000}) || waiting[len(waiting)-1] != 10_000_000 {
		t.Errorf("%d rounds, rates %v, waiting %v, %v", rounds, rates, waiting, err)
	}
}

func TestWrongFlagsAreRefused(t *testing.T) {
	for _, args := range [][]string{
		{}, {"measure"}, {"run", "--rates", "fast"}, {"run", "--measures", "beauty"}, {"run", "--subjects", "goka"}, {"run", "now"},
	} {
		if err := compare.Run(t.Context(), args); err == nil {
			t.Errorf("%q is taken", args)
		}
	}
}

func TestEveryEntrantIsToldWhere(t *testing.T) {
	for _, name := range compare.Names() {
		line, err := compare.Line([]string{"--brokers", "kafka:1"}, name)
		if err != nil {
			t.Fatal(err)
		}
		text := strings.Join(line, " ")
		for _, want := range []string{"--brokers kafka:1", "--prefix base.", "--app base", "1234"} {
			if !strings.Contains(text, want) {
				t.Errorf("%s: no %q in %s", name, want, text)
			}
		}
	}
}

func TestAPageIsMadeOfNothing(t *testing.T) {
	folder := t.TempDir()
	page := filepath.Join(folder, "RESULTS.md")
	if err := compare.Run(t.Context(), []string{"render", "--out", folder, "--page", page}); err != nil {
		t.Fatal(err)
	}
	if text, err := os.ReadFile(page); err != nil || !strings.HasPrefix(string(text), "# Results") {
		t.Errorf("%s, %v", text, err)
	}
}
