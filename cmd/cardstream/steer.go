package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os/user"
	"strings"
	"time"
	"unicode"

	"cardstream/control"
	"cardstream/producer"
	"cardstream/schemas"
)

// steering is what `cardstream pause`, `resume` and `rate` share: a setting of the processing run, who sets it, and why.
type steering struct {
	connection
	logging
	Reason  string        `placeholder:"TEXT" help:"Why; it is kept with the setting."`
	By      string        `placeholder:"NAME" help:"Who sets it (the user of the operating system)."`
	Timeout time.Duration `default:"30s" help:"How long it may take (${default})."`
}

// pauseCommand is `cardstream pause`: nothing is sent but what is immediate.
type pauseCommand struct{ steering }

// Run pauses.
func (c *pauseCommand) Run(ctx context.Context, std streams) error {
	return c.set(ctx, std, control.Paused, "true")
}

// resumeCommand is `cardstream resume`: the end of a pause.
type resumeCommand struct{ steering }

// Run resumes.
func (c *resumeCommand) Run(ctx context.Context, std streams) error {
	return c.set(ctx, std, control.Paused, "false")
}

// rateCommand is `cardstream rate N`.
type rateCommand struct {
	steering
	N string `arg:"" help:"Smartcard commands a second, for the whole application: 200, or 0.5. 0 removes the bound."`
}

// Run sets the rate.
func (c *rateCommand) Run(ctx context.Context, std streams) error {
	if _, err := control.ParseRate(c.N); err != nil {
		return usageError{fmt.Errorf("rate %q: %w", c.N, err)}
	}
	return c.set(ctx, std, control.Rate, c.N)
}

// steered is what is printed: the setting, and what it was before; null where it was the default.
type steered struct {
	Set    json.RawMessage `json:"set"`
	Before json.RawMessage `json:"before"`
}

func (c *steering) set(ctx context.Context, std streams, name, value string) error {
	setting := schemas.ControlSetting{Name: name, Value: value, SetAt: now()}
	if err := c.sign(&setting); err != nil {
		return usageError{err}
	}
	// What the settings are is printed; only what is wrong with them is logged.
	log := logging{LogLevel: max(c.LogLevel, slog.LevelWarn), LogFormat: c.LogFormat}.logger(std.err)
	ctx, cancel := context.WithTimeout(ctx, c.Timeout)
	defer cancel()
	s, err := openSession(ctx, c.connection, log)
	if err != nil {
		return err
	}
	return errors.Join(s.steer(ctx, setting, std, log), s.Close())
}

// The most code points that are kept of who and why: a log line has them on every instance.
const (
	longestBy     = 100
	longestReason = 500
)

// sign adds who and why.
func (c *steering) sign(setting *schemas.ControlSetting) error {
	if setting.SetBy = cmp.Or(c.By, operator()); setting.SetBy == "" {
		return errors.New("--by: the operating system does not tell who this is")
	}
	if c.Reason != "" {
		setting.Reason = &c.Reason
	}
	return errors.Join(checkLine("--by", setting.SetBy, longestBy), checkLine("--reason", c.Reason, longestReason))
}

// checkLine wants a line of printable text.
func checkLine(flag, text string, longest int) error {
	if len([]rune(text)) > longest || strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsPrint(r) }) {
		return fmt.Errorf("%s: must be one line of at most %d printable characters", flag, longest)
	}
	return nil
}

// operator returns the name of the system's user, or of what it has instead of one: in a container, a number.
func operator() string {
	u, err := user.Current()
	if err != nil {
		return ""
	}
	return cmp.Or(u.Username, u.Uid)
}

// steer writes a setting and prints it, with what was there before.
func (s *session) steer(ctx context.Context, setting schemas.ControlSetting, std streams, log logger) error {
	topic := s.topics.Control()
	if s.layout.Partitions[topic] != 1 {
		return fmt.Errorf("topic %s has %d partitions, not 1: see cardstream topics --check", topic, s.layout.Partitions[topic])
	}
	before, err := s.setting(ctx, setting.Name, log)
	if err != nil {
		return err
	}
	setter := control.Setter{
		Producer: producer.NewIdempotent(s.client, producer.IdempotentConfig{}), Topic: topic, Codec: s.schemas.Control,
	}
	if err := setter.Set(ctx, setting); err != nil {
		return err
	}
	set, err := schemas.JSON(&setting, schemas.JSONOptions{})
	if err != nil {
		return err
	}
	if err := json.NewEncoder(std.out).Encode(steered{Set: set, Before: before}); err != nil {
		return fmt.Errorf("print setting: %w", err)
	}
	return nil
}

// setting reads a setting as it is now, as JSON: null where nobody has set it.
func (s *session) setting(ctx context.Context, name string, log logger) (json.RawMessage, error) {
	reading, stop := context.WithCancel(ctx)
	follower := control.NewFollower(s.client, s.fetcher, control.Config{
		Topic: s.topics.Control(), Codec: s.schemas.Control, Log: log.Logger,
	})
	ended := make(chan error, 1)
	go func() { ended <- follower.Run(reading) }()
	select {
	case <-follower.Ready():
	case <-ctx.Done():
	}
	stop()
	if err := errors.Join(<-ended, ctx.Err()); err != nil {
		return nil, fmt.Errorf("read %s: %w", s.topics.Control(), err)
	}
	setting, there := follower.Setting(name)
	if !there {
		return json.RawMessage("null"), nil
	}
	return schemas.JSON(&setting, schemas.JSONOptions{})
}
