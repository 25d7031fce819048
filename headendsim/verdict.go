package headendsim

import (
	"math/rand/v2"
	"strconv"
	"strings"

	"cardstream/provisioning"
)

// verdict is what the headend makes of one attempt.
type verdict string

// The verdicts, by the words that a card's name has for them.
const (
	accept    verdict = "ACCEPT"
	reject    verdict = "REJECT"
	retryable verdict = "RETRYABLE"
	silent    verdict = "SILENT"
	late      verdict = "LATE"
	twice     verdict = "TWICE"
	stray     verdict = "STRAY" // by a card's name alone
)

// verdict decides about an attempt: by the name of the card, or by chance. It is the same whenever it is asked for.
func (s Settings) verdict(c *provisioning.SmartcardCommand) verdict {
	if told := script(c.Smartcard); len(told) > 0 {
		return told[min(int(c.Attempt), len(told))-1]
	}
	which := uint64(uint32(c.RequestNumber.Partition))<<48 ^ uint64(c.RequestNumber.Offset)<<8 ^ uint64(uint32(c.Attempt))
	drawn := Share(rand.New(rand.NewPCG(s.Seed, which)).Float64()) //nolint:gosec // chance that can be repeated
	for _, part := range []struct {
		share Share
		verdict
	}{{s.Reject, reject}, {s.Retryable, retryable}, {s.Silent, silent}, {s.Late, late}, {s.Twice, twice}} {
		if drawn -= part.share; drawn < 0 {
			return part.verdict
		}
	}
	return accept
}

// scripted begins the name of a card that says itself what its attempts meet with.
const scripted = "SIM-"

// script reads the verdicts from a card's name: SIM-RETRYABLE-ACCEPT has its first attempt refused for now and every
// further one accepted. A number behind the words tells cards of one script apart. There is no script in any other name.
func script(card provisioning.SmartcardIdentifier) []verdict {
	key, _ := card.Key()
	_, name, _ := strings.Cut(string(key), ":")
	rest, ok := strings.CutPrefix(name, scripted)
	if !ok {
		return nil
	}
	words := strings.Split(rest, "-")
	if _, err := strconv.ParseUint(words[len(words)-1], 10, 64); err == nil {
		words = words[:len(words)-1]
	}
	var told []verdict
	for _, word := range words {
		switch v := verdict(word); v {
		case accept, reject, retryable, silent, late, twice, stray:
			told = append(told, v)
		default:
			return nil
		}
	}
	return told
}
