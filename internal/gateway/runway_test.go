package gateway

import (
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/luraproject/lura/v2/proxy"
	luraplugin "github.com/luraproject/lura/v2/proxy/plugin"

	lura "github.com/bdf0fecc/lura-amqp"
	"github.com/bdf0fecc/lura-amqp/internal/rabbit"
)

// runway does what each statement of shared/seeds/004-runway-amqp.txt says.
func runway(t *testing.T, text string) {
	node, url := vhost(t)
	s := start(t, text, url)
	receipt := `{"status":"published","exchange":"events","routing_key":"user.created"}`

	s.want(204, "", "GET", "/consume", "") // an empty queue; the queue is declared now
	s.want(202, receipt, "POST", "/publish", `{"n":1}`, "Content-Type: application/json")
	s.want(202, receipt, "PUT", "/publish", `{"n":2}`, "Content-Type: application/json")
	queue, err := node.QueueIn(soon(t), strings.TrimPrefix(url, node.URL()), "events-queue")
	if err != nil || queue.Messages != 2 || queue.Consumers != 0 {
		t.Errorf("pull holds nothing in the gateway: %+v %v", queue, err)
	}
	for _, want := range []string{`{"n":1}`, `{"n":2}`} {
		a := s.want(200, want, "GET", "/consume", "")
		if a.header.Get("Content-Type") != "application/json" || a.header.Get("X-Amqp-Exchange") != "events" || a.header.Get("X-Amqp-Routing-Key") != "user.created" {
			t.Errorf("%v", a.header)
		}
	}
	s.want(204, "", "GET", "/consume", "")
	bridge(t, s)

	var raw, decoded lura.Statistics
	a := s.want(200, "*", "GET", "/amqp/raw", "")
	if err := json.Unmarshal([]byte(a.body), &raw); err != nil || a.header.Get("Content-Type") != "application/json" {
		t.Errorf("%v %v: %s", err, a.header, a.body)
	}
	if err := json.Unmarshal([]byte(s.want(200, "*", "GET", "/amqp", "").body), &decoded); err != nil {
		t.Error(err)
	}
	if !reflect.DeepEqual(raw, decoded) {
		t.Errorf("two answers:\n%+v\n%+v", raw, decoded)
	}
	publisher, consumer := raw.Endpoints["POST /publish"], raw.Endpoints["GET /consume"]
	if publisher.TotalRequests != 1 || publisher.Published != 1 || publisher.Consumed != 0 || publisher.ConfirmP50 <= 0 || publisher.ConfirmP99 < publisher.ConfirmP50 {
		t.Errorf("%+v", publisher)
	}
	if consumer.TotalRequests != 4 || consumer.Consumed != 2 || consumer.TotalErrors != 0 || consumer.InFlight != 0 {
		t.Errorf("%+v", consumer)
	}
	if want := strings.Replace(url, "guest:guest", "guest:xxxxx", 1); publisher.URL != want {
		t.Errorf("the URL is shown as %s, not %s", publisher.URL, want)
	}
}

// bridge has both roles on one backend, by the request's method.
func bridge(t *testing.T, s *served) {
	t.Helper()
	for _, method := range []string{"POST", "PUT", "PATCH"} {
		s.want(202, `{"status":"published","exchange":"","routing_key":"jobs"}`, method, "/bridge", method, "Content-Type: text/plain", "X-Tenant: acme")
	}
	for _, want := range []string{"POST", "PUT", "PATCH"} {
		a := s.want(200, want, "GET", "/bridge", "")
		if a.header.Get("Content-Type") != "text/plain" || a.header.Get("X-Tenant") != "acme" || a.header.Get("X-Amqp-Redelivered") != "false" {
			t.Errorf("%v", a.header)
		}
		if _, err := time.Parse(time.RFC3339, a.header.Get("X-Amqp-Timestamp")); err != nil {
			t.Error(err)
		}
	}
	began := time.Now()
	s.want(204, "", "DELETE", "/bridge", "")
	if waited := time.Since(began); waited < 400*time.Millisecond || waited > 1900*time.Millisecond {
		t.Errorf("waited %s of 500ms at an empty queue", waited)
	}
	late := make(chan answer, 1)
	go func() {
		a, _ := s.do("GET", "/bridge", "")
		late <- a
	}()
	s.want(202, "*", "POST", "/bridge", "late")
	if a := <-late; a.status != 200 || a.body != "late" {
		t.Errorf("a message that comes while a request waits: %+v", a)
	}
}

// middleware shows that what Lura puts in front of a backend works there too.
func middleware(t *testing.T, text string) {
	luraplugin.RegisterModifier("test-token", requireToken, true, false)
	node, url := vhost(t)
	s := start(t, text, url)
	s.want(200, `{"req_uri":"/__echo/orders-7","routing_key":"/__echo/orders-7","status":"published"}`, "POST", "/lookup/orders-7", "")
	s.want(200, `{"accepted":true,"receipt":{"exchange":"routed","routing_key":"static","status":"published"}}`, "POST", "/static", "")
	s.want(500, "*", "POST", "/guarded", "")
	s.want(200, `{"exchange":"routed","routing_key":"guarded","status":"published"}`, "POST", "/guarded", "", "X-Token: let me in")
	queue, err := node.QueueIn(soon(t), strings.TrimPrefix(url, node.URL()), "routed")
	if err != nil || queue.Messages != 3 {
		t.Errorf("a request that was refused published: %+v %v", queue, err)
	}
}

// requireToken refuses requests without a token, as KrakenD's validators do.
func requireToken(map[string]interface{}) func(interface{}) (interface{}, error) {
	return func(input interface{}) (interface{}, error) {
		request := input.(proxy.RequestWrapper)
		if len(request.Headers()["X-Token"]) == 0 {
			return nil, errors.New("no token")
		}
		return input, nil
	}
}

func TestStatistics_CountWhatEndpointsAndAgentsDid(t *testing.T) {
	node := rabbit.Private(t)
	text := `{"version": 3, "timeout": "2s", "echo_endpoint": true, "endpoints": [
	  {"endpoint": "/in", "method": "POST", "backend": [{"host": ["amqp://x"], "disable_host_sanitize": true, "extra_config": {"backend/amqp/producer":
	    {"name": "counted", "exchange": "", "durable": true, "routing_key": "counted"}}}]},
	  {"endpoint": "/astray/{key}", "method": "POST", "backend": [{"host": ["amqp://x"], "disable_host_sanitize": true, "extra_config": {"backend/amqp/producer":
	    {"name": "", "exchange": "amq.topic", "mandatory": true, "routing_key": "Key"}}}]}
	], "async_agent": [
	  {"name": "counting", "consumer": {"topic": "#"}, "connection": {"backoff_strategy": "fallback"},
	   "extra_config": {"async/amqp": {"host": "amqp://x", "name": "counted", "exchange": "", "durable": true, "nack_discard": true}},
	   "backend": [{"host": ["http://localhost:8080"], "url_pattern": "/__echo/x", "method": "POST", "encoding": "json"}]},
	  {"name": "failing", "consumer": {"topic": "#"}, "extra_config": {"async/amqp": {"host": "amqp://x", "name": "failed", "exchange": "", "durable": true, "nack_discard": true}},
	   "backend": [{"host": ["http://localhost:8080"], "url_pattern": "/absent", "method": "POST"}]}]}`
	s := start(t, text, node.URL())
	s.want(200, "*", "POST", "/in", `{}`)
	s.want(404, "*", "POST", "/astray/nowhere", "")
	s.want(404, "*", "POST", "/astray/nowhere", "")
	put(t, node.URL(), "", "failed", "x")
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	until := time.After(20 * time.Second)
	for {
		all := lura.Stats()
		in, astray := all.Endpoints["POST /in"], all.Endpoints["POST /astray/:key"]
		counting, failing := all.Agents["counting"], all.Agents["failing"]
		if in.Published == 1 && astray.TotalErrors == 2 && astray.Returned == 2 && astray.Published == 0 &&
			strings.Contains(astray.LastError, "nowhere") && astray.LastErrorAt != nil &&
			counting.TotalRequests == 1 && counting.Consumed == 1 &&
			failing.TotalErrors == 1 && failing.DeadLettered == 1 && failing.Consumed == 0 &&
			len(counting.Connections) == 1 && counting.Connections[0].State == "up" && counting.Connections[0].Reconnects == 0 {
			break
		}
		select {
		case <-tick.C:
		case <-until:
			t.Fatalf("%+v", all)
		}
	}
	if err := node.CloseConnections(soon(t), "test"); err != nil {
		t.Fatal(err)
	}
	for a := (answer{}); a.status != 200; { // 503 while it is away
		var err error
		if a, err = s.do("POST", "/in", `{}`); err != nil {
			t.Fatal(err)
		}
	}
	if c := lura.Stats().Endpoints["POST /in"].Connections; len(c) != 1 || c[0].Direction != "publishing" || c[0].Reconnects != 1 || c[0].State != "up" {
		t.Errorf("%+v", c)
	}
	s.stop()
	if all := lura.Stats(); len(all.Endpoints)+len(all.Agents) > 0 {
		t.Errorf("after the end: %+v", all)
	}
}
