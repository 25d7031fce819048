package main

import (
	"context"
	"errors"

	"golang.org/x/sync/errgroup"

	"cardstream/admin"
	"cardstream/consumer"
	"cardstream/internal/cluster"
	"cardstream/producer"
	"cardstream/provisioning"
	"cardstream/schemas"
	"time"
)

// session is what a one-shot subcommand works with: connections, codecs, and a fetcher that runs.
type session struct {
	client   *cluster.Client
	registry *schemas.Registry
	schemas  *schemas.Set
	topics   schemas.Topics
	fetcher  *consumer.Fetcher
	layout   admin.Layout

	serving *errgroup.Group
	stop    context.CancelFunc
}

// openSession connects. ctx bounds that, and not what follows.
func openSession(ctx context.Context, c connection, log logger) (*session, error) {
	client, registry, err := c.open(log)
	if err != nil {
		return nil, err
	}
	s := &session{client: client, registry: registry, topics: c.topics(), serving: new(errgroup.Group)}
	background, stop := context.WithCancel(context.WithoutCancel(ctx))
	s.stop = stop
	s.fetcher = consumer.NewFetcher(client, consumer.FetcherConfig{Logger: log.Logger})
	s.serving.Go(func() error { return s.fetcher.Run(background) })
	if err := s.load(ctx); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// load reads what the cluster and the registry have.
func (s *session) load(ctx context.Context) (err error) {
	if s.layout, err = (admin.Plan{Topics: s.topics}).Describe(ctx, s.client); err != nil {
		return err
	}
	s.schemas, err = schemas.Load(ctx, s.registry, s.topics)
	return err
}

// Close ends the fetcher and the connections.
func (s *session) Close() error {
	s.stop()
	err := s.serving.Wait()
	s.client.Close()
	s.registry.Close()
	return err
}

// sender returns a sender of commands.
func (s *session) sender() (*admin.Sender, error) {
	partitions, there := s.layout.Partitions[s.topics.Commands()]
	if !there {
		return nil, errors.New("topic " + s.topics.Commands() + " is missing: create it with cardstream topics")
	}
	return &admin.Sender{
		Producer: producer.NewIdempotent(s.client, producer.IdempotentConfig{}),
		Schemas:  s.schemas, Topics: s.topics, Partitions: partitions,
	}, nil
}

// feed returns a feed that follows the events from now on.
func (s *session) feed(ctx context.Context) (*admin.Feed, error) {
	sender, err := s.sender()
	if err != nil {
		return nil, err
	}
	events, err := admin.Follow(ctx, s.client, s.fetcher, s.topics.Events(), consumer.Latest)
	if err != nil {
		return nil, err
	}
	return &admin.Feed{Sender: sender, Events: events, Ends: admin.NewEnds()}, nil
}

// now is the time that a command's occurred_at and its relative dates are taken from.
func now() provisioning.Timestamp { return provisioning.TimestampOf(time.Now()) }
