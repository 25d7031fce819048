package deploy_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/compose-spec/compose-go/v2/cli"
	"github.com/compose-spec/compose-go/v2/types"
)

// oneShot is the service that does its work and ends.
const oneShot = "topics"

// simulated is the headend that answers until there is a real one.
const simulated = "headend-sim"

func mustLoad(tb testing.TB) *types.Project {
	tb.Helper()
	options, err := cli.NewProjectOptions([]string{filepath.Join(root, "docker-compose.yml")})
	if err != nil {
		tb.Fatal(err)
	}
	project, err := options.LoadProject(tb.Context())
	if err != nil {
		tb.Fatal(err)
	}
	return project
}

func TestComposeHasEveryService(t *testing.T) {
	want := []string{"cardstream", "grafana", "kafka", "prometheus", "registry", oneShot, simulated}
	slices.Sort(want)
	if got := mustLoad(t).ServiceNames(); !slices.Equal(got, want) {
		t.Errorf("services %v, want %v", got, want)
	}
}

// TestComposeImagesArePinned: to a whole version, unless they are built from here.
func TestComposeImagesArePinned(t *testing.T) {
	version := regexp.MustCompile(`^[a-z0-9/-]+:v?\d+\.\d+\.\d+$`)
	for name, service := range mustLoad(t).Services {
		if service.Build == nil && !version.MatchString(service.Image) {
			t.Errorf("%s: image %q has no whole version", name, service.Image)
		}
	}
}

// TestComposeUsesTheKafkaThatTheTestsUse: the same release as scripts/kafka runs.
func TestComposeUsesTheKafkaThatTheTestsUse(t *testing.T) {
	project := mustLoad(t)
	for service, pom := range map[string]string{"kafka": "pom.xml", "registry": "registry.pom.xml"} {
		_, version, _ := strings.Cut(project.Services[service].Image, ":")
		if content := mustRead(t, root, "scripts", "kafka.d", pom); !strings.Contains(content,
			"<version>"+version+"</version>") {
			t.Errorf("%s %s is not the version in %s", service, version, pom)
		}
	}
}

func TestComposeServicesAreHealthChecked(t *testing.T) {
	for name, service := range mustLoad(t).Services {
		if name == oneShot || name == simulated { // neither listens
			continue
		}
		check := service.HealthCheck
		if check == nil || check.Disable || len(check.Test) < 2 || check.Test[0] != "CMD" {
			t.Errorf("%s has no health check by a command", name)
			continue
		}
		if check.Timeout == nil || check.Interval == nil || check.StartPeriod == nil {
			t.Errorf("%s: its health check leaves a time to the default", name)
		}
	}
}

func TestComposeStartsThingsInOrder(t *testing.T) {
	project := mustLoad(t)
	for name, after := range map[string]map[string]string{
		"registry": {"kafka": types.ServiceConditionHealthy},
		oneShot:    {"kafka": types.ServiceConditionHealthy, "registry": types.ServiceConditionHealthy},
		"cardstream": {
			"kafka": types.ServiceConditionHealthy, "registry": types.ServiceConditionHealthy,
			oneShot: types.ServiceConditionCompletedSuccessfully,
		},
		simulated: {oneShot: types.ServiceConditionCompletedSuccessfully},
		"grafana": {"prometheus": types.ServiceConditionHealthy},
	} {
		for other, condition := range after {
			if got := project.Services[name].DependsOn[other]; got.Condition != condition {
				t.Errorf("%s waits for %s: %q, want %q", name, other, got.Condition, condition)
			}
		}
	}
	if restart := project.Services[oneShot].Restart; restart != "" {
		t.Errorf("%s restarts: %q", oneShot, restart)
	}
}

// TestComposePublishesOnLoopbackOnly, and no port twice.
func TestComposePublishesOnLoopbackOnly(t *testing.T) {
	taken := make(map[string]string)
	for name, service := range mustLoad(t).Services {
		for _, port := range service.Ports {
			if port.HostIP != "127.0.0.1" {
				t.Errorf("%s: port %s is published on %q", name, port.Published, port.HostIP)
			}
			if other, ok := taken[port.Published]; ok {
				t.Errorf("%s and %s publish port %s", name, other, port.Published)
			}
			taken[port.Published] = name
		}
	}
}

// TestComposeMountsExist: files and directories of this repository, and volumes that are declared.
func TestComposeMountsExist(t *testing.T) {
	project := mustLoad(t)
	for name, service := range project.Services {
		for _, mount := range service.Volumes {
			switch mount.Type {
			case types.VolumeTypeBind:
				if _, err := os.Stat(mount.Source); err != nil {
					t.Errorf("%s: %v", name, err)
				}
				if !mount.ReadOnly {
					t.Errorf("%s may write to %s", name, mount.Source)
				}
			case types.VolumeTypeVolume:
				if _, ok := project.Volumes[mount.Source]; !ok {
					t.Errorf("%s: volume %s is not declared", name, mount.Source)
				}
			default:
				t.Errorf("%s: a mount of type %s", name, mount.Type)
			}
		}
	}
}

// TestComposeGivesCardstreamNoMoreThanItNeeds: and the one directory that it writes to.
func TestComposeGivesCardstreamNoMoreThanItNeeds(t *testing.T) {
	project := mustLoad(t)
	for _, name := range []string{"cardstream", oneShot, simulated} {
		service := project.Services[name]
		if service.User != "" || service.Privileged || !service.ReadOnly {
			t.Errorf("%s: user %q, privileged %t, read-only %t", name, service.User, service.Privileged, service.ReadOnly)
		}
		if !slices.Equal(service.CapDrop, []string{"ALL"}) ||
			!slices.Contains(service.SecurityOpt, "no-new-privileges:true") {
			t.Errorf("%s: drops %v, security options %v", name, service.CapDrop, service.SecurityOpt)
		}
	}
	command := project.Services["cardstream"].Command
	at := slices.Index(command, "--store")
	if at < 0 || at+1 >= len(command) {
		t.Fatalf("command %v has no --store", command)
	}
	if !slices.ContainsFunc(project.Services["cardstream"].Volumes, func(mount types.ServiceVolumeConfig) bool {
		return mount.Target == command[at+1]
	}) {
		t.Errorf("no volume at %s", command[at+1])
	}
}
