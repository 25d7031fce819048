package report_test

import (
	"encoding/xml"
	"errors"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"cardstream/bench/proc"
	"cardstream/bench/report"
)

func sample(subject string, round int, x float64, name string, value float64) report.Sample {
	return report.Sample{Subject: subject, Round: round, X: x, Values: map[string]float64{name: value}}
}

// latencies are two subjects at two rates, the first of them in three rounds.
func latencies() *report.File {
	return &report.File{
		Measure: report.Latency,
		Environment: report.Environment{
			Taken:    time.Date(2026, 1, 2, 3, 4, 0, 0, time.UTC),
			Machine:  proc.Machine{Processor: "A & B", Processors: 2, Memory: 8 << 30, Kernel: "Linux 6"},
			Versions: map[string]string{"Go": "go1.26", "cardstream": "abc1234"}, Command: "compare run",
			Settings: map[string]string{"one": "one run --flag"},
		},
		Samples: []report.Sample{
			sample("one", 1, 100, "p99_seconds", 0.030), sample("two", 1, 100, "p99_seconds", 0.2),
			sample("one", 2, 100, "p99_seconds", 0.010), sample("one", 3, 100, "p99_seconds", 0.020),
			sample("one", 1, 1000, "p99_seconds", 0.040),
		},
	}
}

func TestAFileIsKept(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "results")
	if f, err := report.Read(folder, report.Latency); f != nil || err != nil {
		t.Errorf("what was not measured: %v, %v", f, err)
	}
	want := latencies()
	for range 2 { // the second takes the place of the first
		if err := want.Save(folder); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := report.Read(folder, report.Latency); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v", got, err)
	}
	if err := os.WriteFile(filepath.Join(folder, "load.json"), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := report.Read(folder, report.Load); err == nil {
		t.Error("a broken file is read")
	}
}

func TestMedians(t *testing.T) {
	f := latencies()
	f.Samples = append(f.Samples, sample("two", 2, 100, "p99_seconds", 0.4))
	for _, test := range []struct {
		subject string
		x, want float64
		there   bool
	}{
		{"one", 100, 0.020, true}, {"two", 100, 0.3, true}, {"one", 1000, 0.040, true}, {"two", 1000, 0, false},
	} {
		got, there := f.Median(test.subject, test.x, "p99_seconds")
		if diff := got - test.want; diff > 1e-12 || diff < -1e-12 || there != test.there {
			t.Errorf("%s at %g: %g, %v", test.subject, test.x, got, there)
		}
	}
}

func TestNumbers(t *testing.T) {
	for number, want := range map[float64]string{
		0: "0", 7: "7", 0.01234: "0.012", 1.234: "1.23", 12.34: "12.3", 123.4: "123", 999.9: "1,000", 1234567: "1,234,567", -2500: "-2,500",
	} {
		if got := report.Number(number); got != want {
			t.Errorf("%g: %s, want %s", number, got, want)
		}
	}
	for number, want := range map[float64]string{0.5: "0.5", 1000: "1000", 20_000: "20k", 1e7: "10M", 2e9: "2G"} {
		if got := report.Short(number); got != want {
			t.Errorf("%g: %s, want %s", number, got, want)
		}
	}
}

// mustRender returns the page.
func mustRender(t *testing.T, raw, page string) string {
	t.Helper()
	if err := report.Render(raw, page); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// A subject that was given other settings in another measure is told with each; other ports and names are no others.
func TestSettings(t *testing.T) {
	folder := t.TempDir()
	raw, page := filepath.Join(folder, "results"), filepath.Join(folder, "RESULTS.md")
	for measure, lines := range map[string]map[string]string{
		report.Load:    {"one": "one --app bench-a1-load-one --addr 127.0.0.1:4001", "two": "two -Xmx1g --ready-port 7001"},
		report.Latency: {"one": "one --app bench-b2-latency-one --addr 127.0.0.1:4002", "two": "two -Xmx2g --ready-port 7002"},
	} {
		f := latencies()
		f.Measure, f.Environment.Settings = measure, lines
		if err := f.Save(raw); err != nil {
			t.Fatal(err)
		}
	}
	text := mustRender(t, raw, page)
	_, got, _ := strings.Cut(text, "\none:")
	want := "\n\n    one --app bench-a1-load-one --addr 127.0.0.1:4001\n" +
		"\ntwo, in load:\n\n    two -Xmx1g --ready-port 7001\n" +
		"\ntwo, in latency:\n\n    two -Xmx2g --ready-port 7002\n"
	if got != want {
		t.Errorf("settings are told as %q, want %q", got, want)
	}
}

func TestRender(t *testing.T) {
	folder := t.TempDir()
	raw, page := filepath.Join(folder, "results"), filepath.Join(folder, "RESULTS.md")
	if err := latencies().Save(raw); err != nil {
		t.Fatal(err)
	}
	text := mustRender(t, raw, page)
	for _, want := range []string{
		"| one | 100 | – | 20 (10–30) | –", "| two | 100 | – | 200 | –", "| one | 1,000 | – | 40 | –",
		"![Latency, 99th percentile](plots/latency.svg)", "2 × A & B, 8,192 MiB", "- Go go1.26", "    one run --flag",
		"Taken 2026-01-02 03:04 UTC by `compare run`, at commit abc1234.",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the page does not have %q:\n%s", want, text)
		}
	}
	if strings.Contains(text, "| two | 1,000") {
		t.Error("a row of what was not measured")
	}
	svg, err := os.ReadFile(filepath.Join(folder, "plots", "latency.svg"))
	if err != nil {
		t.Fatal(err)
	}
	wellFormed(t, string(svg))
}

func wellFormed(t *testing.T, text string) {
	t.Helper()
	for d := xml.NewDecoder(strings.NewReader(text)); ; {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			return
		} else if err != nil {
			t.Fatalf("%v:\n%s", err, text)
		}
	}
}

func TestAPlotShowsEveryPointThatItCan(t *testing.T) {
	svg := report.Plot("A < B & C", map[string][][2]float64{"one": {{100, 1}, {1000, 10}, {10_000, 0}}})
	wellFormed(t, svg)
	if n := strings.Count(svg, "<circle"); n != 2 {
		t.Errorf("%d points are drawn, want the two that are positive", n)
	}
	if !strings.Contains(svg, "A &lt; B &amp; C") {
		t.Error("the title is not escaped")
	}
	if svg := report.Plot("nothing", map[string][][2]float64{"one": {{1, 0}}}); svg != "" {
		t.Errorf("nothing is drawn as %s", svg)
	}
}

func TestWrappedKeepsWordsAndWidth(t *testing.T) {
	text := strings.Repeat("word ", 100)
	got := report.Wrapped(text)
	for line := range strings.Lines(got) {
		if len(strings.TrimSuffix(line, "\n")) > 120 {
			t.Errorf("a line of %d characters", len(line))
		}
	}
	if !reflect.DeepEqual(strings.Fields(got), strings.Fields(text)) {
		t.Error("words are lost")
	}
}
