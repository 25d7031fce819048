package readmodel

import (
	"crypto/sha256"
	"encoding/binary"

	"cardstream/provisioning"
)

// The kinds of keys; doc.go has the layout.
const (
	keyMeta byte = iota
	keyPartition
	keyRequest
	keyAll
	keyState
	keyCard
	keySubscription
	keyCommand
	keyEnd
)

const (
	orderLength  = 8 + 4 + 8
	digestLength = 16
)

func partitionKey(partition int32) []byte {
	return binary.BigEndian.AppendUint32([]byte{keyPartition}, uint32(partition))
}

func requestKey(n provisioning.RequestNumber) []byte {
	key := append(make([]byte, 0, 13), keyRequest)
	key = binary.BigEndian.AppendUint32(key, uint32(n.Partition))
	return binary.BigEndian.AppendUint64(key, uint64(n.Offset))
}

// appendOrder appends what sorts requests, the newest first.
func appendOrder(dst []byte, r *provisioning.Request) []byte {
	dst = binary.BigEndian.AppendUint64(dst, ^(uint64(r.CreatedAt) ^ 1<<63))
	dst = binary.BigEndian.AppendUint32(dst, ^uint32(r.Number.Partition))
	return binary.BigEndian.AppendUint64(dst, ^uint64(r.Number.Offset))
}

// numberOfOrder returns the number in a key that ends in an order.
func numberOfOrder(key []byte) (provisioning.RequestNumber, bool) {
	if len(key) < 1+orderLength {
		return provisioning.RequestNumber{}, false
	}
	tail := key[len(key)-12:]
	return provisioning.RequestNumber{
		Partition: int32(^binary.BigEndian.Uint32(tail)), Offset: int64(^binary.BigEndian.Uint64(tail[4:])),
	}, true
}

// listPrefix is what the keys of one list begin with.
func listPrefix(kind byte, value string) []byte {
	if kind == keyAll {
		return []byte{kind}
	}
	return append(append([]byte{kind}, value...), 0)
}

// commandPrefix is what the keys of the requests of one command begin with.
func commandPrefix(source, commandID string) []byte {
	var text []byte
	for _, s := range [...]string{source, commandID} {
		text = append(binary.BigEndian.AppendUint32(text, uint32(len(s))), s...)
	}
	sum := sha256.Sum256(text)
	return append([]byte{keyCommand}, sum[:digestLength]...)
}

// stateKey is the key in the list of its state, the only one that changes with its life.
func stateKey(r *provisioning.Request) []byte {
	return appendOrder(listPrefix(keyState, string(r.State)), r)
}

// indexKeys are all keys of a request besides its own.
func indexKeys(r *provisioning.Request) [][]byte {
	keys := [][]byte{appendOrder(listPrefix(keyAll, ""), r), stateKey(r)}
	for _, id := range []*string{r.Smartcard.ID, r.Smartcard.SerialNumber, r.Smartcard.AlternativeCode} {
		if id != nil {
			keys = append(keys, appendOrder(listPrefix(keyCard, *id), r))
		}
	}
	for _, id := range []*string{r.Subscription.ID, r.Subscription.Number} {
		if id != nil {
			keys = append(keys, appendOrder(listPrefix(keySubscription, *id), r))
		}
	}
	return append(keys, append(commandPrefix(r.Source, r.CommandID), requestKey(r.Number)[1:]...))
}

// after is the first key behind all that begin with prefix; a prefix never ends in 0xff.
func after(prefix []byte) []byte {
	end := append([]byte(nil), prefix...)
	for i := len(end) - 1; i >= 0; i-- {
		if end[i]++; end[i] != 0 {
			return end[:i+1]
		}
	}
	return end
}
