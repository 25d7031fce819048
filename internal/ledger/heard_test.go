package ledger_test

import (
	"strings"
	"testing"
	"time"
)

// A time-out is decided by who has read what stands in the log. The witness, which reads now, knows that an answer could
// be read long before its respond_by; of one that could be read only when that was over it can say nothing.
func TestAnAnswerThatCouldBeReadIsHeard(t *testing.T) {
	for name, test := range map[string]struct {
		begins time.Duration // from now
		word   string
		found  bool
	}{
		"long before it was due":              {time.Hour, "ACCEPTED", true},
		"a retryable one gives an attempt up": {time.Hour, "RETRYABLE", false},
		"when it was too late":                {-time.Minute, "ACCEPTED", false},
	} {
		t.Run(name, func(t *testing.T) {
			w, s := newWorld(t), newScene()
			witness := w.witness(sought, secrets(t))
			s.base = time.Now().Add(test.begins).UnixMilli()
			s.accept(first)
			s.attempt(first, 1, 0)
			s.answer(first, 1, test.word, 10)
			s.attempt(first, 2, 2000) // respond_by was 1000, the back-off is 1000
			w.write(s.items)
			found := false
			for _, sample := range audited(t, witness).Illegal.Samples {
				found = found || strings.Contains(sample, "given up")
			}
			if found != test.found {
				t.Errorf("found: %v, want %v", found, test.found)
			}
		})
	}
}
