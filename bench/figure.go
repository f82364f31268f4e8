package main

import "math"

// figure is a row of the table: what is made of the results of a round.
type figure struct {
	name    string
	trial   string
	against string // the contender that the value is a ratio to; none: a value of ours
	metric  metric
	value   func(round) float64
	goal    goal
	gives   string // what the other one does not do
}

// metric is one of the things that a result holds, and how a table shows it.
type metric struct {
	of    func(result) float64
	shown string // a verb of fmt and the unit
}

var (
	rate        = metric{func(r result) float64 { return r.rate }, "%.0f/s"}
	p99         = metric{func(r result) float64 { return ms(r.p99) }, "%.1f ms"}
	cpu         = metric{func(r result) float64 { return r.cpu }, "%.2f s"}
	seconds     = metric{func(r result) float64 { return r.seconds }, "%.2f s"}
	connections = metric{func(r result) float64 { return r.connections }, "%.0f"}
	memory      = metric{func(r result) float64 { return r.bytes }, "%.0f bytes"}
	goroutines  = metric{func(r result) float64 { return r.goroutines }, "%.3f"}
	allocations = metric{func(r result) float64 { return r.allocations }, "%.1f"}
)

// What the others do not do, and ours does.
const (
	bareGives  = "does not notice a message that no queue took, a connection that ended, or a broker that blocks"
	peerGives  = "nothing tells whether a message arrived; one connection for each backend"
	peerTakes  = "one connection for each backend, and requests that fail until somebody asks again after it broke"
	agentGives = "its workers are goroutines made anew for each message, and an agent's start takes 1 s"
)

func figures() []figure {
	return []figure{
		versus("confirmed persistent publish, 32 callers", confirmed32, bare, rate, confirmedRateGoal, bareGives),
		versus("its 99th percentile, 32 callers", confirmed32, bare, p99, confirmedP99Goal, bareGives),
		versus("confirmed persistent publish, 256 callers", confirmed256, bare, rate, confirmedRateGoal, bareGives),
		versus("its 99th percentile, 256 callers", confirmed256, bare, p99, confirmedP99Goal, bareGives),
		versus("unconfirmed transient publish, 32 callers", unconfirmed, peer, rate, unconfirmedRateGoal, peerGives),
		versus("consume through a backend, 32 callers", consume32, peer, rate, consumeRateGoal, peerTakes),
		versus("agent, 8 workers, backend that answers at once", agent8, peer, rate, agentRateGoal, agentGives),
		{name: "agent, 64 workers, 5 ms: share of what 64 sleepers reach", trial: agent64, metric: rate, value: shareOfWorkers, goal: slowAgentGoal},
		versus("CPU for 100,000 confirmed publishes", confirmed256, bare, cpu, cpuGoal, bareGives),
		{
			name: "that CPU beside the peer's plus confirms", trial: confirmed32, metric: cpu,
			value: besidePeerWithConfirms, goal: cpuPeerGoal,
			gives: "it has no confirms: what they cost the bare client is added to what an unconfirmed publish costs it",
		},
		versus("allocations for a confirmed publish, 32 callers", confirmed32, bare, allocations, publishAllocationsGoal, bareGives),
		versus("allocations for a message that a request takes", consume32, peer, allocations, consumeAllocationsGoal, peerTakes),
		versus("allocations for a message that an agent takes", agent8, peer, allocations, agentAllocationsGoal, agentGives),
		alone("start of 1,000 backends, 100 agents, s", starting, seconds, 1, startGoal),
		alone("its connections", starting, connections, 1, connectionsGoal),
		alone("idle memory for each publishing backend, bytes", idling, memory, 1, idleMemoryGoal),
		alone("idle goroutines for each publishing backend", idling, goroutines, 1, idleGoroutinesGoal),
		versus("HTTP, 64 clients, confirmed", serving, bare, rate, httpGoal, bareGives),
	}
}

// shareOfWorkers compares an agent's workers with goroutines that do nothing but sleep as
// long as its backend does.
func shareOfWorkers(r round) float64 { return r[agent64][ours].rate / r[agent64][ours].possible }

// versus is a ratio to another contender.
func versus(name, trial, against string, m metric, g goal, gives string) figure {
	return figure{name, trial, against, m, func(r round) float64 {
		return m.of(r[trial][ours]) / m.of(r[trial][against])
	}, g, gives}
}

// alone is a value of ours, in units.
func alone(name, trial string, m metric, unit float64, g goal) figure {
	return figure{name, trial, "", m, func(r round) float64 { return m.of(r[trial][ours]) / unit }, g, ""}
}

// besidePeerWithConfirms compares the CPU with the peer's, as if it had confirms.
func besidePeerWithConfirms(r round) float64 {
	if r[unconfirmed][peer].cpu == 0 || r[unconfirmed][bare].cpu == 0 {
		return math.NaN() // one of them did not take part
	}
	confirms := r[confirmed32][bare].cpu - r[unconfirmed][bare].cpu
	return r[confirmed32][ours].cpu / (r[unconfirmed][peer].cpu + confirms)
}

// outcome is a figure over all rounds.
type outcome struct {
	figure
	spread
	ours, other spread // of the metric itself
}

// outcomes leaves out the figures whose trials or contenders did not take part.
func outcomes(rounds []round) []outcome {
	var all []outcome
	for _, f := range figures() {
		var values, mine, others []float64
		for _, r := range rounds {
			of, took := r[f.trial][ours]
			value := f.value(r)
			if !took || math.IsNaN(value) || math.IsInf(value, 0) {
				continue
			}
			values = append(values, value)
			mine = append(mine, f.metric.of(of))
			others = append(others, f.metric.of(r[f.trial][f.against]))
		}
		if len(values) > 0 {
			all = append(all, outcome{f, newSpread(values), newSpread(mine), newSpread(others)})
		}
	}
	return all
}

func (o outcome) verdict() verdict { return o.goal.verdict(o.median(), o.noise()) }
