package main

import (
	"context"
	"crypto/rand"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"

	"go.opentelemetry.io/otel"

	amqp "github.com/bdf0fecc/lura-amqp"
	"github.com/bdf0fecc/lura-amqp/cmd/lura-amqp/internal/dashboard"
	"github.com/bdf0fecc/lura-amqp/internal/stats"
	"github.com/bdf0fecc/lura-amqp/internal/telemetry"
)

// What Prometheus sees is what backend/amqp/stats shows.
func TestRun_MetricsAreTheStatistics(t *testing.T) {
	r := start(t)
	r.work()
	r.block()
	s, all := r.scrape(), amqp.Stats()
	for name, one := range all.Endpoints {
		s.wantCounters("lura_amqp_endpoint", name, one)
	}
	agent := all.Agents[r.name]
	s.wantCounters("lura_amqp_agent", r.name, agent)
	for _, c := range append(agent.Connections, all.Endpoints["POST /orders"].Connections...) {
		s.wantConnection(c)
	}
	if agent.Consumed != 4 || agent.Requeued != 1 || agent.TotalErrors != 1 || agent.InFlight != 1 || all.Endpoints["POST /astray"].Returned != 1 || all.Endpoints["POST /orders"].Failed != 3 {
		t.Errorf("%+v", all)
	}

	publishes := "messaging_client_operation_duration_seconds_count"
	s.want(5, publishes, "messaging_destination_name", r.name, "error_type", noLabel)
	s.want(1, publishes, "messaging_destination_name", r.name, "error_type", "returned")
	s.want(3, publishes, "messaging_destination_name", r.name, "error_type", "blocked")
	s.want(float64(all.Endpoints["POST /orders"].Published), publishes, "messaging_destination_name", r.name, "error_type", noLabel)
	if !slices.ContainsFunc(s.samples, func(one sample) bool { return one.labels["messaging_destination_name"] == "amq.default" }) {
		t.Error("the default exchange has no name")
	}
	s.want(2, publishes, "messaging_operation_name", "receive", "messaging_destination_name", "jobs-"+r.name, "error_type", noLabel)
	processed := "messaging_process_duration_seconds_count"
	s.want(float64(agent.TotalRequests-agent.TotalErrors), processed, "lura_amqp_agent", r.name, "messaging_destination_name", r.name, "error_type", noLabel)
	s.want(float64(agent.TotalErrors), processed, "lura_amqp_agent", r.name, "error_type", "503")
	s.wantDocumented("../../README.md")
	if fields := otel.GetTextMapPropagator().Fields(); !slices.Contains(fields, "traceparent") || !slices.Contains(fields, "baggage") {
		t.Errorf("the propagator has %q", fields)
	}
}

func (s scraped) wantCounters(kind, name string, one amqp.Statistic) {
	s.t.Helper()
	sent := "messaging_client_sent_messages_total"
	s.want(float64(one.Published), sent, kind, name, "error_type", noLabel, "messaging_system", "rabbitmq")
	s.want(float64(one.Returned), sent, kind, name, "error_type", "returned")
	s.want(float64(one.Nacked), sent, kind, name, "error_type", "nacked")
	s.want(float64(one.Failed), sent, kind, name, "error_type", "failed")
	consumed := "messaging_client_consumed_messages_total"
	s.want(float64(one.Consumed), consumed, kind, name, "lura_amqp_outcome", "acked", "messaging_system", "rabbitmq")
	s.want(float64(one.Requeued), consumed, kind, name, "lura_amqp_outcome", "requeued")
	s.want(float64(one.DeadLettered), consumed, kind, name, "lura_amqp_outcome", "dead_lettered")
	s.want(float64(one.TotalRequests-one.TotalErrors), "lura_amqp_requests_total", kind, name, "lura_amqp_outcome", "success")
	s.want(float64(one.TotalErrors), "lura_amqp_requests_total", kind, name, "lura_amqp_outcome", "error")
	s.want(float64(one.InFlight), "lura_amqp_in_flight", kind, name)
}

func (s scraped) wantConnection(c amqp.ConnectionStatistic) {
	s.t.Helper()
	labels := []string{"lura_amqp_url", c.URL, "lura_amqp_direction", c.Direction}
	for _, state := range []string{"idle", "connecting", "up", "blocked", "waiting", "gave up"} {
		current := 0.0
		if state == c.State {
			current = 1
		}
		s.want(current, "lura_amqp_connection_state", append(labels, "lura_amqp_state", state)...)
	}
	s.want(float64(c.Reconnects), "lura_amqp_connection_reconnects_total", labels...)
	s.want(c.BackOff/1000, "lura_amqp_connection_backoff_seconds", labels...)
	s.want(float64(c.RepliesDropped), "lura_amqp_replies_dropped_total", labels...)
}

// Connections whose hosts differ in what is not shown have the same labels.
func TestMetrics_ConnectionsThatLookAlikeAddUp(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	shown := stats.Connection{URL: "amqp://" + rand.Text(), Direction: "publishing", State: "up", Reconnects: 2}
	other := shown
	shown.ID, other.ID, other.State, other.Reconnects, other.BackOff, other.RepliesDropped = -1, -2, "waiting", 3, 4000, 1
	for _, endpoint := range []string{"GET /a", "GET /b"} { // two that share both
		entry := stats.Register(ctx, stats.Endpoint, endpoint)
		for _, one := range []stats.Connection{shown, other, shown} {
			entry.Show(ctx, func() stats.Connection { return one })
		}
		if all := amqp.Stats().Endpoints[endpoint].Connections; len(all) != 2 {
			t.Errorf("%s has %+v", endpoint, all)
		}
	}
	telemetry.Metrics()
	handler, err := metrics()
	if err != nil {
		t.Fatal(err)
	}
	recorder := httptest.NewRecorder()
	handler.ServeHTTP(recorder, httptest.NewRequest("GET", "/metrics", nil))
	s := parsed(t, recorder.Result())
	labels := []string{"lura_amqp_url", shown.URL, "lura_amqp_direction", "publishing"}
	for state, connections := range map[string]float64{"up": 1, "waiting": 1, "blocked": 0} {
		s.want(connections, "lura_amqp_connection_state", append(labels, "lura_amqp_state", state)...)
	}
	s.want(5, "lura_amqp_connection_reconnects_total", labels...)
	s.want(4, "lura_amqp_connection_backoff_seconds", labels...)
	s.want(1, "lura_amqp_replies_dropped_total", labels...)
}

// wantDocumented checks that the table in a file has every metric, and its queries read what there is.
func (s scraped) wantDocumented(file string) {
	s.t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		s.t.Fatal(err)
	}
	for _, name := range s.names() {
		for _, suffix := range []string{"_bucket", "_count", "_sum"} {
			name = strings.TrimSuffix(name, suffix)
		}
		if !strings.Contains(string(text), "| `"+name+"` |") {
			s.t.Errorf("%s says nothing about %s", file, name)
		}
	}
	if len(dashboard.Selectors(string(text))) == 0 {
		s.t.Errorf("%s has no queries", file)
	}
	s.wantSelectors(file, string(text))
}
