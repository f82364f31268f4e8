package gateway

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	amqp "github.com/rabbitmq/amqp091-go"
)

const testdata = "../../testdata"

// Every file of testdata is loaded into a gateway and does what its document says.
func TestTestdata(t *testing.T) {
	scripts := map[string]func(t *testing.T, text string){
		"krakend.json":                           demo,
		"answers.json":                           answers,
		"calls.json":                             calls,
		"failures.json":                          failures,
		"metadata.json":                          metadata,
		"middleware.json":                        middleware,
		"runway.json":                            runway,
		"seeds/000-krakend-producer.json":        seedProducer,
		"seeds/001-krakend-consumer.json":        seedConsumer,
		"seeds/002-krakend-ee-consumer.json":     seedEnterpriseConsumer,
		"seeds/003-krakend-ee-async-driver.json": seedAgent,
		"seeds/004-runway-amqp.json":             seedRunway,
	}
	var files []string
	for _, pattern := range []string{"*.json", "*/*.json"} {
		found, err := filepath.Glob(filepath.Join(testdata, pattern))
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, found...)
	}
	for _, file := range files {
		name := filepath.ToSlash(strings.TrimPrefix(file, testdata+string(filepath.Separator)))
		t.Run(name, func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			script := scripts[name]
			if script == nil {
				t.Fatal("no script says what this configuration does")
			}
			script(t, string(text))
		})
	}
	if len(files) != len(scripts) {
		t.Errorf("%d files for %d scripts", len(files), len(scripts))
	}
}

func demo(t *testing.T, text string) {
	node, url := vhost(t)
	s := start(t, text, url)
	s.want(202, `{"status":"published","exchange":"some-exchange","routing_key":"orders.new"}`,
		"POST", "/produce/60000/answers/order-7/5/orders.new", `{"order":7}`, "Content-Type: application/json")
	s.want(400, "", "POST", "/produce/abc/answers/order-7/5/orders.new", "")
	a := s.want(200, `{"order":7}`, "GET", "/consume", "")
	if a.header.Get("Content-Type") != "application/json" || a.header.Get("Content-Length") != "11" {
		t.Errorf("%v", a.header)
	}
	s.want(204, "", "GET", "/consume", "")
	s.want(202, `{"status":"published","exchange":"","routing_key":"jobs"}`, "POST", "/jobs", `{"job":1}`, "Content-Type: application/json", "X-Tenant: acme")
	a = s.want(200, `{"job":1}`, "GET", "/jobs", "")
	if a.header.Get("X-Amqp-Routing-Key") != "jobs" || a.header.Get("X-Tenant") != "acme" {
		t.Errorf("%v", a.header)
	}
	s.want(200, `{"exchange":"foo","routing_key":"event.created","status":"published"}`, "POST", "/events", `{"event":"created"}`)
	a = s.want(200, `{"event":"created"}`, "GET", "/processed", "")
	if a.header.Get("X-Krakend-Completed") != "true" {
		t.Errorf("%v", a.header)
	}
	if health := s.want(200, "*", "GET", "/__health", ""); !strings.Contains(health.body, `"events":`) {
		t.Errorf("the agent did not report: %s", health.body)
	}
	s.want(200, "*", "GET", "/amqp", "")
	s.stop()
	for _, queue := range []string{"queue-1", "krakend", "processed", "jobs"} {
		q, err := node.QueueIn(soon(t), strings.TrimPrefix(url, node.URL()), queue)
		if err != nil || !q.Exists || q.Messages != 0 || q.Consumers != 0 {
			t.Errorf("%s: %+v %v", queue, q, err)
		}
	}
}

func seedProducer(t *testing.T, text string) {
	node, url := vhost(t)
	s := start(t, text, url)
	s.want(200, `{"exchange":"some-exchange","routing_key":"#","status":"published"}`, "POST", "/produce", `{"n":1}`, "Content-Type: application/json")
	q, err := node.QueueIn(soon(t), strings.TrimPrefix(url, node.URL()), "queue-1")
	if err != nil || !q.Durable || q.Messages != 1 || q.Persistent != 1 {
		t.Errorf("the queue that the documentation promises: %+v %v", q, err)
	}
	s.want(202, "*", "POST", "/produce/60000/answers/id-7/5/orders.new", "body", "Content-Type: text/csv", "X-Tag: a", "X-Tag: b")
	d := take(t, url, "queue-2")
	if d.Expiration != "60000" || d.ReplyTo != "answers" || d.MessageId != "id-7" || d.Priority != 5 || d.RoutingKey != "orders.new" ||
		d.ContentType != "text/csv" || d.DeliveryMode != amqp.Persistent || string(d.Body) != "body" {
		t.Errorf("%+v", d)
	}
	if got := d.Headers["X-Tag"]; !reflect.DeepEqual(got, []any{"a", "b"}) {
		t.Errorf("header X-Tag is %v, not in krakend-amqp's form", got)
	}
}

func seedConsumer(t *testing.T, text string) {
	_, url := vhost(t)
	s := start(t, text, url)
	a := s.want(200, `{}`, "GET", "/consume", "")
	if a.header.Get("X-Krakend-Completed") != "false" {
		t.Errorf("an empty queue: %v", a.header)
	}
	put(t, url, "some-exchange", "any.key", `{"n":1}`)
	a = s.want(200, `{"n":1}`, "GET", "/consume", "")
	if a.header.Get("X-Krakend-Completed") != "true" {
		t.Errorf("a message: %v", a.header)
	}
	put(t, url, "some-exchange", "a", `{"from":"a"}`)
	put(t, url, "some-exchange", "b", `{"from":"b"}`)
	put(t, url, "some-exchange", "b", `{"from":"b"}`)
	s.want(200, `{"a":{"from":"a"},"b1":{"from":"b"},"b2":{"from":"b"}}`, "GET", "/merged", "")
}

func seedEnterpriseConsumer(t *testing.T, text string) {
	_, url := vhost(t)
	s := start(t, text, url)
	s.log.Await(t, "WARNING", "prefetch_size: the broker refuses it")
	s.want(200, `{}`, "GET", "/consume", "")
	put(t, url, "some-exchange", "k", `{"n":1}`)
	s.want(200, `{"n":1}`, "GET", "/consume", "")
}

func seedAgent(t *testing.T, text string) {
	node, url := vhost(t)
	got := make(chan string, 10)
	sink := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got <- r.Method + " " + r.URL.Path + " " + r.Header.Get("Content-Type")
	}))
	defer sink.Close()
	s := start(t, strings.ReplaceAll(text, "http://localhost:8081", sink.URL), url)
	s.want(200, "*", "POST", "/events", `{}`, "Content-Type: application/json")
	if request := <-got; request != "POST /sink application/json" {
		t.Error(request)
	}
	q, err := node.QueueIn(soon(t), strings.TrimPrefix(url, node.URL()), "krakend")
	if err != nil || q.Consumers != 1 {
		t.Errorf("%+v %v", q, err)
	}
}

func seedRunway(t *testing.T, text string) {
	_, url := vhost(t)
	s := start(t, text, url)
	s.want(202, `{"status":"published","exchange":"","routing_key":"jobs"}`, "POST", "/api/jobs", `{"job":1}`, "Content-Type: application/json")
	a := s.want(200, `{"job":1}`, "GET", "/api/jobs", "")
	if a.header.Get("Content-Type") != "application/json" {
		t.Errorf("%v", a.header)
	}
	s.want(204, "", "GET", "/api/jobs", "")
}
