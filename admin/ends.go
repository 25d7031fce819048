package admin

import (
	"sync"

	"cardstream/provisioning"
)

// Ends keeps account of commands that were sent: which request each made, and whether it has come to its end. A command
// ends with its request's COMPLETED, REJECTED or CANCELLED, or with an event about the command itself. It is safe for
// concurrent use.
type Ends struct {
	mu      sync.Mutex
	open    map[commandName]int // sent and not ended; the same command may be sent more than once
	sent    int
	ended   int
	numbers map[commandName]provisioning.RequestNumber
	makers  map[provisioning.RequestNumber]commandName // of requests that have not ended
	failed  map[commandName]bool                       // made no request
	changed chan struct{}                              // closed and made anew at each change
}

// commandName is a command as its events name it.
type commandName struct{ source, id string }

// NewEnds returns an empty account.
func NewEnds() *Ends {
	return &Ends{
		open:    make(map[commandName]int),
		numbers: make(map[commandName]provisioning.RequestNumber),
		makers:  make(map[provisioning.RequestNumber]commandName),
		failed:  make(map[commandName]bool),
		changed: make(chan struct{}),
	}
}

// Sent notes a command. Call it before the command is written: its events may come at once.
func (e *Ends) Sent(c *provisioning.Command) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.open[commandName{provisioning.EventText(c.Source), provisioning.EventText(c.ID)}]++
	e.sent++
	e.notify()
}

// Saw notes an event, and reports whether it is about one of the commands.
func (e *Ends) Saw(event *provisioning.Event) (ours bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	defer e.notify()
	name := commandName{event.Source, event.CommandID}
	_, ours = e.open[name]
	switch event.Type {
	case provisioning.RequestPending:
		if ours {
			e.numbers[name] = *event.RequestNumber
			e.makers[*event.RequestNumber] = name
		}
	case provisioning.CommandRejected:
		e.failed[name] = true
		e.end(name)
	case provisioning.CommandDuplicate:
		e.end(name)
	case provisioning.RequestCompleted, provisioning.RequestRejected, provisioning.RequestCancelled:
		maker, known := e.makers[*event.RequestNumber]
		delete(e.makers, *event.RequestNumber) // a late COMPLETED is no second end
		if known {
			e.end(maker)
		}
		if event.Type == provisioning.RequestCancelled {
			e.end(name) // the cancel, too, has done what it should
		}
		ours = ours || known
	}
	return ours
}

func (e *Ends) end(name commandName) {
	if e.open[name] > 0 {
		e.open[name]--
		e.ended++
	}
}

// Progress returns how many commands were sent, and how many of them have ended.
func (e *Ends) Progress() (sent, ended int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.sent, e.ended
}

// RequestOf returns the number of the request that a command made. known is false as long as that is not known; made is
// false where it made none, or no such command was sent.
func (e *Ends) RequestOf(source, id string) (number provisioning.RequestNumber, made, known bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	name := commandName{provisioning.EventText(source), provisioning.EventText(id)}
	_, sent := e.open[name]
	number, made = e.numbers[name]
	return number, made, made || e.failed[name] || !sent
}

// Changed returns a channel that is closed at the next change.
func (e *Ends) Changed() <-chan struct{} {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.changed
}

func (e *Ends) notify() {
	close(e.changed)
	e.changed = make(chan struct{})
}
