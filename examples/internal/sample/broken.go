package sample

import "strings"

// Broken returns broken.jsonl.
func Broken() []byte { return []byte(strings.Join(brokenLines, "\n") + "\n") }

// brokenLines are lines that are no commands, each for another reason, and every few lines one that is. None repeats a
// reason that another has already shown, and every would-be PIN is 9999, to be looked for in what cardstream prints.
var brokenLines = []string{
	`{"command_id": "good-1", "subscription_identifier": {"number": "S-1"}, "smartcard_identifier": {"serial_number": "0190008020"}, "new_pin": "4321"}`,
	`{"command_id": "cut", "new_pin": "9999"`,
	`not JSON at all`,
	`{'command_id': 'quotes', 'new_pin': '9999'}`,
	`{"command_id": "comma", "new_pin": "9999",}`,
	`null`,
	`["command_id", "array"]`,
	`"a string"`,
	`42`,
	`{"command_id": "good-2", "subscription_identifier": {"id": "1"}, "smartcard_identifier": {"id": "II-2"}, "reset_pin": true, "process_immediately": true}`,
	`{"command_id": "unknown field", "pin": "9999"}`,
	`{"Command_ID": "capitals", "New_Pin": "9999"}`,
	`{"command_id": "unknown field inside", "smartcard_identifier": {"serial": "1"}, "new_pin": "9999"}`,
	`{"command_id": "number for string", "new_pin": 9999}`,
	`{"command_id": "string for boolean", "reset_pin": "true"}`,
	`{"command_id": "string for object", "smartcard_identifier": "0190008020", "new_pin": "9999"}`,
	`{"command_id": "array for object", "subscription_identifier": ["S-1"], "new_pin": "9999"}`,
	`{"command_id": "number for date", "scheduled_date": 1798761600000, "new_pin": "9999"}`,
	`{"command_id": 17, "new_pin": "9999"}`,
	`{"command_id": "number too large", "new_pin": 1e999999}`,
	``,
	`{"command_id": "no such day", "scheduled_date": "2027-02-30T00:00:00Z", "new_pin": "9999"}`,
	`{"command_id": "date without time", "scheduled_date": "2027-01-01", "new_pin": "9999"}`,
	`{"command_id": "date without zone", "scheduled_date": "2027-01-01T00:00:00", "new_pin": "9999"}`,
	`{"command_id": "no duration", "scheduled_date": "+soon", "new_pin": "9999"}`,
	`{"command_id": "data behind", "new_pin": "9999"} {"command_id": "data behind"}`,
	`{"command_id": "twice", "new_pin": "9999", "new_pin": "9999"}`,
	`{"command_id": "twice inside", "subscription_identifier": {"id": "1", "id": "1"}, "new_pin": "9999"}`,
	`{"command_id": "twice, escaped", "new_pin": "9999", "new\u005fpin": "9999"}`,
	`   `,
	`{"command_id": "good-3", "subscription_identifier": {"number": "S-3"}, "smartcard_identifier": {"alternative_code": "A-3"}, "new_pin": "1234", "scheduled_date": null}`,
	"{\"command_id\": \"a NUL\x00\", \"new_pin\": \"9999\"}",
	"{\"command_id\": \"a tab\tunescaped\", \"new_pin\": \"9999\"}",
	"{\"command_id\": \"not UTF-8: \xff\xfe\", \"new_pin\": \"9999\"}",
	`{"command_id": "half a character: \ud83d", "new_pin": "9999"}`,
	`{"command_id": "bad escape: \x", "new_pin": "9999"}`,
	`{"command_id": "both", "cancel": {"number": "0-1"}, "new_pin": "9999"}`,
	`{"command_id": "cancel of nothing", "cancel": {}}`,
	`{"command_id": "cancel of both", "cancel": {"number": "0-1", "of": "good-1"}}`,
	`{"command_id": "cancel by number", "cancel": {"number": 1}}`,
	`{"command_id": "cancel as text", "cancel": "0-1"}`,
	`{"command_id": "unknown in cancel", "cancel": {"number": "0-1", "why": "9999"}}`,
	`{"command_id": "good-4", "subscription_identifier": {"number": "S-4"}, "smartcard_identifier": {"serial_number": "0190008020"}, "new_pin": "5678"}`,
	`{"command_id": "breaks a rule, is a command", "subscription_identifier": {"number": "S-5"}, "smartcard_identifier": {"serial_number": "0190008020"}}`,
}
