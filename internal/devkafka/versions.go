package devkafka

import (
	"fmt"

	"github.com/twmb/franz-go/pkg/kmsg"
)

// oldest is the oldest version that Apache Kafka 4 takes of each request that lost some (KIP-896); of the others it
// takes all. kfake still takes those that were removed, and a client that depends on one would be found out only later.
var oldest = map[kmsg.Key]int16{
	kmsg.Produce:                 3,
	kmsg.Fetch:                   4,
	kmsg.ListOffsets:             1,
	kmsg.OffsetCommit:            2,
	kmsg.OffsetFetch:             1,
	kmsg.CreateTopics:            2,
	kmsg.DeleteTopics:            1,
	kmsg.OffsetForLeaderEpoch:    2,
	kmsg.WriteTxnMarkers:         1,
	kmsg.DescribeACLs:            1,
	kmsg.CreateACLs:              1,
	kmsg.DeleteACLs:              1,
	kmsg.DescribeConfigs:         1,
	kmsg.AlterReplicaLogDirs:     1,
	kmsg.DescribeLogDirs:         1,
	kmsg.CreateDelegationToken:   1,
	kmsg.RenewDelegationToken:    1,
	kmsg.ExpireDelegationToken:   1,
	kmsg.DescribeDelegationToken: 1,
}

// checkVersion refuses a request that Kafka 4 does not know (kfake would panic on one that nobody knows).
func checkVersion(key, version int16) error {
	if kmsg.RequestForKey(key) == nil {
		return fmt.Errorf("request %d is unknown", key)
	}
	if least := oldest[kmsg.Key(key)]; version < least {
		return fmt.Errorf("%s version %d: Kafka 4 takes %d and newer", kmsg.NameForKey(key), version, least)
	}
	return nil
}
