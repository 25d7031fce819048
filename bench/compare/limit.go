package main

import (
	"context"
	"errors"
	"flag"
	"net"
	"net/http"
	"os"
	"strings"
	"sync/atomic"

	"cardstream/bench/limit"
)

// self is this program's own binary.
func self() string {
	path, err := os.Executable()
	if err != nil {
		panic(err) // Linux always tells
	}
	return path
}

// beTheLimit copies until ctx ends, and answers /readyz: 200 once both hops have partitions.
func beTheLimit(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("limit", flag.ContinueOnError)
	brokers := flags.String("brokers", "127.0.0.1:19092", "bootstrap brokers")
	addr := flags.String("addr", "127.0.0.1:0", "where /readyz is answered")
	var c limit.Config
	flags.StringVar(&c.Prefix, "prefix", "", "prefix of the topics' names")
	flags.StringVar(&c.App, "app", "limit", "prefix of groups and transactional ids")
	flags.IntVar(&c.Sizes.Entry, "entry", usualSizes.Entry, "bytes of an entry")
	flags.IntVar(&c.Sizes.State, "state", usualSizes.State, "bytes of a state")
	flags.IntVar(&c.Sizes.Card, "card", usualSizes.Card, "bytes of a smartcard command")
	flags.IntVar(&c.Sizes.Event, "event", usualSizes.Event, "bytes of an event")
	if err := flags.Parse(args); err != nil {
		return err
	}
	c.Brokers = strings.Split(*brokers, ",")

	listener, err := net.Listen("tcp", *addr)
	if err != nil {
		return err
	}
	var joined atomic.Int32
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if joined.Load() < 2 {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	})}
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	err = limit.Run(ctx, c, func() { joined.Add(1) })
	err = errors.Join(err, server.Close())
	if end := <-served; !errors.Is(end, http.ErrServerClosed) {
		err = errors.Join(err, end)
	}
	return err
}
