package e2e_test

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"

	"golang.org/x/sync/errgroup"

	"cardstream/bench/proc"
)

// hostile is a process that serves the web API, and its resident memory before anybody is hostile.
type hostile struct {
	*gateways
	idle int64 // bytes
}

// newHostile starts everything in one process, asks it in a friendly way, and forgets the most that it has held.
func newHostile(t *testing.T) *hostile {
	t.Helper()
	d := dev(t)
	h := &hostile{gateways: &gateways{
		deployment: &deployment{t: t}, fleet: d.fleet, web: []string{strings.TrimPrefix(d.Web, "http://")}, token: d.Token,
		client: &http.Client{Transport: &http.Transport{}},
	}}
	t.Cleanup(h.client.CloseIdleConnections)
	var asking errgroup.Group
	asking.SetLimit(32)
	for i := range 4000 {
		asking.Go(func() error {
			h.want(0, setPath, "", setBody(fmt.Sprint("c-", i), `"new_pin": "4321"`), http.StatusOK, "OK")
			return nil
		})
	}
	_ = asking.Wait() // all return nil
	pid := h.gateways.fleet.PID(0)
	if err := os.WriteFile(fmt.Sprintf("/proc/%d/clear_refs", pid), []byte("5"), 0o600); err != nil { // proc(5): the peak
		t.Fatal(err)
	}
	h.idle = h.memory().Resident
	return h
}

func (h *hostile) memory() proc.Memory {
	h.t.Helper()
	m, err := proc.MemoryOf(h.gateways.fleet.PID(0))
	if err != nil {
		h.t.Fatal(err)
	}
	return m
}

// cost fails the test where the gateway held more than so much above what it held when it was idle.
func (h *hostile) cost(most int64) {
	h.t.Helper()
	m := h.memory()
	h.t.Logf("resident: idle %d MiB, at most %d MiB, now %d MiB", h.idle>>20, m.Peak>>20, m.Resident>>20)
	raced := os.Getenv("CARDSTREAM_E2E_RACE") != "" // with the detector a process holds several times as much
	if cost := m.Peak - h.idle; cost > most && !raced {
		h.t.Errorf("it cost %d MiB, want at most %d", cost>>20, most>>20)
	}
}

// dial opens a connection to the gateway.
func (h *hostile) dial() net.Conn {
	h.t.Helper()
	conn, err := net.Dial("tcp", h.web[0])
	if err != nil {
		h.t.Fatal(err)
	}
	h.t.Cleanup(func() { _ = conn.Close() })
	return conn
}

// head is that of a POST with a body of so many bytes.
func (h *hostile) head(length int) string {
	return fmt.Sprintf("POST %s HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\nContent-Type: application/json\r\n"+
		"Content-Length: %d\r\n\r\n", setPath, h.token, length)
}

// status is that of the answer on a connection; 0 where it was closed without one.
func status(conn net.Conn) int {
	response, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		return 0
	}
	defer func() { _ = response.Body.Close() }()
	return response.StatusCode
}

const friendly = `{"subscription_identifier": {"number": "S-1"}, "smartcard_identifier": {"serial_number": "c-1"}, "reset_pin": true}`

// Callers that send too much, what is no JSON, or slowly: each is answered as the contract says, others are served
// meanwhile, and the process stays about as small as it was.
func TestHostileWebCallersCostLittle(t *testing.T) {
	h := newHostile(t)
	h.hugeHeaders()
	h.wrongBodies()
	h.slowBodies()
	h.want(0, setPath, "", friendly, http.StatusOK, "OK")
	h.cost(64 << 20)
}

// slowBodies begins many bodies that never end.
func (h *hostile) slowBodies() {
	h.t.Helper()
	slow := make([]net.Conn, 600)
	for i := range slow {
		slow[i] = h.dial()
		// An error here is of a connection that was answered already.
		_, _ = io.WriteString(slow[i], h.head(60<<10)+"{")
		_, _ = slow[i].Write(bytes.Repeat([]byte(" "), 59<<10*(i%2))) // every second one sends almost all of it
	}
	h.want(0, setPath, "", friendly, http.StatusOK, "OK")
	answers := map[int]int{}
	for _, conn := range slow {
		answers[status(conn)]++
	}
	// Those that send much are told at once where there are too many; the others when their time is over.
	bad, many, none := answers[http.StatusBadRequest], answers[http.StatusTooManyRequests], answers[0]
	if bad < len(slow)/2 || many == 0 || bad+many+none != len(slow) {
		h.t.Errorf("answers to slow bodies: %v", answers)
	}
}

// hugeHeaders sends some of more than a gateway reads.
func (h *hostile) hugeHeaders() {
	h.t.Helper()
	for _, header := range []string{
		"Authorization: Bearer " + strings.Repeat("x", 60_000), strings.Repeat("X-A: b\r\n", 9_000), "X-" + strings.Repeat("x", 60_000) + ": y",
	} {
		var sending errgroup.Group
		sending.SetLimit(32)
		for range 200 {
			conn := h.dial()
			sending.Go(func() error {
				_, _ = fmt.Fprintf(conn, "GET %slist HTTP/1.1\r\nHost: x\r\n%s\r\n\r\n", lookUpPath, header)
				// Closed with much unread, the answer can be lost on its way.
				if got := status(conn); got != http.StatusRequestHeaderFieldsTooLarge && got != 0 {
					return fmt.Errorf("header %.20s: %d", header, got)
				}
				return nil
			})
		}
		if err := sending.Wait(); err != nil {
			h.t.Error(err)
		}
	}
}

// wrongBodies sends what is no command, again and again.
func (h *hostile) wrongBodies() {
	h.t.Helper()
	for name, wrong := range map[string]struct {
		body string
		want int
	}{
		"broken":     {`{"new_pin": "4321"`, http.StatusBadRequest},
		"twice":      {`{"new_pin": "4321", "new_pin": "4321"}`, http.StatusBadRequest},
		"many":       {"{" + strings.Repeat(`"a":1,`, 10_000) + `"b":1}`, http.StatusBadRequest},
		"deep":       {strings.Repeat("[", 65_000), http.StatusBadRequest},
		"deeper":     {strings.Repeat(`{"subscription_identifier":`, 2_000), http.StatusBadRequest},
		"NUL":        {"{\"new_pin\": \"\x00\"}", http.StatusBadRequest},
		"NULs":       {strings.Repeat("\x00", 60_000), http.StatusBadRequest},
		"Latin-1":    {"{\"new_pin\": \"\xfc\"}", http.StatusBadRequest},
		"UTF-16":     {"\xff\xfe{\x00}\x00", http.StatusBadRequest},
		"long":       {`{"new_pin": "` + strings.Repeat("4", 60_000) + `"}`, http.StatusBadRequest},
		"long token": {`{"token": "` + strings.Repeat("x", 60_000) + `"}`, http.StatusBadRequest},
		"too large":  {`{"new_pin": "` + strings.Repeat("4", 70_000) + `"}`, http.StatusRequestEntityTooLarge},
	} {
		var sending errgroup.Group
		sending.SetLimit(32)
		for range 500 {
			sending.Go(func() error {
				got, a, err := h.ask(h.t.Context(), 0, setPath, "", wrong.body)
				if err != nil || got != wrong.want {
					return fmt.Errorf("%s: %d %s, %w", name, got, a.Status.Code, err)
				}
				return nil
			})
		}
		if err := sending.Wait(); err != nil {
			h.t.Error(err)
		}
	}
}

// Thousands of connections from another process say nothing: others are served, and they cost little.
func TestIdleWebConnectionsCostLittle(t *testing.T) {
	h := newHostile(t)
	for range 8000 {
		conn := h.dial()
		if _, err := io.WriteString(conn, "GET / HTTP/1.1\r\nHost: x\r\n\r\n"); err != nil {
			t.Fatal(err)
		}
		if got := status(conn); got != http.StatusNotFound {
			t.Fatalf("status %d", got)
		}
	}
	h.want(0, setPath, "", friendly, http.StatusOK, "OK")
	h.cost(100 << 20)
}
