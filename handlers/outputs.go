package handlers

import (
	"cardstream/record"
	"cardstream/schemas"
)

// Outputs are the partitions that a task may ever write to, given how many each topic has.
type Outputs struct {
	Topics     schemas.Topics
	Partitions map[string]int32 // by topic
}

// OfIntake returns those of every intake task: a command may be of any card.
func (o Outputs) OfIntake() []record.TopicPartition {
	return o.all(o.Topics.Requests(), o.Topics.Events(), o.Topics.DeadLetters())
}

// OfDispatch returns those of the dispatch task of one partition: that partition of each topic, and the dead letters.
func (o Outputs) OfDispatch(partition int32) []record.TopicPartition {
	list := o.all(o.Topics.DeadLetters())
	for _, topic := range []string{o.Topics.State(), o.Topics.SmartcardCommands(), o.Topics.Events()} {
		list = append(list, record.TopicPartition{Topic: topic, Partition: partition})
	}
	return list
}

func (o Outputs) all(topics ...string) (list []record.TopicPartition) {
	for _, topic := range topics {
		for p := range o.Partitions[topic] {
			list = append(list, record.TopicPartition{Topic: topic, Partition: p})
		}
	}
	return list
}
