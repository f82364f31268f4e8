package response

import (
	"testing"

	"github.com/luraproject/lura/v2/encoding"
	amqp "github.com/rabbitmq/amqp091-go"
)

func BenchmarkOf(b *testing.B) {
	msg := amqp.Delivery{ContentType: "application/json", RoutingKey: "orders.new", Body: []byte(`{"order": 7, "items": ["a", "b"], "total": 12.5}`)}
	for _, enc := range []string{encoding.JSON, encoding.NOOP} {
		b.Run(enc, func(b *testing.B) {
			m := NewMapping(backend(enc), false)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := m.Of(&msg); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
