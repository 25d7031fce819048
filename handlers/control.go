package handlers

import "cardstream/provisioning"

// Control is what operators say about the processing run, as this process knows it. It is safe for concurrent use.
type Control interface {
	// Current returns what holds now.
	Current() provisioning.RunControl

	// Changed returns a channel that is closed at the next change. Who takes it before it asks for what is current
	// misses none.
	Changed() <-chan struct{}
}

// free is the Control of a run that nobody steers.
type free struct{}

func (free) Current() provisioning.RunControl { return provisioning.RunControl{} }
func (free) Changed() <-chan struct{}         { return nil }
