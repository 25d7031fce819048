package gateway

import (
	"errors"
	"strings"

	"cardstream/gateway/internal/tokens"
)

// headerToken verifies the token of the Authorization header. Where there is no such header, found is false.
func (g *Gateway) headerToken(c *call) (found bool, refused *reply) {
	switch values := c.Header.Values("Authorization"); len(values) {
	case 0:
		return false, nil
	case 1:
		scheme, token, _ := strings.Cut(values[0], " ")
		if !strings.EqualFold(scheme, "Bearer") {
			return true, refuse("the Authorization header is not of the Bearer scheme")
		}
		return true, g.verify(c, strings.TrimLeft(token, " "))
	}
	return true, refuse("there is more than one Authorization header")
}

// verify finds out who calls.
func (g *Gateway) verify(c *call, token string) (refused *reply) {
	source, err := g.tokens.Source(c.Context(), token)
	if errors.Is(err, tokens.ErrNoKeys) {
		unavailable := fail(codeUnavailable, err.Error())
		return &unavailable
	}
	if err != nil {
		return refuse(err.Error())
	}
	c.source = source
	return nil
}

func refuse(why string) *reply {
	r := fail(codeInvalidToken, why)
	return &r
}
