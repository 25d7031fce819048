// Package archtest holds the arrows between the rooms of this module: who may import whom, and which room may use which
// of others' libraries. The table is in table_test.go.
package archtest_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

func TestARoomImportsOnlyWhatItsRowNames(t *testing.T) {
	needed := map[string]bool{}
	for _, p := range mustList(t, "./...") {
		row, ok := rowOf(p.ImportPath)
		if !ok {
			t.Errorf("%s is in no room: give it a row", p.ImportPath)
			continue
		}
		for _, imported := range p.Imports {
			check(t, p, row, imported, row.imports, needed)
		}
		for _, imported := range append(p.TestImports, p.XTestImports...) {
			check(t, p, row, imported, row.imports+" "+everyTest+" "+row.tests, needed)
		}
	}
	for _, row := range rooms {
		for name := range strings.FieldsSeq(row.imports + " " + row.tests) {
			if !needed[row.folder+" "+name] {
				t.Errorf("%s may import %s, and does not need it: take it out of its row", row.folder, name)
			}
		}
	}
}

// check refuses an import that none of the allowed names covers, and notes which one did.
func check(t *testing.T, p pkg, row room, imported, allowed string, needed map[string]bool) {
	t.Helper()
	if isStandard(imported) || imported == p.ImportPath {
		return
	}
	if of, ok := rowOf(imported); ok && of == row {
		return
	}
	for name := range strings.FieldsSeq(allowed) {
		if covers(t, name, imported) {
			needed[row.folder+" "+name] = true
			return
		}
	}
	t.Errorf("%s imports %s, which the row of %s does not name", p.ImportPath, imported, row.folder)
}

// covers tells whether a name in the table stands for the import path: that of a library, or else of a room.
func covers(t *testing.T, name, imported string) bool {
	t.Helper()
	if library, ok := libraries[name]; ok {
		return isBeneath(imported, library)
	}
	row, ok := rowOf(module + "/" + name)
	if !ok || row.folder != name {
		t.Fatalf("%s in the table is neither a library nor a room", name)
	}
	of, ok := rowOf(imported)
	return ok && of == row
}

// rowOf returns the nearest row above a package of this module.
func rowOf(path string) (room, bool) {
	var nearest room
	for _, row := range rooms {
		if isBeneath(path, module+"/"+row.folder) && len(row.folder) > len(nearest.folder) {
			nearest = row
		}
	}
	return nearest, nearest.folder != ""
}

// The domain is given the time, and leaves disk and network to others.
func TestTheDomainDoesNoIO(t *testing.T) {
	for _, p := range mustList(t, "./provisioning/...") {
		for _, imported := range p.Imports {
			for _, outside := range []string{"bufio", "database/sql", "io/fs", "net", "os", "syscall"} {
				if isBeneath(imported, outside) {
					t.Errorf("%s imports %s", p.ImportPath, imported)
				}
			}
		}
	}
}

// A witness that used the code it judges would share its mistakes. Its tests are held to the same, and whatever they
// import in turn.
func TestTheWitnessSharesNoCode(t *testing.T) {
	for _, p := range mustList(t, "-deps", "-test", "./internal/ledger/...") {
		path, _, _ := strings.Cut(p.ImportPath, " ") // "x [x.test]" is x, compiled for its test
		row, ok := rowOf(strings.TrimSuffix(path, ".test"))
		if ok && row.folder != "internal/ledger" {
			t.Errorf("internal/ledger depends on %s", path)
		}
	}
}

// docs/design.md tells what lives in each room: the rooms there are those of the table.
func TestTheDesignNamesTheRooms(t *testing.T) {
	path := filepath.Join(root, "docs", "design.md")
	design, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(design), "\n## The rooms\n")
	section, _, _ = strings.Cut(section, "\n## ")
	told := regexp.MustCompile("(?m)^\\| `([^`]+)` \\|").FindAllStringSubmatch(section, -1)
	if len(told) == 0 {
		t.Fatalf("%s has no table of rooms", path)
	}
	for _, match := range told {
		if row, ok := rowOf(module + "/" + match[1]); !ok || row.folder != match[1] {
			t.Errorf("%s tells of %s, which is no room", path, match[1])
		}
	}
}
