package deploy_test

import (
	"path"
	"slices"
	"strings"
	"testing"
)

// instructions returns a Dockerfile's last stage, an instruction a line, and the line that begins it.
func instructions(tb testing.TB) (from string, last []string) {
	tb.Helper()
	for line := range strings.Lines(mustRead(tb, root, "Dockerfile")) {
		line = strings.TrimSpace(line)
		switch {
		case line == "" || strings.HasPrefix(line, "#"):
		case strings.HasPrefix(line, "FROM "):
			from, last = line, nil
		default:
			last = append(last, line)
		}
	}
	return from, last
}

// argument returns what the last instruction of that name says.
func argument(last []string, name string) string {
	for _, line := range slices.Backward(last) {
		if rest, ok := strings.CutPrefix(line, name+" "); ok {
			return rest
		}
	}
	return ""
}

func TestTheImageIsEmptyButForCardstream(t *testing.T) {
	from, last := instructions(t)
	if from != "FROM scratch" {
		t.Errorf("the last stage is %q", from)
	}
	if argument(last, "RUN") != "" {
		t.Error("a RUN in an empty image has nothing to run")
	}
	if !strings.Contains(mustRead(t, root, "Dockerfile"), "ENV CGO_ENABLED=0") {
		t.Error("the binary is not static")
	}
	if !strings.Contains(strings.Join(last, "\n"), "ca-certificates.crt") {
		t.Error("the image trusts nobody: TLS cannot work")
	}
}

func TestTheImageRunsWithoutRights(t *testing.T) {
	_, last := instructions(t)
	user := argument(last, "USER")
	if user == "" || strings.HasPrefix(user, "0") || strings.HasPrefix(user, "root") {
		t.Errorf("USER %q", user)
	}
	volume := argument(last, "VOLUME")
	if !slices.ContainsFunc(last, func(line string) bool {
		return strings.Contains(line, "--chown="+user) && strings.HasSuffix(line, " "+volume)
	}) {
		t.Errorf("the user %s does not own the volume %s", user, volume)
	}
}

// TestTheHealthCheckIsInTheImage: compose calls it by its path.
func TestTheHealthCheckIsInTheImage(t *testing.T) {
	_, last := instructions(t)
	command := mustLoad(t).Services["cardstream"].HealthCheck.Test[1]
	if !slices.ContainsFunc(last, func(line string) bool {
		return strings.HasPrefix(line, "COPY --from=build /out/") && strings.HasSuffix(line, " "+path.Dir(command)+"/") &&
			strings.Contains(line, "/"+path.Base(command))
	}) {
		t.Errorf("nothing puts %s into the image", command)
	}
}
