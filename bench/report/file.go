package report

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"cardstream/bench/proc"
)

// Environment is what a measurement depends on besides what is measured.
type Environment struct {
	Taken    time.Time         `json:"taken"`
	Machine  proc.Machine      `json:"machine"`
	Versions map[string]string `json:"versions"`
	Command  string            `json:"command"`  // that measured
	Settings map[string]string `json:"settings"` // the command line of each subject
}

// Sample is what was measured of one subject, once. The unit of each value is in its name.
type Sample struct {
	Subject string             `json:"subject"`
	Round   int                `json:"round"`
	X       float64            `json:"x"` // what was varied: a rate, or how many wait
	Values  map[string]float64 `json:"values"`
	Note    string             `json:"note,omitempty"` // for people
}

// File is one measure's samples, in the order in which they were taken.
type File struct {
	Measure     string      `json:"measure"`
	Environment Environment `json:"environment"`
	Samples     []Sample    `json:"samples"`
}

// path is where a measure's file stands in a folder.
func path(folder, measure string) string { return filepath.Join(folder, measure+".json") }

// Save writes the file into a folder, in the place of the one before, whole or not at all.
func (f *File) Save(folder string) error {
	text, err := json.MarshalIndent(f, "", " ")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	partial := path(folder, f.Measure) + ".partial"
	return errors.Join(os.WriteFile(partial, append(text, '\n'), 0o644), os.Rename(partial, path(folder, f.Measure)))
}

// Read reads a measure's file. One that is not there is nil without an error: it was not measured.
func Read(folder, measure string) (*File, error) {
	text, err := os.ReadFile(path(folder, measure))
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	f := &File{}
	if err := json.Unmarshal(text, f); err != nil {
		return nil, fmt.Errorf("%s: %w", path(folder, measure), err)
	}
	return f, nil
}

// Subjects returns those that have samples, in the order of their first.
func (f *File) Subjects() []string {
	var subjects []string
	for _, s := range f.Samples {
		if !slices.Contains(subjects, s.Subject) {
			subjects = append(subjects, s.Subject)
		}
	}
	return subjects
}

// Xs returns what was varied, in order.
func (f *File) Xs() []float64 {
	var xs []float64
	for _, s := range f.Samples {
		xs = append(xs, s.X)
	}
	slices.Sort(xs)
	return slices.Compact(xs)
}

// Values returns what was measured of a subject at x, of all rounds, in order of size.
func (f *File) Values(subject string, x float64, name string) []float64 {
	var values []float64
	for _, s := range f.Samples {
		if value, there := s.Values[name]; there && s.Subject == subject && s.X == x {
			values = append(values, value)
		}
	}
	slices.Sort(values)
	return values
}

// Median returns the median over the rounds, and whether there is any: of two in the middle, their mean.
func (f *File) Median(subject string, x float64, name string) (float64, bool) {
	values := f.Values(subject, x, name)
	n := len(values)
	if n == 0 {
		return 0, false
	}
	return (values[(n-1)/2] + values[n/2]) / 2, true
}
