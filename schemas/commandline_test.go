package schemas_test

import (
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"cardstream/provisioning"
	"cardstream/schemas"
)

var lineDefaults = schemas.LineDefaults{CommandID: "made-up", Source: "cli", OccurredAt: 99, Now: 1000}

func TestParseCommandLine(t *testing.T) {
	set := func(change func(*provisioning.SetUserParameters)) schemas.CommandLine {
		s := &provisioning.SetUserParameters{}
		change(s)
		return schemas.CommandLine{Command: provisioning.Command{
			ID: "made-up", Source: "cli", OccurredAt: 99, SetUserParameters: s,
		}}
	}
	for line, want := range map[string]schemas.CommandLine{
		`{"command_id": "c-1", "subscription_identifier": {"number": "S-1001"}, "smartcard_identifier":
		  {"serial_number": "01900080207"}, "new_pin": "4321", "scheduled_date": "2027-01-01T00:00:00Z"}`: {
			Command: provisioning.Command{ID: "c-1", Source: "cli", OccurredAt: 99,
				SetUserParameters: &provisioning.SetUserParameters{
					Subscription:  provisioning.SubscriptionIdentifier{Number: new("S-1001")},
					Smartcard:     provisioning.SmartcardIdentifier{SerialNumber: new("01900080207")},
					NewPIN:        new(provisioning.NewPIN("4321")),
					ScheduledDate: new(provisioning.Timestamp(1_798_761_600_000)),
				}},
		},
		`{"command_id": "c-2", "source": "crm", "occurred_at": "1970-01-01T01:00:00.0019+01:00", "cancel": {"number": "3-1042"}}`: {
			Command: provisioning.Command{ID: "c-2", Source: "crm", OccurredAt: 1, Cancel: &provisioning.Cancel{Number: "3-1042"}},
		},
		`{"command_id": "c-2", "cancel": {"of": "c-1"}}`: {
			Command:  provisioning.Command{ID: "c-2", Source: "cli", OccurredAt: 99, Cancel: &provisioning.Cancel{}},
			CancelOf: "c-1",
		},
		// What is absent or null is for the domain to judge.
		`{}`: set(func(*provisioning.SetUserParameters) {}),
		`{"new_pin": null, "reset_pin": null, "cancel": null, "smartcard_identifier": null, "process_immediately": null}`: set(
			func(*provisioning.SetUserParameters) {}),
		`{"new_pin": "", "reset_pin": false, "process_immediately": true}`: set(func(s *provisioning.SetUserParameters) {
			s.NewPIN, s.ResetPIN, s.ProcessImmediately = &provisioning.PIN{}, new(false), true
		}),
		`{"scheduled_date": "1970-01-01T00:00:00.001000001Z"}`: set(func(s *provisioning.SetUserParameters) {
			s.ScheduledDate = new(provisioning.Timestamp(2))
		}),
		`{"scheduled_date": "+1h0.0005s"}`: set(func(s *provisioning.SetUserParameters) {
			s.ScheduledDate = new(provisioning.Timestamp(3_601_001))
		}),
	} {
		if got, err := schemas.ParseCommandLine([]byte(line), lineDefaults); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s\ngot  %+v, %v\nwant %+v", line, got, err, want)
		}
	}
}

func TestParseCommandLineRefuses(t *testing.T) {
	for line, want := range map[string]string{
		``:                                                      "not JSON",
		`{"new_pin": "SECRET"`:                                  "not JSON",
		`{"new_pin": "SECRET"} {}`:                              "not JSON",
		`{"new_pin": "SECRET",}`:                                "not JSON",
		"{\"new_pin\": \"\xff\"}":                               "not UTF-8",
		`["SECRET"]`:                                            "not a JSON object",
		`"SECRET"`:                                              "not a JSON object",
		`{"SECRET": 1}`:                                         "has an unknown field, at byte 9",
		`{"New_Pin": "SECRET"}`:                                 "has an unknown field, at byte 10",
		`{"new_pin": "1", "new_pin": "1"}`:                      "has a field twice, at byte 26",
		`{"new_pin": "1", "new\u005fpin": 1}`:                   "has a field twice, at byte 31",
		`{"new_pin": 4321}`:                                     "field new_pin must be a string",
		`{"new_pin": ["SECRET"]}`:                               "field new_pin must be a string",
		`{"new_pin": "\ud800"}`:                                 "field new_pin has a character that is none",
		`{"reset_pin": "true"}`:                                 "field reset_pin must be true or false",
		`{"process_immediately": 1}`:                            "field process_immediately must be true or false",
		`{"scheduled_date": 1}`:                                 "field scheduled_date must be a string",
		`{"scheduled_date": "2027-01-01"}`:                      "field scheduled_date must be a date in RFC 3339, as 2027-01-01T00:00:00Z",
		`{"scheduled_date": "+SECRET"}`:                         "field scheduled_date must be a span as +2s or +1h30m, or a date in RFC 3339",
		`{"scheduled_date": "+-2s"}`:                            "field scheduled_date must be a span as +2s or +1h30m, or a date in RFC 3339",
		`{"occurred_at": "+2s"}`:                                "field occurred_at must be a date in RFC 3339, as 2027-01-01T00:00:00Z",
		`{"occurred_at": "SECRET"}`:                             "field occurred_at must be a date in RFC 3339, as 2027-01-01T00:00:00Z",
		`{"smartcard_identifier": "SECRET"}`:                    "field smartcard_identifier must be an object",
		`{"smartcard_identifier": {"id": 1}}`:                   "field smartcard_identifier.id must be a string",
		`{"smartcard_identifier": {"number": "SECRET"}}`:        "field smartcard_identifier has an unknown field, at byte 34",
		`{"smartcard_identifier": {"id": "a", "id": "SECRET"}}`: "field smartcard_identifier has a field twice, at byte 41",
		`{"subscription_identifier": {"serial_number": "S"}}`:   "field subscription_identifier has an unknown field, at byte 44",
		`{"cancel": {"number": "3-1"}, "new_pin": "SECRET"}`:    "has an unknown field, at byte 39",
		`{"cancel": {}}`:                                        "field cancel must have either number or of",
		`{"cancel": {"number": "3-1", "of": "c-1"}}`:            "field cancel must have either number or of",
		`{"cancel": {"of": ""}}`:                                "field cancel.of must not be empty",
		`{"cancel": {"number": "3-1", "pin": "SECRET"}}`:        "field cancel has an unknown field, at byte 34",
		`{"cancel": true}`:                                      "field cancel must be an object",
	} {
		_, err := schemas.ParseCommandLine([]byte(line), lineDefaults)
		if err == nil || err.Error() != want {
			t.Errorf("%s\ngot  %v\nwant %s", line, err, want)
		}
	}
}

// Whatever the line, an error repeats nothing of it.
func TestParseCommandLineNeverRepeats(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		secret := rapid.StringMatching(`[A-Z]{8}`).Draw(t, "secret")
		template := rapid.SampledFrom([]string{
			`{"new_pin": %}`, `{"%": 1}`, `{"new_pin": ["%"]}`, `{"new_pin": {"%": "%"}}`, `{"scheduled_date": "%"}`, `{"scheduled_date": "+%"}`,
			`{"cancel": "%"}`, `{"cancel": {"%": "%"}}`, `{"smartcard_identifier": {"%": 1}}`, `{"reset_pin": "%"}`,
			`{"%": 1, "%": 2}`, `% {"new_pin": "%"}`, `{"new_pin": "%", "x": 1}`,
		}).Draw(t, "template")
		_, err := schemas.ParseCommandLine([]byte(strings.ReplaceAll(template, "%", secret)), lineDefaults)
		if err == nil || strings.Contains(err.Error(), secret) {
			t.Fatalf("%v", err)
		}
	})
}

func FuzzParseCommandLine(f *testing.F) {
	f.Add([]byte(`{"command_id": "c-1", "new_pin": "4321", "scheduled_date": "2027-01-01T00:00:00Z"}`))
	f.Add([]byte(`{"cancel": {"of": "c-1"}, "source": null}`))
	f.Fuzz(func(t *testing.T, line []byte) {
		parsed, err := schemas.ParseCommandLine(line, lineDefaults)
		if err == nil && (parsed.Command.SetUserParameters == nil) == (parsed.Command.Cancel == nil) {
			t.Errorf("%q: both commands, or none", line)
		}
	})
}
