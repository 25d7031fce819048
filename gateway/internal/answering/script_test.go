package answering_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"cardstream/gateway/internal/answering"
	"cardstream/gateway/internal/readmodel"
	"cardstream/internal/scripttest"
	"cardstream/producer"
	"cardstream/provisioning"
	"cardstream/record"
)

// TestScripts does what testdata says, line by line, and shows what was written and who was answered after each:
//
//	ask NAME key= card= pin= [immediate]   a caller asks for a PIN, or without pin for a reset
//	cancel NAME key= number=               a caller cancels
//	leave NAME                             a caller goes away
//	state NUMBER key= card= [pin=] [in=]   the state topic says how a request stands (in: its state)
//	forgotten NUMBER                       the state topic says that it is gone
//	event TYPE key= [number=] [card=] …    an event is heard
//	brokers answer|away|silent             away: surely nothing is written; silent: nobody knows
//	writer stop                            the writer ends, as the process does
//	wait 10s                               time passes; a caller waits for 10 s
//
// keyed, in the name of a script, is with a digest key.
func TestScripts(t *testing.T) {
	scripttest.Each(t, "testdata", func(t *testing.T, path string) {
		var digester provisioning.Digester
		if strings.HasSuffix(path, "keyed.txt") {
			digester = provisioning.NewDigester([]byte("the digest key of these tests"))
		}
		r := newRoom(t, digester)
		synctest.Test(t, func(t *testing.T) {
			p := &play{room: r, leave: map[string]context.CancelFunc{}, answers: map[string]string{}}
			p.stop = p.open(t)
			scripttest.Run(t, path, p.do)
			p.end(t)
		})
	})
}

// play is a script being done.
type play struct {
	*room
	stop     func()
	callers  sync.WaitGroup
	leave    map[string]context.CancelFunc
	position int64

	mu      sync.Mutex
	answers map[string]string // by caller, since the last look
}

// end waits for everybody, and looks what they left behind.
func (p *play) end(t *testing.T) {
	for _, leave := range p.leave {
		leave()
	}
	p.callers.Wait()
	p.stop()
	if p.hub.Waiting() != 0 {
		t.Errorf("%d commands are listened for, and nobody waits", p.hub.Waiting())
	}
}

func (p *play) do(t *testing.T, line string) []string {
	w := scripttest.Split(line)
	switch w.Verb {
	case "ask", "cancel":
		p.ask(t, w.First, p.command(w))
	case "leave":
		p.leave[w.First]()
	case "state":
		p.apply(t, w.First, p.request(w))
	case "forgotten":
		p.apply(t, w.First, nil)
	case "event":
		p.hub.Hear(p.event(w))
	case "brokers":
		switch w.First {
		case "answer":
			p.brokers.answer()
		case "away":
			p.brokers.fail(producer.NotWritten)
		case "silent":
			p.brokers.fail(producer.Unknown)
		}
	case "writer":
		p.stop()
	case "wait":
		time.Sleep(scripttest.Duration(t, w.First))
	default:
		t.Fatalf("%s: what is that?", line)
	}
	w.Done(t)
	synctest.Wait()
	return append(p.brokers.seen(), p.heard()...)
}

// ask hands a command in for a caller, who waits for ten seconds.
func (p *play) ask(t *testing.T, name string, c *provisioning.Command) {
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	p.leave[name] = cancel
	p.callers.Go(func() {
		defer cancel()
		answer, err := p.desk.Do(ctx, c)
		p.mu.Lock()
		defer p.mu.Unlock()
		p.answers[name] = show(answer, err)
	})
}

// heard returns what callers were told since the last look.
func (p *play) heard() (lines []string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for name, answer := range p.answers {
		lines = append(lines, name+" "+answer)
	}
	clear(p.answers)
	slices.Sort(lines)
	return lines
}

// kinds are how scripts call them.
var kinds = map[answering.Kind]string{
	answering.Accepted: "accepted", answering.Done: "done", answering.Differs: "differs", answering.Invalid: "invalid",
	answering.NotPending: "not pending", answering.Unknown: "unknown", answering.Unavailable: "unavailable",
}

func show(a answering.Answer, err error) string {
	text := kinds[a.Kind]
	if err != nil {
		return "error " + err.Error()
	}
	if r := a.Request; r != nil {
		text += fmt.Sprintf(" %s %s", r.Number, r.State)
		if r.ErrorCode != nil {
			text += " " + *r.ErrorCode
		}
		if !r.NewPIN.IsZero() {
			text += " with its PIN!"
		}
	}
	for _, v := range a.Errors {
		text += " " + string(v.Code)
	}
	return text
}

// apply has the state topic say something of a request.
func (p *play) apply(t *testing.T, number string, r *provisioning.Request) {
	p.position++
	state := record.Record{Topic: "state", Offset: p.position, Key: []byte(number)}
	if r != nil {
		state.Value = must(p.schemas.State.Append(nil, r))
	}
	if err := p.model.Apply(t.Context(), 0, []record.Record{state}, readmodel.Checkpoint{Position: p.position + 1}); err != nil {
		t.Fatal(err)
	}
}
