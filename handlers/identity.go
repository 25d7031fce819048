package handlers

import "time"

// Identity says which changelog local state is a copy of, and how long it is good without having been caught up.
type Identity struct {
	ClusterID string
	TopicID   string        // of provisioning.state; another one: the topic was created anew
	MaxAge    time.Duration // older, and a tombstone may have been collected that this state never saw
}
