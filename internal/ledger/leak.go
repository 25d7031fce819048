package ledger

// leakSearch looks for PINs where none may be. Only PINs of six letters or more can be looked for: four digits turn up
// in dates and offsets by chance. So a run that is to show that nothing leaks sets such PINs.
//
// A record may be read before the command whose PIN it leaks, so the search keeps every run of letters it has seen (the
// distinct ones are few: words of the contract) and compares at the end.
type leakSearch struct {
	pins map[string]struct{}
	runs map[string]string // run of letters → where it was first seen
	most int               // the longest PIN
}

// leastLetters is the length from which on a run of letters does not match by chance.
const leastLetters = 6

func newLeakSearch() *leakSearch {
	return &leakSearch{pins: map[string]struct{}{}, runs: map[string]string{}}
}

// secret remembers a PIN, if it is one that can be looked for.
func (l *leakSearch) secret(pin string) {
	if len(pin) < leastLetters || letters([]byte(pin)) != len(pin) {
		return
	}
	l.pins[pin] = struct{}{}
	l.most = max(l.most, len(pin))
}

// look takes in a text that must hold no PIN.
func (l *leakSearch) look(text []byte, where func() string) {
	for len(text) > 0 {
		n := letters(text)
		if n >= leastLetters {
			if _, seen := l.runs[string(text[:n])]; !seen {
				l.runs[string(text[:n])] = where()
			}
		}
		text = text[max(n, 1):]
	}
}

// leaks returns where a PIN was seen.
func (l *leakSearch) leaks() []string {
	var found []string
	for run, where := range l.runs {
		if l.holdsPIN(run) {
			found = append(found, where)
		}
	}
	return found
}

func (l *leakSearch) holdsPIN(run string) bool {
	for start := range run {
		for end := start + leastLetters; end <= min(len(run), start+l.most); end++ {
			if _, is := l.pins[run[start:end]]; is {
				return true
			}
		}
	}
	return false
}

// letters counts the ASCII letters at the beginning of text.
func letters(text []byte) int {
	for i, b := range text {
		if lower := b | 0x20; lower < 'a' || lower > 'z' {
			return i
		}
	}
	return len(text)
}
