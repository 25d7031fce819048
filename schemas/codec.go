package schemas

import (
	"context"
	"sync"

	"github.com/twmb/avro"
)

// Codec writes and reads the values of one topic as T. It is safe for concurrent use.
type Codec[T any] struct {
	form     form[T]
	id       SchemaID     // of schema, in the registry
	schema   *avro.Schema // this version's own
	registry *Registry    // knows the schemas of other versions; nil: there are none

	others sync.Map // SchemaID → otherSchema: what other versions of cardstream wrote with
}

// otherSchema reads what was written with another schema into this version's fields, or says why that cannot be.
type otherSchema struct {
	resolved *avro.Schema
	err      error
}

// ID returns the schema id that Append writes.
func (c *Codec[T]) ID() SchemaID { return c.id }

// Append appends the value's wire format to dst. An error means that v cannot be a record (a closed set's field that is
// not in the set, an entry of no kind): dst is then returned as it was.
func (c *Codec[T]) Append(dst []byte, v *T) ([]byte, error) {
	out, err := c.form.append(AppendHeader(dst, c.id), c.schema, v)
	if err != nil {
		return dst, err
	}
	return out, nil
}

// Decode reads a value that this or another version of cardstream has written, and shares no memory with it. It asks the
// registry only for a schema that it has not met before. Errors are as those of Registry.Schema, and an [*Error] with
// Undecodable or KindUnknown where the value is no T.
func (c *Codec[T]) Decode(ctx context.Context, value []byte) (T, error) {
	var zero T
	id, body, err := SplitHeader(value)
	if err != nil {
		return zero, err
	}
	schema, err := c.reader(ctx, id)
	if err != nil {
		return zero, err
	}
	return c.form.decode(body, schema)
}

// reader returns the schema that reads what was written with schema id.
func (c *Codec[T]) reader(ctx context.Context, id SchemaID) (*avro.Schema, error) {
	if id == c.id {
		return c.schema, nil
	}
	if other, ok := c.others.Load(id); ok {
		return other.(otherSchema).resolved, other.(otherSchema).err
	}
	if c.registry == nil {
		return nil, unknownID(id)
	}
	writer, err := c.registry.Schema(ctx, id)
	if err != nil {
		return nil, err
	}
	var other otherSchema
	if other.resolved, err = avro.Resolve(writer, c.schema); err != nil { // whose text is about the schemas
		other.err = errorf(Undecodable, "schema %d cannot be read as %s: %v", id, c.form.record, err)
	}
	c.others.Store(id, other)
	return other.resolved, other.err
}
