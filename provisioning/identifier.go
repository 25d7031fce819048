package provisioning

// SubscriptionIdentifier names the customer's contract in the CRM: exactly one field of a valid one is specified. A nil
// field is one that the command did not specify.
type SubscriptionIdentifier struct {
	ID     *string
	Number *string
}

// SmartcardIdentifier names the smartcard, an installed item of the subscription: exactly one field of a valid one is
// specified. A nil field is one that the command did not specify.
type SmartcardIdentifier struct {
	ID              *string
	SerialNumber    *string
	AlternativeCode *string
}

// SmartcardKey names a card by kind and value, as its command did: "serial_number:0190008020". It is the key of every
// record about the card, and so decides the card's partition. Two kinds of identifier of one card are two keys.
type SmartcardKey string

// Key returns the card's key, and whether there is one: exactly one field is specified, and it is a valid string.
func (s SmartcardIdentifier) Key() (SmartcardKey, bool) {
	var key SmartcardKey
	for _, f := range s.fields() {
		if f.value == nil {
			continue
		}
		if key != "" || !validString(*f.value, maxIdentifierLength) {
			return "", false
		}
		key = SmartcardKey(f.name + ":" + *f.value)
	}
	return key, key != ""
}

// identifierField is one way to name a subscription or a card.
type identifierField struct {
	name  string
	value *string
}

func (s SubscriptionIdentifier) fields() []identifierField {
	return []identifierField{{"id", s.ID}, {"number", s.Number}}
}

func (s SmartcardIdentifier) fields() []identifierField {
	return []identifierField{
		{"id", s.ID}, {"serial_number", s.SerialNumber}, {"alternative_code", s.AlternativeCode},
	}
}

// Equal reports whether both name the same subscription in the same way.
func (s SubscriptionIdentifier) Equal(o SubscriptionIdentifier) bool {
	return equalOptional(s.ID, o.ID) && equalOptional(s.Number, o.Number)
}

// equalOptional reports whether both are absent, or both present and equal.
func equalOptional[T comparable](a, b *T) bool {
	if a == nil || b == nil {
		return a == b
	}
	return *a == *b
}
