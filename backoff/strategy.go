package backoff

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"time"
)

// Max is the longest delay of any strategy. Lura's own strategies have no such
// cap: the tenth exponential retry would wait for 17 minutes.
const Max = 30 * time.Second

// jitterFraction is how far a jittered delay may be from its strategy's value,
// up or down.
const jitterFraction = 0.33

// Strategy is one of KrakenD's named back-off strategies. The zero value is no
// strategy; it waits as [Fallback] does.
type Strategy string

// The strategies that backoff_strategy may name.
const (
	Linear            Strategy = "linear"
	LinearJitter      Strategy = "linear-jitter"
	Exponential       Strategy = "exponential"
	ExponentialJitter Strategy = "exponential-jitter"
	Fallback          Strategy = "fallback"
)

var strategies = []Strategy{Linear, LinearJitter, Exponential, ExponentialJitter, Fallback}

// Parse returns the strategy with that name, in any case as Lura takes it. An
// empty name is the zero Strategy, any other unknown name an error.
func Parse(name string) (Strategy, error) {
	if name == "" {
		return "", nil
	}
	for _, s := range strategies {
		if strings.EqualFold(name, string(s)) {
			return s, nil
		}
	}
	return "", fmt.Errorf("%q is none of %v", name, strategies)
}

// Delay is how long to wait before the retry-th retry, at most [Max]. The first
// retry is 1; smaller numbers count as 1. It is safe for concurrent use.
func (s Strategy) Delay(retry int) time.Duration {
	retry = max(retry, 1)
	switch s {
	case Linear:
		return seconds(retry)
	case LinearJitter:
		return jitter(seconds(retry))
	case Exponential:
		return powerOfTwo(retry)
	case ExponentialJitter:
		return jitter(powerOfTwo(retry))
	default:
		return time.Second
	}
}

// Longest is the longest that Delay may be.
func (s Strategy) Longest(retry int) time.Duration {
	switch s {
	case LinearJitter:
		return longest(Linear.Delay(retry))
	case ExponentialJitter:
		return longest(Exponential.Delay(retry))
	default:
		return s.Delay(retry)
	}
}

func longest(d time.Duration) time.Duration {
	return min(time.Duration(float64(d)*(1+jitterFraction)), Max)
}

func seconds(n int) time.Duration {
	return time.Duration(min(n, int(Max/time.Second))) * time.Second
}

func powerOfTwo(n int) time.Duration {
	const enough = 5 // 2^5 s is past Max already
	return min(time.Second<<min(n, enough), Max)
}

func jitter(d time.Duration) time.Duration {
	factor := 1 + jitterFraction*(2*rand.Float64()-1)
	return min(time.Duration(float64(d)*factor), Max)
}
