package simulation

import "time"

// The troubles of a network. Each returns how many connections it met, where it does something to them at once.

// Cut resets every connection of a host.
func (n *Network) Cut(name string) int {
	h := n.host(name)
	return n.cut(func(k *link) bool { return k.host == h })
}

// Stall holds back everything to and from a host, or lets it through: what was held back arrives then. Its dials wait.
func (n *Network) Stall(name string, stalled bool) {
	n.of(name, func(h *host) { h.stalled.Store(stalled) })
}

// Slow adds to the time that packets to and from a host take.
func (n *Network) Slow(name string, delay time.Duration) {
	n.of(name, func(h *host) { h.delay.Store(int64(delay)) })
}

// Kill ends a host: its connections are reset, with what was under way on them, and it makes no others.
func (n *Network) Kill(name string) {
	n.of(name, func(h *host) { h.dead = true })
	n.Cut(name)
}

// LoseAnswer lets the next Kafka request of that kind from a host arrive and be done, and cuts its connection in place of
// the answer.
func (n *Network) LoseAnswer(name string, key int16) {
	n.of(name, func(h *host) { h.lose[key]++ })
}

// Forgive ends what is left of LoseAnswer, of all hosts, and returns how many answers were lost.
func (n *Network) Forgive() int {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, h := range n.hosts {
		clear(h.lose)
	}
	return n.lost
}

// Refused counts the dials that an address refused while it was away.
func (n *Network) Refused(address string) int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.refused[address]
}

// Away has an address refuse, after resetting its connections, or take them again.
func (n *Network) Away(address string, away bool) int {
	n.mu.Lock()
	n.away[address] = away
	n.mu.Unlock()
	if !away {
		return 0
	}
	return n.cut(func(k *link) bool { return k.address == address })
}
