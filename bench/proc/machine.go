package proc

import (
	"os"
	"runtime"
	"strings"
)

// Machine is where a measurement was made.
type Machine struct {
	Processor  string `json:"processor"`
	Processors int    `json:"processors"`
	Memory     int64  `json:"memory_bytes"`
	Kernel     string `json:"kernel"`
}

// ThisMachine describes this one. What /proc does not tell is left out.
func ThisMachine() Machine {
	m := Machine{Processors: runtime.NumCPU()}
	if text, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		m.Processor = processorName(string(text))
	}
	if text, err := os.ReadFile("/proc/meminfo"); err == nil {
		if values, err := kibibytes(string(text)); err == nil {
			m.Memory = values["MemTotal"]
		}
	}
	if text, err := os.ReadFile("/proc/sys/kernel/osrelease"); err == nil {
		m.Kernel = "Linux " + strings.TrimSpace(string(text))
	}
	return m
}

// processorName returns the first model name in /proc/cpuinfo.
func processorName(text string) string {
	for line := range strings.Lines(text) {
		if name, value, _ := strings.Cut(line, ":"); strings.TrimSpace(name) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return ""
}
