package admin

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/segmentio/kafka-go/protocol/createtopics"
	"github.com/segmentio/kafka-go/protocol/describeconfigs"
	"github.com/segmentio/kafka-go/protocol/incrementalalterconfigs"
	"github.com/segmentio/kafka-go/protocol/metadata"

	"cardstream/internal/cluster"
)

// Layout is what a cluster has of a plan's topics.
type Layout struct {
	ClusterID       string
	Partitions      map[string]int32             // by topic; a topic that is missing is not there
	Settings        map[string]map[string]string // by topic and setting
	DeadLetterBytes int                          // the largest record of the dead-letter topic
}

// Describe reads the topics of the plan.
func (p Plan) Describe(ctx context.Context, client *cluster.Client) (Layout, error) {
	response, err := client.Metadata(ctx, p.names()...)
	if err != nil {
		return Layout{}, err
	}
	l := Layout{ClusterID: response.ClusterID, Partitions: make(map[string]int32)}
	for _, t := range response.Topics {
		switch err := cluster.ErrorOf(t.ErrorCode); {
		case err == nil:
			l.Partitions[t.Name] = int32(len(t.Partitions))
		case !errors.Is(err, cluster.UnknownTopicOrPartition):
			return Layout{}, fmt.Errorf("describe topic %s: %w", t.Name, err)
		}
	}
	if l.Settings, err = describeSettings(ctx, client, response); err != nil {
		return Layout{}, err
	}
	l.DeadLetterBytes = messageBytes
	if _, err := fmt.Sscan(l.Settings[p.Topics.DeadLetters()]["max.message.bytes"], &l.DeadLetterBytes); err != nil {
		l.DeadLetterBytes = messageBytes // Kafka's default, where the topic or the right to see it is missing
	}
	return l, nil
}

func (p Plan) names() []string {
	var names []string
	for _, t := range p.topics() {
		names = append(names, t.name)
	}
	return names
}

// topicResource is a topic, in the config requests.
const topicResource = 2

func describeSettings(ctx context.Context, client *cluster.Client, there *metadata.Response,
) (map[string]map[string]string, error) {
	request := new(describeconfigs.Request)
	for _, t := range there.Topics {
		if t.ErrorCode == 0 {
			request.Resources = append(request.Resources,
				describeconfigs.RequestResource{ResourceType: topicResource, ResourceName: t.Name})
		}
	}
	settings := make(map[string]map[string]string)
	if len(request.Resources) == 0 {
		return settings, nil
	}
	answer, err := client.AnyBroker(ctx, request)
	if err != nil {
		return nil, fmt.Errorf("describe settings: %w", err)
	}
	for _, r := range answer.(*describeconfigs.Response).Resources {
		if err := cluster.ErrorOf(r.ErrorCode); err != nil {
			return nil, fmt.Errorf("describe settings of topic %s: %w", r.ResourceName, err)
		}
		settings[r.ResourceName] = make(map[string]string)
		for _, entry := range r.ConfigEntries {
			settings[r.ResourceName][entry.ConfigName] = entry.ConfigValue
		}
	}
	return settings, nil
}

// Check returns every difference between the plan and the cluster, the vital ones first. Zero Partitions,
// ReplicationFactor and MinInSyncReplicas of the plan mean that any will do, as long as the counts that must be equal
// are.
func (p Plan) Check(l Layout) []Difference {
	var list []Difference
	for _, t := range p.topics() {
		has, there := l.Partitions[t.name]
		if !there {
			list = append(list, Difference{t.name, "is missing: create it with cardstream topics", true})
			continue
		}
		if t.partitions > 0 && has != t.partitions {
			vital := t.name == p.Topics.Control()
			list = append(list, Difference{t.name, fmt.Sprintf("has %d partitions, not %d", has, t.partitions), vital})
		}
		for _, s := range t.settings {
			if s.name == "min.insync.replicas" && p.MinInSyncReplicas == 0 {
				continue
			}
			if value := l.Settings[t.name][s.name]; !s.right(value) {
				list = append(list, Difference{t.name, fmt.Sprintf("has %s=%s, not %s", s.name, value, s), s.vital})
			}
		}
	}
	list = append(list, p.unequal(l)...)
	sortDifferences(list)
	return list
}

// unequal finds partition counts that must be the same and are not.
func (p Plan) unequal(l Layout) []Difference {
	names := p.equalPartitions()
	var list []Difference
	for _, name := range names[1:] {
		has, there := l.Partitions[name]
		if first, known := l.Partitions[names[0]]; there && known && has != first {
			list = append(list, Difference{name, fmt.Sprintf("has %d partitions, but %s has %d", has, names[0], first), true})
		}
	}
	return list
}

// createTimeout is how long the brokers may take to create the topics.
const createTimeout = 30 * time.Second

// Create makes the topics that are missing, waits until the brokers know them, and corrects the settings of those that
// were there. Partition counts cannot be corrected; Check finds them. It returns what it did, a line each.
func (p Plan) Create(ctx context.Context, client *cluster.Client) ([]string, error) {
	l, err := p.Describe(ctx, client)
	if err != nil {
		return nil, err
	}
	var done []string
	request := &createtopics.Request{TimeoutMs: int32(createTimeout.Milliseconds())}
	for _, t := range p.topics() {
		if _, there := l.Partitions[t.name]; there {
			continue
		}
		create := createtopics.RequestTopic{
			Name: t.name, NumPartitions: t.partitions, ReplicationFactor: p.ReplicationFactor,
		}
		for _, s := range t.settings {
			create.Configs = append(create.Configs, createtopics.RequestConfig{Name: s.name, Value: s.value})
		}
		request.Topics = append(request.Topics, create)
		done = append(done, fmt.Sprintf("created topic %s (%d partitions)", t.name, t.partitions))
	}
	if err := createTopics(ctx, client, request); err != nil {
		return nil, err
	}
	if err := p.await(ctx, client); err != nil {
		return done, err
	}
	corrected, err := p.correct(ctx, client, l)
	return append(done, corrected...), err
}

func createTopics(ctx context.Context, client *cluster.Client, request *createtopics.Request) error {
	if len(request.Topics) == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, createTimeout)
	defer cancel()
	answer, err := client.AnyBroker(ctx, request)
	if err != nil {
		return fmt.Errorf("create topics: %w", err)
	}
	for _, t := range answer.(*createtopics.Response).Topics {
		if err := cluster.ErrorOf(t.ErrorCode); err != nil && !errors.Is(err, cluster.TopicAlreadyExists) {
			return fmt.Errorf("create topic %s: %w: %s", t.Name, err, t.ErrorMessage)
		}
	}
	return nil
}

// await waits until a broker that is asked knows every topic: it answers that they are created a moment earlier.
func (p Plan) await(ctx context.Context, client *cluster.Client) error {
	wait := cluster.Backoff{Min: 20 * time.Millisecond, Max: time.Second}
	for {
		response, err := client.Metadata(ctx, p.names()...)
		if err != nil {
			return err
		}
		err = nil
		for _, t := range response.Topics {
			if unknown := cluster.ErrorOf(t.ErrorCode); unknown != nil {
				err = fmt.Errorf("topic %s was created: %w", t.Name, unknown)
			}
		}
		if err == nil {
			return nil
		}
		if ended := wait.Wait(ctx); ended != nil {
			return fmt.Errorf("%w, after: %w", ended, err)
		}
	}
}

// setConfig is the operation of an incremental alter-configs request that sets a value (KIP-339).
const setConfig = 0

// correct sets what differs on topics that were there before.
func (p Plan) correct(ctx context.Context, client *cluster.Client, l Layout) ([]string, error) {
	request := new(incrementalalterconfigs.Request)
	var done []string
	for _, t := range p.topics() {
		if _, there := l.Partitions[t.name]; !there {
			continue
		}
		resource := incrementalalterconfigs.RequestResource{ResourceType: topicResource, ResourceName: t.name}
		for _, s := range t.settings {
			if value := l.Settings[t.name][s.name]; !s.right(value) {
				resource.Configs = append(resource.Configs,
					incrementalalterconfigs.RequestConfig{Name: s.name, ConfigOperation: setConfig, Value: s.value})
				done = append(done, fmt.Sprintf("set %s=%s on topic %s (was %s)", s.name, s.value, t.name, value))
			}
		}
		if resource.Configs != nil {
			request.Resources = append(request.Resources, resource)
		}
	}
	if len(request.Resources) == 0 {
		return nil, nil
	}
	answer, err := client.AnyBroker(ctx, request)
	if err != nil {
		return nil, fmt.Errorf("alter settings: %w", err)
	}
	for _, r := range answer.(*incrementalalterconfigs.Response).Responses {
		if err := cluster.ErrorOf(r.ErrorCode); err != nil {
			return nil, fmt.Errorf("alter settings of topic %s: %w: %s", r.ResourceName, err, r.ErrorMessage)
		}
	}
	return done, nil
}
