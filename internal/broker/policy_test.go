package broker

import (
	"testing"

	"github.com/bdf0fecc/lura-amqp/backoff"
)

func TestPolicyJoin_FirstNamedStrategyAndMostPatientLimit(t *testing.T) {
	for _, tc := range []struct {
		a, b, want Policy
		overruled  bool
	}{
		{Policy{}, Policy{}, Policy{}, false},
		{Policy{}, Policy{Strategy: backoff.Linear}, Policy{Strategy: backoff.Linear}, false},
		{Policy{Strategy: backoff.Linear}, Policy{}, Policy{Strategy: backoff.Linear}, false},
		{Policy{Strategy: backoff.Linear}, Policy{Strategy: backoff.Linear}, Policy{Strategy: backoff.Linear}, false},
		{Policy{Strategy: backoff.Linear}, Policy{Strategy: backoff.Exponential}, Policy{Strategy: backoff.Linear}, true},
		{Policy{MaxRetries: 3}, Policy{MaxRetries: 5}, Policy{MaxRetries: 5}, false},
		{Policy{MaxRetries: 3}, Policy{}, Policy{}, false},
		{Policy{}, Policy{MaxRetries: 3}, Policy{}, false},
	} {
		if got, overruled := tc.a.join(tc.b); got != tc.want || overruled != tc.overruled {
			t.Errorf("%+v join %+v: %+v %t", tc.a, tc.b, got, overruled)
		}
	}
}
