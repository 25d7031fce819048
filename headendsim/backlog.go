package headendsim

import (
	"container/heap"
	"time"
)

// backlog is what a desk has read and not answered yet. It knows how far the desk has come: up to the first command that
// still wants an answer.
type backlog struct {
	answers answers
	tasks   []*task // in order of offset; the first is open
	next    int64   // behind everything that was read
}

// task is a command that wants so many more answers.
type task struct {
	offset int64
	open   int
}

// add takes in the answers to the command at an offset.
func (b *backlog) add(offset int64, list []answer) {
	b.next = offset + 1
	if len(list) == 0 {
		return
	}
	t := &task{offset: offset, open: len(list)}
	b.tasks = append(b.tasks, t)
	for _, a := range list {
		a.of = t
		heap.Push(&b.answers, a)
	}
}

// passed says that there is nothing to answer before next.
func (b *backlog) passed(next int64) { b.next = next }

// due takes out the answers whose time has come, in order of it.
func (b *backlog) due(now time.Time) []answer {
	var list []answer
	for len(b.answers) > 0 && !b.answers[0].at.After(now) {
		a := heap.Pop(&b.answers).(answer)
		a.of.open--
		list = append(list, a)
	}
	for len(b.tasks) > 0 && b.tasks[0].open == 0 {
		b.tasks = b.tasks[1:]
	}
	return list
}

// nextDue returns when the next answer is to be given, and whether there is one.
func (b *backlog) nextDue() (time.Time, bool) {
	if len(b.answers) == 0 {
		return time.Time{}, false
	}
	return b.answers[0].at, true
}

// position is the offset up to which every command has had its answers.
func (b *backlog) position() int64 {
	if len(b.tasks) > 0 {
		return b.tasks[0].offset
	}
	return b.next
}

// answers is a heap: the earliest is first, and of those at one moment the one read first.
type answers []answer

func (a answers) Len() int { return len(a) }
func (a answers) Less(i, j int) bool {
	if a[i].at.Equal(a[j].at) {
		return a[i].of.offset < a[j].of.offset
	}
	return a[i].at.Before(a[j].at)
}
func (a answers) Swap(i, j int) { a[i], a[j] = a[j], a[i] }
func (a *answers) Push(x any)   { *a = append(*a, x.(answer)) }
func (a *answers) Pop() any {
	last := len(*a) - 1
	x := (*a)[last]
	(*a)[last] = answer{}
	*a = (*a)[:last]
	return x
}
