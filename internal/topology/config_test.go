package topology

import (
	"reflect"
	"strings"
	"testing"

	amqp "github.com/rabbitmq/amqp091-go"
)

// config returns the defaults with a name and an exchange, and what change does.
func config(change func(*Config)) Config {
	c := Defaults()
	c.Name, c.Exchange, c.Durable = "q", "e", true
	if change != nil {
		change(&c)
	}
	return c
}

func TestTable_WholeNumbersStayWhole(t *testing.T) {
	got := Table(map[string]any{
		"int": 5.0, "negative": -1.0, "float": 1.5, "huge": 1e300, "text": "5", "flag": true, "nothing": nil,
		"list": []any{1.0, "a", map[string]any{"n": 2.0}}, "table": map[string]any{"n": 3.0, "deep": map[string]any{"n": 4.0}},
	})
	want := amqp.Table{
		"int": int64(5), "negative": int64(-1), "float": 1.5, "huge": 1e300, "text": "5", "flag": true, "nothing": nil,
		"list": []any{int64(1), "a", amqp.Table{"n": int64(2)}}, "table": amqp.Table{"n": int64(3), "deep": amqp.Table{"n": int64(4)}},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%#v", got)
	}
	if err := got.Validate(); err != nil {
		t.Error(err)
	}
	if Table(nil) != nil || Table(map[string]any{}) != nil {
		t.Error("no arguments are a table")
	}
}

func TestTopology_HasThePlainNamesAsArguments(t *testing.T) {
	c := config(func(c *Config) {
		c.ExchangeType, c.ExchangeArgs = "direct", map[string]any{"alternate-exchange": "ae"}
		c.QueueConfig = QueueConfig{
			QueueArgs: map[string]any{"x-expires": 1000.0}, QueueType: "classic", DeadLetterExchange: "dlx", DeadLetterRoutingKey: "dead",
			MessageTTL: "1m30s", MaxLength: 7, Overflow: "drop-head", MaxPriority: 5, SingleActiveConsumer: true,
		}
	})
	got := c.Topology("k")
	want := amqp.Table{
		"x-expires": int64(1000), "x-queue-type": "classic", "x-dead-letter-exchange": "dlx", "x-dead-letter-routing-key": "dead",
		"x-message-ttl": int64(90000), "x-max-length": int64(7), "x-overflow": "drop-head", "x-max-priority": int64(5), "x-single-active-consumer": true,
	}
	if !reflect.DeepEqual(got.Queue.Args, want) || got.Exchange.Type != "direct" || got.Exchange.Args["alternate-exchange"] != "ae" {
		t.Errorf("%+v", got)
	}
	if problems := c.Problems(); len(problems) > 0 {
		t.Error(problems)
	}
	alone := config(func(c *Config) { c.DeadLetterRoutingKey = "dead" }).Topology().Queue.Args
	if dlx, found := alone["x-dead-letter-exchange"]; !found || dlx != "" {
		t.Errorf("a dead-letter routing key alone: %v", alone)
	}
	if args := config(nil).Topology().Queue.Args; args != nil {
		t.Errorf("no arguments are %v", args)
	}
}

func TestTopology_BindsOnceWhereKeysDoNotMatter(t *testing.T) {
	for _, change := range []func(*Config){
		func(c *Config) { c.ExchangeType = "fanout" },
		func(c *Config) { c.ExchangeType = "headers" },
		func(c *Config) { c.BindingArgs = map[string]any{"x": 1.0} },
	} {
		c := config(change)
		if got := c.Topology().Bindings; !reflect.DeepEqual(got, []string{""}) || c.Unbound(nil) {
			t.Errorf("%+v: bound with %q", c, got)
		}
	}
	if c := config(nil); !c.Unbound(nil) || c.Unbound([]string{"k"}) {
		t.Error("a topic exchange without keys is bound, or one with a key is not")
	}
}

func TestProblems_AreWhatRabbitMQRefuses(t *testing.T) {
	for want, change := range map[string]func(*QueueConfig, *Config){
		"durable: a quorum queue is always durable": func(q *QueueConfig, c *Config) { q.QueueType, c.Durable = Quorum, false },
		"durable: a stream queue is always durable": func(q *QueueConfig, c *Config) {
			q.QueueArgs, c.Durable = map[string]any{"x-queue-type": "stream"}, false
		},
		"exclusive: a quorum queue cannot be exclusive":                                     func(q *QueueConfig, c *Config) { q.QueueType, c.Exclusive = Quorum, true },
		"delete: a stream queue cannot be deleted with its last consumer":                   func(q *QueueConfig, c *Config) { q.QueueType, c.Delete = Stream, true },
		"max_priority: a quorum queue has no priorities":                                    func(q *QueueConfig, c *Config) { q.QueueType, q.MaxPriority = Quorum, 5 },
		"overflow: a quorum queue does not know it":                                         func(q *QueueConfig, c *Config) { q.QueueType, q.Overflow = Quorum, "reject-publish-dlx" },
		"dead_letter_exchange: a stream queue drops no message but the oldest":              func(q *QueueConfig, c *Config) { q.QueueType, q.DeadLetterExchange = Stream, "d" },
		"message_ttl: a stream queue has no message TTL":                                    func(q *QueueConfig, c *Config) { q.QueueType, q.MessageTTL = Stream, "1s" },
		"max_length: a stream queue is limited in bytes":                                    func(q *QueueConfig, c *Config) { q.QueueType, q.MaxLength = Stream, 1 },
		"delivery_limit: is for quorum queues":                                              func(q *QueueConfig, c *Config) { q.DeliveryLimit = 5 },
		`message_ttl: time: invalid duration`:                                               func(q *QueueConfig, c *Config) { q.MessageTTL = "99999999999h" },
		`queue_args["x-max-length"]: is 5, and a key of its own says 6; remove one of them`: func(q *QueueConfig, c *Config) { q.QueueArgs, q.MaxLength = map[string]any{"x-max-length": 5.0}, 6 },
		`queue_args["x-queue-mode"]: does nothing since RabbitMQ 3.12, and 4.3 refuses it`:  func(q *QueueConfig, c *Config) { q.QueueArgs = map[string]any{"x-queue-mode": "lazy"} },
		"exchange: 256 bytes, longer than 255; use 255 bytes of UTF-8 at most":              func(q *QueueConfig, c *Config) { c.Exchange = strings.Repeat("é", 128) },
	} {
		c := config(func(c *Config) { change(&c.QueueConfig, c) })
		if problems := c.Problems(); len(problems) != 1 || !strings.HasPrefix(problems[0].String(), want) {
			t.Errorf("want %s: %v", want, problems)
		}
	}
	existing := config(func(c *Config) { c.Declare, c.QueueType, c.Durable = Passive, Quorum, false })
	if problems := existing.Problems(); len(problems) > 0 {
		t.Errorf("a queue that is not declared here: %v", problems)
	}
}
