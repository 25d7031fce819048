package control

import (
	"cmp"
	"context"
	"log/slog"
	"sync/atomic"
	"time"

	"cardstream/consumer"
	"cardstream/internal/cluster"
	"cardstream/provisioning"
	"cardstream/record"
	"cardstream/schemas"
)

// Config is what a Follower reads, and whom it tells.
type Config struct {
	Topic   string // provisioning.control, with the installation's prefix
	Codec   *schemas.Codec[schemas.ControlSetting]
	Metrics *Metrics     // nil: nobody measures
	Log     *slog.Logger // told of every change, with who and why; nil: nobody

	// Silence is for how long the brokers may tell nothing about the topic until that is logged. Zero means 10 s.
	Silence time.Duration
}

// Follower knows the settings of the processing run as they are now: a change is known as soon as the broker has it,
// which is well within a second. All methods but Run may be called by any goroutine, at any time.
type Follower struct {
	Config
	client  *cluster.Client
	fetcher *consumer.Fetcher
	tp      record.TopicPartition

	known   atomic.Pointer[knowledge]
	ready   chan struct{}
	isReady bool // Run's own
}

// knowledge is what is known at one time. Nobody changes it.
type knowledge struct {
	settings settings
	run      provisioning.RunControl
	over     chan struct{} // closed when run is another
}

// NewFollower returns a follower that knows nothing yet. The fetcher must run as long as Run does, and must not have
// the topic open already.
func NewFollower(client *cluster.Client, fetcher *consumer.Fetcher, c Config) *Follower {
	c.Log = cmp.Or(c.Log, slog.New(slog.DiscardHandler))
	c.Silence = cmp.Or(c.Silence, 10*time.Second)
	f := &Follower{
		Config: c, client: client, fetcher: fetcher, tp: record.TopicPartition{Topic: c.Topic}, ready: make(chan struct{}),
	}
	f.known.Store(&knowledge{over: make(chan struct{})})
	return f
}

// Ready returns a channel that is closed when the topic has been read to where it ended when Run began. Until then
// Current is the default, and nothing may be sent on the strength of it.
func (f *Follower) Ready() <-chan struct{} { return f.ready }

// Current returns what the settings come to.
func (f *Follower) Current() provisioning.RunControl { return f.known.Load().run }

// Changed returns a channel that is closed when Current is next another. Who asks for the channel first and for Current
// then misses no change.
func (f *Follower) Changed() <-chan struct{} { return f.known.Load().over }

// Setting returns the last good record of a setting; false where there is none, so that its default counts.
func (f *Follower) Setting(name string) (schemas.ControlSetting, bool) {
	setting, there := f.known.Load().settings[name]
	return setting, there
}

// Run reads until ctx ends, and returns nil then. Whatever keeps it from reading (brokers that are away, a topic that is
// gone or was made anew, a right that is missing) is logged and tried again; what is known stays meanwhile. It is called
// once.
func (f *Follower) Run(ctx context.Context) error {
	f.Metrics.heard(time.Now())
	backoff := cluster.Backoff{Min: 100 * time.Millisecond, Max: 5 * time.Second}
	for {
		err := f.read(ctx, backoff.Reset)
		if ctx.Err() != nil {
			return nil
		}
		run := f.Current()
		f.Log.Warn("settings of the run cannot be read, trying again; what is known stays",
			"topic", f.Topic, "paused", run.Paused, "rate", run.Rate, "error", err)
		if backoff.Wait(ctx) != nil {
			return nil
		}
	}
}

// learn makes other settings known, and tells of each that differs.
func (f *Follower) learn(now settings) {
	was := f.known.Load()
	next := &knowledge{settings: now.clone(), run: now.run(), over: was.over}
	if next.run != was.run {
		next.over = make(chan struct{})
	}
	f.known.Store(next)
	if next.over != was.over {
		close(was.over)
	}
	f.tell(was.settings, now)
}

// tell logs each setting that differs, with who set it, when, and why.
func (f *Follower) tell(was, now settings) {
	for _, name := range []string{Paused, Rate} {
		before, wasSet := was[name]
		after, isSet := now[name]
		switch {
		case isSet && !(wasSet && same(before, after)):
			f.Log.Info("setting of the run", "setting", name, "value", after.Value, "was", was.value(name),
				"by", after.SetBy, "reason", reason(after), "at", after.SetAt.String())
		case wasSet && !isSet:
			f.Log.Info("setting of the run removed", "setting", name, "value", Default(name), "was", before.Value)
		}
	}
}

func same(a, b schemas.ControlSetting) bool {
	return a.Value == b.Value && a.SetBy == b.SetBy && a.SetAt == b.SetAt && reason(a) == reason(b)
}

func reason(s schemas.ControlSetting) string {
	if s.Reason == nil {
		return ""
	}
	return *s.Reason
}
