// Package commands has the row of ls, as the original's templates see it.
package commands

import (
	"time"

	"original/engine"
	"original/state"
	"original/swarm"
)

// HostListItem is a row of ls.
type HostListItem struct {
	Name          string
	Active        string
	ActiveHost    bool
	ActiveSwarm   bool
	DriverName    string
	State         state.State
	URL           string
	SwarmOptions  *swarm.Options
	Swarm         string
	EngineOptions *engine.Options
	Error         string
	DockerVersion string
	ResponseTime  time.Duration
}
