package schemas

import (
	"errors"
	"sync"

	"github.com/twmb/avro"
)

// form is how a T is laid out as an Avro record.
type form[T any] struct {
	record string // the record's name
	append func(dst []byte, schema *avro.Schema, v *T) ([]byte, error)
	decode func(body []byte, schema *avro.Schema) (T, error)
}

// formOf makes a form by way of W, the struct with the record's fields: fill sets a zero W from a T, take makes a T of a
// W.
func formOf[T, W any](record string, fill func(*W, *T) error, take func(*W) (T, error)) form[T] {
	return form[T]{record, appendBy(record, fill), decodeBy(record, take)}
}

// scratch lends out zero W's again and again. One is cleared when it comes back: what it points to has passed to others
// by then, and it may hold a PIN.
type scratch[W any] struct{ pool sync.Pool }

func (s *scratch[W]) get() *W {
	if w, ok := s.pool.Get().(*W); ok {
		return w
	}
	return new(W)
}

func (s *scratch[W]) put(w *W) {
	*w = *new(W)
	s.pool.Put(w)
}

func appendBy[T, W any](record string, fill func(*W, *T) error) func([]byte, *avro.Schema, *T) ([]byte, error) {
	var wires scratch[W]
	return func(dst []byte, schema *avro.Schema, v *T) ([]byte, error) {
		w := wires.get()
		defer wires.put(w)
		if err := fill(w, v); err != nil {
			return nil, err
		}
		out, err := schema.AppendEncode(dst, w)
		if err != nil {
			return nil, errorf(Undecodable, "%s cannot be written: %s", record, place(err))
		}
		return out, nil
	}
}

func decodeBy[T, W any](record string, take func(*W) (T, error)) func([]byte, *avro.Schema) (T, error) {
	var wires scratch[W]
	return func(body []byte, schema *avro.Schema) (none T, _ error) {
		w := wires.get()
		defer wires.put(w)
		rest, err := schema.Decode(body, w)
		switch {
		case err != nil:
			return none, errorf(Undecodable, "%s: %s", record, place(err))
		case len(rest) > 0:
			return none, errorf(Undecodable, "%s: %d of %d bytes are left over", record, len(rest), len(body))
		}
		return take(w)
	}
}

// place says where an Avro error lies, without the error's own text: that may repeat the value.
func place(err error) string {
	var semantic *avro.SemanticError
	var short *avro.ShortBufferError
	switch {
	case errors.As(err, &semantic) && semantic.Field != "":
		return "field " + semantic.Field
	case errors.As(err, &short):
		return "the bytes end too early"
	default:
		return "the bytes are not what the schema says"
	}
}
