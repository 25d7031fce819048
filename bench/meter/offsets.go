package meter

import (
	"context"
	"fmt"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
)

// ends returns where the topics end for who reads committed records.
func ends(ctx context.Context, client *kgo.Client, topics []string) (map[string]map[int32]kgo.Offset, error) {
	listed, err := kadm.NewClient(client).ListCommittedOffsets(ctx, topics...)
	return offsets(listed, topics, err)
}

// starts returns where the topics start.
func starts(ctx context.Context, client *kgo.Client, topics []string) (map[string]map[int32]kgo.Offset, error) {
	listed, err := kadm.NewClient(client).ListStartOffsets(ctx, topics...)
	return offsets(listed, topics, err)
}

func offsets(listed kadm.ListedOffsets, topics []string, err error) (map[string]map[int32]kgo.Offset, error) {
	if err == nil {
		err = listed.Error()
	}
	if err != nil {
		return nil, err
	}
	from := map[string]map[int32]kgo.Offset{}
	for _, topic := range topics {
		if len(listed[topic]) == 0 {
			return nil, fmt.Errorf("topic %s has no partitions", topic)
		}
		from[topic] = map[int32]kgo.Offset{}
		for partition, at := range listed[topic] {
			from[topic][partition] = kgo.NewOffset().At(at.Offset)
		}
	}
	return from, nil
}
