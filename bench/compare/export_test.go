package main

// Line returns the command line that an entrant would be started with.
func Line(args []string, name string) ([]string, error) {
	s, err := parse(args)
	if err != nil {
		return nil, err
	}
	for _, e := range lineup {
		if e.name == name {
			d := &deployment{entrant: e, base: "base", prefix: "base.", store: "store", port: 1234, heap: s.peerHeap, sizes: usualSizes}
			return e.args(s, d), nil
		}
	}
	return nil, nil
}

// Sizes returns what the flags say of how much is measured: rounds, commands, rates and waiting requests.
func Sizes(args []string) (rounds, commands int, rates []float64, waiting []int, err error) {
	s, err := parse(args)
	if err != nil {
		return 0, 0, nil, nil, err
	}
	return s.rounds, s.commands, s.rates, s.waiting, nil
}

// Run is the whole program.
var Run = run

// Names are the entrants'.
var Names = names
