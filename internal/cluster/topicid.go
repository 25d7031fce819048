package cluster

import (
	"context"
	"encoding/base64"
	"fmt"
	"io"

	"github.com/segmentio/kafka-go/protocol"

	"cardstream/internal/wire"
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
	return base64.RawURLEncoding.EncodeToString(response.id), nil
}

// topicIDVersion is the version of Metadata that is spoken: the first that every Kafka 4 takes and that has topic ids.
const topicIDVersion = 12

// topicIDRequest is a Metadata request for one topic, of which only the id is read. It wants the connection to itself.
type topicIDRequest struct{ topic, clientID string }

// topicIDResponse is what was read of the answer.
type topicIDResponse struct {
	errorCode int16
	id        []byte
}

var _ protocol.RawExchanger = (*topicIDRequest)(nil)

// ApiKey implements protocol.Message.
func (*topicIDRequest) ApiKey() protocol.ApiKey { return protocol.Metadata }

// ApiKey implements protocol.Message.
func (*topicIDResponse) ApiKey() protocol.ApiKey { return protocol.Metadata }

// Required implements protocol.RawExchanger.
func (*topicIDRequest) Required(map[protocol.ApiKey]int16) bool { return true }

const topicIDBytes = 16

// RawExchange implements protocol.RawExchanger.
func (r *topicIDRequest) RawExchange(rw io.ReadWriter) (protocol.Message, error) {
	body := wire.AppendCompactCount(nil, 1)
	body = append(body, make([]byte, topicIDBytes)...) // by name, not by id
	body = wire.AppendCompactString(body, r.topic)
	body = wire.AppendNoTags(body)
	body = append(body, 0, 0) // neither create it nor say what may be done to it
	body = wire.AppendNoTags(body)
	return wire.Ask(rw, "metadata", wire.Call{
		API: int16(protocol.Metadata), Version: topicIDVersion, ClientID: r.clientID, Body: body, Flexible: true,
	}, readTopicID)
}

// readTopicID reads as far as the id of the one topic, and over the rest.
func readTopicID(d *wire.Decoder) *topicIDResponse {
	d.Int32() // throttle time
	const brokerBytes, topicBytes = 11, 27
	for range d.CompactCount(brokerBytes) {
		d.Int32()             // node id
		_ = d.CompactString() // host
		d.Int32()             // port
		_ = d.CompactString() // rack
		d.SkipTags()
	}
	_ = d.CompactString() // cluster id
	d.Int32()             // controller
	if n := d.CompactCount(topicBytes); n != 1 {
		d.Fail(fmt.Errorf("%w: %d topics instead of one", wire.ErrMalformed, n))
	}
	response := &topicIDResponse{errorCode: d.Int16()}
	_ = d.CompactString() // name
	response.id = d.Raw(topicIDBytes)
	d.SkipRest()
	return response
}
