package stream_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"cardstream/internal/cluster"
	"cardstream/producer"
	"cardstream/stream"
)

// foreignError is an error of a handler that knows that trying again cannot help.
type foreignError struct{ stops bool }

func (*foreignError) Error() string     { return "a foreign record" }
func (e *foreignError) StopsTask() bool { return e.stops }

// What no new life can help stops the partition, and its board says why, until it is not wanted any more. Everything
// else begins again.
func TestStops(t *testing.T) {
	denied := &producer.Error{Step: "commit", Err: cluster.TransactionalIDAuthorizationFailed}
	for name, c := range map[string]struct {
		call   string
		err    error
		stops  bool
		detail string
	}{
		"a handler's stop":        {"handle", fmt.Errorf("wrapped: %w", &foreignError{true}), true, "a foreign record"},
		"a handler's error":       {"handle", &foreignError{false}, false, "a foreign record"},
		"no right to write":       {"commit [", denied, true, "TRANSACTIONAL_ID_AUTHORIZATION_FAILED"},
		"no right to the group":   {"committed", cluster.GroupAuthorizationFailed, true, "GROUP_AUTHORIZATION_FAILED"},
		"fenced":                  {"commit [", cluster.ProducerFenced, false, "PRODUCER_FENCED"},
		"an error nobody knows":   {"restored", errors.New("what is this"), false, "what is this"},
		"an unknown member":       {"confirm", cluster.UnknownMemberID, false, "UNKNOWN_MEMBER_ID"},
		"a restore that is stuck": {"restore ", &foreignError{true}, true, "a foreign record"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				w.append("a")
				w.start().end()
				w.disk = disk{rows: map[string]row{}} // so that there is something to restore
				w.append("b")
				w.before = func(_ context.Context, call string) error {
					if strings.HasPrefix(call, c.call) {
						return c.err
					}
					return nil
				}
				r := w.start()
				w.takeScript()
				w.pass(time.Hour)
				lives := 0
				for _, call := range w.takeScript() {
					if call == "init" {
						lives++
					}
				}
				want := stream.Waiting
				if c.stops {
					want = stream.Stopped
				}
				if state, detail := r.status(); state != want || !strings.Contains(detail, c.detail) {
					t.Errorf("state %s (%s), want %s (… %s …)", state, detail, want, c.detail)
				}
				if c.call != "confirm" && (lives == 0) != c.stops {
					t.Errorf("%d more lives", lives)
				}
				r.end()
				w.wantOutputs(1, "a=1")
			})
		})
	}
}

// Records that Kafka deleted before they were read are not skipped silently.
func TestAnOffsetOutOfRangeStops(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.append("a")
		w.start().end()
		w.append("b", "c")
		w.input.start = 2
		r := w.start()
		if state, detail := r.status(); state != stream.Stopped || !strings.Contains(detail, "deleted before it was read") {
			t.Errorf("state %s (%s)", state, detail)
		}
		w.wantOutputs(1, "a=1")
	})
}

// Without a committed offset a task begins at the beginning if nothing was ever deleted there; else somebody has to say
// where.
func TestMissingOffset(t *testing.T) {
	for name, c := range map[string]struct {
		choice  stream.MissingOffset
		deleted int64
		state   stream.State
		detail  string
		offset  int64
		outputs []string
	}{
		"nothing deleted":   {stream.NoChoice, 0, stream.Stepping, "", 3, []string{"a=1", "b=1", "c=1"}},
		"latest, no matter": {stream.Latest, 0, stream.Stepping, "", 3, []string{"a=1", "b=1", "c=1"}},
		"no choice":         {stream.NoChoice, 1, stream.Stopped, "--on-missing-offset", -1, nil},
		"earliest":          {stream.Earliest, 1, stream.Stepping, "", 3, []string{"b=1", "c=1"}},
		"latest":            {stream.Latest, 1, stream.Stepping, "", 3, nil},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				w.config.OnMissingOffset = c.choice
				w.append("a", "b", "c")
				w.input.start = c.deleted
				r := w.start()
				if state, detail := r.status(); state != c.state || !strings.Contains(detail, c.detail) {
					t.Errorf("state %s (%s), want %s", state, detail, c.state)
				}
				w.wantOutputs(c.offset, c.outputs...)
			})
		})
	}
}

// Where "from now on" is chosen, now is once: what comes after it is not skipped by a task that begins again before it
// has read anything.
func TestLatestIsChosenOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.config.OnMissingOffset = stream.Latest
		w.append("a", "b")
		w.input.start = 1
		r := w.start()
		r.drop()
		<-r.ended
		w.append("c")
		w.start()
		w.wantOutputs(3, "c=1")
	})
}
