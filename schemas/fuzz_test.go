package schemas_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"testing"

	"cardstream/provisioning"
	"cardstream/schemas"
)

func FuzzSplitHeader(f *testing.F) {
	f.Add([]byte(nil))
	f.Add([]byte{0, 0, 0, 0, 1, 2})
	f.Fuzz(func(t *testing.T, value []byte) {
		id, body, err := schemas.SplitHeader(value)
		if err != nil {
			checkError(t, err, schemas.NotWireFormat)
			return
		}
		if again := append(schemas.AppendHeader(nil, id), body...); !bytes.Equal(again, value) {
			t.Errorf("%x became %x", value, again)
		}
	})
}

// checkAgrees wants the typed codec to read a value as others' reader did. It may refuse what no writer writes: a varint
// with more bytes than it needs, which goavro takes and Avro's own decoder does not.
func checkAgrees[T any](t *testing.T, codec *schemas.Codec[T], value []byte, want T) {
	t.Helper()
	own, err := codec.Decode(t.Context(), value)
	if err == nil && reflect.DeepEqual(own, want) {
		return
	}
	if written, encodeErr := codec.Append(nil, &want); err != nil && encodeErr == nil && !bytes.Equal(written, value) {
		checkError(t, err, schemas.Undecodable)
		return
	}
	t.Errorf("got %+v, %v\nwant %+v", own, err, want)
}

// What others' reader takes, the typed codec takes as the same command.
func FuzzForeignCommand(f *testing.F) {
	_, registry, set := MustLoad(f)
	foreign := schemas.NewForeign(registry)
	addBodies(f, set.Command,
		provisioning.Command{ID: "c-1", Source: "crm", Cancel: &provisioning.Cancel{Number: "3-1042"}},
		provisioning.Command{ID: "c-2", SetUserParameters: &provisioning.SetUserParameters{
			Smartcard:     provisioning.SmartcardIdentifier{SerialNumber: new("0190008020")},
			NewPIN:        new(provisioning.NewPIN("4321")),
			ScheduledDate: new(provisioning.LatestTimestamp),
		}})
	f.Fuzz(func(t *testing.T, body []byte) {
		value := append(schemas.AppendHeader(nil, set.Command.ID()), body...)
		command, err := foreign.Command(t.Context(), value)
		if !fineOr(t, err) {
			return
		}
		checkAgrees(t, set.Command, value, command)
	})
}

func FuzzForeignResult(f *testing.F) {
	_, registry, set := MustLoad(f)
	foreign := schemas.NewForeign(registry)
	addBodies(f, set.Result, provisioning.Result{
		RequestNumber: "3-1042", Attempt: 1, Status: provisioning.ResponseRejected, ErrorCode: new("E1"), RetryAfter: new(int64(500)),
	})
	f.Fuzz(func(t *testing.T, body []byte) {
		value := append(schemas.AppendHeader(nil, set.Result.ID()), body...)
		result, err := foreign.Result(t.Context(), value)
		if !fineOr(t, err) {
			return
		}
		checkAgrees(t, set.Result, value, result)
	})
}

// The short way for records of this version's own schemas leads where the long one does, also to the same errors.
func FuzzOwnSchemas(f *testing.F) {
	_, registry, set := MustLoad(f)
	long, short := schemas.NewForeign(registry), set.Foreign(registry)
	addBodies(f, set.Command,
		provisioning.Command{ID: "c-1", Source: "crm", Cancel: &provisioning.Cancel{Number: "3-1042"}},
		provisioning.Command{ID: "c-2", SetUserParameters: &provisioning.SetUserParameters{
			Smartcard: provisioning.SmartcardIdentifier{SerialNumber: new("0190008020")},
			ResetPIN:  new(true), ScheduledDate: new(provisioning.LatestTimestamp),
		}})
	addBodies(f, set.Result, provisioning.Result{RequestNumber: "3-1042", Status: provisioning.ResponseRejected})
	f.Fuzz(func(t *testing.T, body []byte) {
		command := append(schemas.AppendHeader(nil, set.Command.ID()), body...)
		want, wantErr := long.Command(t.Context(), command)
		got, err := short.Command(t.Context(), command)
		checkSame(t, got, err, want, wantErr)
		result := append(schemas.AppendHeader(nil, set.Result.ID()), body...)
		wanted, wantErr := long.Result(t.Context(), result)
		read, err := short.Result(t.Context(), result)
		checkSame(t, read, err, wanted, wantErr)
	})
}

func checkSame[T any](t *testing.T, got T, err error, want T, wantErr error) {
	t.Helper()
	if !reflect.DeepEqual(got, want) || fmt.Sprint(err) != fmt.Sprint(wantErr) {
		t.Errorf("got %+v, %v\nwant %+v, %v", got, err, want, wantErr)
	}
}

// A request that was read is written and read as the same.
func FuzzState(f *testing.F) {
	_, _, set := MustLoad(f)
	addBodies(f, set.State, benchmarkRequest())
	f.Fuzz(func(t *testing.T, body []byte) {
		request, err := set.State.Decode(t.Context(), append(schemas.AppendHeader(nil, set.State.ID()), body...))
		if !fineOr(t, err) {
			return
		}
		value, err := set.State.Append(nil, &request)
		if err != nil {
			t.Fatal(err)
		}
		if again, err := set.State.Decode(t.Context(), value); err != nil || !reflect.DeepEqual(again, request) {
			t.Errorf("got %+v, %v\nwant %+v", again, err, request)
		}
	})
}

// Any schema, and any bytes with it: an answer comes, and JSON is JSON.
func FuzzAnySchema(f *testing.F) {
	for _, a := range (schemas.Topics{}).Assignments() {
		f.Add(schemas.Text(a.Record), []byte("0123456789"))
	}
	f.Add(doubling(3), []byte{})
	f.Add(`{"type":"record","name":"R","fields":[{"name":"next","type":["null","R"]}]}`, []byte{2, 2, 0})
	f.Add(`{"type":"map","values":{"type":"array","items":["null","double",{"type":"fixed","name":"F","size":3}]}}`, []byte{2, 2, 'k', 2, 0, 0, 0})
	f.Fuzz(func(t *testing.T, schema string, body []byte) {
		foreign := schemas.NewForeign(MustOpenRegistry(t, schemaServer(schema)))
		value := append(schemas.AppendHeader(nil, 1), body...)
		_, err := foreign.Command(t.Context(), value)
		fineOr(t, err)
		line, err := foreign.JSON(t.Context(), value, schemas.JSONOptions{})
		if fineOr(t, err) && (!json.Valid(line) || bytes.ContainsAny(line, "\n\r")) {
			t.Errorf("not a line of JSON: %q", line)
		}
	})
}

// addBodies adds the bodies of some values to a corpus.
func addBodies[T any](f *testing.F, codec *schemas.Codec[T], values ...T) {
	f.Helper()
	for _, v := range values {
		value, err := codec.Append(nil, &v)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(value[5:])
	}
}

// fineOr reports whether err is nil, and wants it to be about the value where it is not.
func fineOr(t *testing.T, err error) bool {
	t.Helper()
	var value *schemas.Error
	if err != nil && !errors.As(err, &value) {
		t.Fatalf("not about the value: %v", err)
	}
	return err == nil
}
