package schemas_test

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"cardstream/schemas"
)

// schemaDraw draws schemas, and with each a value of it in Avro's bytes.
type schemaDraw struct {
	t     *rapid.T
	named int
}

// draw returns a schema and what appends a value of it.
func (d *schemaDraw) draw(depth int) (schema string, value func([]byte) []byte) {
	kinds := []string{"null", "boolean", "int", "long", "float", "double", "bytes", "string", "enum", "fixed"}
	if depth > 0 {
		kinds = append(kinds, "record", "record", "array", "map", "union", "union")
	}
	switch kind := rapid.SampledFrom(kinds).Draw(d.t, "kind"); kind {
	case "record":
		return d.record(depth)
	case "array", "map":
		return d.items(kind, depth)
	case "union":
		return d.union(depth)
	case "enum":
		i := rapid.Int64Range(0, 2).Draw(d.t, "symbol")
		return fmt.Sprintf(`{"type":"enum","name":"%s","symbols":["A","B","C"]}`, d.name()), func(b []byte) []byte {
			return binary.AppendVarint(b, i)
		}
	case "fixed":
		size := rapid.IntRange(1, 5).Draw(d.t, "size") // goavro knows no size of 0
		return fmt.Sprintf(`{"type":"fixed","name":"%s","size":%d}`, d.name(), size), func(b []byte) []byte {
			return append(b, "\xff1234"[:size]...)
		}
	default:
		return `"` + kind + `"`, d.primitive(kind)
	}
}

func (d *schemaDraw) name() string {
	d.named++
	return fmt.Sprintf("N%d", d.named)
}

func (d *schemaDraw) primitive(kind string) func([]byte) []byte {
	return func(b []byte) []byte {
		switch kind {
		case "boolean":
			return append(b, byte(rapid.IntRange(0, 1).Draw(d.t, "boolean")))
		case "int":
			return binary.AppendVarint(b, int64(rapid.Int32().Draw(d.t, "int")))
		case "long":
			return binary.AppendVarint(b, rapid.Int64().Draw(d.t, "long"))
		case "float":
			return binary.LittleEndian.AppendUint32(b, rapid.Uint32().Draw(d.t, "float"))
		case "double":
			return binary.LittleEndian.AppendUint64(b, math.Float64bits(rapid.Float64().Draw(d.t, "double")))
		case "bytes", "string":
			text := rapid.SliceOfN(rapid.Byte(), 0, 5).Draw(d.t, "bytes")
			return append(binary.AppendVarint(b, int64(len(text))), text...)
		}
		return b
	}
}

func (d *schemaDraw) record(depth int) (string, func([]byte) []byte) {
	name := d.name()
	var fields []string
	var values []func([]byte) []byte
	for i := range rapid.IntRange(0, 3).Draw(d.t, "fields") {
		schema, value := d.draw(depth - 1)
		fields = append(fields, fmt.Sprintf(`{"name":"f%d","type":%s}`, i, schema))
		values = append(values, value)
	}
	return `{"type":"record","name":"` + name + `","fields":[` + strings.Join(fields, ",") + `]}`, func(b []byte) []byte {
		for _, value := range values {
			b = value(b)
		}
		return b
	}
}

func (d *schemaDraw) items(kind string, depth int) (string, func([]byte) []byte) {
	schema, value := d.draw(depth - 1)
	parameter := map[string]string{"array": "items", "map": "values"}[kind]
	return `{"type":"` + kind + `","` + parameter + `":` + schema + `}`, func(b []byte) []byte {
		key := 0
		for n := rapid.IntRange(0, 2).Draw(d.t, "items"); n > 0; n = rapid.IntRange(0, 1).Draw(d.t, "another block") {
			var block []byte
			for range n {
				if kind == "map" {
					block = append(block, 2, byte('a'+key))
					key++
				}
				block = value(block)
			}
			if rapid.Bool().Draw(d.t, "sized") {
				b = binary.AppendVarint(binary.AppendVarint(b, int64(-n)), int64(len(block)))
			} else {
				b = binary.AppendVarint(b, int64(n))
			}
			b = append(b, block...)
		}
		return append(b, 0)
	}
}

func (d *schemaDraw) union(depth int) (string, func([]byte) []byte) {
	schema, value := d.record(depth - 1)
	branches := []struct {
		schema string
		value  func([]byte) []byte
	}{{`"null"`, d.primitive("null")}, {`"string"`, d.primitive("string")}, {schema, value}}
	i := rapid.IntRange(0, len(branches)-1).Draw(d.t, "branch")
	var schemas []string
	for _, b := range branches {
		schemas = append(schemas, b.schema)
	}
	return `[` + strings.Join(schemas, ",") + `]`, func(b []byte) []byte {
		return branches[i].value(binary.AppendVarint(b, int64(i)))
	}
}

// Whatever the schema: a value of it is taken, and what is taken of other bytes, goavro takes as well.
func TestAnySchema(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		schema, value := (&schemaDraw{t: t}).draw(4)
		foreign := schemas.NewForeign(MustOpenRegistry(t, schemaServer(schema)))
		body := value(schemas.AppendHeader(nil, 1))
		line, err := foreign.JSON(t.Context(), body, schemas.JSONOptions{})
		if strings.Contains(fmt.Sprint(err), "more items than bytes") { // items of no bytes
			t.Skip(err)
		}
		if err != nil || !json.Valid(line) {
			t.Fatalf("%s, %x: %s, %v", schema, body, line, err)
		}
		checkTakenByGoavro(t, foreign, schema, body)

		other := append(body[:5:5], rapid.SliceOfN(rapid.Byte(), 0, 30).Draw(t, "other bytes")...)
		if _, err := foreign.JSON(t.Context(), other, schemas.JSONOptions{}); err == nil {
			checkTakenByGoavro(t, foreign, schema, other)
		}
	})
}

// checkTakenByGoavro wants a value that decodes, but is no command. A map that has a key twice is all that goavro may
// refuse.
func checkTakenByGoavro(t *rapid.T, foreign *schemas.Foreign, schema string, value []byte) {
	_, err := foreign.Command(t.Context(), value)
	var wrong *schemas.Error
	if !errors.As(err, &wrong) || wrong.Code != schemas.KindUnknown && !strings.Contains(schema, `"map"`) {
		t.Fatalf("%s, %x: %v", schema, value, err)
	}
}
