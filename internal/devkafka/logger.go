package devkafka

import (
	"context"
	"fmt"
	"log/slog"
	"strings"

	"github.com/twmb/franz-go/pkg/kfake"
)

// kafkaLogger hands kfake's log lines on to a slog.Logger. Its "info" is a line for every request that failed, which
// is a client's business as a rule: it becomes debug. So does its warning that a request was "slow", by which it means
// five milliseconds: a busy machine is no trouble of the broker's.
type kafkaLogger struct{ log *slog.Logger }

func (l kafkaLogger) Logf(level kfake.LogLevel, format string, args ...any) {
	to := slog.LevelDebug
	switch {
	case level == kfake.LogLevelError:
		to = slog.LevelError
	case level == kfake.LogLevelWarn && !strings.Contains(format, " slow "):
		to = slog.LevelWarn
	}
	if l.log.Enabled(context.Background(), to) {
		l.log.Log(context.Background(), to, "embedded broker: "+fmt.Sprintf(format, args...))
	}
}
