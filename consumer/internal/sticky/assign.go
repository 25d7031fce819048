package sticky

import (
	"cmp"
	"maps"
	"slices"
	"strings"
)

// Member is what is known of a member of the group.
type Member struct {
	ID         string
	Topics     []string
	Owned      map[string][]int32 // partitions by topic; what does not exist is passed over
	Generation int32              // in which it was given them: of two who claim a partition, the later owner has it
}

// Assign returns which partitions each member gets, by member and topic, in ascending order. partitions are how many each
// topic has; a topic that is not in it has none. Every member has an entry, and every partition of a topic that anybody
// subscribes to is in exactly one.
func Assign(members []Member, partitions map[string]int32) map[string]map[string][]int32 {
	members = slices.SortedFunc(slices.Values(members), func(a, b Member) int { return strings.Compare(a.ID, b.ID) })
	assigned := make(map[string]map[string][]int32, len(members))
	totals := make(map[string]int, len(members))
	for _, m := range members {
		assigned[m.ID] = map[string][]int32{}
	}
	for _, topic := range slices.Sorted(maps.Keys(partitions)) {
		for id, given := range divide(topic, int(partitions[topic]), members, totals) {
			slices.Sort(given)
			assigned[id][topic] = given
			totals[id] += len(given)
		}
	}
	return assigned
}

// claim is a member's word that it had a partition.
type claim struct {
	id         string
	generation int32
}

// division is the dividing of one topic.
type division struct {
	ids    []string  // of those who subscribe, sorted
	claims [][]claim // by partition, the strongest first
	owner  []string  // by partition; empty while free
	room   map[string]int
	given  map[string][]int32
}

func divide(topic string, partitions int, members []Member, totals map[string]int) map[string][]int32 {
	d := &division{
		claims: make([][]claim, partitions), owner: make([]string, partitions),
		room: map[string]int{}, given: map[string][]int32{},
	}
	for _, m := range members {
		if slices.Contains(m.Topics, topic) {
			d.ids = append(d.ids, m.ID)
			d.hear(m, m.Owned[topic])
		}
	}
	if len(d.ids) == 0 {
		return nil
	}
	d.setQuotas(totals)
	d.letOwnersKeep()
	d.giveToOthersWhoClaim()
	d.giveTheRest()
	return d.given
}

// hear notes which partitions a member says it had.
func (d *division) hear(m Member, owned []int32) {
	said := map[int32]bool{}
	for _, p := range owned {
		if p < 0 || int(p) >= len(d.claims) || said[p] {
			continue
		}
		said[p] = true
		d.claims[p] = append(d.claims[p], claim{id: m.ID, generation: m.Generation})
		slices.SortStableFunc(d.claims[p], func(a, b claim) int { return cmp.Compare(b.generation, a.generation) })
	}
}

// setQuotas decides how many partitions each member gets. One more than the others get those with the fewest so far, and
// among these the ones who own most of this topic, who would otherwise have to give one up.
func (d *division) setQuotas(totals map[string]int) {
	owned := map[string]int{}
	for _, claims := range d.claims {
		if len(claims) > 0 {
			owned[claims[0].id]++
		}
	}
	order := slices.SortedStableFunc(slices.Values(d.ids), func(a, b string) int {
		return cmp.Or(cmp.Compare(totals[a], totals[b]), cmp.Compare(owned[b], owned[a]))
	})
	each, more := len(d.claims)/len(order), len(d.claims)%len(order)
	for i, id := range order {
		d.room[id] = each
		if i < more {
			d.room[id]++
		}
	}
}

// letOwnersKeep gives partitions to those with the strongest claim, as many as they may have. What nobody else claims
// goes first: what they cannot keep then goes to somebody who had it once.
func (d *division) letOwnersKeep() {
	for _, contested := range []bool{false, true} {
		for p, claims := range d.claims {
			if len(claims) > 0 && (len(claims) > 1) == contested {
				d.give(p, claims[0].id)
			}
		}
	}
}

func (d *division) giveToOthersWhoClaim() {
	for p, claims := range d.claims {
		for _, c := range claims {
			d.give(p, c.id)
		}
	}
}

func (d *division) giveTheRest() {
	for p := range d.owner {
		for _, id := range d.ids {
			d.give(p, id)
		}
	}
}

// give does nothing where the partition is taken or the member has no room.
func (d *division) give(partition int, id string) {
	if d.owner[partition] != "" || d.room[id] == 0 {
		return
	}
	d.owner[partition] = id
	d.room[id]--
	d.given[id] = append(d.given[id], int32(partition))
}
