package rabbit

import (
	"testing"

	amqp "github.com/rabbitmq/amqp091-go"
)

// Channel returns a channel of the test's own, on a connection of its own that is
// closed when the test ends.
func Channel(t testing.TB, url string) *amqp.Channel {
	t.Helper()
	conn, err := amqp.Dial(url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	ch, err := conn.Channel()
	if err != nil {
		t.Fatal(err)
	}
	return ch
}
