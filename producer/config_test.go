package producer

import (
	"reflect"
	"strings"
	"testing"

	"github.com/luraproject/lura/v2/config"

	"github.com/bdf0fecc/lura-amqp/backoff"
)

// block returns the smallest valid block with the keys added or replaced.
func block(keys map[string]any) map[string]any {
	b := map[string]any{"name": "q", "exchange": "e", "routing_key": "#"}
	for k, v := range keys {
		b[k] = v
	}
	return b
}

func configOf(t testing.TB, endpoint string, keys map[string]any) Config {
	t.Helper()
	cfg, unknown, err := NewConfig(block(keys), &config.Backend{ParentEndpoint: endpoint})
	if err != nil || len(unknown) > 0 {
		t.Fatalf("%v: %v, unknown keys %q", keys, err, unknown)
	}
	return cfg
}

func TestNewConfig_Defaults(t *testing.T) {
	cfg := configOf(t, "/produce", nil)
	if !cfg.Confirm || cfg.MaxBodySize != 16<<20 || cfg.Durable || cfg.Mandatory || cfg.FlattenHeaders || cfg.policy.MaxRetries != 0 {
		t.Errorf("%+v", cfg)
	}
}

func TestNewConfig_ReadsEveryKey(t *testing.T) {
	cfg := configOf(t, "/produce/{a}", map[string]any{
		"name": "queue-1", "exchange": "some-exchange", "durable": true, "delete": true, "exclusive": true,
		"no_wait": true, "no_local": true, "routing_key": "A", "static_routing_key": true, "mandatory": true,
		"immediate": true, "exp_key": "B", "reply_to_key": "C", "msg_id_key": "D", "priority_key": "E",
		"confirm": true, "max_body_size": float64(10), "flatten_headers": true,
		"backoff_strategy": "exponential-jitter", "max_retries": float64(3),
	})
	got := reflect.ValueOf(cfg)
	for i := range got.NumField() {
		if f := got.Type().Field(i); f.IsExported() && got.Field(i).IsZero() {
			t.Errorf("%s was not read", f.Name)
		}
	}
	if cfg.policy.Strategy != backoff.ExponentialJitter || cfg.policy.MaxRetries != 3 {
		t.Errorf("policy: %+v", cfg.policy)
	}
}

func TestNewConfig_ErrorsBeginWithTheKey(t *testing.T) {
	long := strings.Repeat("x", 256)
	for _, tc := range []struct {
		keys map[string]any
		want string
	}{
		{map[string]any{"durable": "true"}, "durable: must be a boolean, not a string"},
		{map[string]any{"max_retries": "1"}, "max_retries: must be a whole number, not a string"},
		{map[string]any{"routing_key": []any{"#"}}, "routing_key: must be a string, not a list"},
		{map[string]any{"routing_key": long}, "routing_key: 256 bytes, longer than 255"},
		{map[string]any{"name": long}, "name: 256 bytes, longer than 255"},
		{map[string]any{"name": "amq.mine"}, "name: queue names that begin with amq."},
		{map[string]any{"backoff_strategy": "never"}, `backoff_strategy: "never" is none of`},
		{map[string]any{"max_body_size": -1.0}, "max_body_size: -1 is negative"},
		{map[string]any{"mandatory": true, "confirm": false}, `mandatory: needs "confirm": true`},
	} {
		_, _, err := NewConfig(block(tc.keys), &config.Backend{})
		if err == nil || !strings.HasPrefix(err.Error(), tc.want) {
			t.Errorf("%v: got %v, want %q", tc.keys, err, tc.want)
		}
	}
	for _, key := range required {
		b := block(nil)
		delete(b, key)
		if _, _, err := NewConfig(b, &config.Backend{}); err == nil || err.Error() != key+": required, and missing" {
			t.Errorf("without %s: %v", key, err)
		}
	}
}

func TestTopology_BindsWithTheStaticKeyOrWithAll(t *testing.T) {
	for _, tc := range []struct {
		endpoint string
		keys     map[string]any
		want     []string
	}{
		{"/produce/:route", map[string]any{"routing_key": "Route"}, []string{"#"}},
		{"/produce/{route}", map[string]any{"routing_key": "Route"}, []string{"#"}},
		{"/produce/:route", map[string]any{"routing_key": "Route", "static_routing_key": true}, []string{"Route"}},
		{"/produce/:route", map[string]any{"routing_key": "route"}, []string{"route"}},
		{"/produce", map[string]any{"routing_key": "orders.new"}, []string{"orders.new"}},
		{"/produce", map[string]any{"exchange": ""}, nil},
		{"/produce", map[string]any{"name": ""}, nil},
	} {
		cfg := configOf(t, tc.endpoint, tc.keys)
		if got := cfg.Topology().Bindings; !reflect.DeepEqual(got, tc.want) {
			t.Errorf("%s %v: bound with %q, want %q", tc.endpoint, tc.keys, got, tc.want)
		}
	}
}

func TestTopology_ExclusiveBelongsToTheQueueOnly(t *testing.T) {
	top := configOf(t, "", map[string]any{"exclusive": true, "delete": true, "durable": true}).Config.Topology()
	if !top.Queue.Exclusive || !top.Queue.AutoDelete || !top.Queue.Durable || !top.Exchange.Durable || !top.Exchange.AutoDelete {
		t.Errorf("%+v", top)
	}
}

func TestNotices(t *testing.T) {
	for _, tc := range []struct {
		keys map[string]any
		want string
	}{
		{map[string]any{"immediate": true}, "immediate: "},
		{map[string]any{"confirm": false}, "confirm: false"},
		{map[string]any{"exp_key": "expires"}, `exp_key: the endpoint has no parameter "expires", so it is not set; did you mean "Expires"?`},
		{map[string]any{"priority_key": "Prio"}, `priority_key: the endpoint has no parameter "Prio", so it is not set`},
		{map[string]any{"routing_key": "route"}, `routing_key: the endpoint has no parameter "route", so the routing key is "route" itself; did you mean "Route"?`},
	} {
		cfg := configOf(t, "/p/{expires}/{route}", tc.keys)
		if lines := cfg.notices(); len(lines) != 1 || !strings.HasPrefix(lines[0], tc.want) {
			t.Errorf("%v: %q", tc.keys, lines)
		}
	}
	quiet := configOf(t, "/p/{a}/{route}", map[string]any{"exp_key": "A", "routing_key": "orders", "msg_id_key": "JWT.sub", "reply_to_key": "Resp0_id"})
	if lines := quiet.notices(); len(lines) > 0 {
		t.Errorf("a fine block is noticed: %q", lines)
	}
}
