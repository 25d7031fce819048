package gateway

import (
	"time"

	"cardstream/provisioning"
)

// dateLayouts are the ways to write a date without its zone.
var dateLayouts = []string{"2006-01-02T15:04:05", time.DateOnly}

// parseDate reads a date as the web method takes it: RFC 3339, or without a zone and then in the given one. It is
// rounded up to the millisecond.
func parseDate(text string, zone *time.Location) (provisioning.Timestamp, bool) {
	var t time.Time
	if t.UnmarshalText([]byte(text)) == nil { // stricter than time.Parse
		return provisioning.TimestampNotBefore(t), true
	}
	for _, layout := range dateLayouts {
		if t, err := time.ParseInLocation(layout, text, zone); err == nil && len(text) == len(layout) {
			return provisioning.TimestampNotBefore(t), true
		}
	}
	return 0, false
}
