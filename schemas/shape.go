package schemas

import "github.com/twmb/avro"

// shape is a schema made ready for walking: names resolved, so that a recursive schema is a cycle of shapes.
type shape struct {
	kind     string       // the Avro type: "null", "int", …, "record", "enum", "array", "map", "fixed", "union"
	logical  string       // its logical type, as "timestamp-millis"; empty: none
	name     string       // full name of a record, an enum or a fixed
	fields   []fieldShape // of a record
	branches []*shape     // of a union
	items    *shape       // of an array or a map
	symbols  []string     // of an enum
	size     int          // of a fixed, in bytes
}

type fieldShape struct {
	name  string
	shape *shape
}

// shapeOf returns the shape of a schema.
func shapeOf(schema *avro.Schema) *shape {
	return shapes{}.of(schema.Root())
}

// shapes are the named types met so far, by full name.
type shapes map[string]*shape

func (named shapes) of(node *avro.SchemaNode) *shape {
	if known, ok := named[node.Type]; ok { // a reference
		return known
	}
	s := &shape{kind: node.Type, logical: node.LogicalType, symbols: node.Symbols, size: node.Size}
	if node.Type == "error" {
		s.kind = "record"
	}
	if node.Name != "" {
		s.name = node.Name
		if node.Namespace != "" {
			s.name = node.Namespace + "." + node.Name
		}
		named[s.name] = s
	}
	for i := range node.Fields {
		s.fields = append(s.fields, fieldShape{node.Fields[i].Name, named.of(&node.Fields[i].Type)})
	}
	for i := range node.Branches {
		s.branches = append(s.branches, named.of(&node.Branches[i]))
	}
	if node.Items != nil {
		s.items = named.of(node.Items)
	}
	if node.Values != nil {
		s.items = named.of(node.Values)
	}
	return s
}

// branchName returns what the type is called as a branch of a union: a named type's full name, else its kind.
func (s *shape) branchName() string {
	if s.name != "" {
		return s.name
	}
	return s.kind
}

// field returns the shape of a record's field, or nil.
func (s *shape) field(name string) *shape {
	for _, f := range s.fields {
		if f.name == name {
			return f.shape
		}
	}
	return nil
}
