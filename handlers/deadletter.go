package handlers

import (
	"strconv"

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

// DeadLetters makes dead letters: the record's own key and bytes, and why in the headers.
type DeadLetters struct {
	Topics     schemas.Topics
	Partitions int32 // of the dead-letter topic
	MostBytes  int   // the largest record that topic takes; of a larger one only the headers are kept
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
	if size := len(rec.Key) + len(rec.Value); size > d.MostBytes-deadLetterSlack {
		l.Value = nil
		if len(rec.Key) > d.MostBytes-deadLetterSlack {
			l.Key = nil
		}
		l.Headers = append(l.Headers, record.Header{
			Key: "cardstream.error.truncated", Value: []byte("value of " + strconv.Itoa(len(rec.Value)) + " bytes left out"),
		})
	}
	return l
}

// deadLetterSlack is what the headers and the batch add to a dead letter at most.
const deadLetterSlack = 4 << 10
