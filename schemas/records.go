package schemas

import (
	"bytes"
	"embed"
	"encoding/json"
	"fmt"
	"sync"

	"github.com/twmb/avro"
)

//go:embed avsc/*.avsc
var avsc embed.FS

// The names of the records, which are those of their files.
const (
	recordCommand          = "ProvisioningCommand"
	recordEntry            = "RequestEntry"
	recordState            = "ProvisioningRequest"
	recordSmartcardCommand = "SmartcardCommand"
	recordResult           = "SmartcardResult"
	recordEvent            = "LifecycleEvent"
	recordControl          = "ControlSetting"
)

// Assignment says which record is the value of which topic.
type Assignment struct {
	Record string // name of the Avro record, without its namespace
	Topic  string
}

// Subject returns the registry's name for the schema.
func (a Assignment) Subject() string { return Topics{}.Subject(a.Topic) }

// Assignments returns every topic that has a schema, and its record.
func (t Topics) Assignments() []Assignment {
	return []Assignment{
		{recordCommand, t.Commands()},
		{recordEntry, t.Requests()},
		{recordState, t.State()},
		{recordSmartcardCommand, t.SmartcardCommands()},
		{recordResult, t.SmartcardResults()},
		{recordEvent, t.Events()},
		{recordControl, t.Control()},
	}
}

// Text returns the schema of a record as it is registered: its .avsc file without the white space. It panics on a name
// that is none of ours.
func Text(record string) string {
	file, err := avsc.ReadFile("avsc/" + record + ".avsc")
	if err != nil {
		panic(fmt.Sprintf("schemas: no record %q", record))
	}
	var text bytes.Buffer
	if err := json.Compact(&text, file); err != nil {
		panic(fmt.Sprintf("schemas: %s.avsc: %v", record, err))
	}
	return text.String()
}

// ownSchemas are the parsed schemas of this version's records. They never change, and so are parsed once.
var ownSchemas = sync.OnceValue(func() map[string]*avro.Schema {
	parsed := make(map[string]*avro.Schema)
	for _, a := range (Topics{}).Assignments() {
		parsed[a.Record] = avro.MustParse(Text(a.Record))
	}
	return parsed
})
