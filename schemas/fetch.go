package schemas

import (
	"context"
	"io"
	"net/http"

	"github.com/twmb/avro"
	"github.com/twmb/franz-go/pkg/sr"
)

// What a registry may answer before it is taken for something else.
const (
	maxResponseBytes = 4 << 20
	maxReferences    = 100 // schemas that one schema refers to, directly or not
)

// fetch asks the registry once for the schema with that id, and for all that it refers to.
func (r *Registry) fetch(ctx context.Context, id SchemaID) (*avro.Schema, error) {
	found, err := r.client.SchemaByID(ctx, int(id))
	if err != nil {
		return nil, err
	}
	if found.Type != sr.TypeAvro {
		return nil, errorf(Undecodable, "schema %d is not an Avro schema", id)
	}
	parser := referenceParser{client: r.client, seen: make(map[string]bool)}
	if err := parser.parseReferences(ctx, found.References); err != nil {
		return nil, err
	}
	schema, err := parser.types.Parse(found.Schema)
	if err != nil { // whose text is about the schema, not about a value
		return nil, errorf(Undecodable, "schema %d cannot be read: %v", id, err)
	}
	return schema, nil
}

// referenceParser parses the schemas that a schema refers to, each before those that refer to it.
type referenceParser struct {
	client *sr.Client
	types  avro.SchemaCache
	seen   map[string]bool // by subject and version
}

func (p *referenceParser) parseReferences(ctx context.Context, references []sr.SchemaReference) error {
	for _, reference := range references {
		key := reference.Subject + "/" + reference.Name
		if p.seen[key] {
			continue
		}
		p.seen[key] = true
		if len(p.seen) > maxReferences {
			return errorf(Undecodable, "a schema that refers to more than %d others", maxReferences)
		}
		found, err := p.client.SchemaByVersion(ctx, reference.Subject, reference.Version)
		if err != nil {
			return err
		}
		if err := p.parseReferences(ctx, found.References); err != nil {
			return err
		}
		if _, err := p.types.Parse(found.Schema.Schema); err != nil {
			return errorf(Undecodable, "schema %s, which is referred to, cannot be read: %v", reference.Name, err)
		}
	}
	return nil
}

// boundedTransport cuts off responses that no registry gives: the client reads them whole.
type boundedTransport struct{ next http.RoundTripper }

func (t boundedTransport) RoundTrip(request *http.Request) (*http.Response, error) {
	response, err := t.next.RoundTrip(request)
	if err == nil {
		response.Body = boundedBody{io.LimitReader(response.Body, maxResponseBytes), response.Body}
	}
	return response, err
}

// CloseIdleConnections lets http.Client reach the transport's.
func (t boundedTransport) CloseIdleConnections() {
	if closer, ok := t.next.(interface{ CloseIdleConnections() }); ok {
		closer.CloseIdleConnections()
	}
}

type boundedBody struct {
	io.Reader
	io.Closer
}
