package provisioning_test

import (
	"testing"
	"time"

	"cardstream/provisioning"
)

// A clock is rounded down, a date that somebody asked for up: nothing is sent before it.
func TestTimestampRounding(t *testing.T) {
	for _, c := range []struct {
		text     string
		clock    provisioning.Timestamp
		noBefore provisioning.Timestamp
	}{
		{"2027-01-01T00:00:00Z", start, start},
		{"2027-01-01T00:00:00.001Z", start + 1, start + 1},
		{"2027-01-01T00:00:00.000000001Z", start, start + 1},
		{"2027-01-01T00:00:00.000999999Z", start, start + 1},
		{"2027-01-01T01:00:00.000001+01:00", start, start + 1},
		{"1970-01-01T00:00:00Z", 0, 0},
		{"1969-12-31T23:59:59.9995Z", -1, 0},
		{"1969-12-31T23:59:59.9980001Z", -2, -1},
		{"0001-01-01T00:00:00Z", provisioning.EarliestTimestamp, provisioning.EarliestTimestamp},
		{"9999-12-31T23:59:59.999Z", provisioning.LatestTimestamp, provisioning.LatestTimestamp},
	} {
		at, err := time.Parse(time.RFC3339Nano, c.text)
		if err != nil {
			t.Fatal(err)
		}
		if got := provisioning.TimestampOf(at); got != c.clock {
			t.Errorf("%s as a clock's reading: %d, want %d", c.text, got, c.clock)
		}
		if got := provisioning.TimestampNotBefore(at); got != c.noBefore {
			t.Errorf("%s as a date: %d, want %d", c.text, got, c.noBefore)
		}
	}
}

func TestTimestampText(t *testing.T) {
	for at, want := range map[provisioning.Timestamp]string{
		start: "2027-01-01T00:00:00.000Z", start + 40: "2027-01-01T00:00:00.040Z", 0: "1970-01-01T00:00:00.000Z",
		provisioning.EarliestTimestamp: "0001-01-01T00:00:00.000Z", provisioning.LatestTimestamp: "9999-12-31T23:59:59.999Z",
	} {
		if got := at.String(); got != want {
			t.Errorf("%d: %s, want %s", int64(at), got, want)
		}
		if back := provisioning.TimestampOf(at.Time()); back != at {
			t.Errorf("%d came back as %d", int64(at), int64(back))
		}
	}
}

func TestTimestampArithmetic(t *testing.T) {
	if got := start.Add(-90 * time.Minute).Sub(start); got != -90*time.Minute {
		t.Errorf("90 minutes before: %s", got)
	}
	if got := start.Add(1999 * time.Microsecond); got != start+1 {
		t.Errorf("parts of a millisecond count: %d", got-start)
	}
}
