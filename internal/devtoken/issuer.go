// Package devtoken issues tokens for the web API where there is no issuer: for trying things out, and for tests. Its key
// lives as long as the process.
package devtoken

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// What dev's tokens say, and its gateway demands.
const (
	Name     = "cardstream-dev" // iss
	Audience = "cardstream"
	KeyID    = "dev"
)

// Issuer signs tokens with a key of its own.
type Issuer struct{ key *ecdsa.PrivateKey }

// New makes an issuer with a new key.
func New() (*Issuer, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("make a key for tokens: %w", err)
	}
	return &Issuer{key}, nil
}

// Keys returns the issuer's public key as a JWK Set (RFC 7517).
func (i *Issuer) Keys() ([]byte, error) {
	point, err := i.key.PublicKey.Bytes() // 4, X, Y
	if err != nil {
		return nil, fmt.Errorf("encode the key for tokens: %w", err)
	}
	encoded := base64.RawURLEncoding.EncodeToString
	half := (len(point) - 1) / 2
	return json.Marshal(map[string]any{"keys": []map[string]string{{
		"kty": "EC", "crv": "P-256", "alg": "ES256", "use": "sig", "kid": KeyID,
		"x": encoded(point[1 : 1+half]), "y": encoded(point[1+half:]),
	}}})
}

// Token returns a token for a subject that is valid for so long.
func (i *Issuer) Token(subject string, valid time.Duration) (string, error) {
	now := time.Now()
	return i.Sign(jwt.SigningMethodES256, KeyID, jwt.MapClaims{
		"iss": Name, "aud": Audience, "sub": subject,
		"iat": now.Unix(), "nbf": now.Unix(), "exp": now.Add(valid).Unix(),
	})
}

// Sign returns a token with any claims.
func (i *Issuer) Sign(method jwt.SigningMethod, keyID string, claims jwt.MapClaims) (string, error) {
	token := jwt.NewWithClaims(method, claims)
	token.Header["kid"] = keyID
	text, err := token.SignedString(i.key)
	if err != nil {
		return "", fmt.Errorf("sign a token: %w", err)
	}
	return text, nil
}
