package schemas

import "cardstream/provisioning"

// ControlSetting is one setting of the processing run, as every instance reads it. The last one of a name counts.
type ControlSetting struct {
	Name   string                 `avro:"name"` // also the record's key
	Value  string                 `avro:"value"`
	Reason *string                `avro:"reason"`
	SetBy  string                 `avro:"set_by"`
	SetAt  provisioning.Timestamp `avro:"set_at"`
}

func controlForm() form[ControlSetting] {
	return formOf(recordControl,
		func(w, s *ControlSetting) error { *w = *s; return nil },
		func(w *ControlSetting) (ControlSetting, error) { return *w, nil })
}
