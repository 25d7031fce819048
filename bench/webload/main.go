// Command webload asks a gateway's web API at a fixed rate, half of the time for a new PIN and half for a reset, and
// says how it was answered. It is an open loop: each request has its moment, whether the ones before it are answered or
// not, and its latency counts from that moment. So a gateway that stands still for a second is seen to.
//
//	cardstream dev --addresses /tmp/dev.json &
//	go run ./bench/webload --addresses /tmp/dev.json --rate 2000 --for 60s
//	go run ./bench/webload --addresses /tmp/dev.json --idle 8000 --rate 0 --for 60s
//
// It exits with 1 where an answer was no 200.
package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/url"
	"os"
	"slices"
	"sync"
	"time"
)

func main() {
	var l load
	flag.StringVar(&l.addresses, "addresses", "", "file that cardstream dev --addresses wrote")
	flag.IntVar(&l.rate, "rate", 2000, "requests a second")
	flag.DurationVar(&l.lasts, "for", 10*time.Second, "how long")
	flag.IntVar(&l.cards, "cards", 100_000, "how many cards are asked for")
	flag.IntVar(&l.idle, "idle", 0, "connections that are open besides, each after one request, and say nothing more")
	flag.Parse()
	if err := l.run(os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "webload:", err)
		os.Exit(1)
	}
}

// load is one measurement.
type load struct {
	addresses string
	rate      int
	lasts     time.Duration
	cards     int
	idle      int

	web, token string
	client     *http.Client
	name       string // a prefix that makes this run's keys its own

	mu        sync.Mutex
	latencies []time.Duration
	answers   map[string]int
}

func (l *load) run(out io.Writer) error {
	text, err := os.ReadFile(l.addresses)
	if err != nil {
		return err
	}
	var where struct{ Web, Token string }
	if err := json.Unmarshal(text, &where); err != nil {
		return err
	}
	l.web, l.token, l.answers = where.Web, where.Token, map[string]int{}
	l.name = time.Now().Format("150405.000")
	l.client = &http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{
		MaxIdleConnsPerHost: 4096, MaxIdleConns: 4096, IdleConnTimeout: time.Minute,
	}}
	closeIdle, err := l.openIdle(out)
	if err != nil {
		return err
	}
	defer closeIdle()
	l.fire()
	return l.report(out)
}

// fire sends each request at its moment.
func (l *load) fire() {
	var under sync.WaitGroup
	began := time.Now()
	total := int(float64(l.rate) * l.lasts.Seconds())
	for i := range total {
		moment := began.Add(time.Duration(float64(i) / float64(l.rate) * float64(time.Second)))
		time.Sleep(time.Until(moment))
		under.Go(func() { l.note(moment, l.ask(i)) })
	}
	time.Sleep(time.Until(began.Add(l.lasts)))
	under.Wait()
}

// ask sends one command and returns how it was answered.
func (l *load) ask(i int) string {
	what := `"reset_pin": true`
	if i%2 == 0 {
		what = fmt.Sprintf(`"new_pin": "%04d"`, i%10_000)
	}
	body := fmt.Sprintf(`{"subscription_identifier": {"number": "S-%d"}, "smartcard_identifier": {"serial_number": "w%d"}, %s}`,
		i%l.cards, i%l.cards, what)
	request, err := http.NewRequest(http.MethodPost, l.web+"/nds/provisioning_requests/set_user_parameters",
		bytes.NewReader([]byte(body)))
	if err != nil {
		return err.Error()
	}
	request.Header.Set("Authorization", "Bearer "+l.token)
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Idempotency-Key", fmt.Sprintf("%s-%d", l.name, i))
	response, err := l.client.Do(request)
	if err != nil {
		return "no answer"
	}
	defer func() { _ = response.Body.Close() }()
	if _, err := io.Copy(io.Discard, response.Body); err != nil {
		return "no whole answer"
	}
	return response.Status
}

func (l *load) note(moment time.Time, answer string) {
	took := time.Since(moment)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.latencies = append(l.latencies, took)
	l.answers[answer]++
}

// openIdle opens connections that ask once, so that the server has served them, and then say nothing.
func (l *load) openIdle(out io.Writer) (closeAll func(), err error) {
	var conns []net.Conn
	closeAll = func() {
		for _, c := range conns {
			_ = c.Close() // nothing was said on it
		}
	}
	target, err := url.Parse(l.web)
	if err != nil {
		return closeAll, err
	}
	for range l.idle {
		c, err := net.Dial("tcp", target.Host)
		if err != nil {
			return closeAll, err
		}
		conns = append(conns, c)
		if _, err := fmt.Fprintf(c, "GET / HTTP/1.1\r\nHost: x\r\n\r\n"); err != nil {
			return closeAll, err
		}
		if _, err := c.Read(make([]byte, 4096)); err != nil {
			return closeAll, err
		}
	}
	if l.idle > 0 {
		fmt.Fprintf(out, "%d connections are open and idle\n", l.idle)
	}
	return closeAll, nil
}

func (l *load) report(out io.Writer) error {
	slices.Sort(l.latencies)
	failed := 0
	for _, answer := range slices.Sorted(maps.Keys(l.answers)) {
		fmt.Fprintf(out, "%8d  %s\n", l.answers[answer], answer)
		if answer != "200 OK" {
			failed += l.answers[answer]
		}
	}
	if n := len(l.latencies); n > 0 {
		for _, p := range []float64{50, 90, 99, 99.9, 100} {
			at := min(n-1, int(p/100*float64(n)))
			fmt.Fprintf(out, "%7.1f%%  %s\n", p, l.latencies[at].Round(100*time.Microsecond))
		}
	}
	if failed > 0 {
		return fmt.Errorf("%d answers are not 200", failed)
	}
	return nil
}
