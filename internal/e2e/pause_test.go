package e2e_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"
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
	process := dev(t)
	connection := process.flags()
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
	pending, completed := []string{"REQUEST_PENDING"}, []string{"REQUEST_PENDING", "REQUEST_SENT", "REQUEST_COMPLETED"}
	wait := func(what, card string, want []string) {
		t.Helper()
		eventually(t, time.Minute, what, func() bool { return slices.Equal(events(t, connection, card), want) })
	}
	do("pause", "--reason", "to see what happens")
	eventually(t, time.Minute, "the pause is known", func() bool {
		return strings.Contains(process.page(t), "\ncardstream_dispatch_paused 1\n")
	})
	send("waits")
	wait("not immediate, while paused", "waits", pending)
	send("passes", "--immediately", "--follow")
	wait("immediate, while paused", "passes", completed)
	if got := events(t, connection, "waits"); !slices.Equal(got, pending) {
		t.Errorf("not immediate, while something else was sent: %q", got)
	}
	do("resume")
	wait("after the pause", "waits", completed)
}
