package devkafka_test

import (
	"errors"
	"net/http"
	"testing"

	"github.com/twmb/franz-go/pkg/sr"

	"cardstream/internal/devkafka"
)

// The versions of a record R: each is a list of fields.
const (
	none     = ""
	optional = `{"name":"f","type":"int","default":0}`
	required = `{"name":"f","type":"int"}`
)

func record(fields string) sr.Schema {
	return sr.Schema{Schema: `{"type":"record","name":"R","fields":[` + fields + `]}`}
}

func TestRegisteringIsHeldAgainstEarlierVersions(t *testing.T) {
	for name, test := range map[string]struct {
		level   sr.CompatibilityLevel
		earlier []string
		next    string
		taken   bool
	}{
		"the first one":                      {sr.CompatFullTransitive, nil, required, true},
		"the same again":                     {sr.CompatFullTransitive, []string{required}, required, true},
		"an optional field more":             {sr.CompatFullTransitive, []string{none}, optional, true},
		"an optional field less":             {sr.CompatFullTransitive, []string{optional}, none, true},
		"a required field more":              {sr.CompatBackward, []string{none}, required, false},
		"a required field more, forward":     {sr.CompatForward, []string{none}, required, true},
		"a required field less, forward":     {sr.CompatForward, []string{required}, none, false},
		"a required field more, full":        {sr.CompatFull, []string{none}, required, false},
		"nobody cares":                       {sr.CompatNone, []string{none}, required, true},
		"the last but one does not fit":      {sr.CompatBackward, []string{none, optional}, required, true},
		"the last but one, transitive":       {sr.CompatBackwardTransitive, []string{none, optional}, required, false},
		"the last but one, full, transitive": {sr.CompatFullTransitive, []string{none, optional}, required, false},
	} {
		t.Run(name, func(t *testing.T) {
			client := mustRegistry(t, mustStart(t, devkafka.Config{}))
			for _, fields := range test.earlier {
				register(t, client, "s", record(fields).Schema)
			}
			if err := client.SetCompatibility(t.Context(), sr.SetCompatibility{Level: test.level}, "s")[0].Err; err != nil {
				t.Fatal(err)
			}
			if len(test.earlier) > 0 {
				answer, err := client.CheckCompatibility(t.Context(), "s", -1, record(test.next))
				if err != nil || answer.Is != test.taken {
					t.Errorf("asked, it says %+v, %v; want %t", answer, err, test.taken)
				}
			}
			_, err := client.CreateSchema(t.Context(), "s", record(test.next))
			if refused, ok := errors.AsType[*sr.ResponseError](err); (err == nil) != test.taken ||
				err != nil && (!ok || refused.StatusCode != http.StatusConflict) {
				t.Errorf("registered: %v; want taken: %t", err, test.taken)
			}
		})
	}
}
