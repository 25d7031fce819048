package e2e_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kadm"

	"cardstream/internal/devkafka"
	"cardstream/internal/devkafka/kafkatest"
)

// wantUsageError wants one line on stderr which says this, nothing on stdout, and exit code 2.
func wantUsageError(t *testing.T, got outcome, says string) {
	t.Helper()
	lines := strings.Count(got.stderr, "\n")
	if got.code != 2 || got.stdout != "" || lines != 1 || !strings.HasPrefix(got.stderr, "cardstream: ") ||
		!strings.Contains(got.stderr, says) {
		t.Errorf("exit code %d, want 2 and a line that says %q; stdout %q, stderr:\n%s", got.code, says, got.stdout, got.stderr)
	}
}

func TestSettingsThatCannotBeRight(t *testing.T) {
	for _, test := range []struct {
		says string
		args []string
	}{
		{"--no-such-flag", []string{"run", "--no-such-flag"}},
		{"no-such-command", []string{"no-such-command"}},
		{"nowhere", []string{"run", "--brokers", "nowhere"}},
		{"127.0.0.1:99999", []string{"run", "--brokers", "127.0.0.1:99999"}},
		{"nowhere", []string{"topics", "--brokers", "nowhere"}},
		{"no url", []string{"run", "--registry", "no url"}},
		{"ftp://127.0.0.1", []string{"topics", "--registry", "ftp://127.0.0.1"}},
		{"--metrics-addr", []string{"run", "--metrics-addr", "8082"}},
		{"--metrics-addr", []string{"run", "--metrics-addr", "127.0.0.1:http"}},
		{"--stages", []string{"run", "--stages", "outtake"}},
		{"[0-9", []string{"run", "--pin-pattern", "[0-9"}},
		{"--session-timeout", []string{"run", "--session-timeout", "0s"}},
		{"--session-timeout", []string{"run", "--session-timeout", "soon"}},
		{"--headend-results", []string{"run", "--headend-results", "maybe"}},
		{"--headend-timeout", []string{"run", "--headend-timeout", "0s"}},
		{"--headend-attempts", []string{"run", "--headend-attempts", "0"}},
		{"--headend-in-flight", []string{"run", "--headend-in-flight=-1"}},
		{"--headend-hold-after", []string{"run", "--headend-hold-after=-1"}},
		{"--tls", []string{"run", "--tls-ca", "ca.pem"}},
		{"/no/such/file", []string{"run", "--tls", "--tls-ca", "/no/such/file"}},
		{"--sasl-username", []string{"run", "--sasl-mechanism", "plain"}},
		{"/no/such/file", []string{"dev", "--once", "/no/such/file",
			"--kafka-addr", "127.0.0.1:0", "--registry-addr", "127.0.0.1:0", "--metrics-addr", "127.0.0.1:0"}},
		{"--partitions", []string{"topics", "--partitions", "0"}},
		{"no.such.topic", []string{"watch", "no.such.topic"}},
		{"rate", []string{"rate", "many"}},
		{"rate", []string{"rate", "1e3"}},
		{"rate", []string{"rate", "NaN"}},
		{"-5", []string{"rate", "-5"}},
		{"<n>", []string{"rate"}},
		{"--reason", []string{"pause", "--reason", "two\nlines"}},
		{"--filter", []string{"dead-letters", "list", "--filter", "colour=red"}},
		{"--rate", []string{"dead-letters", "redrive", "--rate=-1"}},
		{"--by", []string{"resume", "--by", strings.Repeat("long", 30)}},
	} {
		t.Run(strings.Join(test.args, " "), func(t *testing.T) {
			wantUsageError(t, shell(t, test.args...), test.says)
		})
	}
}

// embedded is a deployment on the embedded broker: run must refuse it, but only after everything that is more wrong.
func embedded(t *testing.T) (*deployment, *kadm.Client) {
	t.Helper()
	cluster := kafkatest.StartEmbedded(t, devkafka.Config{})
	return deploy(t, cluster), kadm.NewClient(cluster.Client(t))
}

// tryRun runs the processor, which is expected to refuse.
func (d *deployment) tryRun(flags ...string) outcome {
	d.t.Helper()
	return shell(d.t, append(d.line("run", "--metrics-addr", "127.0.0.1:0", "--log-level", "error",
		"--store", filepath.Join(d.t.TempDir(), "store")), flags...)...)
}

func TestRunRefusesTheEmbeddedBroker(t *testing.T) {
	d, _ := embedded(t)
	wantUsageError(t, d.tryRun(), "embedded")
}

func TestRunRefusesTopicsThatCannotBeRight(t *testing.T) {
	for _, test := range []struct {
		name, says string
		spoil      func(ctx context.Context, admin *kadm.Client, prefix string) error
	}{
		{"partition counts that differ", "smartcard.commands has 13 partitions",
			func(ctx context.Context, admin *kadm.Client, prefix string) error {
				grown, err := admin.UpdatePartitions(ctx, partitions+1, prefix+"smartcard.commands")
				return firstOf(err, grown.Error())
			}},
		{"a state topic without compaction", "provisioning.state has cleanup.policy=delete",
			func(ctx context.Context, admin *kadm.Client, prefix string) error {
				return set(ctx, admin, prefix+"provisioning.state", "cleanup.policy", "delete")
			}},
		{"a state topic that also deletes", "provisioning.state has cleanup.policy=compact,delete",
			func(ctx context.Context, admin *kadm.Client, prefix string) error {
				return set(ctx, admin, prefix+"provisioning.state", "cleanup.policy", "compact,delete")
			}},
		{"a topic that is missing", "provisioning.dead-letters is missing",
			func(ctx context.Context, admin *kadm.Client, prefix string) error {
				_, err := admin.DeleteTopic(ctx, prefix+"provisioning.dead-letters")
				return err
			}},
	} {
		t.Run(test.name, func(t *testing.T) {
			d, admin := embedded(t)
			if err := test.spoil(t.Context(), admin, d.prefix); err != nil {
				t.Fatal(err)
			}
			wantUsageError(t, d.tryRun(), test.says)
			if got := shell(t, d.line("topics", "--check")...); got.code != 1 || !strings.Contains(got.stdout, test.says) {
				t.Errorf("topics --check: exit code %d, want 1 and a line that says %q:\n%s", got.code, test.says, got.stdout)
			}
		})
	}
}

func set(ctx context.Context, admin *kadm.Client, topic, name, value string) error {
	changed, err := admin.AlterTopicConfigs(ctx,
		[]kadm.AlterConfig{{Op: kadm.SetConfig, Name: name, Value: &value}}, topic)
	for _, topic := range changed {
		err = firstOf(err, topic.Err)
	}
	return err
}

func firstOf(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// withRegistry gives a deployment on a real cluster another registry.
func withRegistry(t *testing.T, url string) *deployment {
	t.Helper()
	needRealKafka(t)
	d := deploy(t, kafkatest.Start(t))
	d.cluster.RegistryURL = url
	return d
}

func TestRunRefusesARegistryWithoutTheSchemas(t *testing.T) {
	other := kafkatest.StartEmbedded(t, devkafka.Config{})
	wantUsageError(t, withRegistry(t, other.RegistryURL).tryRun(), "provisioning.commands-value")
}

// A web server that is no registry knows nothing of schemas either, and says so in its own way.
func TestRunRefusesWhatIsNoRegistry(t *testing.T) {
	server := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(server.Close)
	wantUsageError(t, withRegistry(t, server.URL).tryRun(), server.URL)
}
