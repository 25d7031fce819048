package sample

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

// customer is a subscription and one of its smartcards, each always named in the same way.
type customer struct {
	subscription subscription
	smartcard    smartcard
}

// customers are those of the examples: most name their card by its serial number, some by the CRM's id or by another
// code, some in other scripts, one with as many characters as may be.
func customers(random *rand.Rand) []customer {
	var all []customer
	for i := range 240 {
		var c customer
		switch i % 4 {
		case 0:
			c.subscription.ID = new(fmt.Sprintf("%08x-5c1e-4d0a-9a3f-%012x", random.Uint32(), random.Int64N(1<<48)))
		default:
			c.subscription.Number = new(fmt.Sprintf("S-%d", 10_000+i))
		}
		switch {
		case i%8 == 3:
			c.smartcard.ID = new(fmt.Sprintf("II-%06d", 400_000+i))
		case i%8 == 6:
			c.smartcard.AlternativeCode = new(fmt.Sprintf("%s-%03d", places[i/8%len(places)], i))
		default:
			c.smartcard.SerialNumber = new(fmt.Sprintf("0190%07d", 8_020+random.IntN(10)+10*i))
		}
		all = append(all, c)
	}
	all[0].subscription = subscription{Number: new(strings.Repeat("ü", 64))}
	return all
}

var places = []string{"Zürich", "Αθήνα", "Łódź", "Київ", "東京", "القاهرة", "São Paulo", "🎬 studio"}
