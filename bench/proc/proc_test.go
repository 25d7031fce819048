package proc_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"cardstream/bench/proc"
)

func TestParseStat(t *testing.T) {
	const line = "42 (a (strange) name) S 1 42 42 0 -1 4194560 100 200 3 4 123 45 9 9 20 0 12 0 555 1000 200 1 2 3"
	for name, test := range map[string]struct {
		line string
		want time.Duration
		bad  bool
	}{
		"name with parentheses": {line: line, want: 1680 * time.Millisecond},
		"cut off":               {line: "42 (x) S 1 2 3", bad: true},
		"no name":               {line: "", bad: true},
		"no number":             {line: "42 (x) S 1 42 42 0 -1 4194560 100 200 3 4 many 45 9 9", bad: true},
	} {
		got, err := proc.ParseStat(test.line)
		if got != test.want || (err != nil) != test.bad {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
}

func TestParseStatus(t *testing.T) {
	got, err := proc.ParseStatus("Name:\tcardstream\nVmHWM:\t  2048 kB\nVmRSS:\t  1024 kB\nRssAnon:\t 512 kB\nThreads:\t7\n")
	if want := (proc.Memory{Resident: 1 << 20, Anonymous: 512 << 10, Peak: 2 << 20}); got != want || err != nil {
		t.Errorf("%+v, %v", got, err)
	}
	for _, bad := range []string{"Name:\tzombie\n", "VmRSS:\tmany kB\n"} {
		if _, err := proc.ParseStatus(bad); err == nil {
			t.Errorf("%q is read", bad)
		}
	}
}

func TestThisProcess(t *testing.T) {
	before, err := proc.CPU(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	for after := before; after < before+20*time.Millisecond; {
		if after, err = proc.CPU(os.Getpid()); err != nil {
			t.Fatal(err)
		}
	}
	if m, err := proc.MemoryOf(os.Getpid()); err != nil || m.Resident < 1<<20 || m.Peak < m.Resident {
		t.Errorf("%+v, %v", m, err)
	}
	if m := proc.ThisMachine(); m.Processors < 1 || m.Memory < 1<<20 {
		t.Errorf("%+v", m)
	}
}

func TestDisk(t *testing.T) {
	folder := t.TempDir()
	file := filepath.Join(folder, "beneath", "file")
	if err := os.Mkdir(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, make([]byte, 100_000), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Link(file, filepath.Join(folder, "again")); err != nil {
		t.Fatal(err)
	}
	if got, err := proc.Disk(folder); err != nil || got < 100_000 || got > 150_000 {
		t.Errorf("a file of 100,000 bytes with two names takes %d, %v", got, err)
	}
	if got, err := proc.Disk(filepath.Join(folder, "nothing")); err != nil || got != 0 {
		t.Errorf("nothing takes %d, %v", got, err)
	}
}
