package wire

import (
	"fmt"
	"io"
)

// MaxSize is the largest response that is read, in bytes; a larger one is no response but a mistake.
const MaxSize = 512 << 20

// Call is a request as a broker sees it.
type Call struct {
	API, Version int16
	ClientID     string
	Body         []byte
	Flexible     bool // the version has flexible fields (KIP-482), and so have both headers
}

// correlation is sent with every request: a connection carries one request at a time, so the number only has to come
// back.
const correlation = 0x63617264

const int32Size = 4

// apiVersions is the one request whose response has the plain header in every version: it is answered before anybody knows
// which versions the other side understands (KIP-511).
const apiVersions = 18

// Exchange writes a request and returns a Decoder of what its response says behind the header. After an error the
// connection is of no more use; nor is it before the whole response has been read.
func Exchange(rw io.ReadWriter, call Call) (*Decoder, error) {
	if _, err := rw.Write(call.encoded()); err != nil {
		return nil, fmt.Errorf("write request: %w", err)
	}
	size := NewDecoder(rw, int32Size)
	bytes := size.Int32()
	if size.Err() != nil {
		return nil, fmt.Errorf("read response: %w", size.Err())
	}
	if bytes < int32Size || bytes > MaxSize {
		return nil, fmt.Errorf("read response: %w: a size of %d bytes", ErrMalformed, bytes)
	}
	d := NewDecoder(rw, int(bytes))
	if got := d.Int32(); d.Err() == nil && got != correlation {
		d.Fail(fmt.Errorf("%w: it answers request %d, not %d", ErrMalformed, got, correlation))
	}
	if call.Flexible && call.API != apiVersions {
		d.SkipTags()
	}
	if d.Err() != nil {
		return nil, fmt.Errorf("read response: %w", d.Err())
	}
	return d, nil
}

// Ask exchanges a request, called what in errors, for what read makes of its whole response.
func Ask[T any](rw io.ReadWriter, what string, call Call, read func(*Decoder) T) (answer T, err error) {
	d, err := Exchange(rw, call)
	if err != nil {
		return answer, fmt.Errorf("%s: %w", what, err)
	}
	answer = read(d)
	if err := d.End(); err != nil {
		return answer, fmt.Errorf("%s: read response: %w", what, err)
	}
	return answer, nil
}

func (c Call) encoded() []byte {
	b := make([]byte, int32Size, 32+len(c.ClientID)+len(c.Body))
	b = AppendInt16(b, c.API)
	b = AppendInt16(b, c.Version)
	b = AppendInt32(b, correlation)
	b = AppendString(b, c.ClientID) // not a compact one in any version
	if c.Flexible {
		b = AppendNoTags(b)
	}
	b = append(b, c.Body...)
	AppendInt32(b[:0], int32(len(b)-int32Size))
	return b
}

// End makes bytes that have not been read an error, and returns the first error.
func (d *Decoder) End() error {
	if d.err == nil && d.left != 0 {
		d.Fail(fmt.Errorf("%w: %d bytes are left over", ErrMalformed, d.left))
	}
	return d.err
}
