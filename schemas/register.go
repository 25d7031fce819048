package schemas

import (
	"context"
	"errors"
	"fmt"

	"github.com/twmb/franz-go/pkg/sr"
)

// Registered is how the registry stands to one topic's schema.
type Registered struct {
	Assignment
	ID            SchemaID // 0: this version's schema is not registered
	Compatibility string   // the subject's level, or the global one where it has none; "FULL_TRANSITIVE" is right
}

// OK reports whether nothing is left to do.
func (r Registered) OK() bool {
	return r.ID != 0 && r.Compatibility == sr.CompatFullTransitive.String()
}

// Check returns how the registry stands to each topic's schema, and changes nothing.
func Check(ctx context.Context, reg *Registry, topics Topics) ([]Registered, error) {
	var all []Registered
	for _, a := range topics.Assignments() {
		found := Registered{Assignment: a}
		var err error
		found.ID, err = reg.lookup(ctx, a)
		if _, missing := errors.AsType[*MissingError](err); err != nil && !missing {
			return nil, err
		}
		if found.Compatibility, err = reg.compatibility(ctx, a.Subject()); err != nil {
			return nil, err
		}
		all = append(all, found)
	}
	return all, nil
}

// Register brings every topic's schema into the registry, with FULL_TRANSITIVE compatibility, and returns how it then
// stands. What is there already stays as it is. It waits for a registry that is away, as long as ctx lives; an error
// names the subject, and what was registered before it stays.
func Register(ctx context.Context, reg *Registry, topics Topics) ([]Registered, error) {
	for _, a := range topics.Assignments() {
		if err := reg.register(ctx, a); err != nil {
			return nil, fmt.Errorf("register %s under subject %s: %w", a.Record, a.Subject(), err)
		}
	}
	return Check(ctx, reg, topics)
}

// register sets the level first, because it decides whether the schema may come. Some registries have no settings for a
// subject that does not exist yet: then it is set afterwards.
func (r *Registry) register(ctx context.Context, a Assignment) error {
	levelErr := r.setCompatibility(ctx, a.Subject())
	if levelErr != nil && !isNotFound(levelErr) {
		return levelErr
	}
	_, err := retry(ctx, r.log, isRefusal, func(ctx context.Context) (sr.SubjectSchema, error) {
		return r.client.CreateSchema(ctx, a.Subject(), sr.Schema{Schema: Text(a.Record)})
	})
	if err != nil || levelErr == nil {
		return err
	}
	return r.setCompatibility(ctx, a.Subject())
}

func (r *Registry) setCompatibility(ctx context.Context, subject string) error {
	_, err := retry(ctx, r.log, isRefusal, func(ctx context.Context) (sr.CompatibilityLevel, error) {
		result := r.client.SetCompatibility(ctx, sr.SetCompatibility{Level: sr.CompatFullTransitive}, subject)
		return result[0].Level, result[0].Err
	})
	return err
}

// compatibility returns the subject's level, or the global one; empty for a subject that a registry denies.
func (r *Registry) compatibility(ctx context.Context, subject string) (string, error) {
	ctx = sr.WithParams(ctx, sr.DefaultToGlobal)
	level, err := retry(ctx, r.log, isRefusal, func(ctx context.Context) (sr.CompatibilityLevel, error) {
		result := r.client.Compatibility(ctx, subject)
		return result[0].Level, result[0].Err
	})
	if isNotFound(err) {
		return "", nil
	}
	return level.String(), err
}
