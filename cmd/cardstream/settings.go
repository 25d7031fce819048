package main

import (
	"errors"
	"fmt"
	"net"
	"strconv"
	"time"

	"github.com/alecthomas/kong"

	"cardstream/processor"
	"cardstream/provisioning"
)

// processorSettings are the settings of the processor, for `run` and `dev` alike.
type processorSettings struct {
	Stages []string `default:"intake,dispatch" enum:"intake,dispatch,gateway" placeholder:"STAGE,…" help:"What this process does: intake, dispatch, gateway (${default})."`
	App    string   `default:"cardstream" placeholder:"NAME" help:"Prefix of consumer groups and transactional ids (${default})."`
	Store  string   `default:"cardstream-store" placeholder:"DIR" help:"Folder of the local store, a cache: lose it, lose nothing (${default})."`

	MetricsAddr string `default:"127.0.0.1:8082" placeholder:"HOST:PORT" help:"Where /metrics, /healthz and /readyz are served (${default})."`
	Profile     bool   `help:"Serve /debug/pprof there as well."`

	PINPattern    string        `name:"pin-pattern" default:"[0-9]{4}" placeholder:"RE2" help:"What the whole of a new PIN must match (${default})."`
	Horizon       time.Duration `default:"17520h" help:"How far ahead a scheduled date may be (${default}, two years)."`
	Retention     time.Duration `default:"168h" help:"How long an ended request is remembered (${default}, seven days)."`
	DigestKeyFile string        `placeholder:"FILE" help:"Secret key (or CARDSTREAM_DIGEST_KEY) that lets a repeated command with another PIN be told even after the first one's end."`

	headendSettings

	OnMissingOffset string        `enum:",earliest,latest" default:"" placeholder:"earliest|latest" help:"Where to begin on a partition without a committed offset of which records are gone already; without it such a partition stops."`
	SessionTimeout  time.Duration `default:"6s" help:"How long a silent process keeps its partitions (${default})."`
	ClockBound      time.Duration `default:"5s" help:"How far this clock may be from the brokers' for scheduled sends (${default})."`
	Linger          time.Duration `default:"20ms" help:"Least time between the steps of a busy partition, up to four times as long on busy brokers, 25 times where they are behind: longer means fewer transactions, and later (${default})."`
	StepRecords     int           `default:"1000" help:"Most records of one step (${default})."`
	Compression     string        `enum:"none,lz4,zstd" default:"none" help:"Compression of what is written: none, lz4 or zstd (${default})."`
	StoreCache      int64         `default:"32" placeholder:"MIB" help:"Block cache of the local store, in MiB (${default})."`

	gatewaySettings

	digestKey string // dev's own
}

// headendSettings are how the processor deals with the headend, for `run` and `dev` alike.
type headendSettings struct {
	HeadendResults   string        `enum:"on,off" default:"on" help:"on: a request is complete when the headend has accepted it; off: when it is handed over (${default})."`
	HeadendTimeout   time.Duration `default:"60s" help:"How long an attempt may go without an answer (${default})."`
	HeadendAttempts  int32         `default:"3" help:"How many attempts of a request may fail before it is REJECTED (${default})."`
	HeadendInFlight  int64         `default:"1000" help:"Most SENT requests of a partition for another to be sent; 0 is no bound (${default})."`
	HeadendHoldAfter int32         `default:"20" help:"After so many time-outs in a row a partition sends nothing but probes; 0 never holds (${default})."`
}

// defaultProcessorSettings returns what run has without any flag.
func defaultProcessorSettings() processorSettings {
	var s struct{ processorSettings }
	parser, err := kong.New(&s)
	if err == nil {
		_, err = parser.Parse(nil)
	}
	if err != nil {
		panic(err) // the struct above is wrong
	}
	return s.processorSettings
}

// validate reports every setting that cannot be right.
func (s processorSettings) validate() error {
	var problems []error
	check := func(ok bool, format string, args ...any) {
		if !ok {
			problems = append(problems, fmt.Errorf(format, args...))
		}
	}
	_, err := provisioning.NewRules(s.PINPattern, s.Horizon)
	check(err == nil, "%w", err)
	check(s.App != "", "--app: must not be empty")
	check(s.Retention > 0, "--retention %s: must be positive", s.Retention)
	check(s.HeadendTimeout >= time.Millisecond, "--headend-timeout %s: must be at least 1ms", s.HeadendTimeout)
	check(s.HeadendAttempts > 0, "--headend-attempts %d: must be positive", s.HeadendAttempts)
	check(s.HeadendInFlight >= 0, "--headend-in-flight %d: must not be negative", s.HeadendInFlight)
	check(s.HeadendHoldAfter >= 0, "--headend-hold-after %d: must not be negative", s.HeadendHoldAfter)
	check(s.SessionTimeout >= time.Second, "--session-timeout %s: must be at least 1s", s.SessionTimeout)
	check(s.ClockBound > 0, "--clock-bound %s: must be positive", s.ClockBound)
	check(s.Linger >= 0 && s.Linger < time.Second, "--linger %s: must be from 0s to less than 1s", s.Linger)
	check(s.StepRecords > 0, "--step-records %d: must be positive", s.StepRecords)
	check(s.StoreCache > 0, "--store-cache %d: must be positive", s.StoreCache)
	if err := checkAddress(s.MetricsAddr); err != nil {
		problems = append(problems, fmt.Errorf("--metrics-addr %q: %w", s.MetricsAddr, err))
	}
	if s.has(processor.Gateway) {
		problems = append(problems, s.gatewaySettings.validate())
	}
	return errors.Join(problems...)
}

// checkAddress reports whether addr can be listened on: host:port, where the host may be empty and the port 0.
func checkAddress(addr string) error {
	_, port, err := net.SplitHostPort(addr)
	if err != nil {
		return errors.New("not host:port")
	}
	if _, err := strconv.ParseUint(port, 10, 16); err != nil {
		return errors.New("the port is not a number from 0 to 65535")
	}
	return nil
}

// policy returns what the settings say about sending.
func (s processorSettings) policy() provisioning.Policy {
	return provisioning.Policy{
		Results: s.HeadendResults == "on",
		Timeout: s.HeadendTimeout, Attempts: s.HeadendAttempts,
		RetryMin: provisioning.DefaultRetryMin, RetryMax: provisioning.DefaultRetryMax,
		InFlight: s.HeadendInFlight, HoldAfter: s.HeadendHoldAfter, ProbeEvery: provisioning.DefaultProbeEvery,
		Retention: s.Retention,
	}
}
