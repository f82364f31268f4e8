package broker

import "time"

// The pace of a repeated log line.
const (
	paceFirst = 10 * time.Second
	paceMax   = 5 * time.Minute
)

// pace lets a line that repeats through at a decreasing pace, and a new one at
// once. It has no lock: whoever logs owns it.
type pace struct {
	kind     string
	next     time.Time
	interval time.Duration
}

// allow says whether a line of that kind is due.
func (p *pace) allow(kind string, now time.Time) bool {
	if kind == p.kind && now.Before(p.next) {
		return false
	}
	if kind != p.kind {
		p.interval = 0
	}
	p.kind = kind
	p.interval = min(max(2*p.interval, paceFirst), paceMax)
	p.next = now.Add(p.interval)
	return true
}

// reset makes the next line a new one.
func (p *pace) reset() { *p = pace{} }
