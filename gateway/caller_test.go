package gateway_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kgo"

	"cardstream/provisioning"
)

// caller asks gateways, without holding anything against the document.
type caller struct {
	*world
	http  *http.Client
	token string
}

func (w *world) caller() *caller {
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 100}}
	w.t.Cleanup(client.CloseIdleConnections)
	return &caller{world: w, http: client, token: w.goodToken()}
}

// answer is what a caller was told.
type answer struct {
	status int
	code   string
	number string
	state  string
	body   string
}

// set asks for a new PIN, or with an empty one for a reset, of a card.
func (c *caller) set(ctx context.Context, at *server, key, card, pin, more string) (answer, error) {
	what := `"reset_pin": true`
	if pin != "" {
		what = `"new_pin": ` + quoted(pin)
	}
	body := fmt.Sprintf(`{"subscription_identifier": {"number": "S-1"}, "smartcard_identifier": {"serial_number": %s}, %s%s}`,
		quoted(card), what, more)
	request, err := http.NewRequestWithContext(ctx, http.MethodPost,
		at.Addr()+"/nds/provisioning_requests/set_user_parameters", strings.NewReader(body))
	if err != nil {
		return answer{}, err
	}
	if key != "" {
		request.Header.Set("Idempotency-Key", key)
	}
	return c.do(request)
}

// show asks for a request.
func (c *caller) show(ctx context.Context, at *server, query string) (answer, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet,
		at.Addr()+"/provisioning/provisioning_requests/show?"+query, nil)
	if err != nil {
		return answer{}, err
	}
	return c.do(request)
}

func (c *caller) do(request *http.Request) (answer, error) {
	request.Header.Set("Authorization", "Bearer "+c.token)
	request.Header.Set("Content-Type", "application/json")
	response, err := c.http.Do(request)
	if err != nil {
		return answer{}, err
	}
	defer func() { _ = response.Body.Close() }()
	a := answer{status: response.StatusCode, body: readAll(response.Body)}
	var envelope struct {
		Status struct{ Code string }
		Data   struct {
			Number string
			State  string `json:"life_cycle_state"`
		}
	}
	err = json.Unmarshal([]byte(a.body), &envelope)
	a.code, a.number, a.state = envelope.Status.Code, envelope.Data.Number, envelope.Data.State
	return a, err
}

// events returns how many events of each type are committed, by now.
func (w *world) events(t *testing.T, until func(map[provisioning.EventType]int) bool) map[provisioning.EventType]int {
	t.Helper()
	client := w.cluster.Client(t, kgo.ConsumeTopics(w.topics.Events()), kgo.FetchIsolationLevel(kgo.ReadCommitted()),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
	count := map[provisioning.EventType]int{}
	for !until(count) {
		fetches := client.PollFetches(t.Context())
		if err := fetches.Err(); err != nil {
			t.Fatalf("%v after %v", err, count)
		}
		fetches.EachRecord(func(r *kgo.Record) { count[must(w.schemas.Event.Decode(t.Context(), r.Value)).Type]++ })
	}
	return count
}
