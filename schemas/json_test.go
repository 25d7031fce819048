package schemas_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"cardstream/provisioning"
	"cardstream/schemas"
)

func TestJSONOfRecords(t *testing.T) {
	number := provisioning.RequestNumber{Partition: 3, Offset: 1042}
	card := provisioning.SmartcardIdentifier{SerialNumber: new("0190008020")}
	command := provisioning.Command{ID: "c-1", OccurredAt: 1, Source: "crm", SetUserParameters: &provisioning.SetUserParameters{
		Smartcard: card, NewPIN: new(provisioning.NewPIN("4321")), ScheduledDate: new(provisioning.LatestTimestamp),
	}}
	event := provisioning.Event{
		ID: "e", Type: provisioning.CommandRejected, OccurredAt: 1_800_000_000_000, CommandID: "c-1", Source: "crm",
		RequestNumber: &number, Smartcard: card, Errors: []provisioning.Violation{{Code: "VALUE_INVALID", Message: "<a> & \"b\"\n"}},
	}
	for name, c := range map[string]struct{ got, want func() (string, error) }{
		"command, masked": {
			got: jsonOf(&command, schemas.JSONOptions{}),
			want: text(`{"command_id":"c-1","occurred_at":"1970-01-01T00:00:00.001Z","source":"crm","command":{` +
				`"subscription_identifier":{"id":null,"number":null},` +
				`"smartcard_identifier":{"id":null,"serial_number":"0190008020","alternative_code":null},` +
				`"reset_pin":null,"new_pin":"****","process_immediately":false,"scheduled_date":"9999-12-31T23:59:59.999Z"}}`),
		},
		"event": {
			got: jsonOf(&event, schemas.JSONOptions{}),
			want: text(`{"event_id":"e","event_type":"COMMAND_REJECTED","occurred_at":"2027-01-15T08:00:00.000Z",` +
				`"command_id":"c-1","source":"crm","request_number":"3-1042","life_cycle_state":null,"attempt":null,` +
				`"subscription_identifier":null,` +
				`"smartcard_identifier":{"id":null,"serial_number":"0190008020","alternative_code":null},"action":null,` +
				`"process_immediately":null,"scheduled_date":null,"created_at":null,"due_at":null,"executed_date":null,` +
				`"reference_number":null,"rejected_by":null,` +
				`"errors":[{"code":"VALUE_INVALID","field":null,"message":"<a> & \"b\"\n"}]}`),
		},
		"PIN shown": {
			got: jsonOf(&provisioning.SmartcardCommand{
				RequestNumber: number, Attempt: 1, Action: provisioning.SetPIN, NewPIN: provisioning.NewPIN("4321"), IssuedAt: 0,
			}, schemas.JSONOptions{ShowPINs: true}),
			want: text(`{"request_number":"3-1042","attempt":1,"action":"SET_PIN","new_pin":"4321",` +
				`"smartcard_identifier":{"id":null,"serial_number":null,"alternative_code":null},` +
				`"subscription_identifier":{"id":null,"number":null},"issued_at":"1970-01-01T00:00:00.000Z","respond_by":null}`),
		},
		"no PIN, nothing to mask; a moment beyond RFC 3339": {
			got: jsonOf(&provisioning.SmartcardCommand{
				Action: provisioning.ResetPIN, IssuedAt: provisioning.LatestTimestamp + 1,
			}, schemas.JSONOptions{}),
			want: text(`{"request_number":"0-0","attempt":0,"action":"RESET_PIN","new_pin":null,` +
				`"smartcard_identifier":{"id":null,"serial_number":null,"alternative_code":null},` +
				`"subscription_identifier":{"id":null,"number":null},"issued_at":253402300800000,"respond_by":null}`),
		},
		"bytes in base64": {
			got: jsonOf(&provisioning.Entry{Result: &provisioning.ResultEntry{
				Result: provisioning.Result{Status: provisioning.ResponseAccepted},
				Origin: provisioning.Origin{Value: []byte{0, 1}},
			}}, schemas.JSONOptions{}),
			want: text(`{"create":null,"cancel":null,"result":{"request_number":"","attempt":0,"response_status":"ACCEPTED",` +
				`"retryable":false,"reference_number":null,"error_code":null,"error_description":null,"retry_after_ms":null,` +
				`"responded_at":"1970-01-01T00:00:00.000Z","origin":{"topic":"","partition":0,"offset":0,` +
				`"timestamp":"1970-01-01T00:00:00.000Z","key":null,"value":"AAE="}}}`),
		},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := c.got()
			want, _ := c.want()
			want = strings.ReplaceAll(want, "\n", `\n`)
			if err != nil || got != want {
				t.Errorf("got  %s, %v\nwant %s", got, err, want)
			}
		})
	}
}

func text(s string) func() (string, error) { return func() (string, error) { return s, nil } }

func jsonOf[T schemas.Value](v *T, options schemas.JSONOptions) func() (string, error) {
	return func() (string, error) {
		out, err := schemas.JSON(v, options)
		return string(out), err
	}
}

// Whatever a record holds, it is one line of valid JSON, the same by its Go type and by its bytes, and without its PIN.
func TestJSONOfAnything(t *testing.T) {
	_, registry, set := MustLoad(t)
	foreign := schemas.NewForeign(registry)
	rapid.Check(t, func(t *rapid.T) {
		command := anyCommand.Draw(t, "command")
		if s := command.SetUserParameters; s != nil && s.NewPIN != nil {
			s.NewPIN = new(provisioning.NewPIN("SECRETPIN" + s.NewPIN.Reveal()))
		}
		line, err := schemas.JSON(&command, schemas.JSONOptions{})
		if err != nil || !json.Valid(line) || bytes.ContainsAny(line, "\n\r") {
			t.Fatalf("%s, %v", line, err)
		}
		if bytes.Contains(line, []byte("SECRETPIN")) {
			t.Fatalf("shows the PIN: %s", line)
		}
		value, err := set.Command.Append(nil, &command)
		if err != nil {
			t.Fatal(err)
		}
		if again, err := foreign.JSON(t.Context(), value, schemas.JSONOptions{}); err != nil || !bytes.Equal(line, again) {
			t.Fatalf("got  %s, %v\nwant %s", again, err, line)
		}
	})
}
