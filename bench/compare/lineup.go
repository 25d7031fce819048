package main

import (
	"strconv"

	"cardstream/bench/limit"
)

// entrant is one of those that are compared.
type entrant struct {
	name string
	// decides says that it does cardstream's job; the limit does not.
	decides bool
	// args is its command line for a deployment.
	args func(s *settings, d *deployment) []string
	// state is the full name of the topic that its requests are kept in.
	state func(d *deployment) string
}

// Names of the entrants.
const (
	cardstream     = "cardstream"
	peerThroughput = "peer-throughput"
	peerLatency    = "peer-latency"
	theLimit       = "limit"
)

// lineup is all of them, in the order in which they take turns.
var lineup = []entrant{
	{cardstream, true, runCardstream, contractState},
	{peerThroughput, true, runPeer("throughput", "-XX:+UseParallelGC"), changelog},
	{peerLatency, true, runPeer("latency", "-XX:+UseG1GC", "-XX:MaxGCPauseMillis=10"), changelog},
	{theLimit, false, runLimit, contractState},
}

func names() []string {
	var all []string
	for _, e := range lineup {
		all = append(all, e.name)
	}
	return all
}

func contractState(d *deployment) string { return d.prefix + "provisioning.state" }

// changelog is the name that Kafka Streams gives the peer's.
func changelog(d *deployment) string { return d.base + "-requests-changelog" }

func runCardstream(s *settings, d *deployment) []string {
	return []string{s.binary, "run", "--brokers", s.brokers, "--registry", s.registry, "--prefix", d.prefix,
		"--app", d.base, "--store", d.store, "--metrics-addr", d.addr(), "--headend-results", "off"}
}

func runPeer(tune string, jvm ...string) func(*settings, *deployment) []string {
	return func(s *settings, d *deployment) []string {
		// RocksDB allocates by glibc, whose many arenas keep what is freed.
		args := append([]string{"env", "MALLOC_ARENA_MAX=2", s.java, "-Xmx" + d.heap}, jvm...)
		args = append(args, "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
			"-cp", s.peer+"/peer.jar:"+s.peer+"/lib/*", "cardstream.bench.peer.Peer", "--tune", tune,
			"--brokers", s.brokers, "--registry", s.registry, "--prefix", d.prefix,
			"--app", d.base, "--store", d.store, "--ready-port", strconv.Itoa(d.port))
		return append(args, s.peerFlags...)
	}
}

func runLimit(s *settings, d *deployment) []string {
	size := func(name string, n int) []string { return []string{"--" + name, strconv.Itoa(n)} }
	args := []string{self(), "limit", "--brokers", s.brokers, "--prefix", d.prefix, "--app", d.base, "--addr", d.addr()}
	for _, flags := range [][]string{
		size("entry", d.sizes.Entry), size("state", d.sizes.State), size("card", d.sizes.Card), size("event", d.sizes.Event),
	} {
		args = append(args, flags...)
	}
	return args
}

// usualSizes are those of what cardstream writes for the meter's commands, where they have not been measured in this run.
var usualSizes = limit.Sizes{Entry: 84, State: 193, Card: 56, Event: 144}
