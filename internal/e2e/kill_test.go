package e2e_test

import (
	"context"
	"testing"
	"time"

	"cardstream/internal/devkafka/kafkatest"
	"cardstream/internal/ledger"
	"cardstream/internal/ledger/chaos"
)

// Two processes are killed again and again, or frozen until others have taken over, while commands come in steadily; every
// command still has what it demands, once, in its card's order.
func TestNothingIsLostOrDoubledByKills(t *testing.T) {
	needRealKafka(t)
	kills := number(t, "CARDSTREAM_E2E_KILLS", 10)
	d := deploy(t, kafkatest.Start(t))
	witness := d.witness(ledger.Rules{})
	fleet := d.run(2)
	d.awaitSharing(0, 1)
	feed := d.feed(ledger.Load{Cards: 2000, Window: 5 * time.Second, Ahead: time.Second}, 500)

	ctx, cancel := context.WithTimeout(t.Context(), time.Duration(kills)*90*time.Second)
	defer cancel()
	began, open := time.Now(), openTransactions{witness: witness}
	made := 0
	// Where takeovers take long many a blow falls between two of them: it goes on until enough had work in hand.
	for more := kills; more > 0 && made < 3*kills; more = open.lacking(kills) {
		struck, err := fleet.Storm(ctx, chaos.Storm{
			// Mostly long enough for the session of the killed to end and its partitions to step elsewhere, sometimes not.
			Kills: more, Pause: 7 * time.Second, Busy: witness.Busy, Struck: open.struck, Freeze: 2 * sessionTimeout,
		})
		made += struck
		if err != nil {
			t.Errorf("%d kills: %v", made, err)
			break
		}
	}
	took := time.Since(began).Round(time.Second)
	fed := feed.end()
	d.settle(witness, fed)
	open.struck(nil)
	t.Logf("%d kills in %s; %d of %d blows left a transaction open, %d in all; fed %+v",
		made, took, open.found, open.blows-1, open.seen, fed)
	if lacking := open.lacking(kills); lacking > 0 {
		t.Errorf("%d blows left a transaction open, %d too few: the processes were not busy when killed", open.found, lacking)
	}
}

// openTransactions counts the blows that left a transaction open: one after which, and before the next, abort markers of
// further transactions were written, as whoever takes a partition over aborts what it finds open there.
type openTransactions struct {
	witness *ledger.Witness
	blows   int
	found   int
	seen    int // aborted transactions up to the last blow
}

// lacking is how many blows more than there were are to leave one open, of so many kills.
func (o *openTransactions) lacking(kills int) int { return max(1, 3*kills/10) - o.found }

func (o *openTransactions) struck([]int) {
	seen := o.witness.AbortedTransactions()
	if seen > o.seen && o.blows > 0 {
		o.found++
	}
	o.seen = seen
	o.blows++
}
