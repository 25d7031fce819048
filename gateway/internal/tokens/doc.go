// Package tokens says who a caller is: it verifies JSON Web Tokens (RFC 7519) with the keys of a JWK Set (RFC 7517)
// that lies in a file or behind a URL.
//
// The algorithms are pinned, and none of them is symmetric: who can verify a token must not be able to make one.
// Issuer, audience and expiry are demanded. What is wrong with a token is told in own words, never with a part of it.
package tokens
