package devkafka

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"

	"github.com/twmb/avro"
	"github.com/twmb/franz-go/pkg/sr"
)

// compatibility puts in front of the fake registry what it lacks: schemas are held against the versions before them, at
// the subject's level, when they are registered and when someone asks. Only Avro without references is looked at.
type compatibility struct {
	registry http.Handler
	mu       sync.Mutex // from a schema's judgement to its registration
}

// errNotAvro: what the fake is left to judge by itself.
var errNotAvro = errors.New("no Avro schema without references")

func (c *compatibility) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	asks := strings.HasPrefix(r.URL.Path, "/compatibility/subjects/")
	if r.Method != http.MethodPost || !asks && !registers(r) {
		c.registry.ServeHTTP(w, r)
		return
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		refuse(w, http.StatusBadRequest, err)
		return
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	subject := strings.Split(strings.TrimPrefix(r.URL.EscapedPath(), "/compatibility"), "/")[2]

	c.mu.Lock()
	defer c.mu.Unlock()
	switch verdict := c.judge(subject, body); {
	case errors.Is(verdict, errNotAvro):
		c.registry.ServeHTTP(w, r)
	case asks:
		answer := map[string]any{"is_compatible": verdict == nil}
		if verdict != nil {
			answer["messages"] = []string{verdict.Error()}
		}
		_ = json.NewEncoder(w).Encode(answer) // a client that has gone asks again
	case verdict != nil:
		refuse(w, http.StatusConflict, verdict)
	default:
		c.registry.ServeHTTP(w, r)
	}
}

// registers tells whether a POST registers a schema; others look one up.
func registers(r *http.Request) bool {
	return strings.HasPrefix(r.URL.Path, "/subjects/") && strings.HasSuffix(r.URL.Path, "/versions")
}

func refuse(w http.ResponseWriter, code int, err error) {
	w.Header().Set("Content-Type", "application/vnd.schemaregistry.v1+json")
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(map[string]any{"error_code": code, "message": err.Error()}) // as above
}

// judge holds the schema in a request's body against those of the subject. The same schema again is no new version.
func (c *compatibility) judge(subject string, body []byte) error {
	var offered sr.Schema
	if json.Unmarshal(body, &offered) != nil || offered.Type != sr.TypeAvro || len(offered.References) > 0 {
		return errNotAvro
	}
	schema, err := avro.Parse(offered.Schema)
	if err != nil {
		return errNotAvro
	}
	versions := c.versions(subject)
	level := c.level(subject)
	var wrong []error
	for i, version := range versions {
		if version.Schema.Schema == offered.Schema {
			return nil
		}
		transitive := strings.HasSuffix(level, "_TRANSITIVE")
		if i < len(versions)-1 && !transitive {
			continue
		}
		if err := compatible(schema, version.Schema.Schema, level); err != nil {
			wrong = append(wrong, fmt.Errorf("%s with version %d: %w", level, version.Version, err))
		}
	}
	return errors.Join(wrong...)
}

// compatible tells in which of the level's directions the new schema and an old one cannot read each other.
func compatible(schema *avro.Schema, old, level string) error {
	before, err := avro.Parse(old)
	if err != nil {
		return nil // it was registered while nobody looked
	}
	var backward, forward error
	if strings.HasPrefix(level, "BACKWARD") || strings.HasPrefix(level, "FULL") {
		backward = avro.CheckCompatibility(before, schema)
	}
	if strings.HasPrefix(level, "FORWARD") || strings.HasPrefix(level, "FULL") {
		forward = avro.CheckCompatibility(schema, before)
	}
	return errors.Join(backward, forward)
}

// versions are the subject's, oldest first.
func (c *compatibility) versions(subject string) []sr.SubjectSchema {
	var numbers []int
	c.get("/subjects/"+subject+"/versions", &numbers)
	versions := make([]sr.SubjectSchema, len(numbers))
	for i, number := range numbers {
		c.get(fmt.Sprintf("/subjects/%s/versions/%d", subject, number), &versions[i])
	}
	return versions
}

// level is the subject's, or the global one.
func (c *compatibility) level(subject string) string {
	var config struct {
		Level string `json:"compatibilityLevel"`
	}
	c.get("/config/"+subject, &config)
	if config.Level == "" {
		c.get("/config", &config)
	}
	return config.Level
}

// get asks the fake; what it does not know leaves into as it is.
func (c *compatibility) get(path string, into any) {
	if a := request(c.registry, http.MethodGet, path, "", nil); a.ok() {
		_ = json.Unmarshal(a.body.Bytes(), into) // the fake's answers are JSON
	}
}
