package store_test

import (
	"encoding/json"
	"testing"

	"cardstream/internal/leaktest"
	"cardstream/provisioning"
	"cardstream/store"
)

func TestMain(m *testing.M) { leaktest.Main(m) }

// partition is the one that tests use where one is enough.
const partition = 3

// written is what the tests' codec writes of a request: all but its PIN.
type written struct {
	*provisioning.Request
	NewPIN *int `json:",omitempty"` // hides the request's
}

// encode is the tests' codec.
func encode(r *provisioning.Request) []byte {
	b, err := json.Marshal(written{Request: r})
	if err != nil {
		panic(err)
	}
	return b
}

func decode(b []byte) (provisioning.Request, error) {
	var r provisioning.Request
	err := json.Unmarshal(b, &written{Request: &r})
	return r, err
}

// request is a request for tests: PENDING, created at its number.
func request(number int64, card provisioning.SmartcardKey, due provisioning.Timestamp) provisioning.Request {
	n := provisioning.RequestNumber{Partition: partition, Offset: number}
	return provisioning.Request{
		Number: n, CommandID: "command-" + n.String(), Source: "test", SmartcardKey: card, Action: provisioning.ResetPIN,
		CreatedAt: provisioning.Timestamp(number), UpdatedAt: provisioning.Timestamp(number), DueAt: due, State: provisioning.Pending,
	}
}

// with returns a changed copy.
func with(r provisioning.Request, change func(*provisioning.Request)) provisioning.Request {
	change(&r)
	return r
}

func sent(r *provisioning.Request)      { r.State = provisioning.Sent }
func completed(r *provisioning.Request) { r.State = provisioning.Completed }
func immediate(r *provisioning.Request) { r.ProcessImmediately = true }

// fatal is what helpers need of a testing.TB and a rapid.T.
type fatal interface {
	Helper()
	Fatal(...any)
}

func must[T any](tb fatal) func(T, error) T {
	return func(v T, err error) T {
		tb.Helper()
		if err != nil {
			tb.Fatal(err)
		}
		return v
	}
}

func check(tb fatal, err error) {
	tb.Helper()
	if err != nil {
		tb.Fatal(err)
	}
}

// mustOpen opens a store that is closed with the test.
func mustOpen(tb testing.TB, dir string, options store.Options) *store.Store {
	tb.Helper()
	if options.Decode == nil {
		options.Decode = decode
	}
	s := must[*store.Store](tb)(store.Open(dir, options))
	tb.Cleanup(func() {
		if err := s.Close(); err != nil {
			tb.Error(err)
		}
	})
	return s
}
