package stats

import (
	"slices"
	"strings"
	"time"
)

// Statistics are those of the whole process.
type Statistics struct {
	Endpoints map[string]Statistic `json:"endpoints"` // by method and path, as "POST /orders"
	Agents    map[string]Statistic `json:"agents"`    // by name
}

// Statistic is what an endpoint's AMQP backends, or an agent, did since the start.
type Statistic struct {
	URL           string       `json:"url"` // hosts, without passwords
	TotalRequests int64        `json:"total_requests"`
	TotalErrors   int64        `json:"total_errors"`
	Published     int64        `json:"published"`
	Consumed      int64        `json:"consumed"`
	Returned      int64        `json:"returned"`
	Nacked        int64        `json:"nacked"`
	Failed        int64        `json:"failed"`
	Requeued      int64        `json:"requeued"`
	DeadLettered  int64        `json:"dead_lettered"`
	InFlight      int64        `json:"in_flight"`
	ConfirmP50    float64      `json:"confirm_p50_ms"` // milliseconds, at most an eighth too high
	ConfirmP99    float64      `json:"confirm_p99_ms"`
	LastError     string       `json:"last_error,omitempty"`
	LastErrorAt   *time.Time   `json:"last_error_at,omitempty"`
	Connections   []Connection `json:"connections"`
}

// Connection is one that an endpoint or agent uses, and shares.
type Connection struct {
	// ID tells connections of the process apart that look alike: their hosts may differ in
	// passwords, parameters and certificates.
	ID         int64     `json:"-"`
	URL        string    `json:"url"` // hosts, without passwords
	Direction  string    `json:"direction"`
	State      string    `json:"state"`
	Since      time.Time `json:"since"`
	Reconnects int64     `json:"reconnects"`
	BackOff    float64   `json:"backoff_ms"`           // until the next attempt, while it waits for one
	LastError  string    `json:"last_error,omitempty"` // why it is not up

	// RepliesDropped are replies that were late, unknown or duplicate.
	RepliesDropped int64 `json:"replies_dropped"`
}

// States are those that a connection can be in, as the broker package numbers them.
var States = []string{"idle", "connecting", "up", "blocked", "waiting", "gave up"}

// Milliseconds is a duration as statistics show it.
func Milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// statistic reads the counters.
func (c *Counters) statistic(connections []Connection) Statistic {
	s := Statistic{
		TotalRequests: c.Requests.Load(),
		TotalErrors:   c.Errors.Load(),
		Published:     c.Published.Load(),
		Consumed:      c.Consumed.Load(),
		Returned:      c.Returned.Load(),
		Nacked:        c.Nacked.Load(),
		Failed:        c.Failed.Load(),
		Requeued:      c.Requeued.Load(),
		DeadLettered:  c.DeadLettered.Load(),
		InFlight:      c.InFlight.Load(),
		ConfirmP50:    Milliseconds(c.Confirms.Quantile(0.5)),
		ConfirmP99:    Milliseconds(c.Confirms.Quantile(0.99)),
		Connections:   connections,
	}
	if last := c.lastError.Load(); last != nil {
		s.LastError, s.LastErrorAt = last.text, &last.at
	}
	var urls []string
	for _, connection := range connections {
		urls = append(urls, connection.URL)
	}
	slices.Sort(urls)
	s.URL = strings.Join(slices.Compact(urls), ", ")
	return s
}
