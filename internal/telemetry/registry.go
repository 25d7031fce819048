package telemetry

import (
	"runtime"
	"runtime/debug"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
)

// NewRegistry returns a registry with what every process has: build_info, and the Go runtime's and the process's own
// metrics.
func NewRegistry() *prometheus.Registry {
	reg := prometheus.NewRegistry()
	version, revision := Version()
	info := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "cardstream_build_info", Help: "1; the labels say what runs.",
		ConstLabels: prometheus.Labels{"version": version, "revision": revision, "goversion": runtime.Version()},
	})
	info.Set(1)
	reg.MustRegister(info, collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return reg
}

// Version returns the module's version and the revision that was built, as far as the build recorded them.
func Version() (version, revision string) {
	version, revision = "unknown", "unknown"
	build, ok := debug.ReadBuildInfo()
	if !ok {
		return version, revision
	}
	if build.Main.Version != "" {
		version = build.Main.Version
	}
	for _, s := range build.Settings {
		if s.Key == "vcs.revision" {
			revision = s.Value
		}
	}
	return version, revision
}
