package schemas

import (
	"context"
	"fmt"

	"github.com/twmb/franz-go/pkg/sr"

	"cardstream/provisioning"
)

// Set is the codecs of all topics, each with the id that its schema has in the registry.
type Set struct {
	Command          *Codec[provisioning.Command]
	Entry            *Codec[provisioning.Entry]
	State            *Codec[provisioning.Request]
	SmartcardCommand *Codec[provisioning.SmartcardCommand]
	Result           *Codec[provisioning.Result]
	Event            *Codec[provisioning.Event]
	Control          *Codec[ControlSetting]
}

// MissingError says that a schema of this version is not in the registry: registering it is the work of `cardstream
// topics`, never of a processor.
type MissingError struct {
	Subject string
	Record  string
}

func (e *MissingError) Error() string {
	return fmt.Sprintf("the schema registry does not have this version's %s under subject %s: run `cardstream topics`",
		e.Record, e.Subject)
}

// Load looks up this version's schemas under the subjects of the topics, and registers nothing. It waits for a registry
// that is away, as long as ctx lives. A schema that is missing is a [*MissingError]; a registry that refuses to answer
// (wrong credentials, a wrong address) is an error too.
func Load(ctx context.Context, reg *Registry, topics Topics) (*Set, error) {
	ids := make(map[string]SchemaID)
	for _, a := range topics.Assignments() {
		id, err := reg.lookup(ctx, a)
		if err != nil {
			return nil, err
		}
		ids[a.Record] = id
	}
	return newSet(reg, ids), nil
}

func newSet(reg *Registry, ids map[string]SchemaID) *Set {
	return &Set{
		Command:          newCodec(reg, ids, commandForm()),
		Entry:            newCodec(reg, ids, entryForm()),
		State:            newCodec(reg, ids, stateForm()),
		SmartcardCommand: newCodec(reg, ids, smartcardCommandForm()),
		Result:           newCodec(reg, ids, resultForm()),
		Event:            newCodec(reg, ids, eventForm()),
		Control:          newCodec(reg, ids, controlForm()),
	}
}

func newCodec[T any](reg *Registry, ids map[string]SchemaID, f form[T]) *Codec[T] {
	return &Codec[T]{form: f, id: ids[f.record], schema: ownSchemas()[f.record], registry: reg}
}

// lookup returns the id under which a record's schema is registered.
func (r *Registry) lookup(ctx context.Context, a Assignment) (SchemaID, error) {
	found, err := retry(ctx, r.log, isRefusal, func(ctx context.Context) (sr.SubjectSchema, error) {
		return r.client.LookupSchema(ctx, a.Subject(), sr.Schema{Schema: Text(a.Record)})
	})
	if isNotFound(err) {
		return 0, &MissingError{Subject: a.Subject(), Record: a.Record}
	}
	return SchemaID(found.ID), err
}
