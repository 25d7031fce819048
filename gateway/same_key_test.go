package gateway_test

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"cardstream/gateway"
	"cardstream/provisioning"
)

// The same key at two gateways at once: one request each time, and its number in both answers.
func TestTheSameKeyAtTwoGatewaysAtOnce(t *testing.T) {
	const keys = 1000
	w := newWorld(t)
	w.work(false)
	one, two, c := w.gateway(), w.gateway(), w.caller()
	var answers [keys][2]answer
	var callers errgroup.Group
	callers.SetLimit(64)
	for i := range keys {
		callers.Go(func() error {
			key, card := fmt.Sprintf("k-%d", i), fmt.Sprintf("card-%d", i%100)
			var both errgroup.Group
			for g, at := range []*server{one, two} {
				both.Go(func() (err error) {
					answers[i][g], err = c.set(t.Context(), at, key, card, "4321", "")
					return err
				})
			}
			return both.Wait()
		})
	}
	if err := callers.Wait(); err != nil {
		t.Fatal(err)
	}
	numbers := map[string]bool{}
	for i, a := range answers {
		if a[0].status != http.StatusOK || a[1].status != http.StatusOK || a[0].number != a[1].number || a[0].number == "" {
			t.Errorf("key %d: %+v, %+v", i, a[0], a[1])
		}
		numbers[a[0].number] = true
	}
	count := w.events(t, func(c map[provisioning.EventType]int) bool {
		return c[provisioning.RequestPending] >= keys && c[provisioning.CommandDuplicate] >= keys
	})
	if len(numbers) != keys || count[provisioning.RequestPending] != keys || count[provisioning.CommandDuplicate] != keys {
		t.Errorf("%d numbers, events %v, want %d each", len(numbers), count, keys)
	}
}

// The same key with another PIN at the same moment, at the same gateway or another: one of the two is told so, and both
// are shown the same request, that of the other.
func TestAnotherContentAtTheSameMoment(t *testing.T) {
	const keys = 200
	for name, more := range map[string]string{"due now": "", "immediate": `, "process_immediately": true`} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.work(false)
			one, two, c := w.gateway(), w.gateway(), w.caller()
			var callers errgroup.Group
			callers.SetLimit(32)
			for i := range keys {
				callers.Go(func() error {
					key, card := fmt.Sprintf("k-%d", i), fmt.Sprintf("card-%d", i)
					at := []*server{one, []*server{one, two}[i%2]}
					var answers [2]answer
					var both errgroup.Group
					for g, pin := range []string{"1234", "4321"} {
						both.Go(func() (err error) {
							answers[g], err = c.set(t.Context(), at[g], key, card, pin, more)
							return err
						})
					}
					if err := both.Wait(); err != nil {
						return err
					}
					if a, b := answers[0], answers[1]; a.status+b.status != http.StatusOK+http.StatusUnprocessableEntity ||
						a.number != b.number {
						t.Errorf("key %d: %+v, %+v", i, a, b)
					}
					return nil
				})
			}
			if err := callers.Wait(); err != nil {
				t.Fatal(err)
			}
		})
	}
}

// One after another, at two gateways, without a digest key: a caller is not told the outcome of the one before, although
// that may come after its own question.
func TestAnotherPINAfterTheSameOne(t *testing.T) {
	w := newWorld(t)
	w.digester = provisioning.Digester{}
	w.work(false)
	one, two, c := w.gateway(), w.gateway(), w.caller()
	var callers errgroup.Group
	callers.SetLimit(16)
	for i := range 100 {
		callers.Go(func() error {
			for _, step := range []struct {
				at   *server
				pin  string
				want int
			}{{one, "1234", 200}, {two, "1234", 200}, {two, "4321", 422}, {one, "", 422}, {two, "1234", 200}} {
				a, err := c.set(t.Context(), step.at, fmt.Sprintf("k-%d", i), fmt.Sprintf("card-%d", i), step.pin,
					`, "scheduled_date": `+quoted(time.Now().AddDate(0, 1, 0).Format(time.DateOnly)))
				if err != nil || a.status != step.want {
					return fmt.Errorf("key %d, PIN %q: %+v, %w", i, step.pin, a, err)
				}
			}
			return nil
		})
	}
	if err := callers.Wait(); err != nil {
		t.Error(err)
	}
}

// Whoever was answered a number can look it up at once, under load too.
func TestWhatWasAnsweredCanBeShown(t *testing.T) {
	w := newWorld(t)
	w.work(false)
	at, c := w.gateway(), w.caller()
	var callers errgroup.Group
	callers.SetLimit(64)
	for i := range 500 {
		callers.Go(func() error {
			made, err := c.set(t.Context(), at, "", fmt.Sprintf("card-%d", i), "", "")
			if err != nil || made.status != http.StatusOK {
				return fmt.Errorf("%+v, %w", made, err)
			}
			shown, err := c.show(t.Context(), at, "number="+made.number)
			if err != nil || shown.status != http.StatusOK || shown.number != made.number {
				return fmt.Errorf("made %+v, shown %+v, %w", made, shown, err)
			}
			return nil
		})
	}
	if err := callers.Wait(); err != nil {
		t.Error(err)
	}
}

// A gateway that starts while the groups rebalance answers properly: nobody takes its command at first.
func TestAGatewayThatStartsDuringARebalance(t *testing.T) {
	w := newWorld(t)
	first := w.work(false)
	at, c := w.gateway(), w.caller()
	if a, err := c.set(t.Context(), at, "", "card", "4321", ""); err != nil || a.status != http.StatusOK {
		t.Fatalf("%+v, %v", a, err)
	}
	var moving errgroup.Group
	moving.Go(func() error { w.work(false); return nil })
	moving.Go(func() error { first.stop(); return nil })
	late := w.gateway(func(web *gateway.Web) { web.Wait = time.Minute })
	var callers errgroup.Group
	for i := range 50 {
		callers.Go(func() error {
			a, err := c.set(t.Context(), late, "", fmt.Sprintf("card-%d", i), "4321", `, "process_immediately": true`)
			if err != nil || a.status != http.StatusOK || a.state == "PENDING" {
				return fmt.Errorf("%+v, %w", a, err)
			}
			return nil
		})
	}
	if err := callers.Wait(); err != nil {
		t.Error(err)
	}
	_ = moving.Wait() // both return nil
}
