package record_test

import (
	"math/rand/v2"
	"testing"

	"github.com/twmb/franz-go/pkg/kgo"

	"cardstream/record"
)

// The hashes of org.apache.kafka.common.utils.UtilsTest.testMurmur2, as partitions of a topic with 2^31-1 of them.
func TestPartitionForKnownKeys(t *testing.T) {
	const manyPartitions = 1<<31 - 1
	for key, hash := range map[string]int32{
		"21": -973932308, "foobar": -790332482, "a-little-bit-long-string": -985981536,
		"a-little-bit-longer-string":                       -1486304829,
		"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8": -58897971, "abc": 479470107,
	} {
		if got, want := record.PartitionFor([]byte(key), manyPartitions), (hash&0x7fffffff)%manyPartitions; got != want {
			t.Errorf("PartitionFor(%q) = %d, want %d", key, got, want)
		}
	}
}

// An independent client's default partitioner is the judge for keys of every length.
func TestPartitionForAgreesWithFranz(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for length := range 64 {
		key := make([]byte, length)
		for i := range key {
			key[i] = byte(random.Uint32())
		}
		for _, partitions := range []int32{1, 3, 12, 100} {
			judge := kgo.StickyKeyPartitioner(nil).ForTopic("t")
			want := judge.Partition(&kgo.Record{Key: key}, int(partitions))
			if got := record.PartitionFor(key, partitions); int(got) != want {
				t.Fatalf("key %x of %d: partition %d, franz-go says %d", key, partitions, got, want)
			}
		}
	}
}
