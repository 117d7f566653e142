// Package state has what a machine can be doing, as the original's templates see it.
package state

// State is a number with a text.
type State int

var texts = [...]string{"", "Running", "Paused", "Saved", "Stopped", "Stopping", "Starting", "Error", "Timeout"}

func (s State) String() string { return texts[s] }
