package e2e_test

import (
	"bytes"
	"context"
	"errors"
	"os/exec"
	"testing"
	"time"
)

// outcome is what a run of the binary has left behind.
type outcome struct {
	code           int
	stdout, stderr string
}

// shell runs the binary to its end, as a shell would, and fails the test where that takes longer than a minute and a half.
func shell(t *testing.T, args ...string) outcome {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 90*time.Second)
	defer cancel()
	var stdout, stderr bytes.Buffer
	command := exec.CommandContext(ctx, executable, args...)
	command.Stdout, command.Stderr = &stdout, &stderr
	err := command.Run()
	if _, exited := errors.AsType[*exec.ExitError](err); err != nil && (!exited || ctx.Err() != nil) {
		t.Fatalf("cardstream %q: %v\n%s", args, errors.Join(err, ctx.Err()), stderr.String())
	}
	return outcome{code: command.ProcessState.ExitCode(), stdout: stdout.String(), stderr: stderr.String()}
}
