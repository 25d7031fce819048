package ledger

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/linkedin/goavro/v2"
)

// Why a value cannot be read: the contract's codes of dead letters.
var (
	errNotWireFormat = errors.New("NOT_WIRE_FORMAT")
	errSchemaUnknown = errors.New("SCHEMA_UNKNOWN")
	errUndecodable   = errors.New("UNDECODABLE")
	errKindUnknown   = errors.New("KIND_UNKNOWN")
)

// registry reads schemas from a Confluent-compatible registry by plain HTTP, and keeps each as a codec. It is safe for
// many goroutines.
type registry struct {
	url    string
	client *http.Client

	mu     sync.Mutex
	codecs map[uint32]*goavro.Codec
}

// newRegistry reads through a transport; nil is the network.
func newRegistry(url string, transport http.RoundTripper) *registry {
	if transport == nil {
		transport = &http.Transport{Proxy: http.ProxyFromEnvironment}
	}
	return &registry{
		url:    strings.TrimSuffix(url, "/"),
		client: &http.Client{Timeout: 5 * time.Second, Transport: transport},
		codecs: map[uint32]*goavro.Codec{},
	}
}

// close ends its connections. It may still be used.
func (r *registry) close() { r.client.CloseIdleConnections() }

// decode reads a value in the Confluent wire format: byte 0, four-byte schema id, Avro. The error is one of the four
// above, or that of ctx: a registry that is away is waited for.
func (r *registry) decode(ctx context.Context, value []byte) (fields, error) {
	if len(value) < 5 || value[0] != 0 {
		return nil, errNotWireFormat
	}
	codec, err := r.codec(ctx, binary.BigEndian.Uint32(value[1:5]))
	if err != nil {
		return nil, err
	}
	native, rest, err := codec.NativeFromBinary(value[5:])
	if err != nil || len(rest) > 0 {
		return nil, errUndecodable
	}
	record, ok := native.(map[string]any)
	if !ok {
		return nil, errKindUnknown
	}
	return record, nil
}

// codec returns the codec of a schema id.
func (r *registry) codec(ctx context.Context, id uint32) (*goavro.Codec, error) {
	r.mu.Lock()
	codec := r.codecs[id]
	r.mu.Unlock()
	if codec != nil {
		return codec, nil
	}
	var answer struct{ Schema string }
	if err := r.get(ctx, "/schemas/ids/"+strconv.FormatUint(uint64(id), 10), &answer); err != nil {
		return nil, err
	}
	codec, err := goavro.NewCodec(answer.Schema)
	if err != nil {
		return nil, fmt.Errorf("schema %d: %w", id, err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.codecs[id] = codec
	return codec, nil
}

// latest returns the newest schema of a subject, and its id.
func (r *registry) latest(ctx context.Context, subject string) (*goavro.Codec, uint32, error) {
	var answer struct {
		ID     uint32
		Schema string
	}
	if err := r.get(ctx, "/subjects/"+url.PathEscape(subject)+"/versions/latest", &answer); err != nil {
		return nil, 0, fmt.Errorf("subject %s: %w", subject, err)
	}
	codec, err := goavro.NewCodec(answer.Schema)
	return codec, answer.ID, err
}

// get asks until the registry answers: with the thing, or that it is unknown.
func (r *registry) get(ctx context.Context, path string, answer any) error {
	for {
		err := r.try(ctx, path, answer)
		if err == nil || errors.Is(err, errSchemaUnknown) {
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("schema registry: %w (last: %w)", ctx.Err(), err)
		case <-time.After(200 * time.Millisecond):
		}
	}
}

func (r *registry) try(ctx context.Context, path string, answer any) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, r.url+path, nil)
	if err != nil {
		return err
	}
	request.Header.Set("Accept", "application/vnd.schemaregistry.v1+json")
	response, err := r.client.Do(request)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	switch response.StatusCode {
	case http.StatusOK:
		return json.NewDecoder(response.Body).Decode(answer)
	case http.StatusNotFound:
		return errSchemaUnknown
	}
	return fmt.Errorf("GET %s: %s", path, response.Status)
}
