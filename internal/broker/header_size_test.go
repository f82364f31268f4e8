package broker

import (
	"strings"
	"testing"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
)

func TestHeaderSize_CountsEveryString(t *testing.T) {
	empty := headerSize(amqp.Publishing{})
	long := strings.Repeat("x", 1000)
	for name, tc := range map[string]struct {
		m    amqp.Publishing
		more int
	}{
		"property":   {amqp.Publishing{MessageId: long[:200], ReplyTo: long[:50]}, 250},
		"string":     {amqp.Publishing{Headers: amqp.Table{"key": long}}, 1 + 3 + 5 + 1000},
		"bytes":      {amqp.Publishing{Headers: amqp.Table{"key": []byte(long)}}, 1 + 3 + 5 + 1000},
		"list":       {amqp.Publishing{Headers: amqp.Table{"key": []any{long, "y"}}}, 1 + 3 + 5 + 5 + 1000 + 5 + 1},
		"table":      {amqp.Publishing{Headers: amqp.Table{"key": amqp.Table{"k": long}}}, 1 + 3 + 5 + 1 + 1 + 5 + 1000},
		"number":     {amqp.Publishing{Headers: amqp.Table{"key": int64(1)}}, 1 + 3 + 9},
		"timestamps": {amqp.Publishing{Timestamp: time.Now()}, 0},
	} {
		if got := headerSize(tc.m) - empty; got != tc.more {
			t.Errorf("%s: %d bytes more, want %d", name, got, tc.more)
		}
	}
}
