package provisioning_test

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"cardstream/provisioning"
)

// printer writes what came out as the scripts show it: absent fields are left out, moments count from the start.
type printer struct {
	everything bool // also the fields that every event about a request repeats
}

func (p printer) at(t provisioning.Timestamp) string { return "T+" + span(t.Sub(start)) }

// span writes a duration with whole days.
func span(d time.Duration) string {
	const day = 24 * time.Hour
	if d < day {
		return d.String()
	}
	if d%day == 0 {
		return fmt.Sprintf("%dd", d/day)
	}
	return fmt.Sprintf("%dd%s", d/day, d%day)
}

// outcome writes the command first, as dispatch does.
func (p printer) outcome(o provisioning.Outcome) []string {
	var out []string
	if o.Command != nil {
		out = append(out, p.command(o.Command))
	}
	for i := range o.Events {
		out = append(out, p.event(&o.Events[i]))
	}
	return out
}

func (p printer) command(c *provisioning.SmartcardCommand) string {
	f := fields{p.at(c.IssuedAt), "command", c.RequestNumber.String()}
	f.add("attempt", strconv.Itoa(int(c.Attempt)))
	f.add("", string(c.Action))
	f.add("pin", c.NewPIN.Reveal())
	f.moment(p, "respond_by", c.RespondBy)
	if p.everything {
		f.text("card", c.Smartcard.SerialNumber)
		f.text("subscription", c.Subscription.Number)
	}
	return f.String()
}

func (p printer) event(e *provisioning.Event) string {
	f := fields{p.at(e.OccurredAt), "event", e.ID, string(e.Type)}
	f.add("", string(e.State))
	if e.Attempt != nil {
		f.add("attempt", strconv.Itoa(int(*e.Attempt)))
	}
	if p.everything || e.CommandID != "c-1" || e.Source != "crm" {
		f.add("command", e.Source+"/"+e.CommandID)
	}
	if p.everything {
		p.repeated(&f, e)
	}
	f.text("ref", e.ReferenceNumber)
	if e.RejectedBy != nil {
		f.add("by", string(*e.RejectedBy))
	}
	for _, v := range e.Errors {
		f.add("error", string(v.Code)+optionalText(":", v.Field)+" "+strconv.Quote(v.Message))
	}
	return f.String()
}

// repeated writes what every event about a request says again.
func (p printer) repeated(f *fields, e *provisioning.Event) {
	if e.RequestNumber != nil {
		f.add("number", e.RequestNumber.String())
	}
	f.text("card", e.Smartcard.SerialNumber)
	f.text("subscription", e.Subscription.Number)
	f.add("", string(e.Action))
	if e.ProcessImmediately != nil {
		f.add("immediate", strconv.FormatBool(*e.ProcessImmediately))
	}
	f.moment(p, "scheduled", e.ScheduledDate)
	f.moment(p, "created", e.CreatedAt)
	f.moment(p, "due", e.DueAt)
	f.moment(p, "executed", e.ExecutedDate)
}

// request writes where the request stands.
func (p printer) request(r *provisioning.Request) string {
	if r == nil {
		return "= none"
	}
	f := fields{"=", string(r.State)}
	f.add("revision", strconv.Itoa(int(r.Revision)))
	f.add("attempts", strconv.Itoa(int(r.Attempts)))
	if r.FreeAttempts > 0 {
		f.add("free", strconv.Itoa(int(r.FreeAttempts)))
	}
	if !r.NewPIN.IsZero() {
		f.add("", "pin-kept")
	}
	if r.State == provisioning.Pending {
		f.moment(p, "due", &r.DueAt)
	}
	f.moment(p, "respond_by", r.RespondBy)
	f.moment(p, "retry_at", r.RetryAt)
	f.moment(p, "ended", r.EndedAt)
	f.moment(p, "forget_at", r.ForgetAt)
	return f.String()
}

// fields are the words of a line.
type fields []string

func (f *fields) add(name, value string) {
	if value == "" {
		return
	}
	if name != "" {
		value = name + "=" + value
	}
	*f = append(*f, value)
}

func (f *fields) text(name string, value *string) {
	if value != nil {
		f.add(name, strconv.Quote(*value))
	}
}

func (f *fields) moment(p printer, name string, t *provisioning.Timestamp) {
	if t != nil {
		f.add(name, p.at(*t))
	}
}

func (f fields) String() string { return strings.Join(f, " ") }

func optionalText(before string, s *string) string {
	if s == nil {
		return ""
	}
	return before + *s
}

func number(t *testing.T, text string) int {
	t.Helper()
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func defaultRules(t testing.TB) provisioning.Rules {
	t.Helper()
	rules, err := provisioning.NewRules(provisioning.DefaultPINPattern, provisioning.DefaultHorizon)
	if err != nil {
		t.Fatal(err)
	}
	return rules
}
