package main_test

import (
	"io"
	"strings"
	"testing"
	"time"

	main "cardstream/torture"
	"cardstream/torture/faults"
)

func TestParse(t *testing.T) {
	for line, wrong := range map[string]string{
		"--minutes 3 --seed 7":                "",
		"--only cut,slow --without cut":       "",
		"--minutes 0.1":                       "--minutes",
		"--only cat":                          `"cat"`,
		"--rate 0":                            "--rate",
		"--processes 1":                       "--processes",
		"--binary a --patch b":                "exclude",
		"--minutes 3 more":                    "more",
		"--no-such-flag":                      "no-such-flag",
		"--rate -1 --processes 9 --minutes 0": "--processes 9",
	} {
		_, err := main.Parse(strings.Fields(line), io.Discard)
		if (err != nil) != (wrong != "") || err != nil && !strings.Contains(err.Error(), wrong) {
			t.Errorf("%s: %v, want %q", line, err, wrong)
		}
	}
	s, err := main.Parse(strings.Fields("--minutes 1.5 --seed 7 --only clock"), io.Discard)
	if err != nil || s.Length() != 90*time.Second || len(s.Kinds()) != 1 || !faults.Has(s.Kinds(), "clock") {
		t.Errorf("%+v, %v", s, err)
	}
}

// The kinds, and what a seed gives, can be seen without any broker.
func TestListAndPlan(t *testing.T) {
	var list, plan, again strings.Builder
	if code := main.Execute(t.Context(), []string{"--list"}, &list, io.Discard); code != main.ExitNothing {
		t.Errorf("exit code %d", code)
	}
	for _, kind := range faults.Kinds() {
		if !strings.Contains(list.String(), kind.Name+" ") {
			t.Errorf("%s is not listed", kind.Name)
		}
	}
	args := strings.Fields("--plan --seed 3 --minutes 2")
	if code := main.Execute(t.Context(), args, &plan, io.Discard); code != main.ExitNothing || strings.Count(plan.String(), "\n") < 10 {
		t.Errorf("exit code %d\n%s", code, plan.String())
	}
	if main.Execute(t.Context(), args, &again, io.Discard); again.String() != plan.String() {
		t.Error("another plan of the same seed")
	}
	if code := main.Execute(t.Context(), []string{"--only", "cat"}, io.Discard, io.Discard); code != main.ExitUsage {
		t.Errorf("exit code %d", code)
	}
}
