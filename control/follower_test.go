package control_test

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"cardstream/control"
	"cardstream/internal/devkafka"
	"cardstream/internal/devkafka/kafkatest"
	"cardstream/provisioning"
	"cardstream/schemas"
)

// The broker holds a question for a minute where there is nothing new: who knows before was told at once, and did not
// just ask again.
func TestEveryFollowerIsToldAtOnce(t *testing.T) {
	w := mustWorld(t, kafkatest.Start(t))
	followers := []*follower{w.followHeld(t, 0, time.Minute), w.followHeld(t, 0, time.Minute)}
	for _, f := range followers {
		f.awaitReady(t)
	}
	for _, step := range []struct {
		name, value string
		want        provisioning.RunControl
	}{
		{control.Paused, "true", provisioning.RunControl{Paused: true}},
		{control.Rate, "2000", provisioning.RunControl{Paused: true, Rate: 2000}},
		{control.Paused, "false", provisioning.RunControl{Rate: 2000}},
	} {
		w.mustSet(t, step.name, step.value)
		for _, f := range followers {
			f.await(t, step.want)
		}
	}
}

// What was set and set back long ago is no change of now, neither at the start nor when all is read anew.
func TestNothingIsBelievedOnTheWay(t *testing.T) {
	w := mustWorld(t, kafkatest.Start(t))
	for range 3 {
		w.mustSet(t, control.Paused, "true")
		w.mustSet(t, control.Paused, "false")
		w.mustSet(t, control.Rate, "7")
		w.mustSet(t, control.Rate, "0")
	}
	f := w.follow(t, 0)
	changed := f.Changed()
	f.awaitReady(t)
	select {
	case <-changed:
		t.Errorf("something changed; log:\n%s", f.log.all())
	default:
	}
	w.mustSet(t, control.Rate, "8")
	f.await(t, provisioning.RunControl{Rate: 8})
	<-changed
}

func TestTheRecordOfASettingIsKept(t *testing.T) {
	w := mustWorld(t, kafkatest.Start(t))
	f := w.follow(t, 0)
	f.awaitReady(t)
	if _, there := f.Setting(control.Paused); there {
		t.Error("nobody has set it")
	}
	want := schemas.ControlSetting{Name: control.Paused, Value: "true", SetBy: "anna", SetAt: 1, Reason: new("moving")}
	if err := w.setter.Set(within(t), want); err != nil {
		t.Fatal(err)
	}
	f.await(t, provisioning.RunControl{Paused: true})
	got, there := f.Setting(control.Paused)
	if !there || got.Value != "true" || got.SetBy != "anna" || got.SetAt != 1 || *got.Reason != "moving" {
		t.Errorf("%+v, %t", got, there)
	}
}

// A pause may stand behind a transaction that somebody has left open: it is waited for.
func TestTheEndIsBehindOpenTransactions(t *testing.T) {
	w := mustWorld(t, kafkatest.StartEmbedded(t, devkafka.Config{}))
	writer := w.Client(t, kgo.TransactionalID("somebody"), kgo.RecordPartitioner(kgo.ManualPartitioner()))
	if err := writer.BeginTransaction(); err != nil {
		t.Fatal(err)
	}
	if err := writer.ProduceSync(within(t), &kgo.Record{Topic: w.topic, Key: []byte("open")}).FirstErr(); err != nil {
		t.Fatal(err)
	}
	w.mustSet(t, control.Paused, "true")
	fetched := make(chan struct{}, 1)
	w.Embedded.Kafka().Fault(kfake.Fault{
		Keys: []kmsg.Key{kmsg.Fetch}, Topic: w.topic, Observe: true, Count: -1,
		When: func(kmsg.Request) bool {
			select {
			case fetched <- struct{}{}:
			default:
			}
			return true
		},
	})
	f := w.follow(t, 0)
	for range 3 { // the second one shows that the first was answered, with nothing
		select {
		case <-fetched:
		case <-f.Ready():
			t.Fatalf("ready with %+v", f.Current())
		case <-within(t).Done():
			t.Fatal("nobody fetches")
		}
	}
	if err := writer.EndTransaction(within(t), kgo.TryAbort); err != nil {
		t.Fatal(err)
	}
	f.awaitReady(t)
	if !f.Current().Paused {
		t.Error("the pause was not seen")
	}
}

// No outage ends a pause; and when the brokers are back, the follower is, too.
func TestAPauseOutlivesTheBrokers(t *testing.T) {
	config := devkafka.Config{DataDir: filepath.Join(t.TempDir(), "kafka")}
	first, err := devkafka.Start(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	config.KafkaAddr, config.RegistryAddr = first.Addrs()[0], first.RegistryURL()[len("http://"):]
	w := mustWorld(t, kafkatest.Cluster{Brokers: first.Addrs(), RegistryURL: first.RegistryURL(), Embedded: first})
	w.mustSet(t, control.Paused, "true")
	const silence = 300 * time.Millisecond
	began := time.Now()
	f := w.follow(t, silence)
	f.awaitReady(t)
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	f.awaitAge(t, silence)
	// A slow machine may have been out of reach before, and within reach again.
	at := f.log.awaitThat(t, "out of reach", func(text string) bool {
		return strings.LastIndex(text, "out of reach") > strings.LastIndex(text, "within reach again")
	})
	if !f.Current().Paused {
		t.Error("the outage has ended the pause")
	}
	if age, most := f.age(t), time.Since(began); age > most.Seconds() {
		t.Errorf("cardstream_control_age_seconds %v, of %s", age, most)
	}
	second := kafkatest.StartEmbedded(t, config)
	f.log.await(t, at, "within reach again")
	w.Cluster = second
	w.mustSet(t, control.Paused, "false")
	f.await(t, provisioning.RunControl{})
}

// awaitAge waits until the gauge has so much.
func (f *follower) awaitAge(tb testing.TB, age time.Duration) {
	tb.Helper()
	look := time.NewTicker(5 * time.Millisecond)
	defer look.Stop()
	for ctx := within(tb); f.age(tb) < age.Seconds(); {
		select {
		case <-look.C:
		case <-ctx.Done():
			tb.Fatalf("cardstream_control_age_seconds %v, want %s; log:\n%s", f.age(tb), age, f.log.all())
		}
	}
}

// age returns the gauge.
func (f *follower) age(tb testing.TB) float64 {
	tb.Helper()
	families, err := prometheus.Gatherer(f.metrics).Gather()
	if err != nil || len(families) != 1 || families[0].GetName() != "cardstream_control_age_seconds" {
		tb.Fatalf("metrics %v, %v", families, err)
	}
	return families[0].GetMetric()[0].GetGauge().GetValue()
}
