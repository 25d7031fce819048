package ledger

import "fmt"

// lineAudit accounts for one line: what its commands demand against what stands under its key.
type lineAudit struct {
	*audit
	key  string
	line *line

	// ordered says that all commands of the line stand in one partition, and so in an order that cardstream must keep.
	// Without it nobody can say which of two equal commands was the first.
	ordered  bool
	senders  map[uint64]*sender
	requests map[number]*request

	open       *request // the request that is SENT: a card has one at most
	lastSent   *request // the request whose first attempt was sent last
	lastCard   *request // the request whose first smartcard command stood last
	lastMade   int      // index of the command that made or repeated a request last
	lastEntry  int      // index of the command whose entry stood last
	lastRefuse int      // index of the command that was rejected last
}

// sender is a source and command_id: the commands that repeat each other.
type sender struct {
	valid   []int // indices into line.commands
	invalid []int
	cancels []commandFact // of requests in this line

	entries       int
	firstEntry    position
	made          int // REQUEST_PENDING and COMMAND_DUPLICATE
	request       *request
	refused       int // COMMAND_REJECTED
	cancelOutcome int
}

// request is a provisioning request, followed from event to event.
type request struct {
	number   number
	command  *commandFact
	created  int64
	due      int64
	state    eventKind
	attempts int32
	cards    int32

	timeout     bool      // REJECTED because nothing was heard
	rejectedAt  int64     // milliseconds, the processor's clock; 0: it never was
	lastAttempt *cardFact // the smartcard command that stood last
}

func (a *audit) line(key string, l *line) {
	if cancels := a.cancels[key]; len(cancels) > 0 {
		withCancels := *l
		withCancels.commands = append(withCancels.commands[:len(l.commands):len(l.commands)], cancels...)
		l = &withCancels
	}
	la := &lineAudit{
		audit: a, key: key, line: l, senders: map[uint64]*sender{}, requests: map[number]*request{},
		lastMade: -1, lastEntry: -1, lastRefuse: -1,
	}
	la.readCommands()
	la.walkEntries()
	la.walkEvents()
	la.walkCards()
	la.settleSenders()
	la.settleRequests()
	if len(la.requests) > 0 {
		a.report.Counts.SmartcardKeys++
	}
}

// readCommands sorts the line's commands by sender.
func (a *lineAudit) readCommands() {
	a.ordered = true
	again := &a.report.Counts.Again
	written := make(map[uint64]bool, len(a.line.commands))
	for i := range a.line.commands {
		c := &a.line.commands[i]
		a.ordered = a.ordered && c.at.partition == a.line.commands[0].at.partition
		s := a.senders[c.who]
		if s == nil {
			s = &sender{}
			a.senders[c.who] = s
		}
		twice := written[c.value]
		written[c.value] = true
		switch {
		case c.cancels != noNumber:
			s.cancels = append(s.cancels, *c)
		case c.codes != "":
			s.invalid = append(s.invalid, i)
			a.report.Counts.Rejected++
			if twice {
				again.Rejected++
			}
		default:
			s.valid = append(s.valid, i)
			if twice {
				again.Duplicates++
			}
		}
	}
	for _, s := range a.senders {
		if n := len(s.valid); n > 0 {
			a.report.Counts.Accepted++
			a.report.Counts.Duplicates += n - 1
		}
	}
}

// walkEntries wants an entry for each valid command, in the order of the commands.
func (a *lineAudit) walkEntries() {
	for _, e := range a.line.entries {
		where := e.at.in(requestsTopic)
		s := a.senders[e.who]
		switch {
		case s == nil || len(s.valid) == 0:
			a.report.Foreign.add("%s: no command asks for it (%s)", where, a.key)
			continue
		case s.entries == len(s.valid):
			a.report.Doubled.add("%s: %s has its entries already", where, a.command(s.valid[0]))
			continue
		}
		if s.entries == 0 {
			s.firstEntry = e.at
		}
		a.inOrder(&a.lastEntry, s.valid[s.entries], where)
		s.entries++
	}
}

// inOrder wants index, of the command that a record answers, behind last, that of the record before it.
func (a *lineAudit) inOrder(last *int, index int, where string) {
	if a.ordered && index < *last {
		a.report.Reordered.add("%s: answers %s after a later command of the card", where, a.command(index))
	}
	*last = max(*last, index)
}

// command names a command of the line.
func (a *lineAudit) command(index int) string { return a.name(&a.line.commands[index]) }

func (a *lineAudit) name(c *commandFact) string {
	return fmt.Sprintf("%s (%s)", c.at.in(commandsTopic), a.key)
}

// settleSenders finds what the walks did not.
func (a *lineAudit) settleSenders() {
	for _, s := range a.senders {
		for _, index := range s.valid[s.entries:] {
			a.report.Missing.add("entry in %s of %s", requestsTopic, a.command(index))
		}
		for made := s.made; made < len(s.valid); made++ {
			kind := commandWasDuplicate
			if made == 0 {
				kind = pending
			}
			a.report.Missing.add("%v of %s", kind, a.command(s.valid[made]))
		}
		for _, index := range s.invalid[s.refused:] {
			a.report.Missing.add("%v of %s", commandWasRejected, a.command(index))
		}
		for i := s.cancelOutcome; i < len(s.cancels); i++ {
			a.report.Missing.add("outcome of the cancel %s", a.name(&s.cancels[i]))
		}
		if s.cancelOutcome > len(s.cancels) {
			a.report.Doubled.add("outcome of the cancel %s: %d times", a.name(&s.cancels[0]), s.cancelOutcome)
		}
	}
}
