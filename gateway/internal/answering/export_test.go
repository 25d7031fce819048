package answering

import "context"

// Waiting returns for how many commands somebody listens.
func (h *Hub) Waiting() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.waiters)
}

// PINs returns how many PINs are kept, and how many places the account of them takes.
func (h *Hub) PINs() (kept, noted int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.pins.of), len(h.pins.order)
}

// MostPINs is the bound of PINs.
const MostPINs = mostPINs

// MostAtOnce is the bound of a produce request.
const MostAtOnce = mostAtOnce

// Listen sends the ids of the events about a command, as they are heard, until ctx ends.
func (h *Hub) Listen(ctx context.Context, source, id string, heard chan<- string) {
	w := h.wait(source, id, nil)
	defer w.close()
	for {
		select {
		case <-w.news:
			select {
			case heard <- w.take().ID:
			case <-ctx.Done():
				return
			}
		case <-ctx.Done():
			return
		}
	}
}
