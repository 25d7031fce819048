package groupwire_test

import (
	"reflect"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kmsg"

	"cardstream/consumer/internal/groupwire"
)

func TestAnIndependentClientReadsASubscription(t *testing.T) {
	written := groupwire.Subscription{
		Topics: []string{"t", "u"}, Owned: map[string][]int32{"u": {0, 2}, "t": {1}}, Generation: 7,
	}
	var read kmsg.ConsumerMemberMetadata
	if err := read.ReadFrom(written.Append(nil)); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(read.Topics, written.Topics) || read.Generation != 7 || len(read.OwnedPartitions) != 2 ||
		read.OwnedPartitions[1].Topic != "u" || !reflect.DeepEqual(read.OwnedPartitions[1].Partitions, []int32{0, 2}) {
		t.Errorf("read %+v", read)
	}
	back, err := groupwire.ParseSubscription(written.Append(nil))
	if err != nil || !reflect.DeepEqual(back, written) {
		t.Errorf("read back %+v, %v", back, err)
	}
}

func TestSubscriptionsOfEveryVersionAreRead(t *testing.T) {
	for version := range int16(4) {
		written := kmsg.NewConsumerMemberMetadata()
		written.Version = version
		written.Topics = []string{"t"}
		written.UserData = []byte("something")
		owned := kmsg.NewConsumerMemberMetadataOwnedPartition()
		owned.Topic, owned.Partitions = "t", []int32{3}
		written.OwnedPartitions = append(written.OwnedPartitions, owned)
		written.Generation = 5
		want := groupwire.Subscription{Topics: []string{"t"}, Generation: groupwire.NoGeneration}
		if version >= 1 {
			want.Owned = map[string][]int32{"t": {3}}
		}
		if version >= 2 {
			want.Generation = 5
		}
		if read, err := groupwire.ParseSubscription(written.AppendTo(nil)); err != nil || !reflect.DeepEqual(read, want) {
			t.Errorf("version %d: %+v, %v; want %+v", version, read, err, want)
		}
	}
}

func TestAnIndependentClientReadsAnAssignment(t *testing.T) {
	written := groupwire.Assignment{Partitions: map[string][]int32{"t": {0, 1}}, Counts: map[string]int32{"t": 4, "u": 2}}
	var read kmsg.ConsumerMemberAssignment
	if err := read.ReadFrom(written.Append(nil)); err != nil {
		t.Fatal(err)
	}
	if len(read.Topics) != 1 || read.Topics[0].Topic != "t" || !reflect.DeepEqual(read.Topics[0].Partitions, []int32{0, 1}) {
		t.Errorf("read %+v", read)
	}
}

func TestAssignmentsAreReadBack(t *testing.T) {
	for _, written := range []groupwire.Assignment{
		{Partitions: map[string][]int32{"t": {0, 1}, "u": {5}}, Counts: map[string]int32{"t": 4, "u": 6}},
		{Partitions: map[string][]int32{}, Counts: map[string]int32{}, Failure: "topic \"t\" is missing"},
	} {
		if read, err := groupwire.ParseAssignment(written.Append(nil)); err != nil || !reflect.DeepEqual(read, written) {
			t.Errorf("%+v, %v; want %+v", read, err, written)
		}
	}
	long := groupwire.Assignment{Failure: strings.Repeat("x", 100_000)}
	if read, err := groupwire.ParseAssignment(long.Append(nil)); err != nil || len(read.Failure) != 1000 {
		t.Errorf("a long failure: %d bytes, %v", len(read.Failure), err)
	}
}

func TestAnAssignmentByAnotherKindOfLeaderIsAnError(t *testing.T) {
	foreign := kmsg.NewConsumerMemberAssignment()
	if read, err := groupwire.ParseAssignment(foreign.AppendTo(nil)); err == nil {
		t.Errorf("read %+v", read)
	}
	if read, err := groupwire.ParseAssignment(nil); err == nil {
		t.Errorf("read %+v of nothing", read)
	}
}

func FuzzParse(f *testing.F) {
	f.Add(groupwire.Subscription{Topics: []string{"t"}, Owned: map[string][]int32{"t": {1}}}.Append(nil))
	f.Add(groupwire.Assignment{Partitions: map[string][]int32{"t": {1}}, Counts: map[string]int32{"t": 2}}.Append(nil))
	f.Add([]byte{0, 3, 0x7f, 0xff, 0xff, 0xff})
	f.Fuzz(func(t *testing.T, b []byte) {
		if s, err := groupwire.ParseSubscription(b); err == nil {
			if again, err := groupwire.ParseSubscription(s.Append(nil)); err != nil || again.Generation != s.Generation {
				t.Errorf("%+v reads back as %+v, %v", s, again, err)
			}
		}
		if a, err := groupwire.ParseAssignment(b); err == nil {
			if _, err := groupwire.ParseAssignment(a.Append(nil)); err != nil {
				t.Errorf("%+v does not read back: %v", a, err)
			}
		}
	})
}
