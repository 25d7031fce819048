package ledger

import (
	"strconv"
	"strings"
)

// number is a request's: the partition and offset of its entry in provisioning.requests.
type number struct {
	partition int32
	offset    int64
}

// noNumber stands where there is none.
var noNumber = number{partition: -1}

// parseNumber reads the one form in which a number is written: two decimals without sign or leading zeros.
func parseNumber(text string) (number, error) {
	before, after, _ := strings.Cut(text, "-")
	p, errPartition := strconv.ParseInt(before, 10, 32)
	o, errOffset := strconv.ParseInt(after, 10, 64)
	n := number{int32(p), o}
	if errPartition != nil || errOffset != nil || n.String() != text {
		return noNumber, strconv.ErrSyntax
	}
	return n, nil
}

// String returns "<partition>-<offset>".
func (n number) String() string {
	return strconv.FormatInt(int64(n.partition), 10) + "-" + strconv.FormatInt(n.offset, 10)
}
