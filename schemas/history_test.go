package schemas_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/twmb/avro"

	"cardstream/schemas"
)

// Every version of a record's schema that was ever committed reads what every other one wrote (FULL_TRANSITIVE), and the
// newest of them is the one in use: whoever changes a schema adds its version to avsc/history.
func TestHistoryIsFullTransitive(t *testing.T) {
	for _, a := range (schemas.Topics{}).Assignments() {
		t.Run(a.Record, func(t *testing.T) {
			versions := mustReadHistory(t, a.Record)
			if newest := versions[len(versions)-1]; newest != schemas.Text(a.Record) {
				t.Errorf("%s.avsc is not avsc/history/%s/%d.avsc: add it as version %d",
					a.Record, a.Record, len(versions), len(versions)+1)
			}
			for i, one := range versions {
				for j, other := range versions[:i] {
					if err := mutual(one, other); err != nil {
						t.Errorf("versions %d and %d: %v", i+1, j+1, err)
					}
				}
			}
		})
	}
}

// mustReadHistory returns the texts of a record's versions, from 1 on.
func mustReadHistory(tb testing.TB, record string) []string {
	tb.Helper()
	files, err := filepath.Glob(filepath.Join("avsc", "history", record, "*.avsc"))
	if err != nil || len(files) == 0 {
		tb.Fatalf("no history of %s: %v", record, err)
	}
	versions := make([]string, len(files))
	for i := range versions {
		file, err := os.ReadFile(filepath.Join("avsc", "history", record, strconv.Itoa(i+1)+".avsc"))
		if err != nil {
			tb.Fatal(err)
		}
		var text bytes.Buffer
		if err := json.Compact(&text, file); err != nil {
			tb.Fatal(err)
		}
		versions[i] = text.String()
	}
	return versions
}

// mutual errs unless each schema reads what the other one wrote.
func mutual(one, other string) error {
	a, err := avro.Parse(one)
	if err != nil {
		return err
	}
	b, err := avro.Parse(other)
	if err != nil {
		return err
	}
	if err := avro.CheckCompatibility(a, b); err != nil {
		return fmt.Errorf("the second does not read the first: %w", err)
	}
	if err := avro.CheckCompatibility(b, a); err != nil {
		return fmt.Errorf("the first does not read the second: %w", err)
	}
	return nil
}

// The judge itself: changes that it must let pass, and changes that it must not.
func TestMutualCompatibility(t *testing.T) {
	const base = `{"type":"record","name":"R","namespace":"n","fields":[
		{"name":"id","type":"string"},
		{"name":"n","type":["null","int"],"default":null},
		{"name":"e","type":{"type":"enum","name":"E","symbols":["A","B"]}},
		{"name":"u","type":[{"type":"record","name":"X","fields":[]},{"type":"record","name":"Y","fields":[]}]}]}`
	for change, c := range map[string]struct {
		old, new string
		fine     bool
	}{
		"nothing":                          {``, ``, true},
		"a doc":                            {`"name":"id",`, `"name":"id","doc":"d",`, true},
		"a nullable field more":            {`{"name":"id",`, `{"name":"x","type":["null","long"],"default":null},{"name":"id",`, true},
		"a nullable field less":            {`{"name":"n","type":["null","int"],"default":null},`, ``, true},
		"a field with a default more":      {`{"name":"id",`, `{"name":"x","type":"int","default":0},{"name":"id",`, true},
		"a field without a default more":   {`{"name":"id",`, `{"name":"x","type":"int"},{"name":"id",`, false},
		"a field without a default less":   {`{"name":"id","type":"string"},`, ``, false},
		"a field renamed":                  {`"name":"id"`, `"name":"key"`, false},
		"a type changed":                   {`"name":"id","type":"string"`, `"name":"id","type":"long"`, false},
		"an int widened":                   {`["null","int"]`, `["null","long"]`, false},
		"a symbol more, without a default": {`["A","B"]`, `["A","B","C"]`, false},
		"a symbol less, without a default": {`["A","B"]`, `["A"]`, false},
		"a branch more":                    {`[{"type":"record","name":"X","fields":[]},`, `["null",{"type":"record","name":"X","fields":[]},`, false},
		"a branch less":                    {`,{"type":"record","name":"Y","fields":[]}]`, `]`, false},
		"a nullable field made mandatory":  {`"type":["null","int"],"default":null`, `"type":"int","default":0`, false},
		"the record renamed":               {`"name":"R"`, `"name":"Q"`, false},
	} {
		t.Run(change, func(t *testing.T) {
			changed := strings.Replace(base, c.old, c.new, 1)
			if changed == base && c.old != "" {
				t.Fatal("nothing was changed")
			}
			if err := mutual(base, changed); (err == nil) != c.fine {
				t.Errorf("got %v, want fine = %t", err, c.fine)
			}
		})
	}
}

// Every record and every field says what it means, and every field that may be null is one by default.
func TestSchemasAreDocumented(t *testing.T) {
	for _, a := range (schemas.Topics{}).Assignments() {
		var schema any
		if err := json.Unmarshal([]byte(schemas.Text(a.Record)), &schema); err != nil {
			t.Fatal(err)
		}
		checkDocumented(t, a.Record, schema)
	}
}

func checkDocumented(t *testing.T, path string, schema any) {
	t.Helper()
	switch schema := schema.(type) {
	case []any:
		for _, branch := range schema {
			checkDocumented(t, path, branch)
		}
	case map[string]any:
		if schema["doc"] == nil && schema["name"] != nil {
			t.Errorf("%s: no doc", path)
		}
		if union, ok := schema["type"].([]any); ok && union[0] == "null" {
			if value, ok := schema["default"]; !ok || value != nil {
				t.Errorf("%s: may be null, but is not by default", path)
			}
		}
		for _, field := range append(slicesOf(schema["fields"]), schema["type"], schema["items"]) {
			name := path
			if field, ok := field.(map[string]any); ok && field["name"] != nil {
				name += "." + field["name"].(string)
			}
			checkDocumented(t, name, field)
		}
	}
}

func slicesOf(v any) []any {
	s, _ := v.([]any)
	return s
}
