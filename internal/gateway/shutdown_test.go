package gateway

import (
	"testing"

	"github.com/bdf0fecc/lura-amqp/internal/rabbit"
)

// What a client got is gone from the queue when the gateway has ended, and nothing else is.
func TestGateway_TheBrokerKnowsWhatWasConsumedWhenItEnds(t *testing.T) {
	node := rabbit.Private(t)
	for round := 1; round <= 5; round++ {
		s := start(t, endpoints("5s"), node.URL())
		if round == 1 {
			for range 10 {
				s.want(202, "*", "POST", "/publish/60000/k", "x")
			}
		}
		s.want(200, "x", "GET", "/consume", "")
		s.stop()
		if q, err := node.Queue(soon(t), "promises"); err != nil || q.Ready != 10-round || q.Unacked != 0 {
			t.Errorf("after %d messages: %+v %v", round, q, err)
		}
	}
}
