package schemas_test

import (
	"fmt"
	"reflect"
	"strings"
	"sync"
	"testing"

	"github.com/linkedin/goavro/v2"
	"pgregory.net/rapid"

	"cardstream/provisioning"
	"cardstream/schemas"
)

// The typed codec and goavro are held against each other for every record: what the one writes the other reads, writes
// again, and the first one reads as the same value.
func TestCodecAgreesWithGoavro(t *testing.T) {
	_, _, set := MustLoad(t)
	t.Run("ProvisioningCommand", differential(set.Command, anyCommand, "ProvisioningCommand"))
	t.Run("RequestEntry", differential(set.Entry, anyEntry, "RequestEntry"))
	t.Run("ProvisioningRequest", differential(set.State, anyRequest, "ProvisioningRequest"))
	t.Run("SmartcardCommand", differential(set.SmartcardCommand, anySmartcardCommand, "SmartcardCommand"))
	t.Run("SmartcardResult", differential(set.Result, anyResult, "SmartcardResult"))
	t.Run("LifecycleEvent", differential(set.Event, anyEvent, "LifecycleEvent"))
	t.Run("ControlSetting", differential(set.Control, anyControl, "ControlSetting"))
}

func differential[T any](codec *schemas.Codec[T], values *rapid.Generator[T], record string) func(*testing.T) {
	return func(t *testing.T) {
		if _, err := goavro.NewCodec(schemas.Text(record)); err != nil {
			t.Fatalf("goavro does not read the schema: %v", err)
		}
		judge, err := goavro.NewCodec(withoutLogicalTypes(schemas.Text(record)))
		if err != nil {
			t.Fatal(err)
		}
		rapid.Check(t, func(t *rapid.T) {
			want := values.Draw(t, "value")
			prefix := []byte("kept")
			written, err := codec.Append(prefix, &want)
			if err != nil {
				t.Fatal(err)
			}
			id, body, err := schemas.SplitHeader(written[len(prefix):])
			if err != nil || id != codec.ID() {
				t.Fatalf("header: id %d, %v", id, err)
			}
			native, rest, err := judge.NativeFromBinary(body)
			if err != nil || len(rest) > 0 {
				t.Fatalf("goavro: %v, %d bytes left", err, len(rest))
			}
			again, err := judge.BinaryFromNative(schemas.AppendHeader(nil, id), native)
			if err != nil {
				t.Fatal(err)
			}
			got, err := codec.Decode(t.Context(), again)
			if err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(got, want) {
				t.Fatalf("got  %+v\nwant %+v", got, want)
			}
		})
	}
}

// What was decoded stays as it is when the bytes that it came from are used for something else.
func TestDecodedSharesNoMemory(t *testing.T) {
	_, registry, set := MustLoad(t)
	foreign := schemas.NewForeign(registry)
	t.Run("typed", rapid.MakeCheck(func(t *rapid.T) {
		want := anyEntry.Draw(t, "entry")
		value, err := set.Entry.Append(nil, &want)
		if err != nil {
			t.Fatal(err)
		}
		got, err := set.Entry.Decode(t.Context(), value)
		clear(value)
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Fatalf("got  %+v, %v\nwant %+v", got, err, want)
		}
	}))
	t.Run("foreign", rapid.MakeCheck(func(t *rapid.T) {
		want := anyCommand.Draw(t, "command")
		value, err := set.Command.Append(nil, &want)
		if err != nil {
			t.Fatal(err)
		}
		got, err := foreign.Command(t.Context(), value)
		clear(value)
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Fatalf("got  %+v, %v\nwant %+v", got, err, want)
		}
	}))
}

// All tasks of a process share the codecs.
func TestCodecConcurrently(t *testing.T) {
	fake, registry, set := MustLoad(t)
	foreign := schemas.NewForeign(registry)
	text := schemas.Text("ProvisioningCommand")
	other := MustSeed(t, fake, "other", strings.Replace(text, "What the CRM asks for.", "The same.", 1))
	var tasks sync.WaitGroup
	for task := range 8 {
		tasks.Go(func() {
			for i := range 200 {
				want := provisioning.Command{ID: fmt.Sprint(task, i), Cancel: &provisioning.Cancel{Number: fmt.Sprint(i)}}
				value, err := set.Command.Append(nil, &want)
				if err != nil {
					t.Error(err)
				}
				if i%2 == 0 {
					value = append(schemas.AppendHeader(nil, other), value[5:]...)
				}
				if got, err := set.Command.Decode(t.Context(), value); err != nil || !reflect.DeepEqual(got, want) {
					t.Errorf("got  %+v, %v\nwant %+v", got, err, want)
				}
				if got, err := foreign.Command(t.Context(), value); err != nil || !reflect.DeepEqual(got, want) {
					t.Errorf("got  %+v, %v\nwant %+v", got, err, want)
				}
			}
		})
	}
	tasks.Wait()
}
