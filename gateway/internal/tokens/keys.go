package tokens

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/MicahParks/keyfunc/v3"
)

// Keys are the issuer's public keys. They are read when Run begins, then now and then, and at once (but not too often)
// when a token names a key that is not among them. What was read last stays good while its source is away.
type Keys struct {
	read    func(ctx context.Context) ([]byte, error)
	log     *slog.Logger
	current atomic.Pointer[keyfunc.Keyfunc] // nil before the first success

	mu    sync.Mutex
	at    time.Time     // of the last attempt
	tried chan struct{} // closed, and made anew, after each attempt
	wish  chan struct{} // holds a token while somebody wants another attempt
}

// How often keys are read, and how much of them.
const (
	refreshEvery = 5 * time.Minute
	retryEvery   = 2 * time.Second  // as long as there are none
	wishEvery    = 10 * time.Second // for keys that tokens name and nobody knows
	readTimeout  = 5 * time.Second
	mostBytes    = 1 << 20
)

// NewKeys returns keys that are read from a URL (http or https) or a file. It does no I/O.
func NewKeys(source string, log *slog.Logger) *Keys {
	k := &Keys{log: log, tried: make(chan struct{}), wish: make(chan struct{}, 1)}
	if strings.HasPrefix(source, "https://") || strings.HasPrefix(source, "http://") {
		client := &http.Client{Transport: &http.Transport{
			Proxy: http.ProxyFromEnvironment, DisableKeepAlives: true, TLSHandshakeTimeout: readTimeout,
		}}
		k.read = func(ctx context.Context) ([]byte, error) { return download(ctx, client, source) }
	} else {
		k.read = func(context.Context) ([]byte, error) { return os.ReadFile(source) }
	}
	return k
}

// Ready reports whether there are keys.
func (k *Keys) Ready() bool { return k.current.Load() != nil }

// Run reads the keys until ctx ends.
func (k *Keys) Run(ctx context.Context) error {
	for ctx.Err() == nil {
		k.refresh(ctx)
		next := refreshEvery
		if !k.Ready() {
			next = retryEvery
		}
		timer := time.NewTimer(next)
		select {
		case <-timer.C:
		case <-k.wish:
		case <-ctx.Done():
		}
		timer.Stop()
	}
	return nil
}

func (k *Keys) refresh(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	text, err := k.read(ctx)
	var set keyfunc.Keyfunc
	if err == nil {
		set, err = parseSet(text)
	}
	switch {
	case err == nil:
		k.current.Store(&set)
	case !errors.Is(ctx.Err(), context.Canceled):
		k.log.Warn("the keys for tokens could not be read; those read before stay good", "error", err)
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.at = time.Now()
	close(k.tried)
	k.tried = make(chan struct{})
}

// again wants another attempt and waits for it, but not long, and not if there was one just now: tokens with made-up
// keys must not become as many questions to the issuer.
func (k *Keys) again(ctx context.Context) {
	k.mu.Lock()
	tried, recent := k.tried, time.Since(k.at) < wishEvery
	k.mu.Unlock()
	if recent {
		return
	}
	select {
	case k.wish <- struct{}{}:
	default:
	}
	const patience = time.Second
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case <-tried:
	case <-timer.C:
	case <-ctx.Done():
	}
}

func download(ctx context.Context, client *http.Client, url string) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	response, err := client.Do(request)
	if err != nil {
		return nil, err
	}
	defer func() { _ = response.Body.Close() }() // it was read, or is of no use
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s answers %s", url, response.Status)
	}
	return io.ReadAll(io.LimitReader(response.Body, mostBytes))
}

// parseSet reads a JWK Set. Keys that it cannot use (of unknown kinds, symmetric ones) are passed over, as RFC 7517
// wants it; a set without any other is an error.
func parseSet(text []byte) (keyfunc.Keyfunc, error) {
	var set struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if err := json.Unmarshal(text, &set); err != nil {
		return nil, errors.New("not a JWK Set")
	}
	var good []json.RawMessage
	for _, key := range set.Keys {
		var kind struct {
			Kty string `json:"kty"`
			Use string `json:"use"`
		}
		if json.Unmarshal(key, &kind) != nil || kind.Kty == "oct" || kind.Use == "enc" {
			continue
		}
		if _, err := keyfunc.NewJWKJSON(key); err == nil {
			good = append(good, key)
		}
	}
	if len(good) == 0 {
		return nil, errors.New("a JWK Set without a key that can verify")
	}
	set.Keys = good
	filtered, err := json.Marshal(set)
	if err != nil {
		return nil, err
	}
	return keyfunc.NewJWKSetJSON(filtered)
}
