package provisioning

import "time"

// Timestamp is a moment in milliseconds since the Unix epoch, UTC: the contract's resolution, and Avro's
// timestamp-millis.
type Timestamp int64

// The moments that RFC 3339 can write. Beyond them a date is a mistake (docs/decisions/0006-dates.md).
const (
	EarliestTimestamp Timestamp = -62135596800000 // 0001-01-01T00:00:00.000Z
	LatestTimestamp   Timestamp = 253402300799999 // 9999-12-31T23:59:59.999Z
)

// TimestampOf returns the millisecond in which t lies: a clock's reading is rounded down.
func TimestampOf(t time.Time) Timestamp { return Timestamp(t.UnixMilli()) }

// TimestampNotBefore returns the first whole millisecond that is not before t: a date that somebody asked for is
// rounded up, so that nothing is sent before it.
func TimestampNotBefore(t time.Time) Timestamp {
	ms := t.UnixMilli()
	if t.After(time.UnixMilli(ms)) {
		ms++
	}
	return Timestamp(ms)
}

// Time returns the moment as a time.Time in UTC.
func (t Timestamp) Time() time.Time { return time.UnixMilli(int64(t)).UTC() }

// Add returns the moment d later, in whole milliseconds.
func (t Timestamp) Add(d time.Duration) Timestamp { return t + Timestamp(d.Milliseconds()) }

// Sub returns the time from u to t.
func (t Timestamp) Sub(u Timestamp) time.Duration { return time.Duration(t-u) * time.Millisecond }

// String returns RFC 3339 in UTC with three decimals, as every date that cardstream prints.
func (t Timestamp) String() string { return t.Time().Format(TimestampLayout) }

// TimestampLayout is the layout of a Timestamp as text, for package time.
const TimestampLayout = "2006-01-02T15:04:05.000Z07:00"
