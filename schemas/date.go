package schemas

import (
	"errors"
	"strings"
	"time"

	"cardstream/internal/strictjson"
	"cardstream/provisioning"
)

// takeTime takes a member that is a date.
func takeTime(o *strictjson.Object, name string, round func(time.Time) provisioning.Timestamp,
) strictjson.Maybe[provisioning.Timestamp] {
	text := o.Text(name)
	if text.V == nil {
		return strictjson.Maybe[provisioning.Timestamp]{}
	}
	return readDate(o, name, *text.V, round)
}

// takeTimeFrom takes a member that is a date, rounded up, or a span from a moment on: "+2s", "+1h30m".
func takeTimeFrom(o *strictjson.Object, name string, from provisioning.Timestamp,
) strictjson.Maybe[provisioning.Timestamp] {
	text := o.Text(name)
	if text.V == nil {
		return strictjson.Maybe[provisioning.Timestamp]{}
	}
	span, relative := strings.CutPrefix(*text.V, "+")
	if !relative {
		return readDate(o, name, *text.V, provisioning.TimestampNotBefore)
	}
	d, err := time.ParseDuration(span)
	if err != nil || d < 0 {
		o.Fail(name, errors.New("must be a span as +2s or +1h30m, or a date in RFC 3339"))
		return strictjson.Maybe[provisioning.Timestamp]{}
	}
	at := provisioning.TimestampNotBefore(from.Time().Add(d))
	return strictjson.Maybe[provisioning.Timestamp]{V: &at}
}

func readDate(o *strictjson.Object, name, text string, round func(time.Time) provisioning.Timestamp,
) strictjson.Maybe[provisioning.Timestamp] {
	var t time.Time
	if t.UnmarshalText([]byte(text)) != nil {
		o.Fail(name, errors.New("must be a date in RFC 3339, as 2027-01-01T00:00:00Z"))
		return strictjson.Maybe[provisioning.Timestamp]{}
	}
	at := round(t)
	return strictjson.Maybe[provisioning.Timestamp]{V: &at}
}
