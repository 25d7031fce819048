package schemas_test

import (
	"pgregory.net/rapid"

	"cardstream/provisioning"
	"cardstream/schemas"
)

// Generators of the domain's types: anything that the wire can carry, valid or not.

func optionalOf[T any](g *rapid.Generator[T]) *rapid.Generator[*T] { return rapid.Ptr(g, true) }

func draw[T any](t *rapid.T, g *rapid.Generator[T], label string) T { return g.Draw(t, label) }

var (
	anyText   = rapid.String()
	anyTime   = rapid.Custom(func(t *rapid.T) provisioning.Timestamp { return provisioning.Timestamp(rapid.Int64().Draw(t, "ms")) })
	anyNumber = rapid.Custom(func(t *rapid.T) provisioning.RequestNumber {
		return provisioning.RequestNumber{
			Partition: rapid.Int32Min(0).Draw(t, "partition"), Offset: rapid.Int64Min(0).Draw(t, "offset"),
		}
	})
	anyPIN          = rapid.Custom(func(t *rapid.T) provisioning.PIN { return provisioning.NewPIN(anyText.Draw(t, "pin")) })
	anyAction       = rapid.SampledFrom([]provisioning.Action{provisioning.ResetPIN, provisioning.SetPIN})
	anyState        = rapid.SampledFrom(provisioning.States)
	anyRejecter     = rapid.SampledFrom([]provisioning.Rejecter{"COMMAND", "HEADEND", "TIMEOUT"})
	anySubscription = rapid.Custom(func(t *rapid.T) provisioning.SubscriptionIdentifier {
		return provisioning.SubscriptionIdentifier{
			ID: draw(t, optionalOf(anyText), "id"), Number: draw(t, optionalOf(anyText), "number"),
		}
	})
	anySmartcard = rapid.Custom(func(t *rapid.T) provisioning.SmartcardIdentifier {
		return provisioning.SmartcardIdentifier{
			ID:              draw(t, optionalOf(anyText), "id"),
			SerialNumber:    draw(t, optionalOf(anyText), "serial_number"),
			AlternativeCode: draw(t, optionalOf(anyText), "alternative_code"),
		}
	})
	anyBytes = rapid.Custom(func(t *rapid.T) []byte {
		if rapid.Bool().Draw(t, "null") {
			return nil
		}
		return append([]byte{}, rapid.SliceOf(rapid.Byte()).Draw(t, "bytes")...)
	})
)

var anyCommand = rapid.Custom(func(t *rapid.T) provisioning.Command {
	c := provisioning.Command{
		ID: draw(t, anyText, "command_id"), OccurredAt: draw(t, anyTime, "occurred_at"), Source: draw(t, anyText, "source"),
	}
	if rapid.Bool().Draw(t, "cancel") {
		c.Cancel = &provisioning.Cancel{Number: draw(t, anyText, "number")}
		return c
	}
	c.SetUserParameters = &provisioning.SetUserParameters{
		Subscription:       draw(t, anySubscription, "subscription"),
		Smartcard:          draw(t, anySmartcard, "smartcard"),
		ResetPIN:           draw(t, optionalOf(rapid.Bool()), "reset_pin"),
		NewPIN:             draw(t, optionalOf(anyPIN), "new_pin"),
		ProcessImmediately: draw(t, rapid.Bool(), "process_immediately"),
		ScheduledDate:      draw(t, optionalOf(anyTime), "scheduled_date"),
	}
	return c
})

var anyResult = rapid.Custom(func(t *rapid.T) provisioning.Result {
	return provisioning.Result{
		RequestNumber:    draw(t, anyText, "request_number"),
		Attempt:          draw(t, rapid.Int32(), "attempt"),
		Status:           draw(t, rapid.SampledFrom([]provisioning.ResponseStatus{"ACCEPTED", "REJECTED"}), "status"),
		Retryable:        draw(t, rapid.Bool(), "retryable"),
		ReferenceNumber:  draw(t, optionalOf(anyText), "reference_number"),
		ErrorCode:        draw(t, optionalOf(anyText), "error_code"),
		ErrorDescription: draw(t, optionalOf(anyText), "error_description"),
		RetryAfter:       draw(t, optionalOf(rapid.Int64()), "retry_after"),
		RespondedAt:      draw(t, anyTime, "responded_at"),
	}
})

var anyEntry = rapid.Custom(func(t *rapid.T) provisioning.Entry {
	switch rapid.IntRange(0, 2).Draw(t, "kind") {
	case 0:
		return provisioning.Entry{Create: &provisioning.CreateEntry{
			CommandID:          draw(t, anyText, "command_id"),
			Source:             draw(t, anyText, "source"),
			Subscription:       draw(t, anySubscription, "subscription"),
			Smartcard:          draw(t, anySmartcard, "smartcard"),
			Action:             draw(t, anyAction, "action"),
			NewPIN:             draw(t, anyPIN, "new_pin"),
			ProcessImmediately: draw(t, rapid.Bool(), "process_immediately"),
			ScheduledDate:      draw(t, optionalOf(anyTime), "scheduled_date"),
			AppendedAt:         draw(t, anyTime, "appended_at"),
		}}
	case 1:
		return provisioning.Entry{Cancel: &provisioning.CancelEntry{
			CommandID:  draw(t, anyText, "command_id"),
			Source:     draw(t, anyText, "source"),
			Number:     draw(t, anyNumber, "number"),
			AppendedAt: draw(t, anyTime, "appended_at"),
		}}
	default:
		return provisioning.Entry{Result: &provisioning.ResultEntry{
			Result: draw(t, anyResult, "result"),
			Origin: provisioning.Origin{
				Topic:     draw(t, anyText, "topic"),
				Partition: draw(t, rapid.Int32(), "partition"),
				Offset:    draw(t, rapid.Int64(), "offset"),
				Timestamp: draw(t, anyTime, "timestamp"),
				Key:       draw(t, anyBytes, "key"),
				Value:     draw(t, anyBytes, "value"),
			},
		}}
	}
})

var anyRequest = rapid.Custom(func(t *rapid.T) provisioning.Request {
	return provisioning.Request{
		Number:             draw(t, anyNumber, "number"),
		CommandID:          draw(t, anyText, "command_id"),
		Source:             draw(t, anyText, "source"),
		Subscription:       draw(t, anySubscription, "subscription"),
		Smartcard:          draw(t, anySmartcard, "smartcard"),
		SmartcardKey:       provisioning.SmartcardKey(draw(t, anyText, "smartcard_key")),
		Action:             draw(t, anyAction, "action"),
		NewPIN:             draw(t, anyPIN, "new_pin"),
		ContentDigest:      draw(t, anyBytes, "content_digest"),
		ProcessImmediately: draw(t, rapid.Bool(), "process_immediately"),
		ScheduledDate:      draw(t, optionalOf(anyTime), "scheduled_date"),
		CommandAppendedAt:  draw(t, anyTime, "command_appended_at"),
		CreatedAt:          draw(t, anyTime, "created_at"),
		DueAt:              draw(t, anyTime, "due_at"),
		UpdatedAt:          draw(t, anyTime, "updated_at"),
		ExecutedDate:       draw(t, optionalOf(anyTime), "executed_date"),
		EndedAt:            draw(t, optionalOf(anyTime), "ended_at"),
		ForgetAt:           draw(t, optionalOf(anyTime), "forget_at"),
		State:              draw(t, anyState, "state"),
		Revision:           draw(t, rapid.Int32(), "revision"),
		Attempts:           draw(t, rapid.Int32(), "attempts"),
		FreeAttempts:       draw(t, rapid.Int32(), "free_attempts"),
		AttemptSentAt:      draw(t, optionalOf(anyTime), "attempt_sent_at"),
		RespondBy:          draw(t, optionalOf(anyTime), "respond_by"),
		RetryAt:            draw(t, optionalOf(anyTime), "retry_at"),
		RetryAfterSum:      draw(t, rapid.Int64(), "retry_after_sum"),
		ReferenceNumber:    draw(t, optionalOf(anyText), "reference_number"),
		Silence:            draw(t, rapid.Int32(), "headend_silence"),
		RejectedBy:         draw(t, optionalOf(anyRejecter), "rejected_by"),
		ErrorCode:          draw(t, optionalOf(anyText), "error_code"),
		ErrorDescription:   draw(t, optionalOf(anyText), "error_description"),
		CancelCommandID:    draw(t, optionalOf(anyText), "cancel_command_id"),
		CancelSource:       draw(t, optionalOf(anyText), "cancel_source"),
	}
})

var anySmartcardCommand = rapid.Custom(func(t *rapid.T) provisioning.SmartcardCommand {
	return provisioning.SmartcardCommand{
		RequestNumber: draw(t, anyNumber, "request_number"),
		Attempt:       draw(t, rapid.Int32(), "attempt"),
		Action:        draw(t, anyAction, "action"),
		NewPIN:        draw(t, anyPIN, "new_pin"),
		Smartcard:     draw(t, anySmartcard, "smartcard"),
		Subscription:  draw(t, anySubscription, "subscription"),
		IssuedAt:      draw(t, anyTime, "issued_at"),
		RespondBy:     draw(t, optionalOf(anyTime), "respond_by"),
	}
})

var anyViolation = rapid.Custom(func(t *rapid.T) provisioning.Violation {
	return provisioning.Violation{
		Code:    provisioning.Code(draw(t, anyText, "code")),
		Field:   draw(t, optionalOf(anyText), "field"),
		Message: draw(t, anyText, "message"),
	}
})

var anyEvent = rapid.Custom(func(t *rapid.T) provisioning.Event {
	e := provisioning.Event{
		ID:                 draw(t, anyText, "event_id"),
		Type:               provisioning.EventType(draw(t, anyText, "event_type")),
		OccurredAt:         draw(t, anyTime, "occurred_at"),
		CommandID:          draw(t, anyText, "command_id"),
		Source:             draw(t, anyText, "source"),
		RequestNumber:      draw(t, optionalOf(anyNumber), "request_number"),
		State:              draw(t, rapid.SampledFrom(append(provisioning.States, "")), "state"),
		Attempt:            draw(t, optionalOf(rapid.Int32()), "attempt"),
		Subscription:       draw(t, anySubscription, "subscription"),
		Smartcard:          draw(t, anySmartcard, "smartcard"),
		Action:             draw(t, rapid.SampledFrom([]provisioning.Action{"", "RESET_PIN", "SET_PIN"}), "action"),
		ProcessImmediately: draw(t, optionalOf(rapid.Bool()), "process_immediately"),
		ScheduledDate:      draw(t, optionalOf(anyTime), "scheduled_date"),
		CreatedAt:          draw(t, optionalOf(anyTime), "created_at"),
		DueAt:              draw(t, optionalOf(anyTime), "due_at"),
		ExecutedDate:       draw(t, optionalOf(anyTime), "executed_date"),
		ReferenceNumber:    draw(t, optionalOf(anyText), "reference_number"),
		RejectedBy:         draw(t, optionalOf(anyRejecter), "rejected_by"),
	}
	for range rapid.IntRange(0, 3).Draw(t, "errors") {
		e.Errors = append(e.Errors, anyViolation.Draw(t, "error"))
	}
	return e
})

var anyControl = rapid.Custom(func(t *rapid.T) schemas.ControlSetting {
	return schemas.ControlSetting{
		Name:   draw(t, anyText, "name"),
		Value:  draw(t, anyText, "value"),
		Reason: draw(t, optionalOf(anyText), "reason"),
		SetBy:  draw(t, anyText, "set_by"),
		SetAt:  draw(t, anyTime, "set_at"),
	}
})
