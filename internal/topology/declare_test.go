package topology

import (
	"errors"
	"fmt"
	"sync/atomic"
	"testing"

	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/bdf0fecc/lura-amqp/internal/rabbit"
)

func TestMain(m *testing.M) { rabbit.Main(m) }

var names atomic.Int64

// own returns the configuration of a queue and exchange of the test's own.
func own(t *testing.T, change func(*Config)) Config {
	t.Helper()
	c := config(change)
	c.Name = fmt.Sprintf("%s-%d", t.Name(), names.Add(1))
	c.Exchange = c.Name
	return c
}

func TestDeclare_EveryTypeOfQueueAndExchange(t *testing.T) {
	node := rabbit.Shared(t)
	for name, change := range map[string]func(*Config){
		"topic, quorum": func(c *Config) { c.QueueType, c.DeliveryLimit, c.Overflow = Quorum, 3, "reject-publish" },
		"direct, stream": func(c *Config) {
			c.QueueType, c.ExchangeType, c.QueueArgs = Stream, "direct", map[string]any{"x-max-length-bytes": 1e6}
		},
		"fanout, classic": func(c *Config) {
			c.QueueType, c.ExchangeType, c.MaxPriority, c.MessageTTL = "classic", "fanout", 5, "1m"
		},
		"headers": func(c *Config) {
			c.ExchangeType, c.BindingArgs = "headers", map[string]any{"x-match": "all", "kind": "order"}
		},
		"internal": func(c *Config) { c.ExchangeArgs = map[string]any{"alternate-exchange": "amq.fanout"} },
	} {
		t.Run(name, func(t *testing.T) {
			c := own(t, change)
			if problems := c.Problems(); len(problems) > 0 {
				t.Fatal(problems)
			}
			top := c.Topology()
			for range 2 { // the second finds the same
				if err := top.Declare(rabbit.Channel(t, node.URL())); err != nil {
					t.Fatal(err)
				}
			}
			c.Declare = Passive
			passive := c.Topology()
			if err := passive.Declare(rabbit.Channel(t, node.URL())); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestDeclare_HeadersExchangeRoutesByBindingArgs(t *testing.T) {
	node := rabbit.Shared(t)
	c := own(t, func(c *Config) {
		c.ExchangeType, c.BindingArgs = "headers", map[string]any{"x-match": "all", "kind": "order", "version": 2.0}
	})
	ch := rabbit.Channel(t, node.URL())
	if err := c.Topology().Declare(ch); err != nil {
		t.Fatal(err)
	}
	if err := ch.Confirm(false); err != nil {
		t.Fatal(err)
	}
	for _, headers := range []amqp.Table{{"kind": "order", "version": int64(2)}, {"kind": "order"}, {"kind": "bill", "version": int64(2)}} {
		confirmed, err := ch.PublishWithDeferredConfirm(c.Exchange, "", false, false, amqp.Publishing{Headers: headers})
		if err != nil || !confirmed.Wait() {
			t.Fatal(err)
		}
	}
	if q, err := ch.QueueDeclarePassive(c.Name, true, false, false, false, nil); err != nil || q.Messages != 1 {
		t.Errorf("%d messages %v", q.Messages, err)
	}
}

func TestDeclare_PassiveSaysWhatIsMissingAndNoneDoesNotLook(t *testing.T) {
	node := rabbit.Shared(t)
	c := own(t, func(c *Config) { c.Declare = Passive })
	var absent *MissingError
	if err := c.Topology().Declare(rabbit.Channel(t, node.URL())); !errors.As(err, &absent) || absent.What != fmt.Sprintf("exchange %q", c.Exchange) {
		t.Errorf("%v", err)
	}
	c.Exchange = ""
	if err := c.Topology().Declare(rabbit.Channel(t, node.URL())); !errors.As(err, &absent) || absent.What != fmt.Sprintf("queue %q", c.Name) {
		t.Errorf("%v", err)
	}
	c.Declare = None
	none := c.Topology()
	if err := none.Declare(rabbit.Channel(t, node.URL())); err != nil || !none.Empty() {
		t.Errorf("none: %v", err)
	}
}
