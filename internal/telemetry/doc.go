// Package telemetry is how a process shows itself: one registry of metrics, and a listener that serves /metrics,
// /healthz and /readyz.
package telemetry
