package e2e_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"golang.org/x/sync/errgroup"

	"cardstream/internal/devkafka/kafkatest"
	"cardstream/internal/devtoken"
	"cardstream/internal/ledger/chaos"
)

// gateways are processes of the stage gateway alone.
type gateways struct {
	*deployment
	fleet  *chaos.Fleet
	web    []string // address of each
	health []string
	token  string
	client *http.Client
}

// gateways starts so many processes that serve the web API and do nothing else.
func (d *deployment) gateways(processes int) *gateways {
	d.t.Helper()
	g := &gateways{deployment: d, client: &http.Client{Transport: &http.Transport{}}}
	d.t.Cleanup(g.client.CloseIdleConnections)
	issuer, err := devtoken.New()
	if err != nil {
		d.t.Fatal(err)
	}
	keys, err := issuer.Keys()
	if err == nil {
		g.token, err = issuer.Token("e2e", time.Hour)
	}
	jwks := filepath.Join(d.folder, "jwks.json")
	if err := errors.Join(err, os.WriteFile(jwks, keys, 0o600)); err != nil {
		d.t.Fatal(err)
	}
	for range processes {
		g.web, g.health = append(g.web, freeAddress(d.t)), append(g.health, freeAddress(d.t))
	}
	logs := filepath.Join(d.folder, "gateways")
	if err := os.MkdirAll(logs, 0o755); err != nil {
		d.t.Fatal(err)
	}
	g.fleet, err = chaos.Start(chaos.Config{
		Binary: executable, Processes: processes, Logs: logs, Seed: seed(d.t), Log: d.t.Logf,
		Args: func(slot int) []string {
			return d.line("run", "--stages", "gateway", "--metrics-addr", g.health[slot], "--web-addr", g.web[slot],
				"--web-store", filepath.Join(d.folder, fmt.Sprintf("web-%d", slot)), "--web-wait", "1m",
				"--jwks", jwks, "--jwt-issuer", devtoken.Name, "--jwt-audience", devtoken.Audience)
		},
	})
	if err != nil {
		d.t.Fatal(err)
	}
	d.t.Cleanup(func() {
		if err := g.fleet.Close(); err != nil {
			d.t.Error(err)
		}
	})
	for slot := range processes {
		g.awaitReady(slot)
	}
	return g
}

// awaitReady waits until a gateway has caught up.
func (g *gateways) awaitReady(slot int) {
	g.t.Helper()
	eventually(g.t, time.Minute, "the gateway is ready", func() bool {
		response, err := get("http://" + g.health[slot] + "/readyz")
		if err != nil {
			return false
		}
		_ = response.Body.Close()
		return response.StatusCode == http.StatusOK
	})
}

// told is what a gateway answered.
type told struct {
	Status struct{ Code string }
	Data   json.RawMessage
}

// number is of the request that was answered.
func (a told) number() string {
	var request struct{ Number string }
	_ = json.Unmarshal(a.Data, &request) // a list, or null, has none
	return request.Number
}

// ask asks a gateway; a body makes it a POST.
func (g *gateways) ask(ctx context.Context, slot int, path, key, body string) (status int, a told, err error) {
	method := http.MethodGet
	if body != "" {
		method = http.MethodPost
	}
	request, err := http.NewRequestWithContext(ctx, method, "http://"+g.web[slot]+path, strings.NewReader(body))
	if err != nil {
		return 0, a, err
	}
	request.Header.Set("Authorization", "Bearer "+g.token)
	request.Header.Set("Content-Type", "application/json")
	if key != "" {
		request.Header.Set("Idempotency-Key", key)
	}
	response, err := g.client.Do(request)
	if err != nil {
		return 0, a, err
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return 0, a, err
	}
	return response.StatusCode, a, json.Unmarshal(text, &a)
}

const (
	setPath    = "/nds/provisioning_requests/set_user_parameters"
	lookUpPath = "/provisioning/provisioning_requests/"
)

// setBody asks for something about a card.
func setBody(card, what string) string {
	return fmt.Sprintf(`{"subscription_identifier": {"number": "S-1"}, "smartcard_identifier": {"serial_number": %q}, %s}`, card, what)
}

// want fails the test unless the answer is as it should be, and returns the request's number.
func (g *gateways) want(slot int, path, key, body string, status int, code string) string {
	g.t.Helper()
	got, a, err := g.ask(g.t.Context(), slot, path, key, body)
	if err != nil || got != status || a.Status.Code != code {
		g.t.Errorf("%s %s: %d %s %s, %v; want %d %s", path, body, got, a.Status.Code, a.Data, err, status, code)
	}
	return a.number()
}

func TestTheWebAPI(t *testing.T) {
	needRealKafka(t)
	d := deploy(t, kafkatest.Start(t))
	d.run(1, "--headend-results", "off")
	g := d.gateways(2)
	const far = `"scheduled_date": "2027-12-01"`
	pending := g.want(0, setPath, "k-1", setBody("c-1", `"new_pin": "4321", `+far), 200, "OK")
	again := g.want(1, setPath, "k-1", setBody("c-1", `"new_pin": "4321", `+far), 200, "OK")
	differs := g.want(1, setPath, "k-1", setBody("c-1", `"reset_pin": true`), 422, "DUPLICATE_DIFFERS")
	if pending == "" || again != pending || differs != pending {
		t.Errorf("numbers %s, %s, %s", pending, again, differs)
	}
	immediate := g.want(0, setPath, "", setBody("c-2", `"new_pin": "4321", "process_immediately": true`), 200, "OK")
	g.want(0, lookUpPath+"show?number="+immediate, "", "", 200, "OK")
	g.want(0, lookUpPath+"cancel", "", fmt.Sprintf(`{"number": %q}`, immediate), 409, "REQUEST_NOT_PENDING")
	g.want(1, lookUpPath+"cancel", "", fmt.Sprintf(`{"number": %q}`, pending), 200, "OK")
	g.want(1, lookUpPath+"cancel", "", `{"number": "0-999999"}`, 404, "NOT_FOUND")
	g.want(0, lookUpPath+"show?number=0-999999", "", "", 404, "NOT_FOUND")
	g.want(0, lookUpPath+"list?smartcard=c-1&life_cycle_state=CANCELLED", "", "", 200, "OK")
	g.want(0, setPath, "", setBody("c-1", `"new_pin": "x"`), 400, "INVALID_PARAMETERS")
	g.want(0, setPath, "", `{"pin": 1}`, 400, "MALFORMED_REQUEST")
	g.token = "none"
	g.want(0, setPath, "", setBody("c-1", `"new_pin": "4321"`), 401, "INVALID_TOKEN")
}

// A gateway is killed between write and answer: the same key, at another gateway and at the one that came back, finds
// the request that the first attempt made.
func TestAGatewayThatIsKilledBeforeItsAnswer(t *testing.T) {
	needRealKafka(t)
	d := deploy(t, kafkatest.Start(t))
	g := d.gateways(2)
	body := setBody("c-1", `"new_pin": "4321", "process_immediately": true`)
	unanswered := make(chan error, 1)
	go func() {
		_, _, err := g.ask(t.Context(), 0, setPath, "k-1", body)
		unanswered <- err
	}()
	admin := kadm.NewClient(d.cluster.Client(t))
	eventually(t, time.Minute, "the command is written", func() bool {
		ends, err := admin.ListEndOffsets(t.Context(), d.prefix+"provisioning.commands")
		written := int64(0)
		ends.Each(func(o kadm.ListedOffset) { written += o.Offset })
		return err == nil && written == 1
	})
	if err := g.fleet.Kill(0); err != nil {
		t.Fatal(err)
	}
	if err := <-unanswered; err == nil {
		t.Fatal("it was answered before the kill")
	}
	if err := g.fleet.Restart(0); err != nil {
		t.Fatal(err)
	}
	d.run(1, "--headend-results", "off")
	g.awaitReady(0)
	here, there := g.want(1, setPath, "k-1", body, 200, "OK"), g.want(0, setPath, "k-1", body, 200, "OK")
	_, list, err := g.ask(t.Context(), 0, lookUpPath+"list?smartcard=c-1", "", "")
	if err != nil || here == "" || here != there || strings.Count(string(list.Data), `"number":"`+here) != 1 ||
		strings.Count(string(list.Data), `"type"`) != 1 {
		t.Errorf("numbers %s and %s, requests %s, %v", here, there, list.Data, err)
	}
}

// The same key at two gateways at once: one request, and the same number in both answers.
func TestTheSameKeyAtTwoGatewayProcesses(t *testing.T) {
	needRealKafka(t)
	d := deploy(t, kafkatest.Start(t))
	d.run(1, "--headend-results", "off")
	g := d.gateways(2)
	var callers errgroup.Group
	callers.SetLimit(32)
	for i := range 1000 {
		callers.Go(func() error {
			var numbers [2]string
			var both errgroup.Group
			for slot := range numbers {
				both.Go(func() error {
					status, a, err := g.ask(t.Context(), slot, setPath, fmt.Sprint("k-", i), setBody(fmt.Sprint("c-", i%50), `"reset_pin": true`))
					numbers[slot] = a.number()
					if err == nil && status != http.StatusOK {
						err = fmt.Errorf("%d %s", status, a.Status.Code)
					}
					return err
				})
			}
			if err := both.Wait(); err != nil || numbers[0] == "" || numbers[0] != numbers[1] {
				return fmt.Errorf("key %d: %q, %w", i, numbers, err)
			}
			return nil
		})
	}
	if err := callers.Wait(); err != nil {
		t.Error(err)
	}
}
