package stream_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"cardstream/stream"
)

// Partitions move between processes while records come in, and each record is handled once.
func TestPartitionsMoveWhileStepping(t *testing.T) {
	t.Parallel()
	b := mustBench(t, 4)
	disks := []*folder{newFolder(), newFolder()}
	staying := b.mustRun(t, disks[0])
	b.feed(t, 50)
	b.await(t, 10, 0)
	for range 3 {
		other := b.mustRun(t, disks[1])
		b.feed(t, 50)
		awaitShares(t, []*process{staying, other}, 2, 2)
		b.feed(t, 50)
		b.await(t, b.fed-100, 0)
		staying.end(t)
		b.feed(t, 50)
		b.await(t, b.fed-100, 0)
		disks[0], disks[1] = disks[1], disks[0]
		staying = other
	}
	b.awaitAll(t)
	staying.end(t)
	b.check(t)
}

// awaitShares waits until so many partitions are being stepped by each process.
func awaitShares(t *testing.T, processes []*process, shares ...int) {
	t.Helper()
	await(t, fmt.Sprintf("shares are %v", shares), func() bool {
		var got []int
		for _, p := range processes {
			n := 0
			for _, s := range p.Status() {
				if s.State == stream.Stepping {
					n++
				}
			}
			got = append(got, n)
		}
		return slices.Equal(got, shares)
	})
}

// await waits until something has come true.
func await(t *testing.T, what string, come func() bool) {
	t.Helper()
	again := time.NewTicker(10 * time.Millisecond)
	defer again.Stop()
	deadline := time.After(patience)
	for !come() {
		select {
		case <-again.C:
		case <-deadline:
			t.Fatalf("waited in vain: %s", what)
		}
	}
}

// Processes die at random moments; the next one has the disk of one that died, or none.
func TestProcessesDieAtRandom(t *testing.T) {
	t.Parallel()
	b := mustBench(t, 2)
	disk := newFolder()
	random := rand.New(rand.NewPCG(1, 2))
	for range 8 {
		p := b.mustRun(t, disk, func(c *stream.Config) { c.StepRecords = 1 + random.IntN(5) })
		b.feed(t, 30)
		b.await(t, b.numbered+1+random.IntN(30), 0)
		if disk = p.kill(); random.IntN(3) == 0 {
			disk = newFolder()
		}
	}
	p := b.mustRun(t, disk)
	b.awaitAll(t)
	p.end(t)
	b.check(t)
}

// Connections break, and answers get lost that the brokers have given: what was done is not done again.
func TestAnswersGetLost(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]func(p *process){
		"all connections at once": func(p *process) { p.network.cut(false) },
		"every 20th answer":       func(p *process) { p.network.lose(20) },
		"every 7th answer":        func(p *process) { p.network.lose(7) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := mustBench(t, 2)
			p := b.mustRun(t, newFolder(), func(c *stream.Config) { c.StepRecords = 3 })
			for range 8 {
				b.feed(t, 15)
				b.await(t, b.fed-20, 0)
				spoil(p)
			}
			b.awaitAll(t)
			p.network.lose(0)
			p.end(t)
			b.check(t)
		})
	}
}
