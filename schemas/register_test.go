package schemas_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/twmb/franz-go/pkg/sr"
	"github.com/twmb/franz-go/pkg/sr/srfake"

	"cardstream/internal/devkafka/kafkatest"
	"cardstream/provisioning"
	"cardstream/schemas"
)

// The whole way on a registry, the embedded one or a real one: nothing is there, it is registered, it is found, and
// what is written with it is read.
func TestRegistryConformance(t *testing.T) {
	cluster := kafkatest.Start(t)
	topics := schemas.Topics{Prefix: cluster.Prefix(t)}
	registry, err := schemas.NewRegistry(schemas.RegistryConfig{URLs: []string{cluster.RegistryURL}, UnknownAfter: time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(registry.Close)

	before, err := schemas.Check(t.Context(), registry, topics)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range before {
		if r.ID != 0 || r.OK() {
			t.Errorf("there already: %+v", r)
		}
	}
	var missing *schemas.MissingError
	if _, err := schemas.Load(t.Context(), registry, topics); !errors.As(err, &missing) || missing.Subject != topics.Subject(topics.Commands()) {
		t.Errorf("Load of nothing: %v", err)
	}
	for range 2 { // the second time there is nothing to do
		after, err := schemas.Register(t.Context(), registry, topics)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range after {
			if !r.OK() {
				t.Errorf("not registered: %+v", r)
			}
		}
	}
	set, err := schemas.Load(t.Context(), registry, topics)
	if err != nil {
		t.Fatal(err)
	}
	value, err := set.Command.Append(nil, &provisioning.Command{ID: "c-1", Cancel: &provisioning.Cancel{Number: "3-1"}})
	if err != nil {
		t.Fatal(err)
	}
	foreign := schemas.NewForeign(registry)
	if got, err := foreign.Command(t.Context(), value); err != nil || got.ID != "c-1" {
		t.Errorf("got %+v, %v", got, err)
	}
	_, err = foreign.Command(t.Context(), schemas.AppendHeader(nil, 1<<31-1))
	checkError(t, err, schemas.SchemaUnknown)
}

// An operator's command says which schema the registry does not take, and what the registry said.
func TestRegisterIncompatible(t *testing.T) {
	fake := srfake.NewRegistry()
	fake.Intercept(func(w http.ResponseWriter, r *http.Request) bool {
		incompatible := r.Method == http.MethodPost && strings.HasSuffix(r.URL.Path, "/provisioning.state-value/versions")
		if incompatible {
			status(409, `{"error_code": 409, "message": "READER_FIELD_MISSING_DEFAULT_VALUE"}`)(w, r)
		}
		return incompatible
	})
	_, err := schemas.Register(t.Context(), MustOpenRegistry(t, fake.Handler()), schemas.Topics{})
	if err == nil || !strings.Contains(err.Error(), "provisioning.state-value") || !strings.Contains(err.Error(), "READER_FIELD") {
		t.Errorf("got %v", err)
	}
}

// A level that somebody has lowered is seen, and set again.
func TestCheckCompatibilityLevel(t *testing.T) {
	fake, registry, _ := MustLoad(t)
	if err := fake.SetCompat("provisioning.events-value", sr.CompatNone); err != nil {
		t.Fatal(err)
	}
	notOK := func(all []schemas.Registered, err error) (subjects []string) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range all {
			if !r.OK() {
				subjects = append(subjects, r.Subject()+" "+r.Compatibility)
			}
		}
		return subjects
	}
	if got := notOK(schemas.Check(t.Context(), registry, schemas.Topics{})); len(got) != 1 || got[0] != "provisioning.events-value NONE" {
		t.Errorf("got %v", got)
	}
	if got := notOK(schemas.Register(t.Context(), registry, schemas.Topics{})); got != nil {
		t.Errorf("got %v", got)
	}
}

// A start waits for the registry, and for no longer than its context.
func TestLoadWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := &answers{list: []http.HandlerFunc{nil}}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if _, err := schemas.Load(ctx, a.open(t, schemas.RegistryConfig{}), schemas.Topics{}); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
		if n := a.asked.Load(); n < 10 || n > 40 {
			t.Errorf("asked %d times in a minute", n)
		}
	})
}
