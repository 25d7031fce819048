package devkafka_test

import (
	"encoding/binary"
	"io"
	"net"
	"testing"

	"github.com/twmb/franz-go/pkg/kmsg"

	"cardstream/internal/devkafka"
)

// TestRequestsThatKafka4RefusesEndTheConnection: and the cluster goes on serving others.
func TestRequestsThatKafka4RefusesEndTheConnection(t *testing.T) {
	cluster := mustStart(t, devkafka.Config{})
	for name, test := range map[string]struct {
		request []byte
		answers bool
	}{
		"oldest join group":       {request(kmsg.NewPtrJoinGroupRequest(), 0), true},
		"produce of Kafka 0.10":   {request(kmsg.NewPtrProduceRequest(), 2), false},
		"offset fetch of 0.8":     {request(kmsg.NewPtrOffsetFetchRequest(), 0), false},
		"offset fetch, oldest":    {request(kmsg.NewPtrOffsetFetchRequest(), 1), true},
		"create topics of 0.10":   {request(kmsg.NewPtrCreateTopicsRequest(), 1), false},
		"a request nobody knows":  {[]byte{0, 0, 0, 10, 0x7f, 0xff, 0, 0, 0, 0, 0, 1, 0xff, 0xff}, false},
		"an HTTP client":          {[]byte("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"), false},
		"a request of no size":    {make([]byte, 8), false},
		"a body that is cut off":  {[]byte{0, 0, 0, 11, 0, 0, 0, 9, 0, 0, 0, 1, 0xff, 0xff, 0}, false},
		"metadata in order again": {request(kmsg.NewPtrMetadataRequest(), 1), true},
	} {
		t.Run(name, func(t *testing.T) {
			conn, err := net.Dial("tcp", cluster.Addrs()[0])
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			if _, err := conn.Write(test.request); err != nil {
				t.Fatal(err)
			}
			if _, err := io.ReadFull(conn, make([]byte, 8)); (err == nil) != test.answers {
				t.Errorf("reading the answer: %v; want one: %t", err, test.answers)
			}
		})
	}
}

// request is a request of that version as it goes over the wire, correlation 1, no client id.
func request(r kmsg.Request, version int16) []byte {
	r.SetVersion(version)
	message := []byte{0, 0, 0, 0}
	message = binary.BigEndian.AppendUint16(message, uint16(r.Key()))
	message = binary.BigEndian.AppendUint16(message, uint16(version))
	message = binary.BigEndian.AppendUint32(message, 1)
	message = append(message, 0xff, 0xff)
	if r.IsFlexible() {
		message = append(message, 0)
	}
	message = r.AppendTo(message)
	binary.BigEndian.PutUint32(message, uint32(len(message)-4))
	return message
}
