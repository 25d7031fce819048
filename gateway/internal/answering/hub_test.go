package answering_test

import (
	"context"
	"testing"
	"testing/synctest"

	"cardstream/gateway/internal/answering"
	"cardstream/provisioning"
)

// Events that come while the one before is being weighed wait, in their order.
func TestNoEventIsLostBehindAnother(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hub, heard := answering.NewHub(provisioning.Digester{}), make(chan string)
		ctx, cancel := context.WithCancel(t.Context())
		go hub.Listen(ctx, source, "k-1", heard)
		synctest.Wait()
		for _, id := range []string{"1", "2", "3"} {
			hub.Hear(&provisioning.Event{ID: id, Source: source, CommandID: "k-1"})
			synctest.Wait() // it has taken the first, and hands it on
		}
		for _, want := range []string{"1", "2", "3"} {
			if id := <-heard; id != want {
				t.Errorf("heard %s, want %s", id, want)
			}
		}
		cancel()
		synctest.Wait()
		if hub.Waiting() != 0 {
			t.Error("somebody still listens")
		}
	})
}
