package gateway_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/pb33f/libopenapi"
	validator "github.com/pb33f/libopenapi-validator"
	v3 "github.com/pb33f/libopenapi/datamodel/high/v3"

	"cardstream/gateway"
)

// document is docs/openapi.yaml, read once.
var document = sync.OnceValue(func() libopenapi.Document {
	return must(libopenapi.NewDocument(must(os.ReadFile("../docs/openapi.yaml"))))
})

// model is what the document says.
func model(t *testing.T) *v3.Document {
	t.Helper()
	built, err := document().BuildV3Model()
	if err != nil {
		t.Fatal(err)
	}
	return &built.Model
}

// exchanges holds what goes over the wire against the document.
type exchanges struct {
	mu        sync.Mutex
	validator validator.Validator
}

func newExchanges(t *testing.T) *exchanges {
	t.Helper()
	v, errs := validator.NewValidator(document())
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	t.Cleanup(v.Release)
	return &exchanges{validator: v}
}

// answer fails the test unless the document allows this answer to this request.
func (e *exchanges) answer(t *testing.T, request *http.Request, response *http.Response, body []byte) {
	t.Helper()
	if response.StatusCode == http.StatusMethodNotAllowed || response.StatusCode == http.StatusNotFound &&
		bytes.Contains(body, []byte("no such path")) {
		return // of no operation of the document
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	copied := *response
	copied.Body = io.NopCloser(bytes.NewReader(body))
	if ok, wrong := e.validator.ValidateHttpResponse(request, &copied); !ok {
		t.Errorf("%s %s: %s is not as docs/openapi.yaml says: %v\n%s",
			request.Method, request.URL.Path, response.Status, wrong, body)
	}
}

func TestTheDocumentIsOpenAPI(t *testing.T) {
	e := newExchanges(t)
	if ok, wrong := e.validator.ValidateDocument(); !ok {
		t.Fatal(wrong)
	}
	if version := document().GetVersion(); !strings.HasPrefix(version, "3.1.") {
		t.Errorf("version %s", version)
	}
}

// What is served and what is documented are the same, in both directions.
func TestTheDocumentHasTheRoutes(t *testing.T) {
	var documented []string
	for path, item := range model(t).Paths.PathItems.FromOldest() {
		for method := range item.GetOperations().FromOldest() {
			documented = append(documented, strings.ToUpper(method)+" "+path)
		}
	}
	served := gateway.Routes()
	slices.Sort(documented)
	slices.Sort(served)
	if !slices.Equal(documented, served) {
		t.Errorf("documented %q, served %q", documented, served)
	}
}

// Every answer that the gateway can give is in the document, under its status, and no other code is.
func TestTheDocumentHasTheCodes(t *testing.T) {
	status, found := model(t).Components.Schemas.Get("Status")
	if !found {
		t.Fatal("no schema Status")
	}
	code, found := status.Schema().Properties.Get("code")
	if !found {
		t.Fatal("no property code")
	}
	var documented []string
	for _, node := range code.Schema().Enum {
		documented = append(documented, node.Value)
	}
	answered := gateway.Codes()
	slices.Sort(documented)
	slices.Sort(answered)
	if !slices.Equal(documented, answered) {
		t.Errorf("documented %q, answered %q", documented, answered)
	}
}

// A request has the documented fields, no more and no less.
func TestTheDocumentHasTheFields(t *testing.T) {
	request, found := model(t).Components.Schemas.Get("Request")
	if !found {
		t.Fatal("no schema Request")
	}
	documented := slices.Collect(request.Schema().Properties.KeysFromOldest())
	slices.Sort(documented)
	required := slices.Sorted(slices.Values(request.Schema().Required))
	var served map[string]json.RawMessage
	if err := json.Unmarshal(gateway.EmptyRequest(), &served); err != nil {
		t.Fatal(err)
	}
	var fields []string
	for name := range served {
		fields = append(fields, name)
	}
	slices.Sort(fields)
	if !slices.Equal(documented, fields) || !slices.Equal(required, fields) {
		t.Errorf("documented %q, required %q, served %q", documented, required, fields)
	}
}
