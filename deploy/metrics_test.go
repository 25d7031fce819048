package deploy_test

import (
	"encoding/json"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v4"
)

// contract is the list of metrics in docs/contract.md, by their type.
var contract = map[string]string{
	"cardstream_records_consumed_total":    "counter",
	"cardstream_commands_total":            "counter",
	"cardstream_command_errors_total":      "counter",
	"cardstream_dead_letters_total":        "counter",
	"cardstream_requests":                  "gauge",
	"cardstream_transitions_total":         "counter",
	"cardstream_smartcard_commands_total":  "counter",
	"cardstream_headend_results_total":     "counter",
	"cardstream_headend_held":              "gauge",
	"cardstream_dispatch_paused":           "gauge",
	"cardstream_overdue_requests":          "gauge",
	"cardstream_oldest_overdue_seconds":    "gauge",
	"cardstream_command_to_sent_seconds":   "histogram",
	"cardstream_dispatch_lateness_seconds": "histogram",
	"cardstream_headend_response_seconds":  "histogram",
	"cardstream_step_seconds":              "histogram",
	"cardstream_transactions_total":        "counter",
	"cardstream_consumer_lag_records":      "gauge",
	"cardstream_stable_offset_lag_records": "gauge",
	"cardstream_restore_seconds":           "histogram",
	"cardstream_restore_records_total":     "counter",
	"cardstream_control_age_seconds":       "gauge",
	"cardstream_clock_offset_seconds":      "gauge",
	"cardstream_build_info":                "gauge",
	"cardstream_web_requests_total":        "counter",
	"cardstream_web_request_seconds":       "histogram",
	"cardstream_web_waiting_callers":       "gauge",
}

var (
	name = regexp.MustCompile(`\bcardstream_\w+`)
	// changing is a counter where an expression takes its change over time, the only use that makes sense of it.
	changing = regexp.MustCompile(`\b(?:rate|increase)\((cardstream_\w+)`)
)

// checkMetrics reports metrics in a PromQL expression that no process has, or that are used as what they are not.
func checkMetrics(tb testing.TB, where, expression string) {
	tb.Helper()
	var rated []string
	for _, match := range changing.FindAllStringSubmatch(expression, -1) {
		rated = append(rated, match[1])
	}
	for _, used := range name.FindAllString(expression, -1) {
		base, isBucket := strings.CutSuffix(used, "_bucket")
		kind := contract[base]
		switch {
		case kind == "":
			tb.Errorf("%s: there is no metric %s", where, used)
		case (kind == "histogram") != isBucket:
			tb.Errorf("%s: %s is a %s", where, used, kind)
		case (kind == "gauge") == slices.Contains(rated, used):
			tb.Errorf("%s: %s is a %s", where, used, kind)
		}
	}
}

func TestAlertsUseMetricsThatExist(t *testing.T) {
	var file struct {
		Groups []struct {
			Rules []struct {
				Alert, Expr, For    string
				Labels, Annotations map[string]string
			}
		}
	}
	mustParse(t, &file, "prometheus", "alerts.yml")
	seen := make(map[string]bool)
	for _, group := range file.Groups {
		for _, rule := range group.Rules {
			checkMetrics(t, rule.Alert, rule.Expr)
			if rule.Alert == "" || seen[rule.Alert] {
				t.Errorf("alert %q has no name of its own", rule.Alert)
			}
			seen[rule.Alert] = true
			if severity := rule.Labels["severity"]; severity != "critical" && severity != "warning" {
				t.Errorf("%s: severity %q", rule.Alert, severity)
			}
			if rule.Annotations["summary"] == "" || rule.Annotations["description"] == "" {
				t.Errorf("%s does not say what to do", rule.Alert)
			}
		}
	}
	if len(seen) == 0 {
		t.Error("there are no alerts")
	}
}

func TestPrometheusScrapesTheService(t *testing.T) {
	var file struct {
		RuleFiles     []string `yaml:"rule_files"`
		ScrapeConfigs []struct {
			JobName string `yaml:"job_name"`
			DNS     []struct {
				Names []string
				Port  int
			} `yaml:"dns_sd_configs"`
		} `yaml:"scrape_configs"`
	}
	mustParse(t, &file, "prometheus", "prometheus.yml")
	if !slices.Equal(file.RuleFiles, []string{"alerts.yml"}) {
		t.Errorf("rule files %v", file.RuleFiles)
	}
	if len(file.ScrapeConfigs) != 1 || len(file.ScrapeConfigs[0].DNS) != 1 {
		t.Fatalf("scrapes %+v", file.ScrapeConfigs)
	}
	target := file.ScrapeConfigs[0].DNS[0]
	service, ok := mustLoad(t).Services[target.Names[0]]
	if !ok || len(service.Ports) != 1 || int(service.Ports[0].Target) != target.Port {
		t.Errorf("no service %v listens on %d", target.Names, target.Port)
	}
}

// TestTheDashboardShowsEveryMetric and none that does not exist.
func TestTheDashboardShowsEveryMetric(t *testing.T) {
	var dashboard struct {
		Panels []struct {
			Title   string
			Targets []struct {
				Expr       string
				Datasource struct{ UID string }
			}
		}
	}
	content := mustRead(t, "grafana", "dashboards", "cardstream.json")
	if err := json.Unmarshal([]byte(content), &dashboard); err != nil {
		t.Fatal(err)
	}
	missing := maps.Clone(contract)
	for _, panel := range dashboard.Panels {
		for _, target := range panel.Targets {
			checkMetrics(t, panel.Title, target.Expr)
			for _, used := range name.FindAllString(target.Expr, -1) {
				delete(missing, strings.TrimSuffix(used, "_bucket"))
			}
			if target.Datasource.UID != provisionedSource(t) {
				t.Errorf("%s: data source %q", panel.Title, target.Datasource.UID)
			}
		}
	}
	for metric := range missing {
		t.Errorf("no panel shows %s", metric)
	}
}

// provisionedSource is the id of Grafana's one data source.
func provisionedSource(tb testing.TB) string {
	tb.Helper()
	var file struct{ Datasources []struct{ UID string } }
	mustParse(tb, &file, "grafana", "provisioning", "datasources", "prometheus.yml")
	if len(file.Datasources) != 1 {
		tb.Fatalf("data sources %+v", file.Datasources)
	}
	return file.Datasources[0].UID
}

func mustParse(tb testing.TB, into any, path ...string) {
	tb.Helper()
	if err := yaml.Unmarshal([]byte(mustRead(tb, path...)), into); err != nil {
		tb.Fatalf("%v: %v", path, err)
	}
}
