package handlers

import (
	"slices"
	"strconv"
	"strings"

	"cardstream/record"
	"cardstream/schemas"
)

// The codes of dead letters (docs/contract.md, "Bad input").
const (
	codeNotWireFormat  = "NOT_WIRE_FORMAT"
	codeSchemaUnknown  = "SCHEMA_UNKNOWN"
	codeUndecodable    = "UNDECODABLE"
	codeKindUnknown    = "KIND_UNKNOWN"
	codeRequestUnknown = "REQUEST_UNKNOWN"
	codeAttemptUnknown = "ATTEMPT_UNKNOWN"
)

// DeadLetters makes dead letters: the record's own key, bytes and headers, and why in headers of ours.
type DeadLetters struct {
	Topics     schemas.Topics
	Partitions int32 // of the dead-letter topic
	MostBytes  int   // the largest record that topic takes; of a larger one the value is left out
}

// letter makes the dead letter of rec. The message never repeats the value's content.
func (d DeadLetters) letter(rec *record.Record, code, message string) record.Record {
	number := func(n int64) []byte { return strconv.AppendInt(nil, n, 10) }
	l := record.Record{
		Topic:     d.Topics.DeadLetters(),
		Partition: rec.Partition % d.Partitions,
		Key:       rec.Key,
		Value:     rec.Value,
		Headers: []record.Header{
			{Key: "cardstream.error.code", Value: []byte(code)},
			{Key: "cardstream.error.message", Value: []byte(message)},
			{Key: "cardstream.source.topic", Value: []byte(rec.Topic)},
			{Key: "cardstream.source.partition", Value: number(int64(rec.Partition))},
			{Key: "cardstream.source.offset", Value: number(rec.Offset)},
			{Key: "cardstream.source.timestamp", Value: number(rec.Timestamp)},
		},
	}
	sender := sendersHeaders(rec)
	if leftOut := d.fit(&l, &sender); leftOut != "" {
		l.Headers = append(l.Headers, record.Header{Key: "cardstream.error.truncated", Value: []byte(leftOut)})
	}
	l.Headers = append(l.Headers, sender...)
	return l
}

// reserved begins the names of our own headers. A sender's header of such a name is not carried over: it would be taken
// for ours.
const reserved = "cardstream."

// sendersHeaders returns the headers that the record came with, as they are: they are its sender's, like its bytes.
func sendersHeaders(rec *record.Record) []record.Header {
	return slices.DeleteFunc(slices.Clone(rec.Headers), func(h record.Header) bool {
		return strings.HasPrefix(h.Key, reserved)
	})
}

// fit leaves out what makes a letter too large for its topic: the value, then also the sender's headers, then also the
// key. It returns what that was.
func (d DeadLetters) fit(l *record.Record, sender *[]record.Header) string {
	var leftOut []string
	room := d.MostBytes - deadLetterSlack - len(l.Key) - len(l.Value) - headerBytes(*sender)
	leave := func(what string, bytes int) {
		leftOut = append(leftOut, what+" of "+strconv.Itoa(bytes)+" bytes")
		room += bytes
	}
	if room < 0 && l.Value != nil {
		leave("value", len(l.Value))
		l.Value = nil
	}
	if room < 0 && len(*sender) > 0 {
		leave("headers", headerBytes(*sender))
		*sender = nil
	}
	if room < 0 {
		leave("key", len(l.Key))
		l.Key = nil
	}
	if len(leftOut) == 0 {
		return ""
	}
	return strings.Join(leftOut, ", ") + " left out"
}

// headerBytes is what headers take at most, with their lengths.
func headerBytes(headers []record.Header) int {
	const lengths = 10 // at most: two varints of 32 bits
	bytes := 0
	for _, h := range headers {
		bytes += len(h.Key) + len(h.Value) + lengths
	}
	return bytes
}

// deadLetterSlack is what our own headers and the batch add to a dead letter at most.
const deadLetterSlack = 4 << 10
