// Package sample makes the example files: the same bytes every time.
package sample

import (
	"bytes"
	"encoding/json"
)

// line is a command as a JSON line. Pointers that are nil, and empty raw values, are left out.
type line struct {
	CommandID    string          `json:"command_id"`
	Source       *string         `json:"source,omitempty"`
	OccurredAt   *string         `json:"occurred_at,omitempty"`
	Subscription *subscription   `json:"subscription_identifier,omitempty"`
	Smartcard    *smartcard      `json:"smartcard_identifier,omitempty"`
	ResetPIN     *bool           `json:"reset_pin,omitempty"`
	NewPIN       *string         `json:"new_pin,omitempty"`
	Immediately  json.RawMessage `json:"process_immediately,omitempty"`
	Scheduled    *string         `json:"scheduled_date,omitempty"`
	Cancel       *cancel         `json:"cancel,omitempty"`
}

type subscription struct {
	ID     *string `json:"id,omitempty"`
	Number *string `json:"number,omitempty"`
}

type smartcard struct {
	ID              *string `json:"id,omitempty"`
	SerialNumber    *string `json:"serial_number,omitempty"`
	AlternativeCode *string `json:"alternative_code,omitempty"`
}

type cancel struct {
	Number string `json:"number"`
}

// text returns the line, with its line feed.
func (l line) text() []byte {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(l); err != nil {
		panic(err) // a line is always JSON
	}
	return b.Bytes()
}

// clone copies a line so that spoiling the copy leaves the line alone.
func (l line) clone() line {
	if l.Subscription != nil {
		l.Subscription = new(*l.Subscription)
	}
	if l.Smartcard != nil {
		l.Smartcard = new(*l.Smartcard)
	}
	return l
}
