package admin_test

import (
	"strings"
	"testing"
	"time"

	"cardstream/admin"
	"cardstream/record"
)

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// aLetter is one that came from provisioning.commands at noon.
func aLetter() record.Record {
	headers := []record.Header{
		{Key: "cardstream.error.code", Value: []byte("UNDECODABLE")},
		{Key: "cardstream.error.message", Value: []byte("of 41 bytes …")},
		{Key: "cardstream.source.topic", Value: []byte("p.provisioning.commands")},
		{Key: "cardstream.source.partition", Value: []byte("1")},
		{Key: "cardstream.source.offset", Value: []byte("7")},
		{Key: "cardstream.source.timestamp", Value: []byte("1000")},
		{Key: "traceparent", Value: []byte("00-1")},
	}
	return record.Record{
		Topic: "p.provisioning.dead-letters", Partition: 1, Offset: 42, Timestamp: noon.UnixMilli(),
		Key: []byte("k"), Value: []byte("v"), Headers: headers,
	}
}

func TestFiltersMatch(t *testing.T) {
	for _, test := range []struct {
		conditions string
		matches    bool
	}{
		{"", true},
		{"code=UNDECODABLE", true},
		{"code=NOT_WIRE_FORMAT", false},
		{"code=NOT_WIRE_FORMAT code=UNDECODABLE", true},
		{"topic=provisioning.commands", true},
		{"topic=p.provisioning.commands", true},
		{"topic=smartcard.results", false},
		{"key=k", true},
		{"key=", false},
		{"letter=1-42", true},
		{"letter=1-4", false},
		{"letter=0-42", false},
		{"since=2026-11-23T12:00:00Z", true},
		{"since=2026-11-23T12:00:00.0001Z", false},
		{"until=2026-11-23T12:00:00Z", false},
		{"until=2026-11-23T12:00:00.0001Z", true},
		{"since=1h", true}, // now is a quarter past
		{"since=10m", false},
		{"until=10m", true},
		{"since=1h until=10m", true},
		{"code=UNDECODABLE key=other", false},
	} {
		filter, err := admin.ParseFilter(strings.Fields(test.conditions), "p.", noon.Add(15*time.Minute))
		if err != nil {
			t.Errorf("%s: %v", test.conditions, err)
			continue
		}
		letter := admin.ReadDeadLetter(aLetter())
		if got := filter.Matches(&letter); got != test.matches {
			t.Errorf("%q matches: %t", test.conditions, got)
		}
	}
}

func TestFiltersThatMakeNoSense(t *testing.T) {
	for _, condition := range []string{"code", "", "=x", "colour=red", "since=yesterday", "until=", "since=-1h", "letter=42"} {
		if _, err := admin.ParseFilter([]string{condition}, "", noon); err == nil ||
			!strings.Contains(err.Error(), "--filter") {
			t.Errorf("%q: %v", condition, err)
		}
	}
}
