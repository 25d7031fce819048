package cluster

import (
	"context"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/segmentio/kafka-go/protocol"
)

// TopicID returns the id that a topic was given when it was created (KIP-516), as Kafka's tools print it: a topic made
// anew under an old name has another one. kafka-go's Metadata ends at version 8, before topics had ids, so the request
// is written here. UnknownTopicOrPartition where there is no such topic.
func (c *Client) TopicID(ctx context.Context, topic string) (string, error) {
	answer, err := c.AnyBroker(ctx, &topicIDRequest{topic: topic, clientID: c.config.ClientID})
	if err != nil {
		return "", fmt.Errorf("find id of topic %s: %w", topic, err)
	}
	response := answer.(*topicIDResponse)
	if err := ErrorOf(response.errorCode); err != nil {
		return "", fmt.Errorf("find id of topic %s: %w", topic, err)
	}
	return base64.RawURLEncoding.EncodeToString(response.id[:]), nil
}

// topicIDVersion is the version of Metadata that is spoken: the first that every Kafka 4 takes and that has topic ids.
const topicIDVersion = 12

// topicIDRequest is a Metadata request for one topic, of which only the id is read. It wants the connection to itself.
type topicIDRequest struct{ topic, clientID string }

// topicIDResponse is what was read of the answer.
type topicIDResponse struct {
	errorCode int16
	id        [16]byte
}

var _ protocol.RawExchanger = (*topicIDRequest)(nil)

// ApiKey implements protocol.Message.
func (*topicIDRequest) ApiKey() protocol.ApiKey { return protocol.Metadata }

// ApiKey implements protocol.Message.
func (*topicIDResponse) ApiKey() protocol.ApiKey { return protocol.Metadata }

// Required implements protocol.RawExchanger.
func (*topicIDRequest) Required(map[protocol.ApiKey]int16) bool { return true }

// RawExchange implements protocol.RawExchanger.
func (r *topicIDRequest) RawExchange(rw io.ReadWriter) (protocol.Message, error) {
	if _, err := rw.Write(r.encoded()); err != nil {
		return nil, err
	}
	var size [4]byte
	if _, err := io.ReadFull(rw, size[:]); err != nil {
		return nil, err
	}
	const most = 16 << 20 // one topic's partitions and the cluster's brokers
	n := binary.BigEndian.Uint32(size[:])
	if n > most {
		return nil, fmt.Errorf("metadata response of %d bytes: %w", n, errMalformed)
	}
	body := make([]byte, n)
	if _, err := io.ReadFull(rw, body); err != nil {
		return nil, err
	}
	return decodeTopicID(body)
}

func (r *topicIDRequest) encoded() []byte {
	const noTags = 0
	b := make([]byte, 4, 64+len(r.topic)+len(r.clientID))
	b = binary.BigEndian.AppendUint16(b, uint16(protocol.Metadata))
	b = binary.BigEndian.AppendUint16(b, topicIDVersion)
	b = binary.BigEndian.AppendUint32(b, 0) // correlation: one request at a time on a connection
	b = binary.BigEndian.AppendUint16(b, uint16(len(r.clientID)))
	b = append(b, r.clientID...)
	b = append(b, noTags)
	b = append(b, 2)                   // one topic: compact lengths are one more
	b = append(b, make([]byte, 16)...) // by name, not by id
	b = binary.AppendUvarint(b, uint64(len(r.topic))+1)
	b = append(b, r.topic...)
	b = append(b, noTags)
	b = append(b, 0, 0) // neither create it nor say what may be done to it
	b = append(b, noTags)
	binary.BigEndian.PutUint32(b, uint32(len(b)-4))
	return b
}

var errMalformed = errors.New("malformed")

// decodeTopicID reads as far as the id of the first topic.
func decodeTopicID(body []byte) (*topicIDResponse, error) {
	d := compactDecoder{rest: body}
	d.skip(4) // correlation
	d.tags()
	d.skip(4) // throttle time
	for range d.count() {
		d.skip(4) // node id
		d.skip(d.count())
		d.skip(4) // port
		d.skip(d.count())
		d.tags()
	}
	d.skip(d.count()) // cluster id
	d.skip(4)         // controller
	topics := d.count()
	response := &topicIDResponse{errorCode: int16(binary.BigEndian.Uint16(d.take(2)))}
	d.skip(d.count()) // name
	copy(response.id[:], d.take(16))
	if d.failed || topics != 1 {
		return nil, fmt.Errorf("metadata response: %w", errMalformed)
	}
	return response, nil
}

// compactDecoder reads the flexible encoding of KIP-482. After a failure it reads zeros.
type compactDecoder struct {
	rest   []byte
	failed bool
}

// take returns the next n bytes.
func (d *compactDecoder) take(n int) []byte {
	if n < 0 || n > len(d.rest) {
		d.failed, d.rest = true, nil
		return make([]byte, 16)
	}
	taken := d.rest[:n]
	d.rest = d.rest[n:]
	return taken
}

func (d *compactDecoder) skip(n int) { d.take(n) }

// count reads the length of a compact string or array; that of a null is 0.
func (d *compactDecoder) count() int {
	n := d.uvarint()
	if n == 0 {
		return 0
	}
	if n-1 > uint64(len(d.rest)) {
		d.failed, d.rest = true, nil
		return 0
	}
	return int(n - 1)
}

func (d *compactDecoder) uvarint() uint64 {
	n, size := binary.Uvarint(d.rest)
	if size <= 0 {
		d.failed, d.rest = true, nil
		return 0
	}
	d.rest = d.rest[size:]
	return n
}

// tags passes over tagged fields.
func (d *compactDecoder) tags() {
	for range d.uvarint() {
		if d.failed {
			return
		}
		d.uvarint()
		d.skip(int(min(d.uvarint(), uint64(len(d.rest)+1))))
	}
}
