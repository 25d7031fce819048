package gateway_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"golang.org/x/sync/errgroup"

	"cardstream/gateway"
)

// await waits for a condition.
func await(t *testing.T, what string, condition func() bool) {
	t.Helper()
	deadline := time.NewTimer(30 * time.Second)
	defer deadline.Stop()
	look := time.NewTicker(5 * time.Millisecond)
	defer look.Stop()
	for !condition() {
		select {
		case <-deadline.C:
			t.Fatalf("not in time: %s", what)
		case <-look.C:
		}
	}
}

// Nobody takes commands yet, so who asks for something waits: the next one is told to come again.
func TestTooManyAtOnce(t *testing.T) {
	w := newWorld(t)
	at, c := w.gateway(func(web *gateway.Web) { web.Concurrency, web.Wait = 1, time.Minute }), w.caller()
	first := make(chan answer, 1)
	go func() {
		a, err := c.set(t.Context(), at, "", "card", "4321", "")
		if err != nil {
			t.Error(err)
		}
		first <- a
	}()
	await(t, "the first one waits", func() bool { return at.Waiting() == 1 })
	a, err := c.show(t.Context(), at, "number=0-0")
	if err != nil || a.status != http.StatusTooManyRequests || a.code != "OVERLOADED" {
		t.Errorf("the next one: %+v, %v", a, err)
	}
	w.work(false)
	if a := <-first; a.status != http.StatusOK {
		t.Errorf("the first one: %+v", a)
	}
	await(t, "there is room again", func() bool {
		a, err := c.show(t.Context(), at, "number=0-0")
		return err == nil && a.status == http.StatusNotFound
	})
}

// Who waits for an outcome may wait longer than a request may take to arrive.
func TestAWaitOutlastsTheTimeForReading(t *testing.T) {
	w := newWorld(t)
	at, c := w.gateway(func(web *gateway.Web) { web.ReadTimeout, web.Wait = 200*time.Millisecond, time.Second }), w.caller()
	began := time.Now()
	a, err := c.set(t.Context(), at, "", "card", "4321", "")
	if took := time.Since(began); err != nil || a.status != http.StatusAccepted || took < time.Second {
		t.Errorf("after %s: %+v, %v", took, a, err)
	}
}

// A gateway that is asked to end answers those who wait, soon, and takes nobody else.
func TestAnEndInOrder(t *testing.T) {
	w := newWorld(t)
	at, c := w.gateway(func(web *gateway.Web) { web.Wait = time.Minute }), w.caller()
	const waiting = 20
	answers := make(chan answer, waiting)
	for i := range waiting {
		go func() {
			a, err := c.set(t.Context(), at, "", fmt.Sprint(i), "4321", "")
			if err != nil {
				t.Error(err)
			}
			answers <- a
		}()
	}
	// Whoever's command is not written when the end is near is told something else.
	reader := kadm.NewClient(w.cluster.Client(t))
	await(t, "all commands are written", func() bool {
		ends, err := reader.ListEndOffsets(t.Context(), w.topics.Commands())
		if err != nil {
			return false
		}
		var written int64
		ends.Each(func(end kadm.ListedOffset) { written += end.Offset })
		return written == waiting
	})
	at.stop()
	for range waiting {
		if a := <-answers; a.status != http.StatusAccepted {
			t.Errorf("%+v", a)
		}
	}
	if a, err := c.show(t.Context(), at, "number=0-0"); err == nil {
		t.Errorf("afterwards: %+v", a)
	}
}

// dial opens a connection of its own to a gateway.
func dial(t *testing.T, at *server) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(at.Addr(), "http://"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

// Bodies that come slowly, and much of them, are answered when their time is over, keep nobody else out, and cost little.
func TestSlowBodies(t *testing.T) {
	w := newWorld(t)
	w.work(false)
	at, c := w.gateway(func(web *gateway.Web) { web.ReadTimeout = 3 * time.Second }), w.caller()
	if a, err := c.set(t.Context(), at, "", "card", "4321", ""); err != nil || a.status != http.StatusOK {
		t.Fatalf("%+v, %v", a, err)
	}
	idle := inUse()
	head := fmt.Sprintf("POST /nds/provisioning_requests/set_user_parameters HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\n"+
		"Content-Type: application/json\r\nContent-Length: 65536\r\n\r\n{", w.goodToken())
	much := bytes.Repeat([]byte(" "), 60<<10)
	const slow = 600
	var sending errgroup.Group
	conns := make([]net.Conn, slow)
	for i := range conns {
		conns[i] = dial(t, at)
		sending.Go(func() error {
			if _, err := io.WriteString(conns[i], head); err != nil {
				return err
			}
			if i%2 == 0 {
				_, _ = conns[i].Write(much) // those that are one too many are answered and closed before the end
			}
			return nil
		})
	}
	if err := sending.Wait(); err != nil {
		t.Fatal(err)
	}
	if a, err := c.set(t.Context(), at, "", "card", "4321", ""); err != nil || a.status != http.StatusOK {
		t.Errorf("meanwhile: %+v, %v", a, err)
	}
	if cost := inUse() - idle; cost > 64<<20 {
		t.Errorf("%d slow bodies cost %d MiB", slow, cost>>20)
	}
	statuses := map[int]int{}
	for _, conn := range conns {
		response, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			continue // reset, as it sent on what nobody read
		}
		statuses[response.StatusCode]++
		_ = response.Body.Close()
	}
	if statuses[http.StatusBadRequest] < slow/2 || len(statuses) > 2 {
		t.Errorf("answers %v", statuses)
	}
}

// inUse is what this process holds, without garbage.
func inUse() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapInuse + m.StackInuse)
}

func TestHugeHeaders(t *testing.T) {
	w := newWorld(t)
	at := w.gateway()
	for name, header := range map[string]string{
		"a token": "Authorization: Bearer " + strings.Repeat("x", 40_000), "many": strings.Repeat("X-A: b\r\n", 10_000) + "X-A: b",
	} {
		conn := dial(t, at)
		go func() { // the server answers before it has read all
			_, _ = fmt.Fprintf(conn, "GET /provisioning/provisioning_requests/list HTTP/1.1\r\nHost: x\r\n%s\r\n\r\n", header)
		}()
		response, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		_ = response.Body.Close()
		if response.StatusCode != http.StatusRequestHeaderFieldsTooLarge {
			t.Errorf("%s: %s", name, response.Status)
		}
	}
	if strings.Contains(w.log.String(), "xxxx") {
		t.Error("the log has a part of a header")
	}
}

// Too many idle connections: the longest idle one is closed.
func TestTheLongestIdleConnectionIsClosed(t *testing.T) {
	changed, arrived := gateway.NewIdlers(2)
	var conns []net.Conn
	for range 5 {
		ours, theirs := net.Pipe()
		defer func() { _ = ours.Close() }()
		conns = append(conns, theirs)
	}
	changed(conns[0], http.StateNew)
	changed(conns[1], http.StateNew)
	changed(conns[0], http.StateActive)
	arrived(conns[0])
	changed(conns[0], http.StateIdle)
	changed(conns[2], http.StateNew) // one too many: 1 has been idle for longer than 0
	changed(conns[0], http.StateActive)
	arrived(conns[0]) // whoever is worked for is not counted
	changed(conns[3], http.StateNew)
	changed(conns[2], http.StateActive) // it says something, but not all
	changed(conns[4], http.StateNew)    // so 3 is closed now
	changed(conns[4], http.StateClosed) // and forgotten
	changed(conns[0], http.StateIdle)
	closed := func(c net.Conn) bool {
		_ = c.SetReadDeadline(time.Now())
		_, err := c.Read(make([]byte, 1))
		return errors.Is(err, io.ErrClosedPipe)
	}
	for i, want := range []bool{false, true, false, true, false} {
		if got := closed(conns[i]); got != want {
			t.Errorf("connection %d closed: %v, want %v", i, got, want)
		}
	}
}

func TestConnectionsAreBounded(t *testing.T) {
	w := newWorld(t)
	at := w.gateway(func(web *gateway.Web) { web.Connections = 2 })
	first, second := dial(t, at), dial(t, at)
	await(t, "a third one is closed", func() bool {
		_, err := dial(t, at).Read(make([]byte, 1))
		return errors.Is(err, io.EOF)
	})
	_ = first.Close()
	await(t, "there is room again", func() bool {
		conn := dial(t, at)
		defer func() { _ = conn.Close() }()
		if _, err := io.WriteString(conn, "GET / HTTP/1.1\r\nHost: x\r\n\r\n"); err != nil {
			return false
		}
		response, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			return false
		}
		_ = response.Body.Close()
		return response.StatusCode == http.StatusNotFound
	})
	_ = second.Close()
}

func TestTLS(t *testing.T) {
	w := newWorld(t)
	key := must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	certificate := must(x509.CreateCertificate(rand.Reader, template, template, key.Public(), key))
	at := w.gateway(func(web *gateway.Web) {
		web.BasePath = "/crm"
		web.TLS = &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{certificate}, PrivateKey: key}}}
	})
	c := w.caller()
	trusted := x509.NewCertPool()
	trusted.AddCert(must(x509.ParseCertificate(certificate)))
	c.http.Transport = &http.Transport{TLSClientConfig: &tls.Config{RootCAs: trusted}, ForceAttemptHTTP2: true}
	t.Cleanup(c.http.CloseIdleConnections)
	if a, err := c.show(t.Context(), at, "number=0-0"); err != nil || a.code != "NOT_FOUND" || !strings.HasPrefix(at.Addr(), "https://") {
		t.Errorf("%s: %+v, %v", at.Addr(), a, err)
	}
}

// Before the read model has caught up, nobody is answered as if it had.
func TestNotReady(t *testing.T) {
	w := newWorld(t)
	at, c := w.listen(func(web *gateway.Web) { web.Keys = "/no/such/file" }), w.caller()
	a, err := c.show(t.Context(), at, "number=0-0")
	if err != nil || a.status != http.StatusServiceUnavailable || a.code != "UNAVAILABLE" || at.Ready() {
		t.Errorf("%+v, %v", a, err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if at.AwaitReady(ctx) == nil {
		t.Error("ready without keys")
	}
	await(t, "it says why", func() bool { return strings.Contains(fmt.Sprint(at.Status()), "keys for tokens") })
}
