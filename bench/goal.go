package main

import (
	"fmt"
	"strconv"
)

// goal is what a figure has to reach. Goals are ratios to another contender, or values
// as the figure gives them.
type goal struct {
	value   float64
	atLeast bool // else at most
	// reached is the best that a goal nobody has reached could be brought to, where the
	// documents say why: -check fails when less is.
	reached float64
}

func atLeast(value float64) goal { return goal{value: value, atLeast: true} }
func atMost(value float64) goal  { return goal{value: value} }

// checked is the goal that -check holds a figure to.
func (g goal) checked() goal {
	if g.reached != 0 {
		g.value = g.reached
	}
	return g
}

// The goals, all in one place.
var (
	confirmedRateGoal   = atLeast(0.95)
	confirmedP99Goal    = atMost(1.1)
	unconfirmedRateGoal = goal{value: 1.3, atLeast: true, reached: 0.9}  // the broker is what is busy
	consumeRateGoal     = goal{value: 1.4, atLeast: true, reached: 1.25} // 1.28 to 1.42 in five runs
	agentRateGoal       = atLeast(1.5)
	slowAgentGoal       = goal{value: 0.95, atLeast: true, reached: 0.86} // the bare client gets no further
	cpuGoal             = atMost(1.15)
	cpuPeerGoal         = atMost(1)
	// Half of the 64 that a publish made before, and of what the peer makes.
	publishAllocationsGoal = atMost(1.3)
	consumeAllocationsGoal = atMost(1)
	agentAllocationsGoal   = atMost(1)
	startGoal              = atMost(1)
	connectionsGoal        = atMost(4)
	idleMemoryGoal         = atMost(8 << 10)
	idleGoroutinesGoal     = atMost(0.01) // none each: ten for a thousand backends
	httpGoal               = atLeast(0.9)
)

func (g goal) String() string {
	word := "≤ "
	if g.atLeast {
		word = "≥ "
	}
	return word + strconv.FormatFloat(g.value, 'f', -1, 64)
}

// reach is how far a value gets: 1 is the goal, more is better.
func (g goal) reach(value float64) float64 {
	if g.atLeast {
		return value / g.value
	}
	return g.value / max(value, g.value/10)
}

// verdict compares a value with the goal. It misses the goal only when it does by more
// than the noise.
func (g goal) verdict(value, noise float64) verdict {
	missedBy := value - g.value
	if g.atLeast {
		missedBy = -missedBy
	}
	switch {
	case missedBy <= 0:
		return met
	case missedBy <= noise:
		return withinNoise
	}
	return missed
}

type verdict byte

const (
	met verdict = iota
	withinNoise
	missed
)

func (v verdict) String() string {
	switch v {
	case met:
		return "yes"
	case withinNoise:
		return "within the noise"
	case missed:
		return "**no**"
	}
	return fmt.Sprintf("verdict(%d)", byte(v))
}
