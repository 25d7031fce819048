package schemas_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/linkedin/goavro/v2"
	"github.com/twmb/avro"
	"github.com/twmb/franz-go/pkg/sr"
	"github.com/twmb/franz-go/pkg/sr/srfake"

	"cardstream/schemas"
)

// handlerTransport answers requests by calling a handler, without a network: so that a test can be in a synctest bubble.
type handlerTransport struct{ handler http.Handler }

func (t handlerTransport) RoundTrip(request *http.Request) (*http.Response, error) {
	if err := request.Context().Err(); err != nil {
		return nil, err
	}
	recorder := httptest.NewRecorder()
	t.handler.ServeHTTP(recorder, request)
	return recorder.Result(), nil
}

// MustOpenRegistry returns a client of the handler.
func MustOpenRegistry(tb fataler, handler http.Handler) *schemas.Registry {
	tb.Helper()
	registry, err := schemas.NewRegistry(schemas.RegistryConfig{
		URLs: []string{"http://registry.test"}, Transport: handlerTransport{handler},
	})
	if err != nil {
		tb.Fatal(err)
	}
	return registry
}

// MustLoad returns an empty registry's fake, its client, and the codecs of topics that have been registered there.
func MustLoad(tb testing.TB) (*srfake.Registry, *schemas.Registry, *schemas.Set) {
	tb.Helper()
	fake := srfake.NewRegistry()
	registry := MustOpenRegistry(tb, fake.Handler())
	if _, err := schemas.Register(tb.Context(), registry, schemas.Topics{}); err != nil {
		tb.Fatal(err)
	}
	set, err := schemas.Load(tb.Context(), registry, schemas.Topics{})
	if err != nil {
		tb.Fatal(err)
	}
	return fake, registry, set
}

// MustSeed puts a schema into the fake under a subject of its own, and returns its id.
func MustSeed(tb testing.TB, fake *srfake.Registry, subject, text string) schemas.SchemaID {
	tb.Helper()
	id, _, err := fake.RegisterSchema(subject, sr.Schema{Schema: text})
	if err != nil {
		tb.Fatal(err)
	}
	return schemas.SchemaID(id)
}

// schemaServer is a registry that has one schema under every id.
func schemaServer(text string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_ = json.NewEncoder(w).Encode(sr.Schema{Schema: text})
	})
}

// decodeAs returns goavro's view of a value, whose moments are plain numbers.
func decodeAs(tb fataler, schema string, value []byte) map[string]any {
	tb.Helper()
	codec, err := goavro.NewCodec(withoutLogicalTypes(schema))
	if err != nil {
		tb.Fatal(err)
	}
	_, body, err := schemas.SplitHeader(value)
	if err != nil {
		tb.Fatal(err)
	}
	native, _, err := codec.NativeFromBinary(body)
	if err != nil {
		tb.Fatal(err)
	}
	return native.(map[string]any)
}

// encodeAs encodes a native value as somebody with that schema would, with plain numbers for moments.
func encodeAs(tb fataler, id schemas.SchemaID, schema string, native any) []byte {
	tb.Helper()
	codec, err := goavro.NewCodec(withoutLogicalTypes(schema))
	if err != nil {
		tb.Fatal(err)
	}
	value, err := codec.BinaryFromNative(schemas.AppendHeader(nil, id), native)
	if err != nil {
		tb.Fatal(err)
	}
	return value
}

// withoutLogicalTypes is how goavro takes plain numbers for moments: its own conversions overflow far from today.
func withoutLogicalTypes(schema string) string { return string(avro.MustParse(schema).Canonical()) }

// fataler is testing.TB or rapid.T.
type fataler interface {
	Helper()
	Fatal(args ...any)
}
