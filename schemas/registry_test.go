package schemas_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/twmb/franz-go/pkg/sr"
	"github.com/twmb/franz-go/pkg/sr/srfake"

	"cardstream/schemas"
)

// answers is a registry that gives one answer after another, and then the last one for ever. A nil one is a connection
// that breaks.
type answers struct {
	list  []http.HandlerFunc
	asked atomic.Int32
}

func (a *answers) RoundTrip(request *http.Request) (*http.Response, error) {
	n := int(a.asked.Add(1))
	answer := a.list[min(n, len(a.list))-1]
	if answer == nil {
		return nil, io.ErrUnexpectedEOF
	}
	return handlerTransport{answer}.RoundTrip(request)
}

func (a *answers) open(tb testing.TB, config schemas.RegistryConfig) *schemas.Registry {
	tb.Helper()
	config.URLs, config.Transport = []string{"http://registry.test/api"}, a
	registry, err := schemas.NewRegistry(config)
	if err != nil {
		tb.Fatal(err)
	}
	return registry
}

func status(code int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(code)
		_, _ = io.WriteString(w, body)
	}
}

var (
	found   = status(200, `{"schema": "\"string\""}`)
	denied  = status(404, `{"error_code": 40403, "message": "no such schema"}`)
	refused = status(401, `{"error_code": 401, "message": "who are you?"}`)
)

// A registry that is away, in whatever manner, is waited for: no record is given up for it.
func TestRegistryIsWaitedFor(t *testing.T) {
	for name, answer := range map[string]http.HandlerFunc{
		"broken connection":  nil,
		"starting":           status(503, "no"),
		"store error":        status(500, `{"error_code": 50001, "message": "store"}`),
		"too many requests":  status(429, ""),
		"not let in":         refused,
		"another server":     status(404, "<html>not found</html>"),
		"a proxy's page":     status(200, "<html>please log in</html>"),
		"an endless answer":  status(200, `{"schema": "`+strings.Repeat("x", 5<<20)+`"}`),
		"an answer cut off":  status(200, `{"schema": "\"str`),
		"a wrong parameter":  status(422, `{"error_code": 42201, "message": "?"}`),
		"a redirect to none": status(302, ""),
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a := &answers{list: []http.HandlerFunc{answer, answer, answer, answer, answer, answer, answer, answer, answer, found}}
				var log bytes.Buffer
				registry := a.open(t, schemas.RegistryConfig{Logger: slog.New(slog.NewTextHandler(&log, nil))})
				start := time.Now()
				schema, err := registry.Schema(t.Context(), 7)
				if err != nil || schema.String() != `"string"` {
					t.Fatalf("got %v, %v", schema, err)
				}
				if waited := time.Since(start); waited < 5*time.Second || waited > time.Minute {
					t.Errorf("waited %s for nine failures", waited)
				}
				if n := strings.Count(log.String(), "\n"); n != 9 || log.Len() > 9*700 {
					t.Errorf("%d lines of log:\n%s", n, log.String())
				}
			})
		})
	}
}

func TestRegistryWaitsOnlyAsLongAsTheContext(t *testing.T) {
	for name, answer := range map[string]http.HandlerFunc{"away": nil, "denied": denied} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				registry := (&answers{list: []http.HandlerFunc{answer}}).open(t, schemas.RegistryConfig{UnknownAfter: time.Hour})
				ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
				defer cancel()
				_, err := registry.Schema(ctx, 7)
				var value *schemas.Error
				if !errors.Is(err, context.DeadlineExceeded) || errors.As(err, &value) {
					t.Errorf("got %v", err)
				}
			})
		})
	}
}

// An id is given up only when the registry has denied it for some time. Then it is denied at once for a while, and asked
// for again after that.
func TestRegistryUnknown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := &answers{list: []http.HandlerFunc{nil, denied}}
		registry := a.open(t, schemas.RegistryConfig{UnknownAfter: 5 * time.Second, ForgetUnknown: 10 * time.Second})
		start := time.Now()
		unknown := func() {
			t.Helper()
			_, err := registry.Schema(t.Context(), 7)
			checkError(t, err, schemas.SchemaUnknown)
		}
		unknown()
		if waited := time.Since(start); waited < 5*time.Second || waited > 11*time.Second {
			t.Errorf("given up after %s", waited)
		}
		asked := a.asked.Load()
		unknown()
		if n := a.asked.Load() - asked; n != 0 {
			t.Errorf("asked %d times within the verdict's time", n)
		}
		time.Sleep(10 * time.Second)
		start = time.Now()
		unknown()
		if n := a.asked.Load() - asked; n != 1 || time.Since(start) > time.Second {
			t.Errorf("asked %d times in %s after the verdict's time", n, time.Since(start))
		}
		time.Sleep(time.Minute) // so long that patience begins anew
		start = time.Now()
		unknown()
		if waited := time.Since(start); waited < 5*time.Second {
			t.Errorf("given up after %s, a minute later", waited)
		}
		time.Sleep(10 * time.Second)
		a.list = []http.HandlerFunc{found}
		if _, err := registry.Schema(t.Context(), 7); err != nil {
			t.Errorf("not found once it is there: %v", err)
		}
	})
}

// A schema that is registered just after its first record is met with patience.
func TestRegistryKnownAfterAMoment(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := &answers{list: []http.HandlerFunc{denied, denied, denied, found}}
		registry := a.open(t, schemas.RegistryConfig{})
		if _, err := registry.Schema(t.Context(), 7); err != nil {
			t.Error(err)
		}
	})
}

// However many tasks meet an id at once, and however often, it is asked for once.
func TestRegistryAsksOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		a := &answers{list: []http.HandlerFunc{func(w http.ResponseWriter, r *http.Request) {
			<-release
			found(w, r)
		}}}
		registry := a.open(t, schemas.RegistryConfig{})
		impatient, cancel := context.WithCancel(t.Context())
		var tasks sync.WaitGroup
		for range 20 {
			tasks.Go(func() {
				if _, err := registry.Schema(t.Context(), 7); err != nil {
					t.Error(err)
				}
			})
		}
		synctest.Wait()
		tasks.Go(func() {
			if _, err := registry.Schema(impatient, 7); !errors.Is(err, context.Canceled) {
				t.Errorf("got %v", err)
			}
		})
		synctest.Wait()
		cancel()
		synctest.Wait()
		close(release)
		tasks.Wait()
		if n := a.asked.Load(); n != 1 {
			t.Errorf("asked %d times", n)
		}
	})
}

// No registry gives ids beyond an int32: such a one is known to be unknown without asking.
func TestRegistryImpossibleID(t *testing.T) {
	a := &answers{list: []http.HandlerFunc{nil}}
	_, err := a.open(t, schemas.RegistryConfig{}).Schema(t.Context(), 1<<31)
	checkError(t, err, schemas.SchemaUnknown)
}

// Ids that are unknown come from anyone: no more than some of them are remembered, and the others are asked for anew.
func TestRegistryManyUnknown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const ids, remembered = 3000, 1024
		a := &answers{list: []http.HandlerFunc{denied}}
		registry := a.open(t, schemas.RegistryConfig{UnknownAfter: time.Nanosecond, ForgetUnknown: 24 * time.Hour})
		askAll := func() int32 {
			before := a.asked.Load()
			for id := range ids {
				_, err := registry.Schema(t.Context(), schemas.SchemaID(10_000+id))
				checkError(t, err, schemas.SchemaUnknown)
			}
			return a.asked.Load() - before
		}
		askAll()
		if n := askAll(); n < ids-remembered {
			t.Errorf("asked for %d of %d ids again", n, ids)
		}
	})
}

// A schema may refer to others, which are found by their subjects.
func TestRegistryReferences(t *testing.T) {
	const (
		card   = `{"type":"record","name":"Card","namespace":"crm","fields":[{"name":"id","type":"string"}]}`
		cancel = `{"type":"record","name":"CancelRequest","namespace":"crm","fields":[{"name":"number","type":"string"},{"name":"card","type":"Card"}]}`
		top    = `{"type":"record","name":"C","namespace":"crm","fields":[{"name":"command","type":["Card","CancelRequest"]}]}`
	)
	fake := srfake.NewRegistry()
	MustSeed(t, fake, "card", card)
	seed := func(subject string, schema sr.Schema) schemas.SchemaID {
		id, _, err := fake.RegisterSchema(subject, schema)
		if err != nil {
			t.Fatal(err)
		}
		return schemas.SchemaID(id)
	}
	toCard := sr.SchemaReference{Name: "crm.Card", Subject: "card", Version: 1}
	seed("cancel", sr.Schema{Schema: cancel, References: []sr.SchemaReference{toCard}})
	id := seed("top", sr.Schema{Schema: top, References: []sr.SchemaReference{
		toCard, {Name: "crm.CancelRequest", Subject: "cancel", Version: 1},
	}})
	value := append(schemas.AppendHeader(nil, id), longs(1)...)
	value = append(append(value, longs(3)...), "3-1"...)
	value = append(append(value, longs(2)...), "ab"...)
	got, err := schemas.NewForeign(MustOpenRegistry(t, fake.Handler())).Command(t.Context(), value)
	if err != nil || got.Cancel == nil || got.Cancel.Number != "3-1" {
		t.Errorf("got %+v, %v", got, err)
	}
}

// What is registered, but is not an Avro schema, cannot decode anything: that will not change.
func TestRegistryUnusableSchemas(t *testing.T) {
	for name, answer := range map[string]string{
		"JSON schema":        `{"schemaType": "JSON", "schema": "{}"}`,
		"Protobuf":           `{"schemaType": "PROTOBUF", "schema": "syntax = \"proto3\";"}`,
		"broken":             `{"schema": "{"}`,
		"refers to itself":   `{"schema": "\"string\"", "references": [{"name": "a", "subject": "a", "version": 1}]}`,
		"refers to a broken": `{"schema": "{", "references": [{"name": "b", "subject": "b", "version": 1}]}`,
	} {
		t.Run(name, func(t *testing.T) {
			registry := (&answers{list: []http.HandlerFunc{status(200, answer)}}).open(t, schemas.RegistryConfig{})
			if name == "refers to itself" {
				if _, err := registry.Schema(t.Context(), 7); err != nil {
					t.Fatal(err) // harmless: it is read once
				}
				return
			}
			_, err := registry.Schema(t.Context(), 7)
			checkError(t, err, schemas.Undecodable)
		})
	}
}

func TestRegistrySettings(t *testing.T) {
	for name, c := range map[string]struct {
		urls []string
		want string
	}{
		"none":                  {nil, "no address"},
		"no URL":                {[]string{"http://a b"}, "no URL"},
		"no scheme":             {[]string{"localhost:8081"}, "not an http or https URL"},
		"other scheme":          {[]string{"ftp://localhost"}, "not an http or https URL"},
		"no host":               {[]string{"http:///x"}, "not an http or https URL"},
		"password":              {[]string{"http://user:SECRET@localhost"}, "their own settings"},
		"broken, with password": {[]string{"http://user:SECRET@local host"}, "no URL"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := schemas.NewRegistry(schemas.RegistryConfig{URLs: c.urls})
			if err == nil || !strings.Contains(err.Error(), c.want) || containsSecret(fmt.Sprint(err)) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}

func TestRegistrySendsCredentials(t *testing.T) {
	fake := srfake.NewRegistry(srfake.WithAuth("Basic dTpw"))
	open := func(user, password string) *schemas.Registry {
		registry, err := schemas.NewRegistry(schemas.RegistryConfig{
			URLs: []string{"http://registry.test"}, Transport: handlerTransport{fake.Handler()}, Username: user, Password: password,
		})
		if err != nil {
			t.Fatal(err)
		}
		return registry
	}
	if _, err := schemas.Register(t.Context(), open("u", "p"), schemas.Topics{}); err != nil {
		t.Error(err)
	}
	// A start with wrong ones ends at once: waiting would help nobody.
	for _, user := range []string{"", "x"} {
		if _, err := schemas.Load(t.Context(), open(user, "SECRET"), schemas.Topics{}); err == nil || containsSecret(err.Error()) {
			t.Errorf("got %v", err)
		}
	}
}
