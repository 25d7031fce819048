package schemas

import "cardstream/provisioning"

// The structs named …Wire have the fields of the Avro records. They differ from the domain's types where the wire does:
// null for a string that is empty, text for a request number, a PIN in the clear. Where only the tags differ, one is
// converted into the other.

type subscriptionWire struct {
	ID     *string `avro:"id"`
	Number *string `avro:"number"`
}

type smartcardWire struct {
	ID              *string `avro:"id"`
	SerialNumber    *string `avro:"serial_number"`
	AlternativeCode *string `avro:"alternative_code"`
}

// optional returns a pointer to v's copy in *store, or nil where v is zero: the wire's null.
func optional[T comparable](store *T, v T) *T {
	if v == *new(T) {
		return nil
	}
	*store = v
	return store
}

// orZero is the way back.
func orZero[T any](v *T) T {
	if v == nil {
		return *new(T)
	}
	return *v
}

// parseNumber reads a request number of a record that cardstream itself has written.
func parseNumber(record, text string) (provisioning.RequestNumber, error) {
	number, err := provisioning.ParseRequestNumber(text)
	if err != nil {
		return number, errorf(KindUnknown, "%s: its number is no request number", record)
	}
	return number, nil
}
