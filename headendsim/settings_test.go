package headendsim_test

import (
	"strings"
	"testing"
	"time"

	"cardstream/headendsim"
)

func TestSharesAreReadFromText(t *testing.T) {
	for text, want := range map[string]headendsim.Share{
		"5%": 0.05, "0%": 0, "100%": 1, "0.5%": 0.005, "0.05": 0.05, "0": 0, "1": 1,
	} {
		var got headendsim.Share
		if err := got.UnmarshalText([]byte(text)); err != nil || got != want {
			t.Errorf("%q: %v, %v, want %v", text, float64(got), err, float64(want))
		}
	}
	for _, text := range []string{"", "%", "5 %", "101%", "1.1", "-1%", "NaN", "NaN%", "five"} {
		var got headendsim.Share
		if err := got.UnmarshalText([]byte(text)); err == nil {
			t.Errorf("%q is taken for %s", text, got)
		}
	}
	if got := headendsim.Share(0.05).String(); got != "5%" {
		t.Errorf("0.05 prints as %s", got)
	}
}

func TestAllThatIsWrongWithSettingsIsSaid(t *testing.T) {
	if err := (headendsim.Settings{Reject: 0.2, Retryable: 0.2, Silent: 0.2, Late: 0.2, Twice: 0.2}).Validate(); err != nil {
		t.Errorf("shares of 100%% in all: %v", err)
	}
	err := headendsim.Settings{Reject: 0.6, Silent: 0.6, Rate: -1, Delay: -time.Second, DownFor: -1}.Validate()
	for _, flag := range []string{"--reject", "--rate", "--delay", "--down-for"} {
		if err == nil || !strings.Contains(err.Error(), flag) {
			t.Errorf("%s is not named: %v", flag, err)
		}
	}
}
