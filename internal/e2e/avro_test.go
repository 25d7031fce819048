package e2e_test

import (
	"encoding/binary"
	"time"
)

// wireHeader begins a value in the Confluent wire format: byte 0, and the schema's id.
func wireHeader(id uint32) []byte { return binary.BigEndian.AppendUint32([]byte{0}, id) }

// resetCommand is a command as goavro encodes it: reset the PIN of a card.
func resetCommand(id, serialNumber string) map[string]any {
	return map[string]any{
		"command_id": id, "source": "e2e", "occurred_at": time.Now(),
		"command": map[string]any{"cardstream.v1.SetUserParameters": map[string]any{
			"subscription_identifier": map[string]any{"id": nil, "number": map[string]any{"string": "S-1"}},
			"smartcard_identifier": map[string]any{
				"id": nil, "serial_number": map[string]any{"string": serialNumber}, "alternative_code": nil,
			},
			"reset_pin": map[string]any{"boolean": true}, "new_pin": nil,
			"process_immediately": nil, "scheduled_date": nil,
		}},
	}
}

// setCommand is the same with a PIN to set.
func setCommand(id, serialNumber, pin string) map[string]any {
	command := resetCommand(id, serialNumber)
	content := command["command"].(map[string]any)["cardstream.v1.SetUserParameters"].(map[string]any)
	content["reset_pin"], content["new_pin"] = nil, map[string]any{"string": pin}
	return command
}
