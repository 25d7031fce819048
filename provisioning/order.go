package provisioning

import "cmp"

// compareLine is the one order of a card's line: what is SENT first, then by due time, then by number.
func compareLine(sentA bool, dueA Timestamp, a RequestNumber, sentB bool, dueB Timestamp, b RequestNumber) int {
	if sentA != sentB {
		if sentA {
			return -1
		}
		return 1
	}
	return cmp.Or(cmp.Compare(dueA, dueB), a.Compare(b))
}
