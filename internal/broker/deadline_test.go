package broker

import (
	"context"
	"strconv"
	"testing"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/bdf0fecc/lura-amqp/internal/logtest"
	"github.com/bdf0fecc/lura-amqp/internal/rabbit"
)

func TestTimeLeft_IsTheExpirationOfARequest(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	left, err := strconv.Atoi(timeLeft(ctx))
	if err != nil || left < 50_000 || left > 60_000 {
		t.Errorf("%d %v", left, err)
	}
	past, cancel := context.WithDeadline(t.Context(), time.Now().Add(-time.Hour))
	defer cancel()
	if got := timeLeft(past) + timeLeft(t.Context()); got != "0" {
		t.Errorf("%q", got)
	}
}

func TestCall_ExpiresInTheTimeThatIsLeftWhenItGoesOut(t *testing.T) {
	node := rabbit.Shared(t)
	expirations := make(chan string, 1)
	serve(t, node, func(d amqp.Delivery) []amqp.Publishing {
		expirations <- d.Expiration
		return echo(d)
	})
	c := callerOn(t, hostsOf(t, node), Direct, logtest.New(t))
	m := requestFor(t, "")
	m.ExpiresUnanswered = true
	if _, err := c.Call(soon(t), m); err != nil {
		t.Fatal(err)
	}
	if left, err := strconv.Atoi(<-expirations); err != nil || left <= 0 || left >= 30_000 {
		t.Errorf("%d %v", left, err)
	}
}
