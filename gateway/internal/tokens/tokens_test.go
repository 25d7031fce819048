package tokens_test

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/MicahParks/jwkset"
	"github.com/golang-jwt/jwt/v5"
	"golang.org/x/sync/errgroup"

	"cardstream/gateway/internal/tokens"
	"cardstream/internal/leaktest"
)

func TestMain(m *testing.M) { leaktest.Main(m) }

var config = tokens.Config{
	Issuer: "issuer", Audience: "audience", Algorithms: []string{"ES256", "RS256", "PS256", "EdDSA"}, Leeway: 10 * time.Second,
}

// keyed is a key with its name.
type keyed struct {
	id     string
	method jwt.SigningMethod
	key    crypto.Signer
}

func ecKey(id string) keyed {
	return keyed{id, jwt.SigningMethodES256, must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// set makes a JWK Set of public keys, and of whatever else is given as JSON.
func set(keys []keyed, others ...string) []byte {
	list := []json.RawMessage{}
	for _, k := range keys {
		jwk := must(jwkset.NewJWKFromKey(k.key.Public(), jwkset.JWKOptions{
			Metadata: jwkset.JWKMetadataOptions{KID: k.id, ALG: jwkset.ALG(k.method.Alg())},
		}))
		list = append(list, must(json.Marshal(jwk.Marshal())))
	}
	for _, o := range others {
		list = append(list, json.RawMessage(o))
	}
	return must(json.Marshal(map[string]any{"keys": list}))
}

// token makes a good token, changed.
func (k keyed) token(change ...func(*jwt.Token)) string {
	token := jwt.NewWithClaims(k.method, jwt.MapClaims{
		"iss": "issuer", "aud": []string{"audience", "another"}, "sub": "sub", "exp": time.Now().Add(time.Minute).Unix(),
	})
	token.Header["kid"] = k.id
	for _, c := range change {
		c(token)
	}
	return must(token.SignedString(k.key))
}

// run runs keys from a source until the test's end, once they have been read.
func run(t *testing.T, source string) *tokens.Keys {
	t.Helper()
	keys := tokens.NewKeys(source, slog.New(slog.DiscardHandler))
	ctx, cancel := context.WithCancel(t.Context())
	var running errgroup.Group
	running.Go(func() error { return keys.Run(ctx) })
	t.Cleanup(func() {
		cancel()
		if err := running.Wait(); err != nil {
			t.Error(err)
		}
	})
	return keys
}

func awaitReady(t *testing.T, keys *tokens.Keys) {
	t.Helper()
	look := time.NewTicker(time.Millisecond)
	defer look.Stop()
	for !keys.Ready() {
		select {
		case <-look.C:
		case <-time.After(10 * time.Second):
			t.Fatal("no keys")
		}
	}
}

// awaitAttempt waits until the attempt to read the keys that is under way is over.
func awaitAttempt(t *testing.T, keys *tokens.Keys) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	if err := tokens.AwaitAttempt(ctx, keys); err != nil {
		t.Fatalf("the keys are not read: %v", err)
	}
}

// age makes it long ago that the keys were read.
func age(t *testing.T, keys *tokens.Keys) {
	t.Helper()
	awaitAttempt(t, keys)
	tokens.Age(keys)
}

func file(t *testing.T, text []byte) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "jwks.json")
	if err := os.WriteFile(name, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

func TestEachAlgorithmIsVerifiedWithItsKey(t *testing.T) {
	_, edwards, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	all := []keyed{
		ecKey("ec"),
		{"rs", jwt.SigningMethodRS256, must(rsa.GenerateKey(rand.Reader, 2048))},
		{"ps", jwt.SigningMethodPS256, must(rsa.GenerateKey(rand.Reader, 2048))},
		{"ed", jwt.SigningMethodEdDSA, edwards},
	}
	keys := run(t, file(t, set(all)))
	awaitReady(t, keys)
	v := tokens.NewVerifier(keys, config)
	for _, k := range all {
		if source, err := v.Source(t.Context(), k.token()); err != nil || source != "webapi:issuer/sub" {
			t.Errorf("%s: %q, %v", k.id, source, err)
		}
		other := all[0]
		if k.id == other.id {
			other = all[1]
		}
		if _, err := v.Source(t.Context(), k.token(func(t *jwt.Token) { t.Header["kid"] = other.id })); err == nil {
			t.Errorf("%s: taken with the key %s", k.id, other.id)
		}
	}
	narrow := config
	narrow.Algorithms = []string{"RS256"}
	if _, err := tokens.NewVerifier(keys, narrow).Source(t.Context(), all[0].token()); err == nil {
		t.Error("an algorithm that is not asked for is taken")
	}
}

func TestLeewayIsForClocksAlone(t *testing.T) {
	k := ecKey("k")
	keys := run(t, file(t, set([]keyed{k})))
	awaitReady(t, keys)
	generous := config
	generous.Leeway = 5 * time.Minute
	v := tokens.NewVerifier(keys, generous)
	expires := func(in time.Duration) func(*jwt.Token) {
		return func(t *jwt.Token) { t.Claims.(jwt.MapClaims)["exp"] = time.Now().Add(in).Unix() }
	}
	if _, err := v.Source(t.Context(), k.token(expires(-time.Minute))); err != nil {
		t.Errorf("within the leeway: %v", err)
	}
	if _, err := v.Source(t.Context(), k.token(expires(-10*time.Minute))); err == nil {
		t.Error("beyond the leeway: taken")
	}
}

// What is critical and not understood must be refused (RFC 7515, 4.1.11).
func TestACriticalExtensionIsRefused(t *testing.T) {
	k := ecKey("k")
	keys := run(t, file(t, set([]keyed{k})))
	awaitReady(t, keys)
	token := k.token(func(t *jwt.Token) { t.Header["crit"] = []string{"x"}; t.Header["x"] = 1 })
	if _, err := tokens.NewVerifier(keys, config).Source(t.Context(), token); err == nil {
		t.Error("taken")
	}
}

// Keys of kinds that nobody here knows are passed over; a symmetric one never verifies anything.
func TestASetMayHoldOtherKeys(t *testing.T) {
	k := ecKey("k")
	secret := `{"kty": "oct", "kid": "secret", "k": "c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LXNlY3JldA"}`
	keys := run(t, file(t, set([]keyed{k}, secret, `{"kty": "XYZ", "kid": "unknown"}`, `7`)))
	awaitReady(t, keys)
	v := tokens.NewVerifier(keys, config)
	if _, err := v.Source(t.Context(), k.token()); err != nil {
		t.Error(err)
	}
	symmetric := jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.MapClaims{"iss": "issuer", "aud": "audience", "sub": "sub",
		"exp": time.Now().Add(time.Minute).Unix()})
	symmetric.Header["kid"] = "secret"
	if _, err := v.Source(t.Context(), must(symmetric.SignedString([]byte("secret-secret-secret-secret-secret")))); err == nil {
		t.Error("a symmetric token is taken")
	}
}

func TestWithoutKeysNothingIsSaidAboutTokens(t *testing.T) {
	for name, text := range map[string]string{"no set": `[]`, "empty": `{"keys": []}`, "no JSON": `keys`} {
		keys := run(t, file(t, []byte(text)))
		_, err := tokens.NewVerifier(keys, config).Source(t.Context(), ecKey("k").token())
		if !errors.Is(err, tokens.ErrNoKeys) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestErrorsRepeatNothingOfTheToken(t *testing.T) {
	k := ecKey("k")
	keys := run(t, file(t, set([]keyed{k})))
	awaitReady(t, keys)
	v := tokens.NewVerifier(keys, config)
	good := k.token()
	for _, token := range []string{"secret", "secret.secret.secret", good + "secret", "secret" + good,
		k.token(func(t *jwt.Token) { t.Header["alg"] = "secret" }),
		k.token(func(t *jwt.Token) { t.Claims.(jwt.MapClaims)["iss"] = "secret" })} {
		if _, err := v.Source(t.Context(), token); err == nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("%v", err)
		}
	}
}

// issuer serves a set that changes, and counts how often it is asked.
type issuer struct {
	*httptest.Server
	mu    sync.Mutex
	text  []byte
	asked int
}

func newIssuer(t *testing.T, text []byte) *issuer {
	i := &issuer{text: text}
	i.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		i.mu.Lock()
		defer i.mu.Unlock()
		i.asked++
		if i.text == nil {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
		_, _ = w.Write(i.text)
	}))
	t.Cleanup(i.Close)
	return i
}

func (i *issuer) serve(text []byte) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.text = text
}

// A token may name a key that is newer than what was read: it is looked for, but made-up keys cost the issuer nothing.
func TestANewKeyIsFoundAndAMadeUpOneIsNotLookedForAgain(t *testing.T) {
	old, fresh := ecKey("old"), ecKey("fresh")
	i := newIssuer(t, set([]keyed{old}))
	keys := run(t, i.URL)
	awaitReady(t, keys)
	age(t, keys)
	i.serve(set([]keyed{old, fresh}))
	v := tokens.NewVerifier(keys, config)
	// The first one waits for the issuer, but not for long: what that says later is there for the next one.
	began := time.Now()
	if _, err := v.Source(t.Context(), fresh.token()); err != nil && time.Since(began) < time.Second {
		t.Errorf("not waited for: %v", err)
	}
	awaitAttempt(t, keys)
	for _, k := range []keyed{fresh, old} {
		if _, err := v.Source(t.Context(), k.token()); err != nil {
			t.Errorf("%s: %v", k.id, err)
		}
	}
	for range 100 {
		if _, err := v.Source(t.Context(), ecKey("made up").token()); err == nil {
			t.Error("a made-up key is taken")
		}
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.asked != 2 {
		t.Errorf("the issuer was asked %d times, want 2", i.asked)
	}
}

// What was read last stays good while the issuer is away.
func TestKeysOutliveTheirSource(t *testing.T) {
	k := ecKey("k")
	i := newIssuer(t, set([]keyed{k}))
	keys := run(t, i.URL)
	awaitReady(t, keys)
	i.serve(nil)
	age(t, keys)
	v := tokens.NewVerifier(keys, config)
	if _, err := v.Source(t.Context(), ecKey("other").token()); err == nil {
		t.Error("an unknown key is taken")
	}
	if _, err := v.Source(t.Context(), k.token()); err != nil {
		t.Error(err)
	}
}

func TestValidate(t *testing.T) {
	if err := config.Validate(); err != nil {
		t.Error(err)
	}
	err := tokens.Config{Algorithms: []string{"HS256", "none"}, Leeway: time.Hour}.Validate()
	for _, name := range []string{"--jwt-issuer", "--jwt-audience", "HS256", "none", "--jwt-leeway"} {
		if err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s is not named: %v", name, err)
		}
	}
}
