package schemas_test

import (
	"reflect"
	"strings"
	"testing"

	"cardstream/provisioning"
	"cardstream/schemas"
)

func containsSecret(text string) bool {
	return strings.Contains(text, "SECRET") || strings.Contains(text, "4321")
}

func resultSchema(fields string) string {
	return `{"type":"record","name":"Answer","namespace":"headend","fields":[` + fields + `]}`
}

func TestForeignResult(t *testing.T) {
	for name, c := range map[string]struct {
		schema string
		native any
		want   provisioning.Result
	}{
		"the least": {
			resultSchema(`{"name":"request_number","type":"string"},{"name":"response_status","type":"string"}`),
			object{"request_number": "3-1", "response_status": "ACCEPTED"},
			provisioning.Result{RequestNumber: "3-1", Status: provisioning.ResponseAccepted},
		},
		"an enum that has grown, a long attempt, microseconds, a union at the top": {
			`["null",` + resultSchema(`{"name":"request_number","type":"bytes"},
				{"name":"response_status","type":{"type":"enum","name":"S","symbols":["BUSY","REJECTED","ACCEPTED"]}},
				{"name":"attempt","type":"long"},{"name":"retry_after_ms","type":["null","int"]},
				{"name":"responded_at","type":{"type":"long","logicalType":"timestamp-micros"}}`) + `]`,
			object{"headend.Answer": object{
				"request_number": []byte("3-1"), "response_status": "REJECTED", "attempt": 2,
				"retry_after_ms": object{"int": 500}, "responded_at": 1999,
			}},
			provisioning.Result{
				RequestNumber: "3-1", Status: provisioning.ResponseRejected, Attempt: 2, RetryAfter: new(int64(500)), RespondedAt: 1,
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			fake, registry, _ := MustLoad(t)
			value := encodeAs(t, MustSeed(t, fake, "headend", c.schema), c.schema, c.native)
			got, err := schemas.NewForeign(registry).Result(t.Context(), value)
			if err != nil || !reflect.DeepEqual(got, c.want) {
				t.Errorf("got  %+v, %v\nwant %+v", got, err, c.want)
			}
		})
	}
}

func TestForeignResultRefuses(t *testing.T) {
	const number, status = `{"name":"request_number","type":"string"},`, `{"name":"response_status","type":"string"}`
	for name, c := range map[string]struct {
		schema string
		native any
	}{
		"no record":           {`"string"`, "SECRET"},
		"no number":           {resultSchema(status), object{"response_status": "ACCEPTED"}},
		"no status":           {resultSchema(number + `{"name":"x","type":"string"}`), object{"request_number": "3-1", "x": "SECRET"}},
		"another status":      {resultSchema(number + status), object{"request_number": "3-1", "response_status": "SECRET"}},
		"an attempt too long": {resultSchema(number + status + `,{"name":"attempt","type":"long"}`), object{"request_number": "3-1", "response_status": "ACCEPTED", "attempt": 1 << 40}},
		"a date for a number": {resultSchema(number + status + `,{"name":"attempt","type":{"type":"int","logicalType":"date"}}`), object{"request_number": "3-1", "response_status": "ACCEPTED", "attempt": 1}},
		"a flag as text":      {resultSchema(number + status + `,{"name":"retryable","type":"string"}`), object{"request_number": "3-1", "response_status": "ACCEPTED", "retryable": "SECRET"}},
	} {
		t.Run(name, func(t *testing.T) {
			fake, registry, _ := MustLoad(t)
			value := encodeAs(t, MustSeed(t, fake, "headend", c.schema), c.schema, c.native)
			_, err := schemas.NewForeign(registry).Result(t.Context(), value)
			checkError(t, err, schemas.KindUnknown)
		})
	}
}
