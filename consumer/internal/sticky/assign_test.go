package sticky_test

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"cardstream/consumer/internal/sticky"
)

func owns(topic string, partitions ...int32) map[string][]int32 {
	return map[string][]int32{topic: partitions}
}

func TestAssign(t *testing.T) {
	topics := []string{"t"}
	for _, test := range []struct {
		name       string
		members    []sticky.Member
		partitions int32
		want       map[string][]int32
	}{
		{
			name:       "one member gets everything",
			members:    []sticky.Member{{ID: "a", Topics: topics}},
			partitions: 3,
			want:       map[string][]int32{"a": {0, 1, 2}},
		},
		{
			name: "a new member gets half, the old one keeps half",
			members: []sticky.Member{
				{ID: "b", Topics: topics, Owned: owns("t", 0, 1, 2, 3), Generation: 1}, {ID: "a", Topics: topics},
			},
			partitions: 4,
			want:       map[string][]int32{"a": {2, 3}, "b": {0, 1}},
		},
		{
			name: "the partitions of one that left are divided, the others keep theirs",
			members: []sticky.Member{
				{ID: "a", Topics: topics, Owned: owns("t", 1, 4), Generation: 3},
				{ID: "c", Topics: topics, Owned: owns("t", 0, 3), Generation: 3},
			},
			partitions: 6,
			want:       map[string][]int32{"a": {1, 2, 4}, "c": {0, 3, 5}},
		},
		{
			name: "the later owner wins",
			members: []sticky.Member{
				{ID: "a", Topics: topics, Owned: owns("t", 0, 1), Generation: 4},
				{ID: "b", Topics: topics, Owned: owns("t", 0, 1), Generation: 5},
			},
			partitions: 4,
			want:       map[string][]int32{"a": {2, 3}, "b": {0, 1}},
		},
		{
			name: "one that comes back gets what it had, and not what the other has besides",
			members: []sticky.Member{
				{ID: "back", Topics: topics, Owned: owns("t", 0, 2), Generation: -1},
				{ID: "stayed", Topics: topics, Owned: owns("t", 0, 1, 2, 3), Generation: 7},
			},
			partitions: 4,
			want:       map[string][]int32{"back": {0, 2}, "stayed": {1, 3}},
		},
		{
			name: "what does not divide stays where there are more",
			members: []sticky.Member{
				{ID: "a", Topics: topics, Owned: owns("t", 2), Generation: 1},
				{ID: "b", Topics: topics, Owned: owns("t", 0, 1), Generation: 1},
			},
			partitions: 3,
			want:       map[string][]int32{"a": {2}, "b": {0, 1}},
		},
		{
			name: "claims that cannot be are passed over",
			members: []sticky.Member{
				{ID: "a", Topics: topics, Owned: owns("t", -1, 7, 1, 1), Generation: 1}, {ID: "b", Topics: topics},
			},
			partitions: 2,
			want:       map[string][]int32{"a": {1}, "b": {0}},
		},
		{
			name: "more members than partitions",
			members: []sticky.Member{
				{ID: "a", Topics: topics}, {ID: "b", Topics: topics, Owned: owns("t", 0)}, {ID: "c", Topics: topics},
			},
			partitions: 1,
			want:       map[string][]int32{"a": nil, "b": {0}, "c": nil},
		},
		{
			name: "who does not subscribe gets nothing, whatever it says it had",
			members: []sticky.Member{
				{ID: "a", Topics: []string{"other"}, Owned: owns("t", 0, 1), Generation: 9}, {ID: "b", Topics: topics},
			},
			partitions: 2,
			want:       map[string][]int32{"a": nil, "b": {0, 1}},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			assigned := sticky.Assign(test.members, map[string]int32{"t": test.partitions})
			for id, want := range test.want {
				if got := assigned[id]["t"]; !slices.Equal(got, want) {
					t.Errorf("%s has %v, want %v", id, got, want)
				}
			}
		})
	}
}

func TestTopicsThatDoNotDivideEvenlyMakeNoMemberPayTwice(t *testing.T) {
	both := []string{"t", "u"}
	assigned := sticky.Assign([]sticky.Member{{ID: "a", Topics: both}, {ID: "b", Topics: both}},
		map[string]int32{"t": 3, "u": 3})
	for id, share := range assigned {
		if total := len(share["t"]) + len(share["u"]); total != 3 {
			t.Errorf("%s has %d partitions of 6", id, total)
		}
	}
}

// group is a drawn group: what each member subscribes to and claims may be anything.
type group struct {
	members    []sticky.Member
	partitions map[string]int32
}

func drawGroup(t *rapid.T, sameTopics bool) group {
	g := group{partitions: map[string]int32{}}
	topics := []string{"t", "u", "v"}[:rapid.IntRange(1, 3).Draw(t, "topics")]
	for _, topic := range topics {
		g.partitions[topic] = rapid.Int32Range(0, 15).Draw(t, "partitions of "+topic)
	}
	for i := range rapid.IntRange(1, 5).Draw(t, "members") {
		m := sticky.Member{
			ID: fmt.Sprint("m", i), Topics: topics, Owned: map[string][]int32{},
			Generation: rapid.Int32Range(-1, 3).Draw(t, "generation"),
		}
		if !sameTopics {
			m.Topics = rapid.SliceOfDistinct(rapid.SampledFrom(topics), rapid.ID[string]).Draw(t, "subscribes to")
		}
		for _, topic := range topics {
			m.Owned[topic] = rapid.SliceOf(rapid.Int32Range(-1, 16)).Draw(t, "owned of "+topic)
		}
		g.members = append(g.members, m)
	}
	return g
}

func TestEveryPartitionIsGivenOnceAndEvenly(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		sameTopics := rapid.Bool().Draw(t, "same topics")
		g := drawGroup(t, sameTopics)
		assigned := sticky.Assign(g.members, g.partitions)
		for topic, partitions := range g.partitions {
			checkTopic(t, g, assigned, topic, partitions)
		}
		if sameTopics {
			checkSpread(t, "in total", assigned, func(share map[string][]int32) (n int) {
				for _, partitions := range share {
					n += len(partitions)
				}
				return n
			})
		}
	})
}

func checkTopic(t *rapid.T, g group, assigned map[string]map[string][]int32, topic string, partitions int32) {
	owner := map[int32]string{}
	subscribers := map[string]map[string][]int32{}
	for _, m := range g.members {
		share := assigned[m.ID][topic]
		if slices.Contains(m.Topics, topic) {
			subscribers[m.ID] = assigned[m.ID]
		} else if len(share) > 0 {
			t.Errorf("%s has %v of %s, to which it does not subscribe", m.ID, share, topic)
		}
		if !slices.IsSorted(share) {
			t.Errorf("%s has %v", m.ID, share)
		}
		for _, p := range share {
			if other, taken := owner[p]; taken || p < 0 || p >= partitions {
				t.Errorf("%s-%d is given to %s and %q", topic, p, m.ID, other)
			}
			owner[p] = m.ID
		}
	}
	if len(subscribers) > 0 && len(owner) != int(partitions) {
		t.Errorf("%d of %d partitions of %s are given", len(owner), partitions, topic)
	}
	checkSpread(t, "of "+topic, subscribers, func(share map[string][]int32) int { return len(share[topic]) })
}

func checkSpread(t *rapid.T, what string, assigned map[string]map[string][]int32, count func(map[string][]int32) int) {
	var counts []int
	for _, share := range assigned {
		counts = append(counts, count(share))
	}
	if len(counts) > 0 && slices.Max(counts)-slices.Min(counts) > 1 {
		t.Errorf("%s: %v of %v", what, counts, assigned)
	}
}

// owning returns the members as they join the next time.
func owning(members []sticky.Member, assigned map[string]map[string][]int32, generation int32) []sticky.Member {
	next := slices.Clone(members)
	for i := range next {
		next[i].Owned, next[i].Generation = assigned[next[i].ID], generation
	}
	return next
}

func TestNothingMovesWhereNothingChanges(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		g := drawGroup(t, rapid.Bool().Draw(t, "same topics"))
		first := sticky.Assign(g.members, g.partitions)
		again := owning(g.members, first, 4)
		again = rapid.Permutation(again).Draw(t, "order")
		if second := sticky.Assign(again, g.partitions); !reflect.DeepEqual(first, second) {
			t.Errorf("from %v to %v", first, second)
		}
	})
}

func TestNoMoreMovesThanBalanceNeeds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		partitions := map[string]int32{"t": rapid.Int32Range(1, 20).Draw(t, "partitions")}
		var members []sticky.Member
		for i := range rapid.IntRange(2, 6).Draw(t, "members") {
			members = append(members, sticky.Member{ID: fmt.Sprint("m", i), Topics: []string{"t"}})
		}
		before := sticky.Assign(members[1:], partitions)
		joined := append(owning(members[1:], before, 1), members[0])
		after := sticky.Assign(joined, partitions)
		moved := 0
		for _, m := range members[1:] {
			for _, p := range before[m.ID]["t"] {
				if !slices.Contains(after[m.ID]["t"], p) {
					moved++
				}
			}
		}
		if moved != len(after[members[0].ID]["t"]) {
			t.Errorf("%d moved, the new member got %v", moved, after[members[0].ID]["t"])
		}
		left := sticky.Assign(owning(members[1:], after, 2), partitions)
		for _, m := range members[1:] {
			for _, p := range after[m.ID]["t"] {
				if !slices.Contains(left[m.ID]["t"], p) {
					t.Errorf("%s lost partition %d because another member left", m.ID, p)
				}
			}
		}
	})
}

func TestTheHighestGenerationKeepsWhatItMay(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.Int32Range(1, 12).Draw(t, "partitions")
		owned := slices.Sorted(maps.Keys(rapid.MapOfN(rapid.Int32Range(0, n-1), rapid.Just(true), 1, int(n+1)/2).Draw(t, "owned")))
		members := []sticky.Member{
			{ID: "a", Topics: []string{"t"}, Owned: owns("t", owned...), Generation: 1},
			{ID: "b", Topics: []string{"t"}, Owned: owns("t", owned...), Generation: 2},
		}
		assigned := sticky.Assign(members, map[string]int32{"t": n})
		for _, p := range owned {
			if !slices.Contains(assigned["b"]["t"], p) {
				t.Errorf("b had %v last, and has %v", owned, assigned["b"]["t"])
			}
		}
	})
}
