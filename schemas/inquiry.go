package schemas

import (
	"context"
	"time"

	"github.com/twmb/avro"
)

// maxInquiries bounds the ids that are remembered as unknown: they come from records, and so from anyone.
const maxInquiries = 1024

// inquiry is an id that the registry has not been seen to know. Its fields belong to whoever has the turn.
type inquiry struct {
	turn         chan struct{} // holds a token while somebody asks: one request at a time for an id
	unknownSince time.Time     // when the registry denied it for the first time
	deniedAt     time.Time     // when the registry denied it for the last time; zero: it has not
	givenUp      bool          // denied for long enough
}

// denied takes note that the registry has denied the id, and reports whether it has for long enough. A denial that is long
// past counts no more: the schema of a new record may have been registered a moment ago.
func (q *inquiry) denied(config *RegistryConfig) bool {
	now := time.Now()
	if q.deniedAt.IsZero() || now.Sub(q.deniedAt) > 2*config.ForgetUnknown {
		q.unknownSince = now
	}
	q.deniedAt = now
	q.givenUp = now.Sub(q.unknownSince) >= config.UnknownAfter
	return q.givenUp
}

// inquire asks the registry for an id until there is an answer.
func (r *Registry) inquire(ctx context.Context, id SchemaID) (*avro.Schema, error) {
	q := r.inquiry(id)
	select {
	case q.turn <- struct{}{}:
		defer func() { <-q.turn }()
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	if known, ok := r.known.Load(id); ok { // found by whoever had the turn before
		return known.(knownSchema).schema, known.(knownSchema).err
	}
	if q.givenUp && time.Since(q.deniedAt) < r.config.ForgetUnknown {
		return nil, unknownID(id)
	}
	return r.ask(ctx, id, q)
}

func (r *Registry) ask(ctx context.Context, id SchemaID, q *inquiry) (*avro.Schema, error) {
	pause := backoff{}
	for {
		schema, err := retry(ctx, r.log, isNotFound, func(ctx context.Context) (*avro.Schema, error) {
			return r.fetch(ctx, id)
		})
		switch {
		case err == nil || isValueError(err):
			r.known.Store(id, knownSchema{schema, err})
			r.forget(id)
			return schema, err
		case !isNotFound(err):
			return nil, err
		}
		if q.denied(&r.config) {
			return nil, unknownID(id)
		}
		if err := pause.wait(ctx); err != nil {
			return nil, err
		}
	}
}

func unknownID(id SchemaID) *Error {
	return errorf(SchemaUnknown, "the registry does not know schema %d", id)
}

// inquiry returns the one inquiry about an id.
func (r *Registry) inquiry(id SchemaID) *inquiry {
	r.mu.Lock()
	defer r.mu.Unlock()
	q, ok := r.unknown[id]
	if !ok {
		r.makeRoom()
		q = &inquiry{turn: make(chan struct{}, 1)}
		r.unknown[id] = q
	}
	return q
}

// makeRoom drops inquiries that nobody is at. An id that is dropped is only asked for anew.
func (r *Registry) makeRoom() {
	for id, q := range r.unknown {
		if len(r.unknown) < maxInquiries {
			return
		}
		if len(q.turn) == 0 {
			delete(r.unknown, id)
		}
	}
}

func (r *Registry) forget(id SchemaID) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.unknown, id)
}
