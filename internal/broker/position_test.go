package broker

import (
	"reflect"
	"testing"

	amqp "github.com/rabbitmq/amqp091-go"
)

func TestPosition_ResumesAtTheFirstMessageThatIsNotSettled(t *testing.T) {
	at := func(offset int64) *amqp.Delivery { return &amqp.Delivery{Headers: amqp.Table{streamOffset: offset}} }
	var p position
	args := amqp.Table{streamOffset: "first", "x-priority": int64(1)}
	if got := p.resume(args); !reflect.DeepEqual(got, args) {
		t.Errorf("before any message: %v", got)
	}
	if p.take(&amqp.Delivery{}) != nil {
		t.Error("a message of a queue that is no stream has a position")
	}
	five, six, seven := p.take(at(5)), p.take(at(6)), p.take(at(7))
	for _, step := range []struct {
		settle func()
		want   int64
	}{{six, 5}, {five, 7}, {seven, 8}} {
		step.settle()
		if got := p.resume(args); got[streamOffset] != step.want || got["x-priority"] != int64(1) {
			t.Errorf("resumes with %v, want %d", got, step.want)
		}
	}
	if args[streamOffset] != "first" {
		t.Error("the arguments were written to")
	}
}
