package handlers_test

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/sr/srfake"

	"cardstream/schemas"
)

// handlerTransport answers requests by calling a handler, without a network.
type handlerTransport struct{ handler http.Handler }

func (t handlerTransport) RoundTrip(request *http.Request) (*http.Response, error) {
	recorder := httptest.NewRecorder()
	t.handler.ServeHTTP(recorder, request)
	return recorder.Result(), nil
}

// MustOpenRegistry returns a registry with the schemas of all topics, and their codecs.
func MustOpenRegistry(t testing.TB, topics schemas.Topics) (*schemas.Registry, *schemas.Set) {
	t.Helper()
	registry, err := schemas.NewRegistry(schemas.RegistryConfig{
		URLs: []string{"http://registry.test"}, Transport: handlerTransport{srfake.NewRegistry().Handler()},
		UnknownAfter: time.Millisecond,
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := schemas.Register(t.Context(), registry, topics); err != nil {
		t.Fatal(err)
	}
	set, err := schemas.Load(t.Context(), registry, topics)
	if err != nil {
		t.Fatal(err)
	}
	return registry, set
}
