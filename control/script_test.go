package control_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"

	"cardstream/control"
	"cardstream/internal/devkafka"
	"cardstream/internal/devkafka/kafkatest"
	"cardstream/internal/scripttest"
	"cardstream/provisioning"
	"cardstream/schemas"
)

// The scripts write to the topic, and show what a follower makes of it: its log since it was last shown, without times,
// and its settings.
//
//	set NAME VALUE [REASON]   as an operator does, or not at all
//	record KEY NAME VALUE     a well-formed record, whatever it says
//	garbage KEY               bytes that are no record
//	remove NAME               a null value
//	compact                   leaves the last record of each key
//	empty                     deletes every record of the topic, which stays
//	delete, create            the topic itself
//	follow                    a new process
//	trouble TEXT              waits until the follower has logged this
//	show                      waits until all has been read
func TestScripts(t *testing.T) {
	scripttest.Each(t, "testdata", func(t *testing.T, path string) {
		p := &play{world: mustWorld(t, kafkatest.StartEmbedded(t, devkafka.Config{}))}
		scripttest.Run(t, path, p.do)
	})
}

// play is a script under way.
type play struct {
	*world
	follower *follower
	shown    int // of the log
	clock    provisioning.Timestamp
	marks    int
}

func (p *play) do(t *testing.T, line string) []string {
	t.Helper()
	verb, rest, _ := strings.Cut(line, " ")
	words := strings.Fields(rest)
	switch verb {
	case "set":
		return p.set(t, words)
	case "record":
		p.mustWrite(t, words[0], p.mustEncode(t, schemas.ControlSetting{Name: words[1], Value: words[2]}))
	case "garbage":
		p.mustWrite(t, words[0], []byte("4321"))
	case "remove":
		p.mustWrite(t, words[0], nil)
	case "compact":
		p.Embedded.Kafka().Compact()
	case "empty":
		p.empty(t)
	case "delete":
		p.delete(t)
	case "create":
		p.createTopic(t)
		p.writer = p.newWriter(t) // the old one remembers the old topic's id
	case "follow":
		p.follow(t)
	case "trouble":
		p.follower.log.await(t, p.shown, rest)
	case "show":
		return p.show(t)
	default:
		t.Fatalf("no such verb: %q", line)
	}
	return nil
}

func (p *play) set(t *testing.T, words []string) []string {
	t.Helper()
	p.clock += 1000
	s := schemas.ControlSetting{Name: words[0], Value: words[1], SetBy: "anna", SetAt: p.clock}
	if len(words) > 2 {
		s.Reason = new(strings.Join(words[2:], " "))
	}
	if err := p.setter.Set(within(t), s); err != nil {
		return []string{"refused: " + err.Error()}
	}
	return nil
}

func (p *play) empty(t *testing.T) {
	t.Helper()
	admin := kadm.NewClient(p.writer)
	ends, err := admin.ListEndOffsets(within(t), p.topic)
	if err == nil {
		_, err = admin.DeleteRecords(within(t), ends.Offsets())
	}
	if err != nil {
		t.Fatal(err)
	}
}

func (p *play) delete(t *testing.T) {
	t.Helper()
	if _, err := kadm.NewClient(p.writer).DeleteTopic(within(t), p.topic); err != nil {
		t.Fatal(err)
	}
}

func (p *play) follow(t *testing.T) {
	t.Helper()
	if p.follower != nil {
		p.follower.end()
	}
	p.follower, p.shown = p.world.follow(t, time.Hour), 0 // no pause of the machine's becomes a line of the log
	p.follower.awaitReady(t)
}

// show writes a setting that there is not, behind everything, and waits until that was read.
func (p *play) show(t *testing.T) []string {
	t.Helper()
	p.marks++
	mark := fmt.Sprintf("mark-%d", p.marks)
	p.mustWrite(t, mark, p.mustEncode(t, schemas.ControlSetting{Name: mark}))
	end := p.follower.log.await(t, p.shown, mark)
	var lines []string
	for line := range strings.Lines(p.follower.log.all()[p.shown:end]) {
		if strings.HasPrefix(line, "level=WARN") {
			line, _, _ = strings.Cut(line, " error=") // it may fail in several ways, and any number of times
		}
		if !strings.Contains(line, "mark-") {
			lines = append(lines, strings.TrimSpace(line))
		}
	}
	lines = slices.Compact(lines)
	p.shown = end
	run := p.follower.Current()
	return append(lines, fmt.Sprintf("paused=%t rate=%g", run.Paused, run.Rate))
}

var _ interface {
	Current() provisioning.RunControl
	Changed() <-chan struct{}
} = (*control.Follower)(nil)
