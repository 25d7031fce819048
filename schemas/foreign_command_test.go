package schemas_test

import (
	"errors"
	"fmt"
	"reflect"
	"testing"

	"github.com/linkedin/goavro/v2"

	"cardstream/provisioning"
	"cardstream/schemas"
)

// object is a record, or a branch of a union, in goavro's terms.
type object = map[string]any

// setSchema is a schema of a command whose SetUserParameters has these fields.
func setSchema(fields string) string {
	return `{"type":"record","name":"ProvisioningCommand","namespace":"crm","fields":[{"name":"command","type":
		{"type":"record","name":"SetUserParameters","fields":[` + fields + `]}}]}`
}

// Commands of schemas that are older, newer, or just others than ours.
func TestForeignCommand(t *testing.T) {
	set := func(s provisioning.SetUserParameters) provisioning.Command {
		return provisioning.Command{SetUserParameters: &s}
	}
	for name, c := range map[string]struct {
		schema string
		native any
		want   provisioning.Command
	}{
		"an older one: fewer fields, no union": {
			setSchema(`{"name":"new_pin","type":"string"}`), object{"command": object{"new_pin": "4321"}},
			set(provisioning.SetUserParameters{NewPIN: new(provisioning.NewPIN("4321"))}),
		},
		"a newer one: further fields of every kind, in another order": {
			`{"type":"record","name":"ProvisioningCommand","namespace":"cardstream.v2","fields":[
				{"name":"trace","type":{"type":"map","values":["null","string","double"]}},
				{"name":"command","type":["null",
					{"type":"record","name":"BlockCard","fields":[]},
					{"type":"record","name":"CancelRequest","fields":[
						{"name":"tags","type":{"type":"array","items":["string","long"]}},
						{"name":"number","type":["null","string"]}]}]},
				{"name":"source","type":["string","null"]},
				{"name":"seal","type":{"type":"fixed","name":"Seal","size":2}},
				{"name":"command_id","type":"string"}]}`,
			object{
				"trace":   object{"a": goavro.Union("double", 1.5), "b": nil},
				"command": goavro.Union("cardstream.v2.CancelRequest", object{"tags": []any{goavro.Union("long", 7)}, "number": goavro.Union("string", "3-1042")}),
				"source":  goavro.Union("string", "crm"), "seal": []byte("ab"), "command_id": "c-1",
			},
			provisioning.Command{ID: "c-1", Source: "crm", Cancel: &provisioning.Cancel{Number: "3-1042"}},
		},
		"unions where we have none, none where we have them": {
			setSchema(`{"name":"smartcard_identifier","type":["null",{"type":"record","name":"C","fields":[
					{"name":"serial_number","type":"string"}]}]},
				{"name":"subscription_identifier","type":["null","boolean"]},
				{"name":"reset_pin","type":"boolean"},{"name":"process_immediately","type":"boolean"},
				{"name":"scheduled_date","type":"long"}`),
			object{"command": object{
				"smartcard_identifier": goavro.Union("crm.C", object{"serial_number": "0190"}), "subscription_identifier": nil,
				"reset_pin": true, "process_immediately": true, "scheduled_date": 5,
			}},
			set(provisioning.SetUserParameters{
				Smartcard: provisioning.SmartcardIdentifier{SerialNumber: new("0190")},
				ResetPIN:  new(true), ProcessImmediately: true, ScheduledDate: new(provisioning.Timestamp(5)),
			}),
		},
		"bytes for a string, an enum for a string, an int for a long": {
			setSchema(`{"name":"new_pin","type":"bytes"},{"name":"scheduled_date","type":["int","string"]},
				{"name":"smartcard_identifier","type":{"type":"record","name":"C","fields":[
					{"name":"id","type":{"type":"enum","name":"E","symbols":["A","B"]}}]}}`),
			object{"command": object{
				"new_pin": []byte("4321"), "scheduled_date": goavro.Union("int", -7), "smartcard_identifier": object{"id": "B"},
			}},
			set(provisioning.SetUserParameters{
				NewPIN: new(provisioning.NewPIN("4321")), ScheduledDate: new(provisioning.Timestamp(-7)),
				Smartcard: provisioning.SmartcardIdentifier{ID: new("B")},
			}),
		},
		"microseconds: a date is rounded up": {
			setSchema(`{"name":"scheduled_date","type":["null",{"type":"long","logicalType":"timestamp-micros"}]}`),
			object{"command": object{"scheduled_date": goavro.Union("long", 1001)}}, // the plain name: without the logical type
			set(provisioning.SetUserParameters{ScheduledDate: new(provisioning.Timestamp(2))}),
		},
		"nanoseconds before 1970": {
			setSchema(`{"name":"scheduled_date","type":{"type":"long","logicalType":"timestamp-nanos"}}`),
			object{"command": object{"scheduled_date": -1_000_001}},
			set(provisioning.SetUserParameters{ScheduledDate: new(provisioning.Timestamp(-1))}),
		},
		"the farthest date": {
			setSchema(`{"name":"scheduled_date","type":{"type":"long","logicalType":"timestamp-millis"}}`),
			object{"command": object{"scheduled_date": int64(provisioning.LatestTimestamp)}},
			set(provisioning.SetUserParameters{ScheduledDate: new(provisioning.LatestTimestamp)}),
		},
		"a recursive schema": {
			`{"type":"record","name":"ProvisioningCommand","fields":[
				{"name":"before","type":["null","ProvisioningCommand"]},
				{"name":"command","type":{"type":"record","name":"CancelRequest","fields":[{"name":"number","type":"string"}]}}]}`,
			object{
				"before":  goavro.Union("ProvisioningCommand", object{"before": nil, "command": object{"number": "1-1"}}),
				"command": object{"number": "2-2"},
			},
			provisioning.Command{Cancel: &provisioning.Cancel{Number: "2-2"}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			fake, registry, _ := MustLoad(t)
			id := MustSeed(t, fake, "crm", c.schema)
			value := encodeAs(t, id, c.schema, c.native)
			got, err := schemas.NewForeign(registry).Command(t.Context(), value)
			if err != nil || !reflect.DeepEqual(got, c.want) {
				t.Errorf("got  %+v, %v\nwant %+v", got, err, c.want)
			}
		})
	}
}

func TestForeignCommandRefuses(t *testing.T) {
	const cancel = `{"type":"record","name":"CancelRequest","fields":[{"name":"number","type":"string"}]}`
	command := func(fields string) string {
		return `{"type":"record","name":"ProvisioningCommand","fields":[` + fields + `]}`
	}
	for name, c := range map[string]struct {
		schema string
		native any
	}{
		"no record":             {`"string"`, "SECRET"},
		"an array":              {`{"type":"array","items":"string"}`, []any{"SECRET"}},
		"null":                  {`"null"`, nil},
		"no command":            {command(`{"name":"new_pin","type":"string"}`), object{"new_pin": "SECRET"}},
		"a null command":        {command(`{"name":"command","type":["null",` + cancel + `]}`), object{"command": nil}},
		"a command of no type":  {command(`{"name":"command","type":"string"}`), object{"command": "SECRET"}},
		"a map for a command":   {command(`{"name":"command","type":{"type":"map","values":"string"}}`), object{"command": object{"number": "SECRET"}}},
		"a command not known":   {command(`{"name":"command","type":{"type":"record","name":"SECRET","fields":[]}}`), object{"command": object{}}},
		"a number for a string": {setSchema(`{"name":"new_pin","type":"int"}`), object{"command": object{"new_pin": 4321}}},
		"a decimal":             {setSchema(`{"name":"new_pin","type":{"type":"bytes","logicalType":"decimal","precision":9,"scale":1}}`), object{"command": object{"new_pin": []byte{1}}}},
		"a fixed for a string":  {setSchema(`{"name":"new_pin","type":{"type":"fixed","name":"F","size":4}}`), object{"command": object{"new_pin": []byte("4321")}}},
		"a string for a flag":   {setSchema(`{"name":"reset_pin","type":"string"}`), object{"command": object{"reset_pin": "true"}}},
		"a date":                {setSchema(`{"name":"scheduled_date","type":{"type":"int","logicalType":"date"}}`), object{"command": object{"scheduled_date": 1}}},
		"a local time":          {setSchema(`{"name":"scheduled_date","type":{"type":"long","logicalType":"local-timestamp-millis"}}`), object{"command": object{"scheduled_date": 1}}},
		"a float for a date":    {setSchema(`{"name":"scheduled_date","type":"double"}`), object{"command": object{"scheduled_date": 1.5}}},
		"a string for a record": {setSchema(`{"name":"smartcard_identifier","type":"string"}`), object{"command": object{"smartcard_identifier": "SECRET"}}},
		"a map for a record":    {setSchema(`{"name":"smartcard_identifier","type":{"type":"map","values":"string"}}`), object{"command": object{"smartcard_identifier": object{"id": "SECRET"}}}},
	} {
		t.Run(name, func(t *testing.T) {
			fake, registry, _ := MustLoad(t)
			value := encodeAs(t, MustSeed(t, fake, "crm", c.schema), c.schema, c.native)
			_, err := schemas.NewForeign(registry).Command(t.Context(), value)
			checkError(t, err, schemas.KindUnknown)
		})
	}
}

// checkError wants an error about the value with that code, which repeats nothing of it.
func checkError(t *testing.T, err error, code string) {
	t.Helper()
	var value *schemas.Error
	if !errors.As(err, &value) || value.Code != code {
		t.Fatalf("got %v, want %s", err, code)
	}
	if text := fmt.Sprint(err); containsSecret(text) {
		t.Errorf("the error repeats the value: %s", text)
	}
}
