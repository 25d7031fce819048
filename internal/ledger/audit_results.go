package ledger

// resultsRead wants each of the headend's results to be in provisioning.requests once, or to be a dead letter: what
// cannot be read, what names no partition. One about a request or an attempt that never was is both. What the others lead
// to is seen in their requests' events.
func (a *audit) resultsRead() {
	if !a.book.mode.Results {
		return
	}
	all := a.book.results
	for at, fact := range all.all {
		where := at.in(resultsTopic)
		code, routed := a.resultDemand(fact)
		if entries := all.entries[at]; !routed && entries > 0 {
			a.report.Foreign.add("%s: an entry in %s for what names no request", where, requestsTopic)
		} else if routed && entries == 0 {
			a.report.Missing.add("entry in %s of %s", requestsTopic, where)
		} else if entries > 1 {
			a.report.Doubled.add("%s: %d entries in %s", where, entries, requestsTopic)
		}
		a.resultLetters(where, code, all.letters[at])
	}
	for at := range all.entries {
		if all.all[at] == nil {
			a.report.Foreign.add("%s: an entry of %s, where nothing is", requestsTopic, at.in(resultsTopic))
		}
	}
	for at := range all.letters {
		if all.all[at] == nil {
			a.report.Foreign.add("dead letter of %s, where nothing is", at.in(resultsTopic))
		}
	}
}

// resultDemand says under which code a result is to be a dead letter, none: under no code, and whether it is to be in
// provisioning.requests.
func (a *audit) resultDemand(fact *resultFact) (code string, routed bool) {
	switch made, known := a.attempts[fact.number]; {
	case fact.problem != "":
		return fact.problem, false
	case fact.number.partition < 0 || int(fact.number.partition) >= a.book.place.partitions[requestsTopic]:
		return "REQUEST_UNKNOWN", false
	case !known:
		return "REQUEST_UNKNOWN", true
	case fact.attempt < 1 || fact.attempt > made:
		return "ATTEMPT_UNKNOWN", true
	}
	return "", true
}

func (a *audit) resultLetters(where, code string, letters []string) {
	switch {
	case code == "" && len(letters) > 0:
		a.report.Foreign.add("dead letter %s of %s, which deserves none", letters[0], where)
	case code != "" && len(letters) == 0:
		a.report.Missing.add("dead letter %s of %s", code, where)
	case len(letters) > 1:
		a.report.Doubled.add("dead letter of %s: %d times", where, len(letters))
	case code != "" && letters[0] != code:
		a.report.Differing.add("dead letter of %s: %s, want %s", where, letters[0], code)
	}
}
