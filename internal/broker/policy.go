package broker

import (
	"github.com/bdf0fecc/lura-amqp/backoff"
	"github.com/bdf0fecc/lura-amqp/schema"
)

// Retry is the keys of a block that say how its connection is tried again.
type Retry struct {
	// BackoffStrategy is how long to wait between attempts to connect. Default:
	// "fallback", one second.
	BackoffStrategy string `json:"backoff_strategy"`
	// MaxRetries of connecting, before only requests try again. Default: 0,
	// unlimited.
	MaxRetries int `json:"max_retries"`
}

// Policy is what the keys mean.
func (r Retry) Policy() (Policy, schema.Problems) {
	strategy, err := backoff.Parse(r.BackoffStrategy)
	if err != nil {
		return Policy{}, schema.Problems{schema.Wrong("backoff_strategy", err.Error(), "use one of them")}
	}
	return Policy{Strategy: strategy, MaxRetries: r.MaxRetries}, nil
}

// Policy is how a connection is tried again.
type Policy struct {
	// Strategy of the back-off. Default: fallback, when nobody names one.
	Strategy backoff.Strategy
	// MaxRetries before the connection gives up. Default: 0, unlimited.
	MaxRetries int
}

// join adds the policy of one more user of a shared connection: the first named
// strategy stays, and the most patient limit. It says whether the newcomer's
// strategy was left aside.
func (p Policy) join(other Policy) (joined Policy, overruled bool) {
	joined = p
	if p.Strategy == "" {
		joined.Strategy = other.Strategy
	}
	if p.MaxRetries <= 0 || other.MaxRetries <= 0 {
		joined.MaxRetries = 0
	} else {
		joined.MaxRetries = max(p.MaxRetries, other.MaxRetries)
	}
	return joined, other.Strategy != "" && other.Strategy != joined.Strategy
}

func (p Policy) start() *backoff.Policy { return backoff.New(p.Strategy, p.MaxRetries) }
