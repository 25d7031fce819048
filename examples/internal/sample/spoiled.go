package sample

import (
	"slices"
	"strings"
)

// spoiled are the ways to break one rule, every code of the contract at least twice.
func spoiled() []func(*line) {
	return slices.Concat(spoiledSubscription(), spoiledSmartcard(), spoiledPIN(), spoiledRest())
}

func spoiledSubscription() []func(*line) {
	name := func(s *subscription) func(*line) { return func(l *line) { l.Subscription = s } }
	return []func(*line){
		name(nil), name(&subscription{}), // MISSING
		name(&subscription{ID: new("1"), Number: new("S-1")}), name(&subscription{ID: new("a"), Number: new("a")}), // AMBIGUOUS
		name(&subscription{Number: new("")}), name(&subscription{ID: new(strings.Repeat("ü", 65))}), // VALUE_INVALID
		name(&subscription{Number: new(" S-1")}), name(&subscription{Number: new("S-1\n")}),
		name(&subscription{Number: new("S\u200b1")}),
	}
}

func spoiledSmartcard() []func(*line) {
	name := func(s *smartcard) func(*line) { return func(l *line) { l.Smartcard = s } }
	return []func(*line){
		name(nil), name(&smartcard{}), // MISSING
		name(&smartcard{ID: new("1"), SerialNumber: new("1")}), // AMBIGUOUS
		name(&smartcard{ID: new("1"), SerialNumber: new("2"), AlternativeCode: new("3")}),
		name(&smartcard{SerialNumber: new("")}), name(&smartcard{SerialNumber: new("0190008020 ")}), // VALUE_INVALID
		name(&smartcard{AlternativeCode: new("a\u0000b")}), name(&smartcard{ID: new(strings.Repeat("9", 65))}),
		name(&smartcard{ID: new("no\u00a0break")}),
	}
}

func spoiledPIN() []func(*line) {
	pin := func(reset *bool, pin *string) func(*line) { return func(l *line) { l.ResetPIN, l.NewPIN = reset, pin } }
	return []func(*line){
		pin(nil, nil), pin(nil, nil), // MISSING
		pin(new(true), new("1234")), pin(new(false), new("1234")), // AMBIGUOUS
		pin(new(false), nil), pin(new(false), nil), // RESET_PIN_FALSE
		pin(nil, new("123")), pin(nil, new("12345")), pin(nil, new("12a4")), pin(nil, new("")), // NEW_PIN_INVALID
		pin(nil, new("１２３４")), pin(nil, new("٤٣٢١")), pin(nil, new("1234\n")),
	}
}

func spoiledRest() []func(*line) {
	return []func(*line){
		func(l *line) { l.Scheduled = new("2999-12-31T00:00:00Z") }, // SCHEDULED_DATE_TOO_FAR
		func(l *line) { l.Scheduled = new("9999-12-31T23:59:59.999Z") },
		func(l *line) { l.Scheduled = new("+26280h") },
		func(l *line) { l.CommandID = "" }, func(l *line) { l.CommandID = "" }, // COMMAND_ID_MISSING
		func(l *line) { l.Source = new("") }, func(l *line) { l.Source = new("") }, // SOURCE_MISSING
		func(l *line) { l.CommandID += "\t" }, func(l *line) { l.Source = new("crm ") }, // VALUE_INVALID
	}
}

// spoiledTogether break several rules at once.
func spoiledTogether() []func(*line) {
	everything := func(l *line) {
		l.CommandID, l.Source = "", new("")
		l.Subscription, l.Smartcard = &subscription{}, &smartcard{}
		l.ResetPIN, l.NewPIN = nil, nil
		l.Scheduled = new("2999-01-01T00:00:00Z")
	}
	return []func(*line){
		everything, everything,
		func(l *line) { l.Subscription, l.Smartcard = nil, nil },
		func(l *line) { l.Subscription, l.Smartcard, l.ResetPIN, l.NewPIN = nil, nil, nil, nil },
		func(l *line) { l.ResetPIN, l.NewPIN = new(true), new("wrong") },
		func(l *line) {
			l.Subscription, l.Smartcard = &subscription{Number: new("")}, &smartcard{ID: new(""), SerialNumber: new(" ")}
		},
		func(l *line) { l.ResetPIN, l.NewPIN, l.Scheduled = new(false), nil, new("2999-01-01T00:00:00Z") },
		func(l *line) { l.CommandID, l.NewPIN, l.ResetPIN = "", new("0"), nil },
	}
}

// cancels are those of what is no number, and of numbers that no request has.
func cancels() []func(*line) {
	var all []func(*line)
	for _, number := range []string{
		"", "seven", "3_1042", "03-1042", "3-", "+3-1", "3-9223372036854775808", // REQUEST_NUMBER_INVALID
		"0-999999999999", "1-999999999999", "2-999999999998", // REQUEST_UNKNOWN
	} {
		all = append(all, func(l *line) { *l = line{CommandID: l.CommandID, Source: l.Source, Cancel: &cancel{number}} })
	}
	return all
}
