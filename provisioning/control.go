package provisioning

// RunControl is what operators have said about the processing run, for every instance alike. The zero value is a run that
// nobody steers: it sends what is due as fast as it can.
type RunControl struct {
	// Paused keeps back every attempt but those of immediate requests, and what is ahead of these in their card's line.
	Paused bool
	// Rate is how many smartcard commands a second the whole application sends at most. Zero: no bound.
	Rate float64
}
