package cluster

import (
	"context"
	"fmt"
	"io"

	"github.com/segmentio/kafka-go/protocol"

	"cardstream/internal/wire"
)

// TransactionVersion is the feature that says how transactions are spoken of: from level 2 on (KIP-890) partitions join one
// by being written to, and each has an epoch of its own.
const TransactionVersion = "transaction.version"

// FinalizedFeature returns the level at which a feature of the cluster is finalized (KIP-584), that is, in force on every
// broker; 0 for one that is unknown or off. kafka-go's ApiVersions ends at version 2, before there were features, so the
// request is written here.
func (c *Client) FinalizedFeature(ctx context.Context, name string) (level int16, err error) {
	answer, err := c.AnyBroker(ctx, &featuresRequest{clientID: c.config.ClientID})
	if err != nil {
		return 0, fmt.Errorf("find level of feature %s: %w", name, err)
	}
	response := answer.(*featuresResponse)
	if err := ErrorOf(response.errorCode); err != nil {
		return 0, fmt.Errorf("find level of feature %s: %w", name, err)
	}
	return response.finalized[name], nil
}

// Software is what this client calls itself to brokers.
const Software = "cardstream"

// featuresVersion is the version of ApiVersions that is spoken: the first that has features.
const featuresVersion = 3

// featuresRequest is an ApiVersions request of which only the finalized features are read. It wants the connection to
// itself.
type featuresRequest struct{ clientID string }

// featuresResponse is what was read of the answer.
type featuresResponse struct {
	errorCode int16
	finalized map[string]int16 // level by name
}

var _ protocol.RawExchanger = (*featuresRequest)(nil)

// ApiKey implements protocol.Message.
func (*featuresRequest) ApiKey() protocol.ApiKey { return protocol.ApiVersions }

// ApiKey implements protocol.Message.
func (*featuresResponse) ApiKey() protocol.ApiKey { return protocol.ApiVersions }

// Required implements protocol.RawExchanger.
func (*featuresRequest) Required(map[protocol.ApiKey]int16) bool { return true }

// RawExchange implements protocol.RawExchanger.
func (r *featuresRequest) RawExchange(rw io.ReadWriter) (protocol.Message, error) {
	const softwareVersion = "1"
	body := wire.AppendCompactString(nil, Software)
	body = wire.AppendCompactString(body, softwareVersion)
	body = wire.AppendNoTags(body)
	return wire.Ask(rw, "features", wire.Call{
		API: int16(protocol.ApiVersions), Version: featuresVersion, ClientID: r.clientID, Body: body, Flexible: true,
	}, readFeatures)
}

func readFeatures(d *wire.Decoder) *featuresResponse {
	response := &featuresResponse{errorCode: d.Int16(), finalized: map[string]int16{}}
	const apiBytes, featureBytes, finalizedFeatures = 7, 6, 2
	for range d.CompactCount(apiBytes) {
		d.Int16() // key
		d.Int16() // lowest version
		d.Int16() // highest version
		d.SkipTags()
	}
	d.Int32() // throttle time
	d.Tags(func(tag int, field *wire.Decoder) {
		if tag != finalizedFeatures {
			return
		}
		for range field.CompactCount(featureBytes) {
			name, level := field.CompactString(), field.Int16()
			field.Int16() // the lowest level that somebody may still be at
			field.SkipTags()
			response.finalized[name] = level
		}
	})
	return response
}
