package e2e_test

import (
	"context"
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"cardstream/internal/devkafka/kafkatest"
	"cardstream/internal/ledger"
	"cardstream/internal/ledger/chaos"
)

// duration is a setting from the environment, in seconds.
func duration(t *testing.T, name string, otherwise time.Duration) time.Duration {
	t.Helper()
	return time.Duration(number(t, name, int(otherwise.Seconds()))) * time.Second
}

// settleLate is settle where a late answer may still complete what was REJECTED: it waits for those as well.
func (d *deployment) settleLate(w *ledger.Witness, timeout time.Duration, fed ...ledger.Fed) *ledger.Report {
	d.t.Helper()
	if err := w.WaitSettled(d.t.Context(), 90*time.Second); err != nil {
		d.t.Errorf("settle: %v", err)
	}
	pause(d.t, 2*timeout)
	return d.settle(w, fed...)
}

// The headend refuses, keeps silent, answers late and twice, while processes are killed again and again: every command
// has one end, each attempt is sent once, and one card's requests go one at a time.
func TestNothingIsLostOrDoubledByKillsWithResults(t *testing.T) {
	needRealKafka(t)
	kills, restarts := number(t, "CARDSTREAM_E2E_KILLS", 5), number(t, "CARDSTREAM_E2E_BROKER_RESTARTS", 0)
	commands, rate := number(t, "CARDSTREAM_E2E_COMMANDS", 10_000), number(t, "CARDSTREAM_E2E_RATE", 200)
	const timeout = 2 * time.Second
	d, struck := deployToRestart(t, kills, restarts)
	witness := d.witnessOf(ledger.Rules{}, ledger.Mode{Results: true, Timeout: timeout})
	// What is killed here is not the headend: no partition may hold, and every attempt counts.
	fleet := d.runWith(2, func() []string {
		return []string{"--headend-timeout", timeout.String(), "--headend-hold-after", "0"}
	})
	d.headend("--reject", "5%", "--retryable", "5%", "--silent", "2%", "--late", "1%", "--twice", "1%", "--delay", "20ms")
	d.awaitSharing(0, 1)
	feed := d.feed(ledger.Load{
		Cards: max(commands/20, 1), Window: 5 * time.Second, Ahead: time.Second,
		Mix: ledger.Mix{Immediate: 30, DueNow: 30, Scheduled: 30, Duplicates: 5, Broken: 5},
	}, float64(rate))

	ctx, cancel := context.WithTimeout(t.Context(), time.Duration(kills)*time.Minute)
	defer cancel()
	made, err := fleet.Storm(ctx, chaos.Storm{
		Kills: kills, Pause: 7 * time.Second, Busy: witness.Busy, Struck: struck, Freeze: 2 * sessionTimeout,
	})
	if err != nil {
		t.Errorf("%d kills: %v", made, err)
	}
	eventually(t, time.Duration(commands/rate+60)*time.Second, "enough commands are fed", func() bool {
		fed := feed.feeder.Fed()
		return fed.Accepted+fed.Rejected+fed.Duplicates >= commands
	})
	d.settleLate(witness, timeout, feed.end())
}

// deployToRestart deploys where a broker may be restarted so many times in the course of the kills, and returns what is
// to be called after each blow: on a cluster of its own where it is to be restarted at all.
func deployToRestart(t *testing.T, kills, restarts int) (*deployment, func([]int)) {
	t.Helper()
	if restarts == 0 {
		return deploy(t, kafkatest.Start(t)), nil
	}
	own, blows := ownClusters.start(t, 1), 0
	return deploy(t, own.Cluster), func([]int) {
		blows++
		if every := max(1, kills/(restarts+1)); blows%every == 0 && blows/every <= restarts {
			t.Logf("chaos: the broker is killed and started again")
			own.must(t, "kill", "1")
			own.must(t, "up", "--brokers", "1")
		}
	}
}

// A headend that is down for long turns none of the requests that fall due meanwhile into REJECTED: each partition holds
// after so many time-outs in a row, and goes on when an answer comes.
func TestAnOutageRejectsNothing(t *testing.T) {
	needRealKafka(t)
	requests, outage := number(t, "CARDSTREAM_E2E_REQUESTS", 1_000), duration(t, "CARDSTREAM_E2E_OUTAGE", 30*time.Second)
	const timeout, ahead, holdAfter, probeEvery = time.Second, 20 * time.Second, 20, 10 * time.Second
	d := deploy(t, kafkatest.Start(t))
	witness := d.witnessOf(ledger.Rules{}, ledger.Mode{Results: true, Timeout: timeout, Outage: true})
	d.runWith(2, func() []string {
		return []string{"--headend-timeout", timeout.String(), "--headend-hold-after", strconv.Itoa(holdAfter)}
	})
	headend := d.headend("--delay", "20ms")
	d.awaitSharing(0, 1)
	journal := d.keepJournal()
	began := time.Now()
	fed := d.feed(ledger.Load{
		Commands: requests, Cards: max(requests/2, 1), Window: outage, Ahead: ahead, Mix: ledger.Mix{Scheduled: 1},
	}, float64(requests)/ahead.Seconds()*2).all()

	pause(t, time.Until(began.Add(ahead+2*time.Second)))
	down := time.Now()
	if err := headend.Kill(0); err != nil {
		t.Fatal(err)
	}
	pause(t, outage)
	back := time.Now()
	if err := headend.Restart(0); err != nil {
		t.Fatal(err)
	}
	report := d.settle(witness, fed)
	ended := time.Since(back)

	events := journal.upTo(t, report)
	sentThen := len(open(events, down))
	probes := partitions * (int(outage/probeEvery) + 1)
	sentMeanwhile, timedOut, unheard := 0, 0, 0
	sent := map[string]time.Time{} // a request's last attempt
	for _, e := range events {
		if e.kind == "REQUEST_SENT" {
			sent[e.number] = e.at
		}
		if e.kind == "REQUEST_SENT" && e.at.After(down) && e.at.Before(back) {
			sentMeanwhile++
		}
		if e.rejecter == "TIMEOUT" {
			timedOut++
			if sent[e.number].Before(back) {
				unheard++
			}
		}
	}
	t.Logf("%d requests, %s without headend: %d were SENT when it went down, %d attempts meanwhile, %d REJECTED by TIMEOUT, "+
		"%d COMPLETED; the last %s after its return", requests, outage, sentThen, sentMeanwhile, timedOut,
		report.Counts.Events["REQUEST_COMPLETED"], ended.Round(time.Millisecond))
	// What was sent after the return and not answered in time tells of the machine, not of the outage.
	if most := sentThen + probes; unheard > most {
		t.Errorf("%d requests REJECTED by TIMEOUT, at most %d: %d that were SENT and %d probes", unheard, most, sentThen, probes)
	}
	if completed := report.Counts.Events["REQUEST_COMPLETED"]; completed+timedOut < fed.Accepted {
		t.Errorf("%d COMPLETED and %d REJECTED of %d", completed, timedOut, fed.Accepted)
	}
}

// A pause keeps back all but what is immediate; what has waited follows at the rate that was set.
func TestAPauseKeepsBackAndARateLetsOut(t *testing.T) {
	needRealKafka(t)
	due, paused := number(t, "CARDSTREAM_E2E_DUE", 200), duration(t, "CARDSTREAM_E2E_PAUSE", 20*time.Second)
	rate := 2 * due
	d := deploy(t, kafkatest.Start(t))
	witness := d.witnessOf(ledger.Rules{}, ledger.Mode{Results: true})
	d.runWith(2, func() []string { return nil })
	d.headend()
	d.awaitSharing(0, 1)
	journal := d.keepJournal()
	// A card for each: an immediate request takes along what is ahead of it in its card's line.
	feed := d.feed(ledger.Load{Cards: 1 << 40, Mix: ledger.Mix{Immediate: 1, DueNow: 9}}, float64(due))
	eventually(t, time.Minute, "requests are sent", func() bool { return journal.count("REQUEST_SENT") > due })

	d.must("pause", "--reason", "a test")
	stopped := time.Now()
	pause(t, paused)
	d.must("rate", strconv.Itoa(rate))
	released := time.Now() // somewhere between this and the next moment
	d.must("resume")
	resumed := time.Now()
	backlog := 0.9 * float64(due) * resumed.Sub(stopped).Seconds()
	drained := time.Duration(backlog / (float64(rate) - float64(due)) * float64(time.Second))
	from, until := resumed.Add(2*time.Second), resumed.Add(drained*7/10)
	pause(t, time.Until(resumed.Add(drained+5*time.Second)))
	report := d.settle(witness, feed.end())

	events := journal.upTo(t, report)
	immediate, last := 0, stopped
	rated := make([]float64, int(until.Sub(from).Seconds())) // by second
	for _, e := range events {
		if e.kind != "REQUEST_SENT" {
			continue
		}
		switch during := e.at.After(stopped) && e.at.Before(released); {
		case during && e.immediate:
			immediate++
		case during:
			last = e.at
		default:
			if second := int(e.at.Sub(from).Seconds()); e.at.After(from) && second < len(rated) {
				rated[second]++
			}
		}
	}
	slices.Sort(rated)
	measured := rated[len(rated)/2] // of the seconds: a machine that stands still for one says nothing of the others
	t.Logf("%d due a second, paused for %s: %d immediate ones sent meanwhile, the last other one %s after the pause was set; "+
		"then %.0f a second, set to %d; %d in all", due, resumed.Sub(stopped).Round(time.Millisecond), immediate,
		last.Sub(stopped).Round(time.Millisecond), measured, rate, report.Counts.Requests)
	if late := last.Sub(stopped); late > paused/4 { // the figure is above; a pause that nobody keeps lasts to its end
		t.Errorf("what is not immediate was still sent %s after the pause was set", late)
	}
	if least := 0.1 * float64(due) * released.Sub(stopped).Seconds(); float64(immediate) < 0.8*least {
		t.Errorf("%d immediate requests were sent during the pause, want about %.0f", immediate, least)
	}
	if measured < 0.9*float64(rate) || measured > 1.1*float64(rate) {
		t.Errorf("%.0f a second after the pause, set to %d", measured, rate)
	}
}

// must runs a subcommand on this deployment.
func (d *deployment) must(command string, flags ...string) {
	d.t.Helper()
	if got := shell(d.t, d.line(command, flags...)...); got.code != 0 {
		d.t.Fatalf("cardstream %s: exit code %d\n%s%s", command, got.code, got.stdout, got.stderr)
	}
}

// Cancels arrive around the moment at which their requests are sent: each request is CANCELLED or SENT, never both, and
// each cancel is answered. The ledger holds the answers against each other.
func TestCancelsThatRaceTheSend(t *testing.T) {
	needRealKafka(t)
	near := number(t, "CARDSTREAM_E2E_CANCELS", 1_000)
	requests := near + near/10
	const ahead, perSecond = 15 * time.Second, 200
	d := deploy(t, kafkatest.Start(t))
	witness := d.witnessOf(ledger.Rules{}, ledger.Mode{Results: true})
	d.runWith(2, func() []string { return nil })
	d.headend("--delay", "10ms")
	d.awaitSharing(0, 1)
	journal := d.keepJournal()
	window := time.Duration(requests) * time.Second / perSecond
	load := ledger.Load{Commands: requests, Cards: 10 * requests, Window: window, Ahead: ahead, Mix: ledger.Mix{Scheduled: 1}}
	fed := d.feed(load, float64(requests)/5).all()
	eventually(t, time.Minute, "all requests are PENDING", func() bool {
		return journal.count("REQUEST_PENDING") == requests
	})
	d.cancelAround(journal.all(), near)
	report := d.settle(witness, fed)

	cancelled, refused := report.Counts.Events["REQUEST_CANCELLED"], report.Counts.Events["COMMAND_REJECTED"]
	t.Logf("%d cancels, %d of them within %s of the due time: %d in time, %d too late; %d sent", requests, near, around,
		cancelled, refused, report.Counts.Events["REQUEST_SENT"])
	if cancelled+refused != requests || cancelled+report.Counts.Events["REQUEST_SENT"] != requests {
		t.Errorf("%d requests: %d CANCELLED, %d SENT; %d cancels refused", requests, cancelled,
			report.Counts.Events["REQUEST_SENT"], refused)
	}
	if cancelled == 0 || refused == 0 {
		t.Errorf("no race: %d cancels came in time, %d too late", cancelled, refused)
	}
}

// Cancels come at a moment that is at most so far from when their request is due; a few at most wide, so that some come
// in time and some too late wherever this runs.
const around, wide = 50 * time.Millisecond, 3 * time.Second

// cancelAround writes a cancel of each request, so many of them close to when it is due.
func (d *deployment) cancelAround(events []happened, near int) {
	d.t.Helper()
	id, codec := d.latest("provisioning.commands")
	random := rand.New(rand.NewPCG(seed(d.t), 2))
	client := d.cluster.Client(d.t, kgo.DefaultProduceTopic(d.prefix+"provisioning.commands"), kgo.ProducerLinger(0))
	taken := 0
	moment := func(h happened) time.Time {
		most := around
		if taken++; taken > near {
			most = wide
		}
		return h.due.Add(time.Duration((2*random.Float64() - 1) * float64(most)))
	}
	for _, r := range byTime(events, moment) {
		pause(d.t, time.Until(r.moment))
		value, err := codec.BinaryFromNative(wireHeader(id), map[string]any{
			"command_id": "cancel " + r.number, "source": "e2e", "occurred_at": time.Now(),
			"command": map[string]any{"cardstream.v1.CancelRequest": map[string]any{"number": r.number}},
		})
		if err != nil {
			d.t.Fatal(err)
		}
		client.Produce(d.t.Context(), &kgo.Record{Value: value}, func(_ *kgo.Record, err error) {
			if err != nil {
				d.t.Errorf("cancel: %v", err)
			}
		})
	}
	if err := client.Flush(d.t.Context()); err != nil {
		d.t.Fatal(err)
	}
}

// A process that holds many SENT requests is killed and starts again: no attempt is lost or doubled, and time-outs come
// when they were to, or at once where that has passed.
func TestARestartKeepsEveryAttempt(t *testing.T) {
	needRealKafka(t)
	requests, seconds := number(t, "CARDSTREAM_E2E_SENT", 2_000), number(t, "CARDSTREAM_E2E_SENT_SECONDS", 10)
	sending := time.Duration(seconds) * time.Second
	timeout := sending + 20*time.Second
	d := deploy(t, kafkatest.Start(t))
	witness := d.witnessOf(ledger.Rules{}, ledger.Mode{Results: true, Timeout: timeout, Attempts: 1})
	fleet := d.runWith(1, func() []string {
		return []string{"--headend-timeout", timeout.String(), "--headend-attempts", "1", "--headend-in-flight", "0",
			"--headend-hold-after", "0"}
	})
	d.awaitAll(0)
	journal := d.keepJournal()
	fed := d.feed(ledger.Load{Commands: requests, Cards: 1 << 40, Mix: ledger.Mix{DueNow: 1}},
		float64(requests)/sending.Seconds()).all()
	eventually(t, time.Minute, "all requests are SENT", func() bool { return journal.count("REQUEST_SENT") == fed.Accepted })

	if err := fleet.Kill(0); err != nil {
		t.Fatal(err)
	}
	killed := time.Now()
	if err := fleet.Restart(0); err != nil {
		t.Fatal(err)
	}
	d.awaitAll(0)
	ready := time.Now()
	report := d.settle(witness, fed)
	respondBy, worst, early := map[string]time.Time{}, time.Duration(0), 0
	var last time.Time
	for _, e := range journal.upTo(t, report) {
		switch e.kind {
		case "REQUEST_SENT":
			respondBy[e.number] = e.at.Add(timeout)
			if e.at.After(last) {
				last = e.at
			}
		case "REQUEST_REJECTED":
			wanted := respondBy[e.number]
			if wanted.Before(ready) {
				early++
				wanted = ready
			}
			worst = max(worst, e.at.Sub(wanted))
		}
	}
	t.Logf("%d requests SENT; ready %s after the kill; %d time-outs fell into that; the latest came %s late",
		fed.Accepted, ready.Sub(killed).Round(time.Millisecond), early, worst.Round(time.Millisecond))
	// The figure is above; a time-out that counts anew from the restart is at least so late.
	if anew := ready.Sub(last); worst >= anew {
		t.Errorf("a time-out came %s late, and the restart %s after the attempts", worst, anew)
	}
}

// What was SENT while results were read comes to an end when they are not, and the other way round.
func TestResultsAreSwitchedOffAndOn(t *testing.T) {
	needRealKafka(t)
	requests := number(t, "CARDSTREAM_E2E_SWITCHED", 300)
	const timeout = 12 * time.Second
	results := "on"
	d := deploy(t, kafkatest.Start(t))
	witness := d.witnessOf(ledger.Rules{}, ledger.Mode{Results: true, Switched: true, Timeout: timeout})
	fleet := d.runWith(1, func() []string {
		return []string{"--headend-timeout", timeout.String(), "--headend-results", results, "--headend-hold-after", "0"}
	})
	d.awaitAll(0)
	journal := d.keepJournal()
	var feds []ledger.Fed
	write := func(source, until string, count int) {
		t.Helper()
		load := ledger.Load{Commands: requests, Cards: 1 << 40, Source: source, Mix: ledger.Mix{DueNow: 1}}
		feds = append(feds, d.feed(load, 1000).all())
		eventually(t, time.Minute, source+": "+until, func() bool { return journal.count(until) == count })
	}
	turn := func(to string) {
		t.Helper()
		results = to
		if _, err := fleet.Terminate(t.Context(), 0); err != nil {
			t.Fatal(err)
		}
		if err := fleet.Restart(0); err != nil {
			t.Fatal(err)
		}
		d.awaitAll(0)
	}
	write("sent while on", "REQUEST_SENT", requests)
	turn("off")
	// Handed over at once; and those that were SENT are taken for handed over when their time to be answered is up.
	write("sent while off", "REQUEST_SENT", 2*requests)
	eventually(t, time.Minute, "what was SENT is COMPLETED", func() bool { return journal.count("REQUEST_COMPLETED") == 2*requests })
	turn("on")
	write("sent while on again", "REQUEST_SENT", 3*requests)
	turn("off")
	turn("on")
	d.headend()
	report := d.settle(witness, feds...)
	if completed := report.Counts.Events["REQUEST_COMPLETED"]; completed != 3*requests {
		t.Errorf("%d COMPLETED of %d", completed, 3*requests)
	}
}
