package transfer

import (
	"errors"
	"math"
	"reflect"
	"strings"
	"testing"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
)

func TestCopyOf_KeepsTheMessageAndAddsTheFailure(t *testing.T) {
	at := time.Unix(1700000000, 0)
	msg := &amqp.Delivery{
		Exchange: "shop", RoutingKey: "orders.new", ContentType: "text/csv", ContentEncoding: "gzip", Priority: 5, CorrelationId: "c", ReplyTo: "r",
		MessageId: "m", Timestamp: at, Type: "t", AppId: "a", UserId: "guest", Expiration: "60000", DeliveryMode: amqp.Transient, Body: []byte("body"),
		Headers: amqp.Table{"X-Tenant": "acme", "CC": []any{"x"}, "BCC": []any{"y"}, "x-death": []any{}, "x-first-death-queue": "q", "x-delivery-count": int64(3)},
	}
	got := copyOf(msg, Failure{Err: errors.New("no"), Status: 503, By: "agent a", Attempt: 1}, at)
	want := amqp.Publishing{
		ContentType: "text/csv", ContentEncoding: "gzip", DeliveryMode: amqp.Persistent, Priority: 5, CorrelationId: "c", ReplyTo: "r",
		MessageId: "m", Timestamp: at, Type: "t", AppId: "a", Body: []byte("body"),
		Headers: amqp.Table{
			"X-Tenant": "acme", Attempt: int64(1), Error: "no", Status: int64(503), By: "agent a", At: "2023-11-14T22:13:20Z", Exchange: "shop", RoutingKey: "orders.new",
		},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}

	back := &amqp.Delivery{RoutingKey: "orders", Headers: got.Headers}
	if Attempts(back) != 1 || Attempts(msg) != 0 {
		t.Errorf("%d and %d attempts", Attempts(back), Attempts(msg))
	}
	if exchange, key := Origin(&amqp.Delivery{RoutingKey: "orders", Headers: got.Headers}, "orders"); exchange != "shop" || key != "orders.new" {
		t.Errorf("it was published to %s with %s", exchange, key)
	}
	for _, forged := range []int64{-1, math.MinInt64, math.MaxInt64} {
		if n := Attempts(&amqp.Delivery{Headers: amqp.Table{Attempt: forged}}); n < 0 || n+1 < 0 {
			t.Errorf("%d: %d attempts", forged, n)
		}
	}
	second := copyOf(back, Failure{Err: errors.New("again"), By: "agent b", Attempt: 2}, at).Headers
	if second[Exchange] != "shop" || second[RoutingKey] != "orders.new" || second[Error] != "again" || second[Status] != nil || second[Attempt] != int64(2) {
		t.Errorf("the second copy: %v", second)
	}
}

func TestCopyOf_TruncatesErrorsBetweenCharacters(t *testing.T) {
	got := copyOf(&amqp.Delivery{}, Failure{Err: errors.New("x" + strings.Repeat("é", 400))}, time.Now()).Headers[Error].(string)
	if len(got) != 511 || !strings.HasSuffix(got, "é") {
		t.Errorf("%d bytes, ending in %q", len(got), got[len(got)-2:])
	}
}
