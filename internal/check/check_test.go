package check

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"

	driver "github.com/rabbitmq/amqp091-go"

	"github.com/bdf0fecc/lura-amqp/internal/rabbit"
)

func TestFile(t *testing.T) {
	for name, tc := range map[string]struct{ text, want string }{
		"not JSON": {"{\n  \"version\": 3,\n  \"endpoints\": [,]\n}", "krakend.json: error: is not JSON: line 3, column 17: invalid character ',' looking for beginning of value; correct it there, or just before"},
		"a list":   {"[]", "krakend.json: error: is not a JSON object; begin with { and end with }"},
		"nulls that Lura would panic on": {
			`{"version": 3, "endpoints": [null, {"endpoint": "/a", "backend": [null]}], "async_agent": [1]}`,
			`krakend.json#/async_agent/0: error: must be an object; write it in { and }, or remove it
krakend.json#/endpoints/0: error: must be an object; write it in { and }, or remove it
krakend.json#/endpoints/1/backend/0: error: must be an object; write it in { and }, or remove it`},
		"Lura refuses it": {`{"version": 2}`, `krakend.json: error: Lura refuses it: `},
		"nothing of ours": {`{"version": 3, "endpoints": [{"endpoint": "/a", "backend": [{"host": ["http://h"], "url_pattern": "/"}]}]}`, ""},
		"an HTTP host that Lura refuses, password and all": {
			`{"version": 3, "endpoints": [{"endpoint": "/a", "backend": [{"host": ["http://u:secret@h:1"], "url_pattern": "/"}]}]}`,
			"krakend.json: error: Lura refuses it: host http://xxxxx@h:1 not valid: invalid host"},
		"no disable_host_sanitize, and the rest is checked": {
			endpoint(`"host": ["amqp://u:secret@h"], "extra_config": {"backend/amqp/consumer": {"name": "q", "exchange": "", "routing_key": [], "durable": true, "colour": 1}}`),
			`krakend.json#/endpoints/0/backend/0/disable_host_sanitize: error: not true, so the gateway takes the hosts for HTTP's; add "disable_host_sanitize": true
krakend.json#/endpoints/0/backend/0/extra_config/backend~1amqp~1consumer/colour: error: unknown key, ignored; remove it, or begin it with @ to make it a comment`},
		"no block": {
			endpoint(`"host": ["amqp://u:secret@h"]`),
			`krakend.json#/endpoints/0/backend/0/disable_host_sanitize: error: not true, so the gateway takes the hosts for HTTP's; add "disable_host_sanitize": true
krakend.json#/endpoints/0/backend/0/extra_config: error: has no AMQP block, though host begins with amqp; add "backend/amqp/producer" or "backend/amqp/consumer"`},
		"a queue that RabbitMQ 4.3 refuses": {
			endpoint(`"host": ["amqp://h"], "disable_host_sanitize": true, "extra_config": {"backend/amqp/consumer": {"name": "q", "exchange": "", "routing_key": []}}`),
			`krakend.json#/endpoints/0/backend/0/extra_config/backend~1amqp~1consumer/durable: warning: false, so the queue and its messages are gone when the broker restarts, and RabbitMQ 4.3 refuses it; add "durable": true`},
		"two handlers": {
			endpoint(`"host": ["amqp://h"], "disable_host_sanitize": true, "extra_config": {"backend/lambda": {}, "backend/amqp/stats": {"colour": 1}}`),
			`krakend.json#/endpoints/0/backend/0/extra_config: error: has both "backend/amqp/stats" and "backend/lambda", and only one can answer; give each a backend of its own
krakend.json#/endpoints/0/backend/0/extra_config/backend~1amqp~1stats/colour: error: unknown key, ignored; remove it, or begin it with @ to make it a comment`},
		"somebody else's handler on an AMQP host": {
			endpoint(`"host": ["amqp://"], "disable_host_sanitize": true, "extra_config": {"backend/pubsub/subscriber": {"subscription_url": "x"}}`), ""},
		"a misspelt block": {
			endpoint(`"host": ["amqp://h"], "disable_host_sanitize": true, "extra_config": {"backend/amqp/cosnumer": {}}`),
			`krakend.json#/endpoints/0/backend/0/extra_config/backend~1amqp~1cosnumer: error: unknown block; did you mean "backend/amqp/consumer"?`},
		"a misspelt driver": {
			`{"version": 3, "async_agent": [{"name": "a", "consumer": {"topic": "#"}, "extra_config": {"asinc/amqp": {}}, "backend": [{"host": ["http://h"], "url_pattern": "/"}]}]}`,
			`krakend.json#/async_agent/0/extra_config/asinc~1amqp: error: unknown block; did you mean "async/amqp"?`},
		"a backend of an agent, under the long name": {
			`{"version": 3, "async_agent": [{"name": "a", "consumer": {"topic": "#"}, "extra_config": {"async/kafka": {}}, "backend": [
			  {"host": ["amqp://h"], "disable_host_sanitize": true, "extra_config": {"github.com/devopsfaith/krakend-amqp/produce": {"name": "", "exchange": "", "routing_key": 1}}}]}]}`,
			`krakend.json#/async_agent/0/backend/0/extra_config/github.com~1devopsfaith~1krakend-amqp~1produce/routing_key: error: must be a string, not 1; for example "routing_key": "Route"`},
		"both roles": {
			endpoint(`"host": [], "disable_host_sanitize": true, "extra_config": {
			  "backend/amqp/producer": {"name": "", "exchange": "", "routing_key": "r", "confirm": false},
			  "backend/amqp/consumer": {"name": "q", "exchange": "", "routing_key": []}}`),
			`krakend.json#/endpoints/0/backend/0/extra_config/backend~1amqp~1producer/confirm: warning: false, so a success does not mean that the broker has the message; remove it
krakend.json#/endpoints/0/backend/0/host: error: required, and missing; add it, for example "host": ["amqp://user:password@rabbitmq:5672"]`},
		"an agent's settings": {
			`{"version": 3, "async_agent": [{"name": "a", "connection": {"backoff_strategy": "never"}, "consumer": {"topic": "#", "workers": 20}, "extra_config": {"async/amqp": {"name": "q", "exchange": "e", "host": "amqp://h"}}, "backend": [{"host": ["http://h"], "url_pattern": "/"}]}]}`,
			`krakend.json#/async_agent/0/connection/backoff_strategy: error: "never" is none of [linear linear-jitter exponential exponential-jitter fallback]; use one of them
krakend.json#/async_agent/0/extra_config/async~1amqp/prefetch_count: warning: 10 is less than the 20 workers, so the others have nothing to do; write "prefetch_count": 20 or more`},
	} {
		t.Run(name, func(t *testing.T) {
			if got := lines(File(write(t, tc.text))); got != tc.want && (name != "Lura refuses it" || !strings.HasPrefix(got, tc.want)) {
				t.Errorf("got\n%s\nwant\n%s", got, tc.want)
			}
		})
	}
}

func endpoint(backend string) string {
	return `{"version": 3, "endpoints": [{"endpoint": "/a", "backend": [{` + backend + `}]}]}`
}

func TestFile_IsMissing(t *testing.T) {
	file := filepath.Join(t.TempDir(), "krakend.json")
	if got := lines(File(file)); got != "krakend.json: error: cannot be read: no such file or directory; check the path" {
		t.Error(got)
	}
}

func TestFile_FindsContradictionsOnTheSameBrokerOnly(t *testing.T) {
	backend := func(host, keys string) string {
		return `{"endpoint": "/` + host + keys[len(keys)-2:] + `", "backend": [{"host": ["amqp://` + host + `"], "disable_host_sanitize": true, "extra_config": {
		  "backend/amqp/producer": {"name": "q", "exchange": "e", "routing_key": "r", ` + keys + `}}}]}`
	}
	got := lines(File(write(t, `{"version": 3, "endpoints": [`+strings.Join([]string{
		backend("a", `"durable": true, "@": 11`), backend("b", `"durable": true, "exclusive": true, "@": 12`), backend("a", `"durable": true, "delete": true, "@": 13`),
	}, ",")+`]}`)))
	want := `krakend.json#/endpoints/2/backend/0/extra_config/backend~1amqp~1producer: error: declares exchange "e" as topic durable auto-delete, and /endpoints/0/backend/0/extra_config/backend~1amqp~1producer declares it as topic durable; give both the same settings
krakend.json#/endpoints/2/backend/0/extra_config/backend~1amqp~1producer: error: declares queue "q" as durable auto-delete, and /endpoints/0/backend/0/extra_config/backend~1amqp~1producer declares it as durable; give both the same settings`
	if got != want {
		t.Errorf("got\n%s", got)
	}
}

func TestFindings_AreSortedByNumber(t *testing.T) {
	c := Configuration{findings: Findings{{Pointer: "/e/10/a"}, {Pointer: "/e/2/a"}, {Pointer: "/e/2"}, {Pointer: "/e/2"}, {Pointer: ""}}}
	var got []string
	for _, f := range c.Findings() {
		got = append(got, f.Pointer)
	}
	if strings.Join(got, " ") != " /e/2 /e/2/a /e/10/a" {
		t.Errorf("%q", got)
	}
}

// Connect leaves a broker as it was: what is missing stays so.
func TestConnect_ChangesNothing(t *testing.T) {
	url := vhost(t)
	if _, err := rabbit.Channel(t, url).QueueDeclare("present", true, false, false, false, nil); err != nil {
		t.Fatal(err)
	}
	text := `{"version": 3, "endpoints": [
	  {"endpoint": "/a", "method": "POST", "backend": [{"host": ["` + url + `"], "disable_host_sanitize": true, "extra_config": {"backend/amqp/producer": {"name": "absent", "exchange": "absent", "durable": true, "routing_key": "r"}}}]},
	  {"endpoint": "/b", "backend": [{"host": ["` + url + `"], "disable_host_sanitize": true, "extra_config": {"backend/amqp/consumer": {"name": "present", "exchange": "", "routing_key": [], "durable": true}}}]}]}`
	c := File(write(t, text))
	c.Connect(soon(t))
	if got := lines(c); got != "" {
		t.Error(got)
	}
	for _, look := range []func(*driver.Channel) error{
		func(ch *driver.Channel) error {
			_, err := ch.QueueDeclarePassive("absent", false, false, false, false, nil)
			return err
		},
		func(ch *driver.Channel) error {
			return ch.ExchangeDeclarePassive("absent", "topic", false, false, false, false, nil)
		},
	} {
		var refused *driver.Error
		if err := look(rabbit.Channel(t, url)); !errors.As(err, &refused) || refused.Code != driver.NotFound {
			t.Errorf("it was declared: %v", err)
		}
	}
}

func TestConnect_SaysOnceThatABrokerIsAway(t *testing.T) {
	backend := `{"endpoint": "/%", "backend": [{"host": ["amqp://127.0.0.1:1", "amqp://127.0.0.1:2"], "disable_host_sanitize": true, "extra_config": {"backend/amqp/consumer": {"name": "%", "exchange": "", "durable": true, "routing_key": []}}}]}`
	c := File(write(t, `{"version": 3, "endpoints": [`+strings.ReplaceAll(backend, "%", "a")+","+strings.ReplaceAll(backend, "%", "b")+`]}`))
	c.Connect(soon(t))
	want := `krakend.json#/endpoints/0/backend/0: error: cannot connect, nor can 1 others: amqp://guest:xxxxx@127.0.0.1:1/: dial tcp 127.0.0.1:1: connect: connection refused; start the broker, or correct host
krakend.json#/endpoints/0/backend/0: error: cannot connect, nor can 1 others: amqp://guest:xxxxx@127.0.0.1:2/: dial tcp 127.0.0.1:2: connect: connection refused; start the broker, or correct host`
	if got := lines(c); got != want {
		t.Errorf("got\n%s", got)
	}
}
