package agent

import (
	"testing"

	amqp "github.com/rabbitmq/amqp091-go"
)

var measured = amqp.Delivery{ContentType: "application/json", RoutingKey: "orders.new", MessageId: "7", Body: make([]byte, 1024)}

func BenchmarkRequest(b *testing.B) {
	var m mapping
	b.ReportAllocs()
	for b.Loop() {
		if _, err := m.request(b.Context(), &measured); err != nil {
			b.Fatal(err)
		}
	}
}

// The request, its body and its maps: nothing is made twice.
func TestRequest_Allocations(t *testing.T) {
	var m mapping
	if n := testing.AllocsPerRun(100, func() {
		if _, err := m.request(t.Context(), &measured); err != nil {
			t.Fatal(err)
		}
	}); n > 8 {
		t.Errorf("%v allocations", n)
	}
}
