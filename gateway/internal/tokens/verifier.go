package tokens

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/MicahParks/jwkset"
	"github.com/golang-jwt/jwt/v5"

	"cardstream/provisioning"
)

// Algorithms are all that a Verifier can be told to take, all of them asymmetric.
var Algorithms = []string{"ES256", "ES384", "ES512", "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "EdDSA"}

// Config says which tokens are good.
type Config struct {
	Issuer     string        // what iss must be
	Audience   string        // what aud must name
	Algorithms []string      // of Algorithms
	Leeway     time.Duration // how far the issuer's clock may be from this one
}

// Validate reports what cannot be right.
func (c Config) Validate() error {
	var problems []error
	if c.Issuer == "" {
		problems = append(problems, errors.New("--jwt-issuer: must not be empty"))
	}
	if c.Audience == "" {
		problems = append(problems, errors.New("--jwt-audience: must not be empty"))
	}
	if len(c.Algorithms) == 0 {
		problems = append(problems, errors.New("--jwt-algorithms: must not be empty"))
	}
	for _, a := range c.Algorithms {
		if !slices.Contains(Algorithms, a) {
			problems = append(problems, fmt.Errorf("--jwt-algorithms %s: must be of %v", a, Algorithms))
		}
	}
	if c.Leeway < 0 || c.Leeway > 5*time.Minute {
		problems = append(problems, fmt.Errorf("--jwt-leeway %s: must be from 0s to 5m", c.Leeway))
	}
	return errors.Join(problems...)
}

// Verifier verifies tokens. It is safe for concurrent use.
type Verifier struct {
	keys     *Keys
	parser   *jwt.Parser
	verified verified
}

// NewVerifier returns a verifier with these keys; c is valid.
func NewVerifier(keys *Keys, c Config) *Verifier {
	return &Verifier{keys: keys, parser: jwt.NewParser(
		jwt.WithValidMethods(c.Algorithms),
		jwt.WithIssuer(c.Issuer),
		jwt.WithAudience(c.Audience),
		jwt.WithExpirationRequired(),
		jwt.WithIssuedAt(), // one from the future was not issued by that issuer's clock, or ours is wrong
		jwt.WithLeeway(c.Leeway),
	)}
}

// mostToken is how long a token may be, in bytes.
const mostToken = 8 << 10

// ErrNoKeys says that no token can be verified yet: the keys have not been read.
var ErrNoKeys = errors.New("the keys for tokens have not been read yet")

// Source verifies a token and returns who sent it, as commands name their source: webapi:<iss>/<sub>. Its errors never
// repeat a part of the token; ErrNoKeys is not the token's fault.
func (v *Verifier) Source(ctx context.Context, token string) (string, error) {
	if len(token) > mostToken {
		return "", fmt.Errorf("the token is longer than %d bytes", mostToken)
	}
	keys, now := v.keys.current.Load(), time.Now()
	if keys == nil {
		return "", ErrNoKeys
	}
	if source, ok := v.verified.get(token, keys, now); ok {
		return source, nil
	}
	claims, err := v.parse(token)
	if errors.Is(err, errKeyUnknown) {
		v.keys.again(ctx)
		keys = v.keys.current.Load()
		claims, err = v.parse(token)
	}
	if err != nil {
		return "", explain(err)
	}
	source := "webapi:" + claims.Issuer + "/" + claims.Subject
	if claims.Subject == "" || !provisioning.ValidName(source) {
		return "", errors.New("the token's sub is missing, or not to be used as a name")
	}
	v.verified.put(token, source, keys, now, claims.ExpiresAt.Time)
	return source, nil
}

func (v *Verifier) parse(token string) (*jwt.RegisteredClaims, error) {
	claims := new(jwt.RegisteredClaims)
	_, err := v.parser.ParseWithClaims(token, claims, v.key)
	return claims, err
}

var (
	errKeyUnknown = errors.New("key unknown")
	errCritical   = errors.New("crit")
)

// key finds the key that a token names.
func (v *Verifier) key(token *jwt.Token) (any, error) {
	// RFC 7515, 4.1.11: what is critical and not understood must be refused, and nothing of it is understood here.
	if _, critical := token.Header["crit"]; critical {
		return nil, errCritical
	}
	key, err := (*v.keys.current.Load()).Keyfunc(token)
	if errors.Is(err, jwkset.ErrKeyNotFound) {
		return nil, errKeyUnknown
	}
	if err != nil {
		return nil, jwt.ErrTokenSignatureInvalid // the key is for another algorithm
	}
	return key, nil
}

// explain says what is wrong with a token in own words: the library's may repeat parts of it.
func explain(err error) error {
	for _, known := range []struct {
		is   error
		says string
	}{
		{errKeyUnknown, "the token is signed with a key that is not known"},
		{errCritical, "the token demands an extension that is not known"},
		{jwt.ErrTokenExpired, "the token has expired"},
		{jwt.ErrTokenNotValidYet, "the token is not valid yet"},
		{jwt.ErrTokenUsedBeforeIssued, "the token is not valid yet"},
		{jwt.ErrTokenInvalidIssuer, "the token is of another issuer"},
		{jwt.ErrTokenInvalidAudience, "the token is for another audience"},
		{jwt.ErrTokenRequiredClaimMissing, "the token lacks a claim that it must have: iss, aud, exp"},
		{jwt.ErrTokenSignatureInvalid, "the token's signature or algorithm is not accepted"},
	} {
		if errors.Is(err, known.is) {
			return errors.New(known.says)
		}
	}
	return errors.New("the token is not a JWT")
}
