package main

import "crypto/rand"

// randomID returns a text that nobody else has.
func randomID() string { return rand.Text() }
