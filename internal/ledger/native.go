package ledger

import "time"

// commandNative is a command as goavro encodes it, by field name: a schema that has more fields, with defaults, or fewer
// takes it as well.
func commandNative(c *Command) map[string]any {
	var branch string
	var body map[string]any
	if c.Cancel != nil {
		branch, body = "cardstream.v1.CancelRequest", map[string]any{"number": c.Cancel.Number}
	} else {
		branch, body = "cardstream.v1.SetUserParameters", c.SetUserParameters.native()
	}
	return map[string]any{
		"command_id": c.ID, "source": c.Source, "occurred_at": time.UnixMilli(c.OccurredAt),
		"command": map[string]any{branch: body},
	}
}

func (s *SetUserParameters) native() map[string]any {
	native := map[string]any{
		"subscription_identifier": map[string]any{
			"id": optional("string", s.Subscription.ID), "number": optional("string", s.Subscription.Number),
		},
		"smartcard_identifier": map[string]any{
			"id": optional("string", s.Smartcard.ID), "serial_number": optional("string", s.Smartcard.SerialNumber),
			"alternative_code": optional("string", s.Smartcard.AlternativeCode),
		},
		"reset_pin": optional("boolean", s.ResetPIN), "new_pin": nil,
		"process_immediately": optional("boolean", Some(s.ProcessImmediately)), "scheduled_date": nil,
	}
	if s.NewPIN.Set {
		native["new_pin"] = map[string]any{"string": string(s.NewPIN.Value)}
	}
	if s.ScheduledDate.Set {
		native["scheduled_date"] = map[string]any{"long.timestamp-millis": time.UnixMilli(s.ScheduledDate.Value)}
	}
	return native
}

// optional is a value in the branch of a union with null.
func optional[T comparable](branch string, value Maybe[T]) any {
	if !value.Set {
		return nil
	}
	return map[string]any{branch: value.Value}
}
