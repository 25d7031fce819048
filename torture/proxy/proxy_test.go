package proxy_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"syscall"
	"testing"
	"time"

	"cardstream/internal/leaktest"
	"cardstream/torture/proxy"
)

func TestMain(m *testing.M) { leaktest.Main(m) }

// echo answers every byte with itself, and tells of each connection that ends.
func echo(t *testing.T) (addr string, ended <-chan error) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ends, accepting := make(chan error, 10), make(chan struct{})
	go func() {
		defer close(accepting)
		for {
			c, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				_, err := io.Copy(c, c)
				ends <- errors.Join(err, c.Close())
			}()
		}
	}()
	t.Cleanup(func() { _ = listener.Close(); <-accepting })
	return listener.Addr().String(), ends
}

func mustProxy(t *testing.T, target string) *proxy.Proxy {
	t.Helper()
	p, err := proxy.Listen("127.0.0.1:0", target)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	})
	return p
}

func mustDial(t *testing.T, p *proxy.Proxy) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", p.Addr())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() }) // it may be closed already
	return c
}

// say writes a byte and returns what comes back within so long.
func say(t *testing.T, c net.Conn, within time.Duration) error {
	t.Helper()
	if _, err := c.Write([]byte{'x'}); err != nil {
		return err
	}
	return hear(c, within)
}

// awaitEnd waits until the server has heard of a connection's end: any end becomes a reset on its way.
func awaitEnd(t *testing.T, ended <-chan error) {
	t.Helper()
	select {
	case err := <-ended:
		t.Logf("the server has heard: %v", err)
	case <-time.After(soon):
		t.Fatal("the server has not heard of the end")
	}
}

func hangUp(t *testing.T, c net.Conn) {
	t.Helper()
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
}

func hear(c net.Conn, within time.Duration) error {
	_ = c.SetReadDeadline(time.Now().Add(within))
	_, err := io.ReadFull(c, make([]byte, 1))
	return err
}

const (
	soon = 10 * time.Second       // at the latest, on any machine
	hush = 100 * time.Millisecond // nothing may come in it
)

func timedOut(err error) bool {
	var network net.Error
	return errors.As(err, &network) && network.Timeout()
}

func TestBytesPass(t *testing.T) {
	server, ended := echo(t)
	c := mustDial(t, mustProxy(t, server))
	if err := say(t, c, soon); err != nil {
		t.Fatal(err)
	}
	hangUp(t, c)
	awaitEnd(t, ended)
}

func TestACutResetsBothEnds(t *testing.T) {
	server, ended := echo(t)
	p := mustProxy(t, server)
	c := mustDial(t, p)
	if err := say(t, c, soon); err != nil {
		t.Fatal(err)
	}
	if n := p.Cut(); n != 1 {
		t.Errorf("%d connections cut, want 1", n)
	}
	if err := hear(c, soon); !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("%v, want a reset", err)
	}
	if err := <-ended; !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("the server: %v, want a reset", err)
	}
	if err := say(t, mustDial(t, p), soon); err != nil {
		t.Errorf("a new connection: %v", err)
	}
}

func TestMuteHoldsBackAndThenDelivers(t *testing.T) {
	for name, directions := range map[string]proxy.Directions{
		"requests": proxy.Requests, "answers": proxy.Answers, "both": proxy.Requests | proxy.Answers,
	} {
		t.Run(name, func(t *testing.T) {
			server, _ := echo(t)
			p := mustProxy(t, server)
			c := mustDial(t, p)
			p.Change(proxy.Weather{Mute: directions})
			if err := say(t, c, hush); !timedOut(err) {
				t.Fatalf("%v, want silence", err)
			}
			p.Change(proxy.Weather{})
			if err := hear(c, soon); err != nil {
				t.Error(err)
			}
		})
	}
}

// A client that gives up behind a wall of silence is not heard to do so.
func TestMuteHidesAFarewell(t *testing.T) {
	server, ended := echo(t)
	p := mustProxy(t, server)
	c := mustDial(t, p)
	if err := say(t, c, soon); err != nil {
		t.Fatal(err)
	}
	p.Change(proxy.Weather{Mute: proxy.Requests | proxy.Answers})
	hangUp(t, c)
	select {
	case err := <-ended:
		t.Errorf("the server has heard of it: %v", err)
	case <-time.After(hush):
	}
	p.Change(proxy.Weather{})
	awaitEnd(t, ended)
}

func TestAStrandedClientHearsNothing(t *testing.T) {
	server, ended := echo(t)
	p := mustProxy(t, server)
	c := mustDial(t, p)
	if err := say(t, c, soon); err != nil {
		t.Fatal(err)
	}
	if n := p.Strand(); n != 1 {
		t.Errorf("%d connections stranded, want 1", n)
	}
	if err := <-ended; !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("the server: %v, want a reset", err)
	}
	if err := say(t, c, hush); !timedOut(err) {
		t.Errorf("the client: %v, want silence", err)
	}
	late := mustDial(t, p)
	if err := say(t, late, hush); !timedOut(err) {
		t.Errorf("a new client: %v, want silence", err)
	}
	awaitStranded(t, p, 2) // who is taken in behind the end gets through
	p.Unstrand()
	for _, stranded := range []net.Conn{c, late} {
		if err := hear(stranded, soon); err == nil || timedOut(err) {
			t.Errorf("%v, want a reset", err)
		}
	}
	if err := say(t, mustDial(t, p), soon); err != nil {
		t.Errorf("after the end: %v", err)
	}
}

// awaitStranded waits until the proxy has taken so many connections in, all of which it strands.
func awaitStranded(t *testing.T, p *proxy.Proxy, want int) {
	t.Helper()
	again, late := time.NewTicker(time.Millisecond), time.After(soon)
	defer again.Stop()
	for n := p.Strand(); n != want; n = p.Strand() {
		select {
		case <-again.C:
		case <-late:
			t.Fatalf("%d connections stranded, want %d", n, want)
		}
	}
}

func TestSlowBytesArriveLate(t *testing.T) {
	server, _ := echo(t)
	p := mustProxy(t, server)
	p.Change(proxy.Weather{Delay: 30 * time.Millisecond, BytesPerSecond: 50})
	c := mustDial(t, p)
	began := time.Now()
	if err := say(t, c, soon); err != nil {
		t.Fatal(err)
	}
	if took, least := time.Since(began), 2*(30+20)*time.Millisecond; took < least {
		t.Errorf("there and back in %s, want at least %s", took, least)
	}
}

func TestAServerThatIsAwayIsNoConnection(t *testing.T) {
	c, err := net.Dial("tcp", mustProxy(t, "127.0.0.1:1").Addr())
	if err == nil { // else it was reset before the dialling had returned
		defer c.Close()
		err = hear(c, soon)
	}
	if err == nil || timedOut(err) {
		t.Errorf("%v, want an end", err)
	}
}

// request is one of Kafka's, as far as the proxy looks at it.
func request(key uint16, body string) []byte {
	r := binary.BigEndian.AppendUint32(nil, uint32(2+len(body)))
	return append(binary.BigEndian.AppendUint16(r, key), body...)
}

// What writes is held, up to its header, and what comes behind it; what does not write passes, however it is cut into pieces.
func TestMutedWritesAreHeld(t *testing.T) {
	const header = 6
	passes := slices.Concat(request(26, "end of a transaction"), request(18, ""))
	held := slices.Concat(request(0, "records"), request(3, "metadata"))
	for _, piece := range []int{1, 3, 7, 1000} {
		t.Run(fmt.Sprint(piece), func(t *testing.T) {
			server, _ := echo(t)
			p := mustProxy(t, server)
			p.Change(proxy.Weather{Mute: proxy.Writes})
			c := mustDial(t, p)
			for b := range slices.Chunk(slices.Concat(passes, held), piece) {
				if _, err := c.Write(b); err != nil {
					t.Fatal(err)
				}
			}
			wantHeard(t, c, append(slices.Clone(passes), held[:header]...))
			if err := hear(c, hush); !timedOut(err) {
				t.Fatalf("%v, want silence", err)
			}
			p.Change(proxy.Weather{})
			wantHeard(t, c, held[header:])
		})
	}
}

// Something else than Kafka's protocol has no writes.
func TestOtherBytesAreNoWrites(t *testing.T) {
	server, _ := echo(t)
	p := mustProxy(t, server)
	p.Change(proxy.Weather{Mute: proxy.Writes})
	c := mustDial(t, p)
	text := []byte("GET / HTTP/1.1\r\n\x00\x00\x00\x02\x00\x00")
	if _, err := c.Write(text); err != nil {
		t.Fatal(err)
	}
	wantHeard(t, c, text)
}

func wantHeard(t *testing.T, c net.Conn, want []byte) {
	t.Helper()
	_ = c.SetReadDeadline(time.Now().Add(soon))
	got := make([]byte, len(want))
	if _, err := io.ReadFull(c, got); err != nil || !bytes.Equal(got, want) {
		t.Fatalf("%q, %v, want %q", got, err, want)
	}
}
