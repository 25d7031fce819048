package main

import (
	"io"
	"log/slog"
)

// logging is where and how a subcommand logs: always to stderr, so that stdout is for results.
type logging struct {
	LogLevel  slog.Level `default:"info" help:"debug, info, warn or error (${default})."`
	LogFormat string     `enum:"text,json" default:"text" help:"text or json (${default})."`
}

// logger is a slog.Logger under a name of ours, so that the flags' struct can make it.
type logger struct{ *slog.Logger }

func (l logging) logger(w io.Writer) logger {
	options := &slog.HandlerOptions{Level: l.LogLevel}
	if l.LogFormat == "json" {
		return logger{slog.New(slog.NewJSONHandler(w, options))}
	}
	return logger{slog.New(slog.NewTextHandler(w, options))}
}
