package provisioning

import (
	"cmp"
	"errors"
	"strconv"
	"strings"
)

// RequestNumber names a request for ever: the partition and offset of its entry in provisioning.requests. It is the
// same however often that entry is read again, and says in which partition the request lives.
type RequestNumber struct {
	Partition int32
	Offset    int64
}

// ErrRequestNumber says that a text is no request number.
var ErrRequestNumber = errors.New("not a request number (<partition>-<offset>)")

// ParseRequestNumber reads "<partition>-<offset>": two decimal numbers without sign or leading zeros, so that a request
// has one name only.
func ParseRequestNumber(text string) (RequestNumber, error) {
	partition, offset, found := strings.Cut(text, "-")
	p, okPartition := parseDecimal(partition, 31)
	o, okOffset := parseDecimal(offset, 63)
	if !found || !okPartition || !okOffset {
		return RequestNumber{}, ErrRequestNumber
	}
	return RequestNumber{Partition: int32(p), Offset: o}, nil
}

// parseDecimal reads the shortest decimal form of a number of at most so many bits.
func parseDecimal(text string, bits int) (int64, bool) {
	n, err := strconv.ParseUint(text, 10, bits)
	return int64(n), err == nil && strconv.FormatUint(n, 10) == text
}

// String returns "<partition>-<offset>".
func (n RequestNumber) String() string {
	return strconv.FormatInt(int64(n.Partition), 10) + "-" + strconv.FormatInt(n.Offset, 10)
}

// Compare orders by partition, then offset, both as numbers.
func (n RequestNumber) Compare(o RequestNumber) int {
	return cmp.Or(cmp.Compare(n.Partition, o.Partition), cmp.Compare(n.Offset, o.Offset))
}
