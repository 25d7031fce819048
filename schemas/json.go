package schemas

import (
	"context"

	"cardstream/provisioning"
)

// JSONOptions say how records are written as JSON.
type JSONOptions struct {
	ShowPINs bool // else every field named new_pin is "****" where it is not null
}

// Value is a type that is the value of a topic.
type Value interface {
	provisioning.Command | provisioning.Entry | provisioning.Request | provisioning.SmartcardCommand |
		provisioning.Result | provisioning.Event | ControlSetting
}

// JSON returns a record as one line of JSON, with the fields of its Avro schema in their order: snake_case, every field
// present, null explicit, moments in RFC 3339 (UTC, three decimals), unions plain, bytes in base64. A moment that
// RFC 3339 cannot write is its number of milliseconds. An error means that v cannot be a record, as with Codec.Append.
func JSON[T Value](v *T, options JSONOptions) ([]byte, error) {
	switch v := any(v).(type) {
	case *provisioning.Command:
		return recordJSON(commandForm(), v, options)
	case *provisioning.Entry:
		return recordJSON(entryForm(), v, options)
	case *provisioning.Request:
		return recordJSON(stateForm(), v, options)
	case *provisioning.SmartcardCommand:
		return recordJSON(smartcardCommandForm(), v, options)
	case *provisioning.Result:
		return recordJSON(resultForm(), v, options)
	case *provisioning.Event:
		return recordJSON(eventForm(), v, options)
	default:
		return recordJSON(controlForm(), v.(*ControlSetting), options)
	}
}

// recordJSON goes by way of the Avro bytes, so that there is one writer of JSON and one list of fields: the schema.
func recordJSON[T any](f form[T], v *T, options JSONOptions) ([]byte, error) {
	schema := ownSchemas()[f.record]
	body, err := f.append(nil, schema, v)
	if err != nil {
		return nil, err
	}
	return renderJSON(shapeOf(schema), body, options)
}

// JSON returns a value of any topic as JSON, whatever its schema, in the form that the function JSON describes. Errors
// are as those of Command, but never KindUnknown.
func (f *Foreign) JSON(ctx context.Context, value []byte, options JSONOptions) ([]byte, error) {
	id, body, err := SplitHeader(value)
	if err != nil {
		return nil, err
	}
	w, err := f.writer(ctx, id)
	if err != nil {
		return nil, err
	}
	return renderJSON(w.shape, body, options)
}

func renderJSON(s *shape, body []byte, options JSONOptions) ([]byte, error) {
	if err := checkWhole(s, body); err != nil {
		return nil, err
	}
	r := renderer{cursor: newCursor(body), options: options}
	if err := r.render(s, 0); err != nil {
		return nil, errorf(Undecodable, "of %d bytes, %v", len(body), err)
	}
	return r.out, nil
}
