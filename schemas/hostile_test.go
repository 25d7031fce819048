package schemas_test

import (
	"bytes"
	"encoding/binary"
	"runtime"
	"testing"

	"cardstream/provisioning"
	"cardstream/schemas"
)

// longs returns Avro's bytes of some numbers.
func longs(numbers ...int64) []byte {
	var b []byte
	for _, n := range numbers {
		b = binary.AppendVarint(b, n)
	}
	return b
}

// Values that do not decode, by whatever means: each is refused with a small and bounded effort, and nothing of it is
// repeated.
func TestForeignUndecodable(t *testing.T) {
	const cancel = `{"type":"record","name":"CancelRequest","fields":[{"name":"number","type":"string"}]}`
	nested := `"string"`
	for range 100 {
		nested = `{"type":"array","items":` + nested + `}`
	}
	for name, c := range map[string]struct {
		schema string
		body   []byte
	}{
		"nothing":                        {cancel, nil},
		"cut off":                        {cancel, append(longs(100), "SECRET"...)},
		"a negative length":              {cancel, append(longs(-1), "SECRET"...)},
		"a length of 2^62":               {cancel, append(longs(1<<62), "SECRET"...)},
		"left over":                      {cancel, append(append(longs(1), 'x'), "SECRET"...)},
		"a number without end":           {`"long"`, bytes.Repeat([]byte{0xff}, 40)},
		"a number of 65 bits":            {`"long"`, append(bytes.Repeat([]byte{0xff}, 9), 0x02)},
		"an int of 33 bits":              {`"int"`, longs(1 << 32)},
		"a boolean of 2":                 {`"boolean"`, []byte{2}},
		"a branch that is none":          {`["null",` + cancel + `]`, longs(2)},
		"a symbol that is none":          {`{"type":"enum","name":"E","symbols":["A"]}`, longs(-1)},
		"a short float":                  {`"float"`, []byte("SEC")},
		"a short fixed":                  {`{"type":"fixed","name":"F","size":1000000000}`, []byte("SECRET")},
		"2^31 items":                     {`{"type":"array","items":"string"}`, longs(1 << 31)},
		"2^31 items in a block of bytes": {`{"type":"array","items":"string"}`, longs(-1<<31, 4)},
		"the least number of items":      {`{"type":"array","items":"null"}`, longs(-1<<63, 4)},
		"2^31 entries":                   {`{"type":"map","values":"string"}`, longs(1 << 31)},
		"a key twice":                    {`{"type":"map","values":"null"}`, append(longs(2, 1, 'S'>>1), longs(1, 'S'>>1, 0)...)},
		"many blocks of nothing":         {`{"type":"array","items":{"type":"array","items":"null"}}`, bytes.Repeat(longs(1000), 3000)},
		"a record within itself":         {`{"type":"record","name":"R","fields":[{"name":"r","type":"R"}]}`, nil},
		"a list as deep as its bytes": {
			`{"type":"record","name":"R","fields":[{"name":"next","type":["null","R"]}]}`, bytes.Repeat(longs(1), 1<<20),
		},
		"doubling records":   {doubling(60), nil},
		"a schema too deep":  {nested, bytes.Repeat(longs(1), 1000)},
		"no Avro":            {`{"type":"SECRET"}`, nil},
		"no JSON":            {`SECRET"`, nil},
		"a name not defined": {`{"type":"record","name":"R","fields":[{"name":"a","type":"Missing"}]}`, nil},
	} {
		t.Run(name, func(t *testing.T) {
			registry := MustOpenRegistry(t, schemaServer(c.schema))
			value := append(schemas.AppendHeader(nil, 7), c.body...)
			foreign := schemas.NewForeign(registry)
			before := allocated()
			_, err := foreign.Command(t.Context(), value)
			checkUndecodable(t, c.schema, err)
			_, err = foreign.JSON(t.Context(), value, schemas.JSONOptions{ShowPINs: true})
			if name != "a key twice" { // which is valid Avro
				checkUndecodable(t, c.schema, err)
			}
			if spent := allocated() - before; spent > 8<<20 {
				t.Errorf("allocated %d bytes", spent)
			}
		})
	}
}

func checkUndecodable(t *testing.T, schema string, err error) {
	t.Helper()
	if bytes.Contains([]byte(schema), []byte("SECRET")) { // the text of a schema may be repeated: it is no value
		return
	}
	checkError(t, err, schemas.Undecodable)
}

// allocated returns how many bytes the process has ever allocated.
func allocated() uint64 {
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return stats.TotalAlloc
}

// doubling is a schema of records which each hold the next one twice: a value of no bytes and 2^depth parts.
func doubling(depth int) string {
	schema := `{"type":"record","name":"R00","fields":[]}`
	for i := 1; i <= depth; i++ {
		name, inner := recordName(i), recordName(i-1)
		schema = `{"type":"record","name":"` + name + `","fields":[{"name":"a","type":` + schema +
			`},{"name":"b","type":"` + inner + `"}]}`
	}
	return schema
}

func recordName(i int) string { return "R" + string(rune('0'+i/10)) + string(rune('0'+i%10)) }

func TestNotWireFormat(t *testing.T) {
	_, registry, set := MustLoad(t)
	foreign := schemas.NewForeign(registry)
	for name, value := range map[string][]byte{
		"null": nil, "empty": {}, "short": {0, 0, 0, 1}, "JSON": []byte(`{"new_pin": "SECRET"}`), "magic": {1, 0, 0, 0, 1, 0},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := foreign.Command(t.Context(), value)
			checkError(t, err, schemas.NotWireFormat)
			_, err = foreign.Result(t.Context(), value)
			checkError(t, err, schemas.NotWireFormat)
			_, err = foreign.JSON(t.Context(), value, schemas.JSONOptions{})
			checkError(t, err, schemas.NotWireFormat)
			_, err = set.State.Decode(t.Context(), value)
			checkError(t, err, schemas.NotWireFormat)
		})
	}
}

// An own record that is cut off anywhere, or goes on after its end, is undecodable.
func TestCodecUndecodable(t *testing.T) {
	_, _, set := MustLoad(t)
	value, err := set.SmartcardCommand.Append(nil, &provisioning.SmartcardCommand{
		RequestNumber: provisioning.RequestNumber{Partition: 1, Offset: 2}, Action: provisioning.SetPIN, NewPIN: provisioning.NewPIN("SECRET"),
	})
	if err != nil {
		t.Fatal(err)
	}
	for end := 5; end < len(value); end++ {
		_, err := set.SmartcardCommand.Decode(t.Context(), value[:end])
		checkError(t, err, schemas.Undecodable)
	}
	_, err = set.SmartcardCommand.Decode(t.Context(), append(value, "SECRET"...))
	checkError(t, err, schemas.Undecodable)
}

// What cannot be a record is not written, and what was there before stays.
func TestCodecRefuses(t *testing.T) {
	_, _, set := MustLoad(t)
	dst := []byte("kept")
	check := func(name string, out []byte, err error) {
		t.Helper()
		if err == nil || string(out) != "kept" || containsSecret(err.Error()) {
			t.Errorf("%s: %q, %v", name, out, err)
		}
	}
	out, err := set.Entry.Append(dst, &provisioning.Entry{})
	check("an entry of no kind", out, err)
	out, err = set.Entry.Append(dst, &provisioning.Entry{Cancel: &provisioning.CancelEntry{}, Create: &provisioning.CreateEntry{Action: "SET_PIN"}})
	check("an entry of two kinds", out, err)
	out, err = set.Command.Append(dst, &provisioning.Command{})
	check("a command of no kind", out, err)
	out, err = set.SmartcardCommand.Append(dst, &provisioning.SmartcardCommand{Action: "SECRET"})
	check("an action that is none", out, err)
	out, err = set.Result.Append(dst, &provisioning.Result{Status: "SECRET"})
	check("a status that is none", out, err)
}
