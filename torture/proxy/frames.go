package proxy

import "encoding/binary"

// frames follows a connection's requests: a length of four bytes, then a key of two that says what is asked for, then the
// rest (https://kafka.apache.org/protocol). The zero value stands before the first.
type frames struct {
	header  [6]byte
	got     int  // of the header
	left    int  // of the rest
	produce bool // of the request in hand, once its key is known
	lost    bool // this is something else than Kafka's protocol
}

// produceKey is the key of a request that writes records.
const produceKey = 0

// mostLeft is more than any broker takes.
const mostLeft = 1 << 30

// next returns how long the first stretch of a chunk is that belongs to a produce request, or to none. A request's header
// counts as no part of it: without the rest it does nothing.
func (f *frames) next(chunk []byte) (length int, produce bool) {
	if f.lost {
		return len(chunk), false
	}
	if f.produce {
		n := min(f.left, len(chunk))
		if f.left -= n; f.left == 0 {
			*f = frames{}
		}
		return n, true
	}
	for n := 0; n < len(chunk); {
		if f.got < len(f.header) {
			f.header[f.got] = chunk[n]
			f.got, n = f.got+1, n+1
			if f.got < len(f.header) {
				continue
			}
			f.left = int(binary.BigEndian.Uint32(f.header[:])) - 2
			if f.lost = f.left < 0 || f.left > mostLeft; f.lost {
				return len(chunk), false
			}
			if f.produce = f.left > 0 && binary.BigEndian.Uint16(f.header[4:]) == produceKey; f.produce {
				return n, false
			}
		}
		skipped := min(f.left, len(chunk)-n)
		f.left, n = f.left-skipped, n+skipped
		if f.left == 0 {
			*f = frames{}
		}
	}
	return len(chunk), false
}
