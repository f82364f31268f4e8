package telemetry

import (
	"context"
	"sync"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	semconv "go.opentelemetry.io/otel/semconv/v1.40.0"

	"github.com/bdf0fecc/lura-amqp/internal/stats"
)

// Scope is the name of the instrumentation.
const Scope = "github.com/bdf0fecc/lura-amqp"

// The metrics that have no name in the conventions.
const (
	requests     = "lura_amqp.requests"
	inFlight     = "lura_amqp.in_flight"
	connection   = "lura_amqp.connection.state"
	reconnects   = "lura_amqp.connection.reconnects"
	backOff      = "lura_amqp.connection.backoff"
	dropped      = "lura_amqp.replies.dropped"
	endpointKey  = attribute.Key("lura_amqp.endpoint")
	agentKey     = attribute.Key("lura_amqp.agent")
	outcomeKey   = attribute.Key("lura_amqp.outcome")
	directionKey = attribute.Key("lura_amqp.direction")
	stateKey     = attribute.Key("lura_amqp.state")
	urlKey       = attribute.Key("lura_amqp.url")
)

// Metrics offers the process's statistics to the global meter provider, once. Whoever
// sets one later gets them too. Nothing is counted here: each collection reads the
// statistics that backend/amqp/stats shows.
var Metrics = sync.OnceFunc(func() {
	meter := otel.Meter(Scope)
	c := counters{
		sent:       observed(meter.Int64ObservableCounter("messaging.client.sent.messages", metric.WithUnit("{message}"), metric.WithDescription("Messages that were published, by what the broker said to them."))),
		consumed:   observed(meter.Int64ObservableCounter("messaging.client.consumed.messages", metric.WithUnit("{message}"), metric.WithDescription("Messages that were taken from queues, by what became of them."))),
		requests:   observed(meter.Int64ObservableCounter(requests, metric.WithUnit("{request}"), metric.WithDescription("Requests of endpoints, and messages that agents processed."))),
		inFlight:   observed(meter.Int64ObservableUpDownCounter(inFlight, metric.WithUnit("{message}"), metric.WithDescription("Publishes without an answer yet, and messages in hand."))),
		state:      observed(meter.Int64ObservableGauge(connection, metric.WithUnit("{connection}"), metric.WithDescription("How many connections are in each state."))),
		reconnects: observed(meter.Int64ObservableCounter(reconnects, metric.WithUnit("{reconnect}"), metric.WithDescription("How often connections were made again."))),
		backOff:    observed(meter.Float64ObservableGauge(backOff, metric.WithUnit("s"), metric.WithDescription("How long the next attempt to connect is waited for; 0 while the connection is up."))),
		dropped:    observed(meter.Int64ObservableCounter(dropped, metric.WithUnit("{message}"), metric.WithDescription("Replies that were late, unknown or duplicate."))),
	}
	if _, err := meter.RegisterCallback(c.collect, c.sent, c.consumed, c.requests, c.inFlight, c.state, c.reconnects, c.backOff, c.dropped); err != nil {
		otel.Handle(err)
	}
})

// observed hands an error to OpenTelemetry's handler: a provider that does not like an
// instrument returns a working one that nobody reads.
func observed[T any](instrument T, err error) T {
	if err != nil {
		otel.Handle(err)
	}
	return instrument
}

type counters struct {
	sent, consumed, requests, reconnects, dropped metric.Int64ObservableCounter
	inFlight                                      metric.Int64ObservableUpDownCounter
	state                                         metric.Int64ObservableGauge
	backOff                                       metric.Float64ObservableGauge
}

func (c *counters) collect(_ context.Context, o metric.Observer) error {
	all := stats.Read()
	connections := map[int64]stats.Connection{} // those that endpoints share, once
	for _, named := range []struct {
		key        attribute.Key
		statistics map[string]stats.Statistic
	}{{endpointKey, all.Endpoints}, {agentKey, all.Agents}} {
		for name, s := range named.statistics {
			c.collectOne(o, named.key.String(name), s)
			for _, one := range s.Connections {
				connections[one.ID] = one
			}
		}
	}
	alike := map[connectionName][]stats.Connection{}
	for _, one := range connections {
		name := connectionName{one.URL, one.Direction}
		alike[name] = append(alike[name], one)
	}
	for name, all := range alike {
		c.collectConnections(o, name, all)
	}
	return nil
}

// connectionName is what Prometheus sees of a connection. Several may have the same.
type connectionName struct{ url, direction string }

func (c *counters) collectOne(o metric.Observer, name attribute.KeyValue, s stats.Statistic) {
	publish := []attribute.KeyValue{semconv.MessagingSystemRabbitMQ, semconv.MessagingOperationName("publish"), name}
	for kind, count := range map[string]int64{"": s.Published, "returned": s.Returned, "nacked": s.Nacked, "failed": s.Failed} {
		attributes := publish
		if kind != "" {
			attributes = append(attributes[:len(publish):len(publish)], semconv.ErrorTypeKey.String(kind))
		}
		o.ObserveInt64(c.sent, count, metric.WithAttributes(attributes...))
	}
	for outcome, count := range map[string]int64{"acked": s.Consumed, "requeued": s.Requeued, "dead_lettered": s.DeadLettered} {
		o.ObserveInt64(c.consumed, count, metric.WithAttributes(semconv.MessagingSystemRabbitMQ, semconv.MessagingOperationName("consume"), name, outcomeKey.String(outcome)))
	}
	o.ObserveInt64(c.requests, s.TotalRequests-s.TotalErrors, metric.WithAttributes(name, outcomeKey.String("success")))
	o.ObserveInt64(c.requests, s.TotalErrors, metric.WithAttributes(name, outcomeKey.String("error")))
	o.ObserveInt64(c.inFlight, s.InFlight, metric.WithAttributes(name))
}

// collectConnections adds up connections of one name, and has the longest of their back-offs.
func (c *counters) collectConnections(o metric.Observer, name connectionName, all []stats.Connection) {
	var reconnects, dropped int64
	var backOff float64
	in := map[string]int64{} // a state
	for _, one := range all {
		in[one.State]++
		reconnects, dropped, backOff = reconnects+one.Reconnects, dropped+one.RepliesDropped, max(backOff, one.BackOff)
	}
	attributes := []attribute.KeyValue{urlKey.String(name.url), directionKey.String(name.direction)}
	for _, state := range stats.States {
		o.ObserveInt64(c.state, in[state], metric.WithAttributes(append(attributes[:2:2], stateKey.String(state))...))
	}
	named := metric.WithAttributes(attributes...)
	o.ObserveInt64(c.reconnects, reconnects, named)
	o.ObserveFloat64(c.backOff, backOff/1000, named)
	o.ObserveInt64(c.dropped, dropped, named)
}
