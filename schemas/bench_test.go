package schemas_test

import (
	"testing"

	"github.com/linkedin/goavro/v2"

	"cardstream/provisioning"
	"cardstream/schemas"
)

func benchmarkRequest() provisioning.Request {
	at := provisioning.Timestamp(1_800_000_000_000)
	return provisioning.Request{
		Number:             provisioning.RequestNumber{Partition: 3, Offset: 104_242},
		CommandID:          "0191f5a2-7f6e-7c1a-9f55-2f1a9a6a0d11",
		Source:             "crm",
		Subscription:       provisioning.SubscriptionIdentifier{Number: new("S-100142")},
		Smartcard:          provisioning.SmartcardIdentifier{SerialNumber: new("01900080207")},
		SmartcardKey:       "serial_number:01900080207",
		Action:             provisioning.SetPIN,
		NewPIN:             provisioning.NewPIN("4321"),
		ContentDigest:      make([]byte, 16),
		ProcessImmediately: false,
		ScheduledDate:      &at,
		CommandAppendedAt:  at,
		CreatedAt:          at,
		DueAt:              at,
		UpdatedAt:          at,
		State:              provisioning.Pending,
		Revision:           1,
	}
}

func benchmarkCommand() provisioning.Command {
	r := benchmarkRequest()
	return provisioning.Command{
		ID: r.CommandID, OccurredAt: r.CreatedAt, Source: r.Source, SetUserParameters: &provisioning.SetUserParameters{
			Subscription: r.Subscription, Smartcard: r.Smartcard, NewPIN: &r.NewPIN, ScheduledDate: r.ScheduledDate,
		},
	}
}

func benchmarkEvent() provisioning.Event {
	r := benchmarkRequest()
	return provisioning.Event{
		ID: "3-104242/1", Type: provisioning.RequestPending, OccurredAt: r.CreatedAt, CommandID: r.CommandID, Source: r.Source,
		RequestNumber: &r.Number, State: r.State, Subscription: r.Subscription, Smartcard: r.Smartcard, Action: r.Action,
		ProcessImmediately: &r.ProcessImmediately, ScheduledDate: r.ScheduledDate, CreatedAt: &r.CreatedAt, DueAt: &r.DueAt,
	}
}

func benchmarkEntry() provisioning.Entry {
	r := benchmarkRequest()
	return provisioning.Entry{Create: &provisioning.CreateEntry{
		CommandID: r.CommandID, Source: r.Source, Subscription: r.Subscription, Smartcard: r.Smartcard, Action: r.Action,
		NewPIN: r.NewPIN, ScheduledDate: r.ScheduledDate, AppendedAt: r.CreatedAt,
	}}
}

func benchmarkSmartcardCommand() provisioning.SmartcardCommand {
	r := benchmarkRequest()
	return provisioning.SmartcardCommand{
		RequestNumber: r.Number, Attempt: 1, Action: r.Action, NewPIN: r.NewPIN, Smartcard: r.Smartcard,
		Subscription: r.Subscription, IssuedAt: r.CreatedAt, RespondBy: &r.DueAt,
	}
}

func BenchmarkCodec(b *testing.B) {
	_, _, set := MustLoad(b)
	b.Run("entry", benchmarkCodec(set.Entry, benchmarkEntry(), "RequestEntry"))
	b.Run("state", benchmarkCodec(set.State, benchmarkRequest(), "ProvisioningRequest"))
	b.Run("smartcard-command", benchmarkCodec(set.SmartcardCommand, benchmarkSmartcardCommand(), "SmartcardCommand"))
	b.Run("event", benchmarkCodec(set.Event, benchmarkEvent(), "LifecycleEvent"))
	b.Run("command", benchmarkCodec(set.Command, benchmarkCommand(), "ProvisioningCommand"))
}

// benchmarkCodec measures the typed codec to and from the domain's type, and goavro to and from its maps alone, without
// making those maps from anything.
func benchmarkCodec[T any](codec *schemas.Codec[T], v T, record string) func(*testing.B) {
	return func(b *testing.B) {
		value, err := codec.Append(nil, &v)
		if err != nil {
			b.Fatal(err)
		}
		judge, err := goavro.NewCodec(withoutLogicalTypes(schemas.Text(record)))
		if err != nil {
			b.Fatal(err)
		}
		native := decodeAs(b, schemas.Text(record), value)
		b.Run("encode/typed", func(b *testing.B) {
			b.ReportAllocs()
			var dst []byte
			for b.Loop() {
				dst, _ = codec.Append(dst[:0], &v)
			}
			b.ReportMetric(float64(len(dst)), "bytes")
		})
		b.Run("encode/goavro", func(b *testing.B) {
			b.ReportAllocs()
			var dst []byte
			for b.Loop() {
				dst, _ = judge.BinaryFromNative(dst[:0], native)
			}
		})
		b.Run("decode/typed", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				_, _ = codec.Decode(b.Context(), value)
			}
		})
		b.Run("decode/goavro", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				_, _, _ = judge.NativeFromBinary(value[5:])
			}
		})
	}
}

// BenchmarkForeign is what intake pays for a command: bounds checked, decoded by goavro, read by field name.
func BenchmarkForeign(b *testing.B) {
	_, registry, set := MustLoad(b)
	foreign := schemas.NewForeign(registry)
	command := benchmarkCommand()
	value, err := set.Command.Append(nil, &command)
	if err != nil {
		b.Fatal(err)
	}
	b.Run("command", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := foreign.Command(b.Context(), value); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("JSON", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := foreign.JSON(b.Context(), value, schemas.JSONOptions{}); err != nil {
				b.Fatal(err)
			}
		}
	})
}
