package provisioning_test

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"cardstream/provisioning"
)

// Every row of the life cycle in docs/contract.md happens, leads to the state that it says, and publishes what it says.
// A row that is not shown here fails, and so does one that is gone.
func TestLifeCycleIsTheContracts(t *testing.T) {
	rows := contractRows(t)
	for _, row := range rows {
		what := row[0] + " | " + row[1]
		show, shown := contractShows[what]
		if !shown {
			t.Errorf("nothing shows %q", what)
			continue
		}
		t.Run(what, func(t *testing.T) {
			if show == nil {
				return // a result about no request never gets here: package handlers shows it
			}
			for _, from := range statesOf(row[0]) {
				c := newContractCase(t, from)
				show(c)
				if want := wantedState(row[2], from); string(c.r.State) != want {
					t.Errorf("from %q: it is %s, want %s", from, c.r.State, want)
				}
				if want := published.FindAllString(row[3], -1); !slices.Equal(c.published, want) {
					t.Errorf("from %q: published %q, want %q", from, c.published, want)
				}
			}
		})
	}
	if len(rows) != len(contractShows) {
		t.Errorf("%d rows, %d are shown", len(rows), len(contractShows))
	}
}

// published are the words of the table's last column that name something published.
var published = regexp.MustCompile(`smartcard command|dead letter|COMMAND_[A-Z]+|REQUEST_(?:PENDING|SENT|COMPLETED|REJECTED|CANCELLED)`)

// contractRows are the cells of the table's rows.
func contractRows(t *testing.T) [][]string {
	t.Helper()
	text, err := os.ReadFile("../docs/contract.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(text), "\n## Life cycle\n")
	var rows [][]string
	for line := range strings.Lines(section) {
		if line = strings.TrimSpace(line); !strings.HasPrefix(line, "|") {
			if len(rows) > 0 {
				return rows[2:] // the heading
			}
			continue
		}
		cells := strings.Split(strings.Trim(line, "|"), "|")
		for i := range cells {
			cells[i] = strings.TrimSpace(cells[i])
		}
		rows = append(rows, cells)
	}
	return nil
}

// statesOf are the states of a row's first cell.
func statesOf(cell string) (states []provisioning.State) {
	switch cell {
	case "–":
		return []provisioning.State{""}
	case "any":
		return provisioning.States
	case "any other":
		return provisioning.States[1:]
	}
	for _, s := range provisioning.States {
		if strings.Contains(cell, string(s)) {
			states = append(states, s)
		}
	}
	return states
}

// wantedState is that of a row's third cell.
func wantedState(cell string, from provisioning.State) string {
	switch word, _, _ := strings.Cut(strings.ReplaceAll(cell, ",", " "), " "); word {
	case "–":
		return ""
	case "same", "forgotten":
		return string(from)
	default:
		return word
	}
}

// contractCase is a request in some state, and what has been published since.
type contractCase struct {
	t         *testing.T
	policy    provisioning.Policy
	r         *provisioning.Request
	entry     *provisioning.CreateEntry
	now       provisioning.Timestamp
	published []string
}

var cancelEntry = &provisioning.CancelEntry{CommandID: "x", Source: "crm"}

func newContractCase(t *testing.T, state provisioning.State) *contractCase {
	c := &contractCase{t: t, entry: valid().Create(start), now: start, r: &provisioning.Request{}, policy: provisioning.Policy{
		Results: true, Timeout: time.Minute, Attempts: 2, Retention: time.Hour, RetryMin: time.Second, RetryMax: time.Minute,
	}}
	if state == "" {
		return c
	}
	c.create()
	switch state {
	case provisioning.Sent:
		c.send()
	case provisioning.Completed:
		c.send()
		c.answer(1, true, false)
	case provisioning.Rejected:
		c.send()
		c.answer(1, false, false)
	case provisioning.Cancelled:
		c.cancel()
	}
	c.published = nil
	return c
}

func (c *contractCase) publish(o provisioning.Outcome) {
	if o.Command != nil {
		c.published = append(c.published, "smartcard command")
	}
	for _, e := range o.Events {
		c.published = append(c.published, string(e.Type))
	}
}

func (c *contractCase) create() {
	card, _ := c.entry.Smartcard.Key()
	r, event := provisioning.NewRequest(c.entry, provisioning.RequestNumber{Partition: 3}, card, provisioning.Digester{}, c.now)
	c.r = r
	c.publish(provisioning.Outcome{Events: []provisioning.Event{event}})
}

// send makes the next attempt, as soon as it may be.
func (c *contractCase) send() {
	if c.r.RetryAt != nil {
		c.now = *c.r.RetryAt
	}
	if !c.r.Sendable(c.now) {
		c.t.Fatal("it may not be sent")
	}
	c.publish(c.policy.Send(c.r, c.now))
}

func (c *contractCase) cancel() {
	out, ok := c.policy.Cancel(c.r, cancelEntry, c.now)
	if !ok {
		c.publish(provisioning.Outcome{Events: []provisioning.Event{
			provisioning.RejectedCancelEvent(c.r, provisioning.RequestNumber{}, cancelEntry, c.now),
		}})
		return
	}
	c.publish(out)
}

func (c *contractCase) answer(attempt int32, accepted, retryable bool) {
	result := &provisioning.Result{Attempt: attempt, Status: provisioning.ResponseRejected, Retryable: retryable}
	if accepted {
		result.Status = provisioning.ResponseAccepted
	}
	out, reading := c.policy.Answer(c.r, result, c.now)
	if reading == provisioning.ReadUnknown {
		c.published = append(c.published, "dead letter")
	}
	c.publish(out)
}

func (c *contractCase) timeOut() {
	c.now = *c.r.RespondBy
	if !c.r.Overdue(c.now) {
		c.t.Fatal("its answer is not late")
	}
	c.publish(c.policy.TimeOut(c.r, 1, c.now))
}

// again leaves no attempt after the outstanding one.
func (c *contractCase) again() {
	c.answer(c.r.Attempts, false, true)
	c.send()
	c.published = nil
}

// contractShows makes each row happen.
var contractShows = map[string]func(*contractCase){
	"– | a valid command": func(c *contractCase) { c.create() },
	"– | an invalid command": func(c *contractCase) {
		command := valid()
		command.SetUserParameters.NewPIN = nil
		wrong := defaultRules(c.t).Judge(command, c.now)
		c.publish(provisioning.Outcome{Events: []provisioning.Event{provisioning.RejectedEvent("e", command, wrong, c.now)}})
	},
	"– | a command that already made a request": func(c *contractCase) {
		c.create()
		event := provisioning.DuplicateEvent(c.r, provisioning.RequestNumber{}, "c-1", "crm", false, c.now)
		c.r, c.published = &provisioning.Request{}, nil // it is the first one's: nothing comes of this one
		c.publish(provisioning.Outcome{Events: []provisioning.Event{event}})
	},
	"PENDING | due, first in its card's line, held back by nothing": func(c *contractCase) { c.send() },
	"PENDING | cancel":   func(c *contractCase) { c.cancel() },
	"any other | cancel": func(c *contractCase) { c.cancel() },
	"CANCELLED | the same cancel again (same `source` and `command_id`)": func(c *contractCase) {
		if !c.r.CancelledBy(cancelEntry) {
			c.t.Error("it is not recognised")
		}
		event := provisioning.DuplicateEvent(c.r, provisioning.RequestNumber{}, "x", "crm", false, c.now)
		c.publish(provisioning.Outcome{Events: []provisioning.Event{event}})
	},
	"SENT | result ACCEPTED, of any attempt made": func(c *contractCase) {
		c.again()
		c.answer(1, true, false)
	},
	"SENT | result REJECTED of the outstanding attempt, not retryable": func(c *contractCase) { c.answer(1, false, false) },
	"SENT | result REJECTED of the outstanding attempt, retryable; attempts left": func(c *contractCase) {
		c.answer(1, false, true)
		c.send()
	},
	"SENT | result REJECTED of the outstanding attempt, retryable; no attempts left": func(c *contractCase) {
		c.again()
		c.answer(2, false, true)
	},
	"SENT | no result by `respond_by`; attempts left": func(c *contractCase) {
		c.timeOut()
		c.send()
	},
	"SENT | no result by `respond_by`; no attempts left": func(c *contractCase) {
		c.again()
		c.timeOut()
	},
	"REJECTED by HEADEND or TIMEOUT | a late result ACCEPTED": func(c *contractCase) { c.answer(1, true, false) },
	"SENT, COMPLETED, REJECTED, CANCELLED | any other result for an attempt made": func(c *contractCase) {
		switch c.r.State {
		case provisioning.Cancelled: // it has no attempts, so there is no such result
		case provisioning.Sent:
			c.again()
			c.answer(1, false, false)
		default:
			c.answer(1, false, false)
		}
	},
	"any | a result for an attempt never made": func(c *contractCase) { c.answer(c.r.Attempts+1, true, false) },
	"– | a result for an unknown request":      nil,
	"COMPLETED, REJECTED, CANCELLED | the retention has passed since its end (`--retention`; 7 days)": func(c *contractCase) {
		if at := c.r.EndedAt.Add(c.policy.Retention); c.r.Forgettable(at-1) || !c.r.Forgettable(at) {
			c.t.Error("it is not forgotten when the retention has passed")
		}
	},
}
