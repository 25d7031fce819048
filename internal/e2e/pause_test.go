package e2e_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
)

// events returns the types of the events about a card so far.
func events(t *testing.T, connection []string, card string) []string {
	t.Helper()
	got := shell(t, append([]string{"watch", "provisioning.events", "--from-start", "--until-idle", "1s",
		"--key", "serial_number:" + card}, connection...)...)
	if got.code != 0 {
		t.Fatalf("watch: exit code %d\n%s", got.code, got.stderr)
	}
	var types []string
	for decoder := json.NewDecoder(strings.NewReader(got.stdout)); decoder.More(); {
		var line struct {
			Value struct {
				Type string `json:"event_type"`
			}
		}
		if err := decoder.Decode(&line); err != nil {
			t.Fatal(err)
		}
		types = append(types, line.Value.Type)
	}
	return types
}

// A person at a shell: what is not immediate waits through a pause, and goes when it ends.
func TestAPauseKeepsBackWhatIsNotImmediate(t *testing.T) {
	connection := dev(t).flags()
	do := func(args ...string) {
		t.Helper()
		if got := shell(t, append(args, connection...)...); got.code != 0 {
			t.Fatalf("%q: exit code %d\n%s", args, got.code, got.stderr)
		}
	}
	send := func(card string, more ...string) {
		t.Helper()
		do(append([]string{"send", "--subscription-number", "S-1", "--serial-number", card, "--reset-pin"}, more...)...)
	}
	do("pause", "--reason", "to see what happens")
	send("waits")
	send("passes", "--immediately", "--follow")
	pending, completed := []string{"REQUEST_PENDING"}, []string{"REQUEST_PENDING", "REQUEST_SENT", "REQUEST_COMPLETED"}
	if got := events(t, connection, "passes"); !slices.Equal(got, completed) {
		t.Errorf("immediate, while paused: %q", got)
	}
	if got := events(t, connection, "waits"); !slices.Equal(got, pending) {
		t.Errorf("not immediate, while paused: %q", got)
	}
	do("resume")
	send("after", "--follow")
	if got := events(t, connection, "waits"); !slices.Equal(got, completed) {
		t.Errorf("after the pause: %q", got)
	}
}
