package schemas

import (
	"context"
	"sync"

	"github.com/linkedin/goavro/v2"
	"github.com/twmb/avro"

	"cardstream/provisioning"
)

// Foreign reads what others wrote, with their own schemas. It is safe for concurrent use.
//
// Fields are found by name: those that it does not know are passed over, and those that are missing or null have their
// zero value. It takes an int for a long and the other way round, bytes for a string, an enum for a string, and a union
// for its branch.
//
// Neither the value nor the schema is trusted: before anything is decoded, the bytes are walked over once within fixed
// bounds. goavro alone would reserve memory for as many items as the bytes claim, and follow a recursive schema until
// the stack ends.
type Foreign struct {
	registry *Registry
	own      *Set     // of this version; nil: none
	writers  sync.Map // SchemaID → writer
}

// NewForeign returns a reader of others' records whose schemas reg knows.
func NewForeign(reg *Registry) *Foreign { return &Foreign{registry: reg} }

// Foreign returns a reader of others' records that is quicker where they are written with the very schemas of this set
// (docs/decisions/0015-two-avro-codecs.md).
func (s *Set) Foreign(reg *Registry) *Foreign { return &Foreign{registry: reg, own: s} }

// Command reads a value of provisioning.commands. Whether the command keeps the rules is for the domain to say. Errors
// are [*Error]s about the value, with any of the codes, or ctx's.
func (f *Foreign) Command(ctx context.Context, value []byte) (provisioning.Command, error) {
	b, err := f.body(ctx, value)
	if err != nil {
		return provisioning.Command{}, err
	}
	if f.own != nil {
		if c, ok := readOwn(f.own.Command, b); ok {
			return c, nil
		}
	}
	record, err := b.decode()
	if err != nil {
		return provisioning.Command{}, err
	}
	return foreignCommand(record)
}

// Result reads a value of smartcard.results. Whether its number and its attempt exist is for others to say. Errors are
// as those of Command.
func (f *Foreign) Result(ctx context.Context, value []byte) (provisioning.Result, error) {
	b, err := f.body(ctx, value)
	if err != nil {
		return provisioning.Result{}, err
	}
	if f.own != nil {
		if r, ok := readOwn(f.own.Result, b); ok {
			return r, nil
		}
	}
	record, err := b.decode()
	if err != nil {
		return provisioning.Result{}, err
	}
	return foreignResult(record)
}

// body is a value without its header, which is exactly one value of its writer's schema.
type body struct {
	id     SchemaID
	writer writer
	bytes  []byte
}

// body walks over a value, and finds out who wrote it.
func (f *Foreign) body(ctx context.Context, value []byte) (b body, err error) {
	if b.id, b.bytes, err = SplitHeader(value); err != nil {
		return body{}, err
	}
	if b.writer, err = f.writer(ctx, b.id); err != nil {
		return body{}, err
	}
	return b, checkWhole(b.writer.shape, b.bytes)
}

// decode returns the value, and what it is.
func (b *body) decode() (view, error) {
	decoded, err := decodeNative(b.writer.codec, b.bytes)
	if err != nil {
		return view{}, err
	}
	return view{value: decoded, shape: b.writer.shape}.plain(), nil
}

// readOwn reads what was written with this version's very schema, by the typed codec. What that one does not take is for
// goavro to judge.
func readOwn[T any](own *Codec[T], b body) (v T, ok bool) {
	if b.id != own.id {
		return v, false
	}
	v, err := own.form.decode(b.bytes, own.schema)
	return v, err == nil
}

// writer is a schema that somebody writes with.
type writer struct {
	shape *shape
	codec *goavro.Codec
	err   error // why the schema is no good: an *Error
}

// writer returns the schema with that id, made ready.
func (f *Foreign) writer(ctx context.Context, id SchemaID) (writer, error) {
	if known, ok := f.writers.Load(id); ok {
		return known.(writer), known.(writer).err
	}
	schema, err := f.registry.Schema(ctx, id)
	if err != nil {
		return writer{}, err
	}
	w := newWriter(id, schema)
	f.writers.Store(id, w)
	return w, w.err
}

// newWriter makes a schema ready. goavro is given the canonical form, which has no logical types: what they mean to the
// contract is read from the shape, and goavro's own conversions overflow far from today.
func newWriter(id SchemaID, schema *avro.Schema) (w writer) {
	defer func() {
		if recover() != nil {
			w.err = errorf(Undecodable, "schema %d cannot be read", id)
		}
	}()
	codec, err := goavro.NewCodec(string(schema.Canonical()))
	if err != nil { // whose text is about the schema, not about a value
		return writer{err: errorf(Undecodable, "schema %d cannot be read: %v", id, err)}
	}
	return writer{shape: shapeOf(schema), codec: codec}
}

// checkWhole says whether body is exactly one value of that shape.
func checkWhole(s *shape, body []byte) error {
	c := newCursor(body)
	if err := c.check(s, 0); err != nil {
		return errorf(Undecodable, "of %d bytes, %v", len(body), err)
	}
	if left := len(body) - c.at; left > 0 {
		return errorf(Undecodable, "%d of %d bytes are left over", left, len(body))
	}
	return nil
}

// decodeNative decodes a body that has been checked. What goavro says of one that it refuses is not passed on: it quotes
// values.
func decodeNative(codec *goavro.Codec, body []byte) (decoded any, err error) {
	defer func() {
		if recover() != nil {
			err = errorf(Undecodable, "the bytes are not what the schema says")
		}
	}()
	decoded, rest, err := codec.NativeFromBinary(body)
	if err != nil || len(rest) > 0 {
		return nil, errorf(Undecodable, "the bytes are not what the schema says")
	}
	return decoded, nil
}
