package schemas_test

import (
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"cardstream/provisioning"
	"cardstream/schemas"
)

// During a rolling upgrade records of an older and of a newer version stand beside each other: both are read, and each
// schema is asked for once.
func TestCodecReadsOtherVersions(t *testing.T) {
	const revision = `{"name":"revision","type":"int","default":0,"doc":"How many events have been published about it; part of each event's id."},`
	current := schemas.Text("ProvisioningRequest")
	older := strings.Replace(current, revision, "", 1)
	newer := strings.Replace(current, revision, revision+`{"name":"priority","type":["null",{"type":"record","name":"Priority",
		"fields":[{"name":"level","type":"int"}]}],"default":null},`, 1)
	if older == current || newer == current {
		t.Fatal("the schema has no field revision any more: take another one")
	}
	fake, _, set := MustLoad(t)
	olderID, newerID := MustSeed(t, fake, "older", older), MustSeed(t, fake, "newer", newer)

	rapid.Check(t, func(t *rapid.T) {
		want := anyRequest.Draw(t, "request")
		value, err := set.State.Append(nil, &want)
		if err != nil {
			t.Fatal(err)
		}
		native := decodeAs(t, current, value)
		native["priority"] = object{"cardstream.v1.Priority": object{"level": 7}}
		if got, err := set.State.Decode(t.Context(), encodeAs(t, newerID, newer, native)); err != nil || !reflect.DeepEqual(got, want) {
			t.Fatalf("newer: got %+v, %v\nwant %+v", got, err, want)
		}
		delete(native, "priority")
		delete(native, "revision")
		want.Revision = 0
		if got, err := set.State.Decode(t.Context(), encodeAs(t, olderID, older, native)); err != nil || !reflect.DeepEqual(got, want) {
			t.Fatalf("older: got %+v, %v\nwant %+v", got, err, want)
		}
	})
}

// An entry of a kind that only a newer version knows must stop the reader, not pass it by.
func TestCodecRefusesANewerKindOfEntry(t *testing.T) {
	newer := strings.Replace(schemas.Text("RequestEntry"), `"fields":[`,
		`"fields":[{"name":"block","type":["null",{"type":"record","name":"Block","fields":[]}],"default":null},`, 1)
	fake, _, set := MustLoad(t)
	id := MustSeed(t, fake, "newer", newer)
	value := encodeAs(t, id, newer, object{
		"block": object{"cardstream.v1.Block": object{}}, "create": nil, "cancel": nil, "result": nil,
	})
	_, err := set.Entry.Decode(t.Context(), value)
	checkError(t, err, schemas.KindUnknown)
}

// What was written with a schema of something else cannot be read, and says so.
func TestCodecRefusesAnotherRecord(t *testing.T) {
	_, _, set := MustLoad(t)
	value, err := set.Result.Append(nil, &provisioning.Result{Status: provisioning.ResponseAccepted})
	if err != nil {
		t.Fatal(err)
	}
	_, err = set.State.Decode(t.Context(), value)
	checkError(t, err, schemas.Undecodable)
}

// Which of the two commands it is does not hang on what a writer's schema leaves out.
func TestCodecReadsAnOlderCommand(t *testing.T) {
	fake, _, set := MustLoad(t)
	older := `{"type":"record","name":"ProvisioningCommand","namespace":"cardstream.v1","fields":[{"name":"command","type":[
		{"type":"record","name":"SetUserParameters","fields":[{"name":"reset_pin","type":["null","boolean"],"default":null}]},
		{"type":"record","name":"CancelRequest","fields":[]}]}]}`
	id := MustSeed(t, fake, "older", older)
	for branch, c := range map[string]struct {
		native any
		want   provisioning.Command
	}{
		"SetUserParameters": {
			object{"reset_pin": object{"boolean": true}},
			provisioning.Command{SetUserParameters: &provisioning.SetUserParameters{ResetPIN: new(true)}},
		},
		"CancelRequest": {object{}, provisioning.Command{Cancel: &provisioning.Cancel{}}},
	} {
		value := encodeAs(t, id, older, object{"command": object{"cardstream.v1." + branch: c.native}})
		if got, err := set.Command.Decode(t.Context(), value); err != nil || !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: got %+v, %v", branch, got, err)
		}
	}
}
