package ledger_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"cardstream/internal/ledger"
)

const valid = `"command_id": "c", "subscription_identifier": {"number": "S"}, "smartcard_identifier": {"id": "I"}`

func TestExpectJudgesEachLine(t *testing.T) {
	for line, want := range map[string]string{
		`{` + valid + `, "new_pin": "0000"}`:                                           "",
		`{` + valid + `, "reset_pin": true, "scheduled_date": "+3s"}`:                  "",
		`{` + valid + `, "new_pin": "0000", "scheduled_date": "1066-10-14T09:00:00Z"}`: "",
		`{` + valid + `}`:                                                              "PIN_PARAMETER_MISSING",
		`{` + valid + `, "reset_pin": false}`:                                          "RESET_PIN_FALSE",
		`{` + valid + `, "reset_pin": false, "new_pin": "0000"}`:                       "PIN_PARAMETER_AMBIGUOUS",
		`{` + valid + `, "reset_pin": true, "new_pin": "00000"}`:                       "NEW_PIN_INVALID,PIN_PARAMETER_AMBIGUOUS",
		`{` + valid + `, "new_pin": "00000"}`:                                          "NEW_PIN_INVALID",
		`{` + valid + `, "new_pin": "0000\n"}`:                                         "NEW_PIN_INVALID",
		`{` + valid + `, "new_pin": "٠٠٠٠"}`:                                           "NEW_PIN_INVALID",
		`{` + valid + `, "new_pin": "0000", "scheduled_date": "2999-01-01T00:00:00Z"}`: "SCHEDULED_DATE_TOO_FAR",
		`{` + valid + `, "new_pin": "0000", "source": ""}`:                             "SOURCE_MISSING",
		`{"command_id": ""}`: "COMMAND_ID_MISSING,PIN_PARAMETER_MISSING,SMARTCARD_IDENTIFIER_MISSING," +
			"SUBSCRIPTION_IDENTIFIER_MISSING",
		`{"command_id": "c", "new_pin": "0000", "subscription_identifier": {"id": "", "number": "1"}, ` +
			`"smartcard_identifier": {"id": "a\u0000", "serial_number": " 1", "alternative_code": "` +
			strings.Repeat("é", 65) + `"}}`: "SMARTCARD_IDENTIFIER_AMBIGUOUS,SUBSCRIPTION_IDENTIFIER_AMBIGUOUS," +
			"VALUE_INVALID,VALUE_INVALID,VALUE_INVALID,VALUE_INVALID",
		`{"command_id": "c", "cancel": {"number": "01-1"}}`: "REQUEST_NUMBER_INVALID",
		`{"command_id": "c", "cancel": {"number": "1-1"}}`:  "REQUEST_UNKNOWN",
	} {
		expected, err := ledger.Expect(strings.NewReader(line), ledger.Rules{}, time.Now())
		if err != nil || len(expected) != 1 || expected[0].Broken != nil {
			t.Fatalf("%s: %+v, %v", line, expected, err)
		}
		if got := strings.Join(expected[0].Codes, ","); got != want {
			t.Errorf("%s\ngot  %s\nwant %s", line, got, want)
		}
	}
}

func TestExpectRecognisesWhatIsRepeated(t *testing.T) {
	const first = `{"command_id": "c", "subscription_identifier": {"number": "S"}, "smartcard_identifier": {"id": "I"}, "new_pin": "0000"`
	file := strings.Join([]string{
		`{` + valid + `}`, // breaks a rule, and so is no first one
		first + `}`,
		first + `, "occurred_at": "2020-01-01T00:00:00Z"}`,
		first + `, "process_immediately": true}`,
		strings.Replace(first, "0000", "1111", 1) + `}`,
		first + `, "source": "crm"}`,
		strings.Replace(first, `"I"`, `"J"`, 1) + `}`,
	}, "\n")
	expected, err := ledger.Expect(strings.NewReader(file), ledger.Rules{}, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	var outcomes []ledger.Outcome
	for _, e := range expected {
		outcomes = append(outcomes, e.Outcome)
	}
	want := []ledger.Outcome{ledger.Rejected, ledger.Accepted, ledger.Duplicate, ledger.Duplicate, ledger.Duplicate,
		ledger.Accepted, ledger.Accepted}
	if !slices.Equal(outcomes, want) {
		t.Errorf("outcomes %v, want %v", outcomes, want)
	}
	if len(expected[2].Codes) != 0 || len(expected[3].Codes) != 1 || expected[3].CodesOptional || !expected[4].CodesOptional {
		t.Errorf("a duplicate alike %+v, with another content %+v, with another PIN %+v", expected[2], expected[3], expected[4])
	}
}

func TestMatch(t *testing.T) {
	const (
		card    = `"smartcard_identifier": {"id": "I", "serial_number": null, "alternative_code": null}`
		about   = `"command_id": "c", "source": "cli", "request_number": "0-1", ` + card
		pending = `{"event_type": "REQUEST_PENDING", "errors": [], ` + about + `}`
		sent    = `{"event_type": "REQUEST_SENT", "errors": [], ` + about + `}`
		done    = `{"event_type": "REQUEST_COMPLETED", "errors": [], ` + about + `}`
		again   = `{"event_type": "COMMAND_DUPLICATE", "errors": [], ` + about + `}`
		other   = `{"event_type": "COMMAND_DUPLICATE", "command_id": "c", "source": "cli", "request_number": "0-2", ` + card + `}`
		refused = `{"event_type": "COMMAND_REJECTED", "command_id": "d", "source": "cli", "errors": [{"code": "PIN_PARAMETER_MISSING"}], ` + card + `}`
		wrongly = `{"event_type": "COMMAND_REJECTED", "command_id": "d", "source": "cli", "errors": [{"code": "VALUE_INVALID"}], ` + card + `}`
	)
	file := `{` + valid + `, "new_pin": "0000"}` + "\n" + `{` + valid + `, "new_pin": "0000"}` + "\n" +
		`{"command_id": "d", "subscription_identifier": {"number": "S"}, "smartcard_identifier": {"id": "I"}}`
	expected, err := ledger.Expect(strings.NewReader(file), ledger.Rules{}, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		events []string
		wrong  bool
	}{
		"as demanded":                    {[]string{pending, refused, sent, done, again}, false},
		"one missing":                    {[]string{pending, refused, sent, again}, true},
		"one too many":                   {[]string{pending, refused, sent, done, done, again}, true},
		"another order":                  {[]string{pending, refused, done, sent, again}, true},
		"no duplicate":                   {[]string{pending, refused, sent, done}, true},
		"a duplicate of another request": {[]string{pending, refused, sent, done, other}, true},
		"other errors":                   {[]string{pending, wrongly, sent, done, again}, true},
		"an event of no line":            {[]string{pending, refused, sent, done, again, strings.Replace(pending, `"c"`, `"x"`, 1)}, true},
	} {
		events, err := ledger.ReadPrinted(strings.NewReader(strings.Join(c.events, "\n")))
		if err != nil {
			t.Fatal(err)
		}
		if wrong := ledger.Match(expected, events); (len(wrong) > 0) != c.wrong {
			t.Errorf("%s: %q", name, wrong)
		}
	}
}
