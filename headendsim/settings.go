package headendsim

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// Settings are how the headend behaves. The zero value accepts every command at once.
type Settings struct {
	Seed uint64 // of what is left to chance

	// Of all attempts, so many meet with this; the rest is ACCEPTED.
	Reject    Share // REJECTED for good
	Retryable Share // REJECTED, to be tried again
	Silent    Share // not done, and no answer
	Late      Share // done, and ACCEPTED only after respond_by: half as long again as there was time
	Twice     Share // done, and ACCEPTED twice

	RetryAfter time.Duration // the pause that a retryable answer asks for; 0: none
	Delay      time.Duration // from the start of the work to its answer
	Rate       float64       // commands that the headend can start a second, all together; 0: as many as come

	DownAfter time.Duration // after the start the headend goes down
	DownFor   time.Duration // and for so long nothing is read and nothing answered; 0: it never does
}

// Validate reports everything that cannot be right.
func (s Settings) Validate() error {
	var problems []error
	check := func(ok bool, format string, args ...any) {
		if !ok {
			problems = append(problems, fmt.Errorf(format, args...))
		}
	}
	check(s.Reject+s.Retryable+s.Silent+s.Late+s.Twice <= 1+1e-9,
		"--reject, --retryable, --silent, --late and --twice: together more than 100%%")
	check(s.Rate >= 0 && !math.IsInf(s.Rate, 0), "--rate %g: must be a number of commands a second, 0 for no bound", s.Rate)
	for name, d := range map[string]time.Duration{
		"retry-after": s.RetryAfter, "delay": s.Delay, "down-after": s.DownAfter, "down-for": s.DownFor,
	} {
		check(d >= 0, "--%s %s: must not be negative", name, d)
	}
	return errors.Join(problems...)
}

// Share is a part of a whole, from 0 to 1. As text it is "5%" or "0.05".
type Share float64

// UnmarshalText reads either form.
func (s *Share) UnmarshalText(text []byte) error {
	number, percent := strings.CutSuffix(string(text), "%")
	value, err := strconv.ParseFloat(number, 64)
	if percent {
		value /= 100
	}
	if err != nil || !(value >= 0 && value <= 1) {
		return fmt.Errorf("%q is no share: from 0%% to 100%%", text)
	}
	*s = Share(value)
	return nil
}

// String returns the share in per cent.
func (s Share) String() string { return strconv.FormatFloat(100*float64(s), 'g', 6, 64) + "%" }
