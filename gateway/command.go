package gateway

import (
	"context"
	"crypto/rand"
	"strings"
	"time"

	"cardstream/gateway/internal/answering"
	"cardstream/internal/strictjson"
	"cardstream/provisioning"
	"cardstream/schemas"
)

// idempotencyKey is the header that becomes the command_id. docs/decisions/0041-idempotency-keys.md says what it means.
const idempotencyKey = "Idempotency-Key"

// setUserParameters serves the CRM's own method.
func (g *Gateway) setUserParameters(c *call) reply {
	return g.command(c, func(o *strictjson.Object, command *provisioning.Command) (wrong []provisioning.Violation) {
		set := schemas.TakeSetUserParameters(o)
		if text := o.Text("scheduled_date").V; text != nil {
			date, ok := parseDate(*text, g.TimeZone)
			if ok {
				set.ScheduledDate = &date
			} else {
				wrong = append(wrong, valueInvalid("scheduled_date",
					"must be a date: RFC 3339, YYYY-MM-DDThh:mm:ss or YYYY-MM-DD"))
			}
		}
		command.SetUserParameters = set
		return wrong
	})
}

// cancel serves the cancelling of a request that is still PENDING.
func (g *Gateway) cancel(c *call) reply {
	return g.command(c, func(o *strictjson.Object, command *provisioning.Command) []provisioning.Violation {
		command.Cancel = &provisioning.Cancel{Number: o.Text("number").Or("")}
		return nil
	})
}

// command reads a command, judges it, hands it in and answers its outcome. take takes the command's own members, and
// says what of them no command can hold.
func (g *Gateway) command(c *call, take func(*strictjson.Object, *provisioning.Command) []provisioning.Violation) reply {
	command, refused := g.readCommand(c, take)
	if refused != nil {
		return *refused
	}
	free, ok := g.enter(c)
	if !ok {
		return reply{code: codeOverloaded}
	}
	defer free()
	g.Metrics.waiting.Inc()
	defer g.Metrics.waiting.Dec()
	ctx, cancel := context.WithTimeout(c.Context(), g.Wait)
	defer cancel()
	defer context.AfterFunc(g.hurry, cancel)()
	answer, err := g.desk.Do(ctx, command)
	if err != nil {
		return g.internal(c, err)
	}
	return answered(c, command, answer)
}

// readCommand returns the command of a body in which nothing is wrong.
func (g *Gateway) readCommand(c *call, take func(*strictjson.Object, *provisioning.Command) []provisioning.Violation,
) (*provisioning.Command, *reply) {
	o, release, refused := g.object(c)
	defer release()
	if refused != nil {
		return nil, refused
	}
	now := provisioning.TimestampOf(time.Now())
	command := &provisioning.Command{ID: rand.Text(), Source: c.source, OccurredAt: now}
	wrong := take(o, command)
	o.Close()
	if err := o.Err(); err != nil {
		return nil, malformed(err)
	}
	switch keys := c.Header.Values(idempotencyKey); len(keys) {
	case 0:
	case 1:
		command.ID = keys[0]
	default:
		return nil, malformed(errTwoKeys)
	}
	if wrong = append(g.Rules.Judge(command, now), wrong...); len(wrong) > 0 {
		return nil, &reply{code: codeInvalidParameters, errors: asWritten(wrong)}
	}
	return command, nil
}

// asWritten names fields as the caller wrote them: what the command calls its id is a header here.
func asWritten(violations []provisioning.Violation) []provisioning.Violation {
	const name = "command_id"
	list := make([]provisioning.Violation, len(violations))
	for i, v := range violations {
		if v.Field != nil && *v.Field == name {
			field := idempotencyKey
			v.Field, v.Message = &field, field+strings.TrimPrefix(v.Message, name)
		}
		list[i] = v
	}
	return list
}

func valueInvalid(field, message string) provisioning.Violation {
	return provisioning.Violation{Code: provisioning.ValueInvalid, Field: &field, Message: field + " " + message}
}

// codes are what the kinds of answers are to callers.
var codes = map[answering.Kind]code{
	answering.Accepted:    codeAccepted,
	answering.Done:        codeOK,
	answering.Differs:     codeDuplicateDiffers,
	answering.Invalid:     codeInvalidParameters,
	answering.NotPending:  codeRequestNotPending,
	answering.Unknown:     codeNotFound,
	answering.Unavailable: codeUnavailable,
}

// answered makes the reply of an answer.
func answered(c *call, command *provisioning.Command, a answering.Answer) reply {
	r := reply{code: codes[a.Kind], errors: asWritten(a.Errors)}
	switch {
	case a.Request != nil:
		c.number = a.Request.Number.String()
		r.data = viewOf(a.Request)
	case a.Kind == answering.Accepted:
		r.data = acceptedView{command.ID}
	case a.Kind == answering.Unavailable:
		r.description = "the command was surely not written"
	}
	return r
}
