package cluster

import (
	"fmt"

	"github.com/segmentio/kafka-go/protocol"
	"github.com/segmentio/kafka-go/protocol/apiversions"
)

// versions are what both ends of a connection understand: the highest common version of each request.
type versions map[protocol.ApiKey]int16

// agree leaves out what has no common version. kafka-go's own SelectVersion answers there with one that the broker has
// removed, and the broker then hangs up without a word.
func agree(offered []apiversions.ApiKeyResponse) versions {
	common := make(versions, len(offered))
	for _, api := range offered {
		key := protocol.ApiKey(api.ApiKey)
		highest := min(key.MaxVersion(), api.MaxVersion)
		if highest >= max(key.MinVersion(), api.MinVersion) {
			common[key] = highest
		}
	}
	return common
}

func (v versions) check(request protocol.Message) error {
	key := request.ApiKey()
	if _, common := v[key]; !common {
		return fmt.Errorf("%s: %w: no version that both the broker and this client know", key, UnsupportedVersion)
	}
	return nil
}
