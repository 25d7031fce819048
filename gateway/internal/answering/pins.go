package answering

import "cardstream/provisioning"

// pins are those of the requests that were seen lately and have not ended, in memory alone: so that contents can be
// compared where there is no digest key. The zero value has none.
type pins struct {
	of    map[provisioning.RequestNumber]provisioning.PIN
	order []provisioning.RequestNumber // in which they were seen, each once; some may be gone
}

// mostPINs is how many are kept.
const mostPINs = 4096

// saw takes a request as it now is.
func (p *pins) saw(r *provisioning.Request) {
	if r.NewPIN.IsZero() {
		delete(p.of, r.Number)
		return
	}
	if p.of == nil {
		p.of = make(map[provisioning.RequestNumber]provisioning.PIN)
	}
	if _, known := p.of[r.Number]; !known {
		p.order = append(p.order, r.Number)
	}
	p.of[r.Number] = r.NewPIN
	if len(p.order) > mostPINs {
		delete(p.of, p.order[0])
		p.order = p.order[1:]
	}
}
