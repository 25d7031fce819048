package control

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"strconv"

	"cardstream/provisioning"
	"cardstream/record"
	"cardstream/schemas"
)

// The names of the settings, which are the keys of their records.
const (
	Paused = "paused" // "true" or "false", the default
	Rate   = "rate"   // smartcard commands a second for the whole application, as ParseRate reads it; "0", no bound, the default
)

// Default returns what a setting is as long as nobody has set it.
func Default(name string) string {
	if name == Rate {
		return "0"
	}
	return "false"
}

// decimal leaves out what strconv takes besides: signs, exponents, hexadecimals, infinities.
var decimal = regexp.MustCompile(`^[0-9]+(\.[0-9]+)?$`)

// ParseRate reads the value of the setting rate: a decimal number such as 200 or 0.5.
func ParseRate(value string) (float64, error) {
	rate, err := strconv.ParseFloat(value, 64)
	if err != nil || !decimal.MatchString(value) {
		return 0, errors.New("a rate is a decimal number such as 200 or 0.5, and 0 for no bound")
	}
	return rate, nil
}

// judge reports what is wrong with a setting.
func judge(name, value string) error {
	switch name {
	case Paused:
		if value != "true" && value != "false" {
			return errors.New("paused is neither true nor false")
		}
		return nil
	case Rate:
		_, err := ParseRate(value)
		return err
	}
	return fmt.Errorf("there is no setting %.40q", name)
}

// settings is the last good record of each setting that has one.
type settings map[string]schemas.ControlSetting

// clone returns a copy that can be written to.
func (s settings) clone() settings {
	c := make(settings, len(s))
	maps.Copy(c, s)
	return c
}

// take applies a record. A *schemas.Error and an *invalidError say that it cannot be a setting, however often it is
// read; with any other error it was not read yet.
func (s settings) take(ctx context.Context, codec *schemas.Codec[schemas.ControlSetting], r *record.Record) error {
	if r.Value == nil {
		delete(s, string(r.Key))
		return nil
	}
	setting, err := codec.Decode(ctx, r.Value)
	if err != nil {
		return err
	}
	if setting.Name != string(r.Key) {
		return &invalidError{errors.New("its key is not its name")} // compaction goes by keys
	}
	if err := judge(setting.Name, setting.Value); err != nil {
		return &invalidError{err}
	}
	s[setting.Name] = setting
	return nil
}

// invalidError says why a record that could be decoded is no setting.
type invalidError struct{ error }

// passedOver reports whether a record is to be passed over, as it will never be a setting.
func passedOver(err error) bool {
	_, unreadable := errors.AsType[*schemas.Error](err)
	_, invalid := errors.AsType[*invalidError](err)
	return unreadable || invalid
}

// run returns what the settings come to.
func (s settings) run() provisioning.RunControl {
	rate, _ := ParseRate(s.value(Rate)) // it was judged
	return provisioning.RunControl{Paused: s.value(Paused) == "true", Rate: rate}
}

func (s settings) value(name string) string {
	if setting, there := s[name]; there {
		return setting.Value
	}
	return Default(name)
}
