package admin

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"cardstream/provisioning"
)

// Filter says which dead letters are meant. The zero value means all.
type Filter struct {
	codes   []string
	topics  []string // of sources, without prefix or with it
	keys    []string
	letters []string // <partition>-<offset> of the letters themselves
	since   provisioning.Timestamp
	until   provisioning.Timestamp // zero: no bound
	prefix  string
}

// FilterHelp names the conditions that ParseFilter knows.
const FilterHelp = "code=CODE, topic=TOPIC (where it stood), key=KEY, letter=PARTITION-OFFSET, since=DATE, until=DATE " +
	"(RFC 3339, or so long ago: 2h)"

// ParseFilter reads conditions of the form name=value. All names must hold; of several values of a name, one. Dates are
// those of the letters: of since and until the last ones count. prefix is that of the topics' names.
func ParseFilter(conditions []string, prefix string, now time.Time) (Filter, error) {
	f := Filter{prefix: prefix}
	for _, condition := range conditions {
		name, value, there := strings.Cut(condition, "=")
		var err error
		switch {
		case !there:
			err = fmt.Errorf("must be name=value")
		case name == "code":
			f.codes = append(f.codes, value)
		case name == "topic":
			f.topics = append(f.topics, strings.TrimPrefix(value, prefix))
		case name == "key":
			f.keys = append(f.keys, value)
		case name == "letter":
			_, err = provisioning.ParseRequestNumber(value) // written alike
			f.letters = append(f.letters, value)
		case name == "since":
			f.since, err = parseMoment(value, now)
		case name == "until":
			f.until, err = parseMoment(value, now)
		default:
			err = fmt.Errorf("there is no %q: it is one of %s", name, FilterHelp)
		}
		if err != nil {
			return f, fmt.Errorf("--filter %q: %w", condition, err)
		}
	}
	return f, nil
}

// parseMoment reads a date, or how long ago it was.
func parseMoment(text string, now time.Time) (provisioning.Timestamp, error) {
	if ago, err := time.ParseDuration(text); err == nil && ago >= 0 {
		return provisioning.TimestampOf(now.Add(-ago)), nil
	}
	at, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		return 0, fmt.Errorf("neither a date in RFC 3339 nor a duration")
	}
	return provisioning.TimestampNotBefore(at), nil
}

// Matches reports whether a letter is meant. since is included, until is not.
func (f *Filter) Matches(l *DeadLetter) bool {
	at := provisioning.Timestamp(l.Record.Timestamp)
	if f.until != 0 && at >= f.until || at < f.since {
		return false
	}
	var topic string
	if l.Source != nil {
		topic = strings.TrimPrefix(l.Source.Topic, f.prefix)
	}
	letter := strconv.Itoa(int(l.Record.Partition)) + "-" + strconv.FormatInt(l.Record.Offset, 10)
	return among(f.codes, l.Code) && among(f.topics, topic) && among(f.keys, string(l.Record.Key)) &&
		among(f.letters, letter)
}

func among(values []string, value string) bool {
	return len(values) == 0 || slices.Contains(values, value)
}
