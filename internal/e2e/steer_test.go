package e2e_test

import (
	"encoding/json"
	"os/user"
	"strings"
	"testing"
	"time"

	"cardstream/internal/devkafka"
	"cardstream/internal/devkafka/kafkatest"
)

// setting is how pause, resume and rate print one.
type setting struct {
	Name, Value string
	Reason      *string
	By          string    `json:"set_by"`
	At          time.Time `json:"set_at"`
}

// steer runs one of them, and returns what it set and what was before.
func (d *deployment) steer(command string, args ...string) (set, before *setting) {
	d.t.Helper()
	got := shell(d.t, d.line(command, args...)...)
	var printed struct{ Set, Before *setting }
	if err := json.Unmarshal([]byte(got.stdout), &printed); err != nil || got.code != 0 || got.stderr != "" {
		d.t.Fatalf("%s %q: exit code %d, %v, stdout %q, stderr:\n%s", command, args, got.code, err, got.stdout, got.stderr)
	}
	if since := time.Since(printed.Set.At); since < 0 || since > time.Minute {
		d.t.Errorf("%s: set_at is %s", command, printed.Set.At)
	}
	return printed.Set, printed.Before
}

func wantSetting(t *testing.T, got *setting, name, value, by, reason string) {
	t.Helper()
	if got == nil || got.Name != name || got.Value != value || got.By != by ||
		(got.Reason == nil) != (reason == "") || got.Reason != nil && *got.Reason != reason {
		t.Errorf("%+v, want %s %s by %s because of %q", got, name, value, by, reason)
	}
}

func TestSettingsOfTheRunAreKeptWithWhoAndWhy(t *testing.T) {
	d := deploy(t, kafkatest.StartEmbedded(t, devkafka.Config{}))
	me, err := user.Current()
	if err != nil {
		t.Fatal(err)
	}
	set, before := d.steer("pause", "--reason", "the headend is being moved")
	wantSetting(t, set, "paused", "true", me.Username, "the headend is being moved")
	if before != nil {
		t.Errorf("before anybody: %+v", before)
	}
	set, before = d.steer("resume", "--by", "anna")
	wantSetting(t, set, "paused", "false", "anna", "")
	wantSetting(t, before, "paused", "true", me.Username, "the headend is being moved")
	set, before = d.steer("rate", "0.5", "--by", "anna")
	wantSetting(t, set, "rate", "0.5", "anna", "")
	if before != nil {
		t.Errorf("before any rate: %+v", before)
	}
	set, before = d.steer("rate", "0", "--by", "bert")
	wantSetting(t, set, "rate", "0", "bert", "")
	wantSetting(t, before, "rate", "0.5", "anna", "")

	watched := shell(t, d.line("watch", "provisioning.control", "--from-start", "--until-idle", "1s", "--key", "rate")...)
	if lines := strings.Count(watched.stdout, "\n"); lines != 2 || watched.code != 0 {
		t.Errorf("watch: exit code %d, %d lines, want 2:\n%s", watched.code, lines, watched.stdout)
	}
}

func TestNothingIsSetWithoutBrokersOrTopics(t *testing.T) {
	nobody := shell(t, "pause", "--brokers", freeAddress(t), "--timeout", "2s", "--registry", "http://"+freeAddress(t))
	if nobody.code != 1 || nobody.stdout != "" {
		t.Errorf("without brokers: exit code %d, stdout %q", nobody.code, nobody.stdout)
	}
	c := kafkatest.StartEmbedded(t, devkafka.Config{})
	empty := shell(t, "rate", "5", "--brokers", c.Brokers[0], "--registry", c.RegistryURL)
	if empty.code != 1 || empty.stdout != "" {
		t.Errorf("without topics: exit code %d, stdout %q", empty.code, empty.stdout)
	}
}
