// Package pace keeps what repeats from filling the log.
package pace

import "time"

// The pace of a repeated log line.
const (
	first   = 10 * time.Second
	longest = 5 * time.Minute
)

// Pace lets a line that repeats through at a decreasing pace, and a new one at
// once. It has no lock: whoever logs owns it.
type Pace struct {
	kind     string
	next     time.Time
	interval time.Duration
}

// Allow says whether a line of that kind is due.
func (p *Pace) Allow(kind string, now time.Time) bool {
	if kind == p.kind && now.Before(p.next) {
		return false
	}
	if kind != p.kind {
		p.interval = 0
	}
	p.kind = kind
	p.interval = min(max(2*p.interval, first), longest)
	p.next = now.Add(p.interval)
	return true
}

// Reset makes the next line a new one.
func (p *Pace) Reset() { *p = Pace{} }
