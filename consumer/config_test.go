package consumer

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/luraproject/lura/v2/config"

	"github.com/bdf0fecc/lura-amqp/internal/broker"
	"github.com/bdf0fecc/lura-amqp/internal/extra"
)

// remote returns a backend with the smallest valid block, the keys added or replaced.
func remote(keys map[string]any) *config.Backend {
	block := map[string]any{"name": "q", "exchange": "e", "routing_key": []any{"#"}}
	for k, v := range keys {
		block[k] = v
	}
	return &config.Backend{Host: []string{"amqp://localhost"}, ExtraConfig: config.ExtraConfig{extra.Consumer.Short: block}}
}

const path = `extra_config["backend/amqp/consumer"].`

func TestNewConfig_Defaults(t *testing.T) {
	cfg, problems := NewConfig(remote(nil))
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	if cfg.PrefetchCount != 10 || cfg.AutoAck || cfg.NackDiscard || cfg.Durable || cfg.policy.MaxRetries != 0 {
		t.Errorf("%+v", cfg)
	}
	if zero, _ := NewConfig(remote(map[string]any{"prefetch_count": 0.0})); zero.PrefetchCount != 0 {
		t.Errorf("an explicit 0 became %d", zero.PrefetchCount)
	}
}

func TestNewConfig_ReadsEveryKey(t *testing.T) {
	r := remote(map[string]any{
		"name": "queue-1", "exchange": "some-exchange", "durable": true, "delete": true, "exclusive": true,
		"no_wait": true, "no_local": true, "routing_key": []any{"a", "b"}, "prefetch_count": 5.0,
		"prefetch_size": 1024.0, "auto_ack": true, "nack_discard": true,
		"backoff_strategy": "linear", "max_retries": 3.0, "mode": "pull", "wait": "1m30s", "headers": true,
		"dead_letter": "queue-1.dead", "consumer_args": map[string]any{"x-priority": 1.0}, "tls": map[string]any{"min_version": "TLS12"},
	})
	r.Host = []string{"amqps://localhost"}
	cfg, problems := NewConfig(r)
	if err := problems.Err(); err != nil {
		t.Fatal(err)
	}
	got := reflect.ValueOf(cfg)
	for i := range got.NumField() {
		if f := got.Type().Field(i); f.IsExported() && got.Field(i).IsZero() {
			t.Errorf("%s was not read", f.Name)
		}
	}
	if cfg.wait != (broker.Wait{Bounded: true, Limit: 90 * time.Second}) {
		t.Errorf("wait: %+v", cfg.wait)
	}
	if want := []string{"a", "b"}; !reflect.DeepEqual(cfg.Declares().Bindings, want) {
		t.Errorf("bindings: %+v", cfg.Declares())
	}
}

func TestNewConfig_ErrorsBeginWithThePath(t *testing.T) {
	for _, tc := range []struct {
		keys map[string]any
		want string
	}{
		{map[string]any{"name": ""}, `name: must not be empty; for example "name": "queue-1"`},
		{map[string]any{"routing_key": []any{"#", strings.Repeat("é", 128)}}, "routing_key[1]: 256 bytes"},
		{map[string]any{"queue_type": "stream", "durable": true}, `nack_discard: a stream takes no message back`},
		{map[string]any{"queue_type": "stream", "durable": true, "nack_discard": true, "mode": "pull"}, `mode: a stream has no basic.get; write "mode": "subscribe"`},
		{map[string]any{"queue_type": "stream", "durable": true, "nack_discard": true, "auto_ack": true}, `auto_ack: a stream wants acks`},
		{map[string]any{"queue_type": "stream", "durable": true, "nack_discard": true, "prefetch_count": 0.0}, `prefetch_count: a stream needs a limit`},
		{map[string]any{"dead_letter": strings.Repeat("é", 128)}, "dead_letter: 256 bytes"},
		{map[string]any{"mode": "Pull"}, `mode: "Pull" is not one of "subscribe", "pull"; did you mean "pull"?`},
		{map[string]any{"wait": "2"}, `wait: "2" has another form; for example "wait": "2s"`},
		{map[string]any{"wait": "99999999999h"}, `wait: time: invalid duration`},
		{map[string]any{"tls": map[string]any{"ca_certs": []any{"/absent.pem"}}}, "tls: host number 1 is amqp://"},
	} {
		_, problems := NewConfig(remote(tc.keys))
		if err := problems.Err(); err == nil || !strings.HasPrefix(err.Error(), path+tc.want) {
			t.Errorf("%v: got %v, want %q", tc.keys, err, tc.want)
		}
	}
}

func TestNotices(t *testing.T) {
	for want, keys := range map[string]map[string]any{
		"auto_ack: true":    {"auto_ack": true},
		"routing_key: none": {"routing_key": []any{}},
		"wait: 2s is not shorter than the endpoint's timeout of 2s": {"wait": "2s"},
		"headers: have no effect but on a no-op endpoint":           {"headers": true},
		"nack_discard: has no effect with auto_ack":                 {"auto_ack": true, "nack_discard": true},
		"nack_discard: has no effect with dead_letter":              {"dead_letter": "d", "nack_discard": true},
	} {
		r := remote(keys)
		r.Timeout = 2 * time.Second
		_, problems := NewConfig(r)
		if last := problems[len(problems)-1]; !last.Warning || !strings.HasPrefix(last.String(), path+want) {
			t.Errorf("%v: %q", keys, problems)
		}
	}
}
