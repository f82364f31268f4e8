package consumer

import (
	"reflect"
	"strings"
	"testing"
)

// block returns the smallest valid block with the keys added or replaced.
func block(keys map[string]any) map[string]any {
	b := map[string]any{"name": "q", "exchange": "e", "routing_key": []any{"#"}}
	for k, v := range keys {
		b[k] = v
	}
	return b
}

func TestNewConfig_Defaults(t *testing.T) {
	cfg, unknown, err := NewConfig(block(nil))
	if err != nil || len(unknown) > 0 {
		t.Fatal(err, unknown)
	}
	if cfg.PrefetchCount != 10 || cfg.AutoAck || cfg.NackDiscard || cfg.Durable || cfg.policy.MaxRetries != 0 {
		t.Errorf("%+v", cfg)
	}
	if zero, _, _ := NewConfig(block(map[string]any{"prefetch_count": 0.0})); zero.PrefetchCount != 0 {
		t.Errorf("an explicit 0 became %d", zero.PrefetchCount)
	}
}

func TestNewConfig_ReadsEveryKey(t *testing.T) {
	cfg, unknown, err := NewConfig(block(map[string]any{
		"name": "queue-1", "exchange": "some-exchange", "durable": true, "delete": true, "exclusive": true,
		"no_wait": true, "no_local": true, "routing_key": []any{"a", "b"}, "prefetch_count": 5.0,
		"prefetch_size": 1024.0, "auto_ack": true, "nack_discard": true,
		"backoff_strategy": "linear", "max_retries": 3.0,
	}))
	if err != nil || len(unknown) > 0 {
		t.Fatal(err, unknown)
	}
	got := reflect.ValueOf(cfg)
	for i := range got.NumField() {
		if f := got.Type().Field(i); f.IsExported() && got.Field(i).IsZero() {
			t.Errorf("%s was not read", f.Name)
		}
	}
	if want := []string{"a", "b"}; !reflect.DeepEqual(cfg.Topology(cfg.RoutingKeys...).Bindings, want) {
		t.Errorf("bindings: %+v", cfg.Topology(cfg.RoutingKeys...))
	}
}

func TestNewConfig_ErrorsBeginWithTheKey(t *testing.T) {
	for _, tc := range []struct {
		keys map[string]any
		want string
	}{
		{map[string]any{"name": ""}, "name: a consumer needs a queue"},
		{map[string]any{"routing_key": "#"}, "routing_key: must be a list, not a string"},
		{map[string]any{"routing_key": []any{"#", strings.Repeat("x", 256)}}, "routing_key: number 2: 256 bytes"},
		{map[string]any{"routing_key": []any{1.0}}, "routing_key: must be a string, not a number"},
		{map[string]any{"prefetch_count": -1.0}, "prefetch_count: -1 is not between 0 and 65535"},
		{map[string]any{"prefetch_count": 65536.0}, "prefetch_count: 65536 is not between"},
		{map[string]any{"prefetch_size": -1.0}, "prefetch_size: -1 is not between"},
		{map[string]any{"auto_ack": 1.0}, "auto_ack: must be a boolean, not a number"},
		{map[string]any{"backoff_strategy": "x"}, "backoff_strategy: "},
	} {
		_, _, err := NewConfig(block(tc.keys))
		if err == nil || !strings.HasPrefix(err.Error(), tc.want) {
			t.Errorf("%v: got %v, want %q", tc.keys, err, tc.want)
		}
	}
	for _, key := range required {
		b := block(nil)
		delete(b, key)
		if _, _, err := NewConfig(b); err == nil || err.Error() != key+": required, and missing" {
			t.Errorf("without %s: %v", key, err)
		}
	}
}
