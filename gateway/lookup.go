package gateway

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"cardstream/gateway/internal/readmodel"
	"cardstream/provisioning"
)

var errTwoKeys = errors.New("there is more than one " + idempotencyKey)

// The bounds of a list.
const (
	defaultResults = 20
	mostResults    = 50
	mostOffset     = 100_000 // whoever wants to see more reads the topic
)

// show serves one request, by its number or by the command that made it.
func (g *Gateway) show(c *call) reply {
	q, refused := g.query(c, "number", "command_id")
	if refused != nil {
		return *refused
	}
	number, id := q.text("number"), q.text("command_id")
	if (number == "") == (id == "") && len(q.wrong) == 0 {
		return fail(codeMalformedRequest, "the query: must have either number or command_id")
	}
	var n provisioning.RequestNumber
	if number != "" {
		var err error
		if n, err = provisioning.ParseRequestNumber(number); err != nil {
			q.wrong = append(q.wrong, provisioning.Violation{
				Code: provisioning.RequestNumberInvalid, Field: &numberField,
				Message: "number must be the number of a request, <partition>-<offset>",
			})
		}
	}
	if len(q.wrong) > 0 {
		return reply{code: codeInvalidParameters, errors: q.wrong}
	}
	free, ok := g.enter(c)
	if !ok {
		return reply{code: codeOverloaded}
	}
	defer free()
	r, err := g.find(c, n, id)
	switch {
	case err != nil:
		return g.internal(c, err)
	case r == nil:
		return fail(codeNotFound, "there is no such request")
	}
	c.number = r.Number.String()
	return reply{code: codeOK, data: viewOf(r)}
}

var numberField = "number"

// find looks a request up: by the id of the command that made it if that is not empty, else by number.
func (g *Gateway) find(c *call, n provisioning.RequestNumber, commandID string) (*provisioning.Request, error) {
	if commandID == "" {
		return g.model.Get(n)
	}
	made, err := g.model.ByCommand(c.source, commandID)
	if err != nil || len(made) == 0 {
		return nil, err
	}
	return made[0], nil
}

// list serves requests, the newest first.
func (g *Gateway) list(c *call) reply {
	q, refused := g.query(c, "life_cycle_state", "smartcard", "subscription", "offset", "number_of_results")
	if refused != nil {
		return *refused
	}
	wanted := readmodel.Query{
		State:  provisioning.State(q.text("life_cycle_state")),
		Offset: q.number("offset", 0, 0, mostOffset),
		Most:   q.number("number_of_results", defaultResults, 1, mostResults),
	}
	if wanted.State != "" && !slices.Contains(provisioning.States, wanted.State) {
		q.fail("life_cycle_state", fmt.Sprintf("must be one of %v", provisioning.States))
	}
	var ofCard, ofSubscription func(*provisioning.Request) *string
	wanted.Smartcard, ofCard = kindAndValue(q.text("smartcard"), cardKinds)
	wanted.Subscription, ofSubscription = kindAndValue(q.text("subscription"), subscriptionKinds)
	if ofCard != nil || ofSubscription != nil {
		wanted.Matches = func(r *provisioning.Request) bool {
			return is(r, ofCard, wanted.Smartcard) && is(r, ofSubscription, wanted.Subscription)
		}
	}
	if len(q.wrong) > 0 {
		return reply{code: codeInvalidParameters, errors: q.wrong}
	}
	free, ok := g.enter(c)
	if !ok {
		return reply{code: codeOverloaded}
	}
	defer free()
	found, err := g.model.List(c.Context(), wanted)
	if err != nil {
		return g.internal(c, err)
	}
	views := make([]requestView, len(found))
	for i, r := range found {
		views[i] = viewOf(r)
	}
	return reply{code: codeOK, data: views}
}

// The kinds of identifiers that a look-up can name.
var (
	cardKinds = map[string]func(*provisioning.Request) *string{
		"id":               func(r *provisioning.Request) *string { return r.Smartcard.ID },
		"serial_number":    func(r *provisioning.Request) *string { return r.Smartcard.SerialNumber },
		"alternative_code": func(r *provisioning.Request) *string { return r.Smartcard.AlternativeCode },
	}
	subscriptionKinds = map[string]func(*provisioning.Request) *string{
		"id":     func(r *provisioning.Request) *string { return r.Subscription.ID },
		"number": func(r *provisioning.Request) *string { return r.Subscription.Number },
	}
)

// kindAndValue reads "serial_number:0190008020", or a value alone, which may be of any kind.
func kindAndValue(text string, kinds map[string]func(*provisioning.Request) *string,
) (value string, of func(*provisioning.Request) *string) {
	kind, value, _ := strings.Cut(text, ":")
	if of := kinds[kind]; of != nil && value != "" {
		return value, of
	}
	return text, nil
}

func is(r *provisioning.Request, of func(*provisioning.Request) *string, value string) bool {
	if of == nil {
		return true
	}
	has := of(r)
	return has != nil && *has == value
}

// query is the parameters of a look-up, and what is wrong with them.
type query struct {
	values url.Values
	wrong  []provisioning.Violation
}

// query finds out who calls, and reads the query strictly: no other names than these, and none twice.
func (g *Gateway) query(c *call, names ...string) (*query, *reply) {
	found, refused := g.headerToken(c)
	if !found {
		refused = refuse("there is no Authorization header")
	}
	if refused != nil {
		return nil, refused
	}
	values, err := url.ParseQuery(c.URL.RawQuery)
	why := ""
	if err != nil {
		why = "the query: cannot be read"
	}
	for name, list := range values {
		switch {
		case !slices.Contains(names, name):
			why = "the query: has an unknown parameter"
		case len(list) > 1:
			why = "the query: has a parameter twice"
		}
	}
	if why != "" {
		r := fail(codeMalformedRequest, why)
		return nil, &r
	}
	return &query{values: values}, nil
}

func (q *query) fail(name, message string) { q.wrong = append(q.wrong, valueInvalid(name, message)) }

// text returns a parameter; empty where it is absent, or no text that anything can have.
func (q *query) text(name string) string {
	if !q.values.Has(name) {
		return ""
	}
	value := q.values.Get(name)
	if !provisioning.ValidName(value) {
		q.fail(name, "must have 1 to 255 printable characters without surrounding space")
		return ""
	}
	return value
}

// number returns a parameter that is a number.
func (q *query) number(name string, absent, least, most int) int {
	if !q.values.Has(name) {
		return absent
	}
	n, err := strconv.ParseUint(q.values.Get(name), 10, 31)
	if err != nil || int(n) < least || int(n) > most {
		q.fail(name, fmt.Sprintf("must be a number from %d to %d", least, most))
		return absent
	}
	return int(n)
}
