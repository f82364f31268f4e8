package producer

import (
	"reflect"
	"strings"
	"testing"

	"github.com/luraproject/lura/v2/config"

	"github.com/bdf0fecc/lura-amqp/backoff"
	"github.com/bdf0fecc/lura-amqp/internal/extra"
)

// block returns the smallest valid block with the keys added or replaced.
func block(keys map[string]any) map[string]any {
	b := map[string]any{"name": "q", "exchange": "e", "routing_key": "#"}
	for k, v := range keys {
		b[k] = v
	}
	return b
}

// remote returns a backend with a block.
func remote(endpoint string, block map[string]any) *config.Backend {
	return &config.Backend{
		ParentEndpoint: endpoint,
		Host:           []string{"amqp://localhost"},
		ExtraConfig:    config.ExtraConfig{extra.Producer.Short: block},
	}
}

func configOf(t testing.TB, endpoint string, keys map[string]any) Config {
	t.Helper()
	cfg, problems := NewConfig(remote(endpoint, block(keys)))
	if err := problems.Err(); err != nil {
		t.Fatalf("%v: %v", keys, err)
	}
	return cfg
}

const path = `extra_config["backend/amqp/producer"].`

func TestNewConfig_Defaults(t *testing.T) {
	cfg := configOf(t, "/produce", nil)
	if !cfg.Confirm || cfg.MaxBodySize != 16<<20 || cfg.Durable || cfg.Mandatory || cfg.FlattenHeaders || cfg.policy.MaxRetries != 0 {
		t.Errorf("%+v", cfg)
	}
}

func TestNewConfig_ReadsEveryKey(t *testing.T) {
	r := remote("/produce/{a}", block(map[string]any{
		"name": "queue-1", "exchange": "some-exchange", "durable": true, "delete": true, "exclusive": true,
		"no_wait": true, "no_local": true, "routing_key": "A", "static_routing_key": true, "mandatory": true,
		"immediate": true, "exp_key": "B", "reply_to_key": "C", "msg_id_key": "D", "priority_key": "E",
		"type_key": "F", "type": "t", "app_id": "a", "content_type": "c", "content_encoding": "e",
		"headers": map[string]any{"include": []any{"X-A"}, "exclude": []any{"X-B"}},
		"confirm": true, "max_body_size": float64(10), "flatten_headers": true,
		"backoff_strategy": "exponential-jitter", "max_retries": float64(3),
		"tls": map[string]any{"min_version": "TLS12"},
	}))
	r.Host = []string{"amqps://localhost"}
	cfg, problems := NewConfig(r)
	if err := problems.Err(); err != nil {
		t.Fatal(err)
	}
	got := reflect.ValueOf(cfg)
	call := reflect.ValueOf(configOf(t, "", map[string]any{"reply": map[string]any{"queue": "exclusive"}, "correlation_id_key": "A"}))
	byHeader := reflect.ValueOf(configOf(t, "", map[string]any{"correlation_id_header": "X-Id"}))
	for i := range got.NumField() {
		if f := got.Type().Field(i); f.IsExported() && got.Field(i).IsZero() && call.Field(i).IsZero() && byHeader.Field(i).IsZero() {
			t.Errorf("%s was not read", f.Name)
		}
	}
	if cfg.policy.Strategy != backoff.ExponentialJitter || cfg.policy.MaxRetries != 3 {
		t.Errorf("policy: %+v", cfg.policy)
	}
}

func TestNewConfig_ErrorsBeginWithThePath(t *testing.T) {
	long := strings.Repeat("é", 128)
	for _, tc := range []struct {
		keys map[string]any
		want string
	}{
		{map[string]any{"durable": "true"}, `durable: must be a boolean, not a string; for example "durable": true`},
		{map[string]any{"routing_key": long}, "routing_key: 256 bytes, longer than 255"},
		{map[string]any{"name": long}, "name: 256 bytes, longer than 255"},
		{map[string]any{"exchange": long}, "exchange: 256 bytes, longer than 255"},
		{map[string]any{"name": "amq.mine"}, "name: queue names that begin with amq."},
		{map[string]any{"mandatory": true, "confirm": false}, "mandatory: cannot be without confirms"},
		{map[string]any{"reply": map[string]any{}, "reply_to_key": "A"}, "reply_to_key: cannot be together with reply"},
		{map[string]any{"correlation_id_key": "A", "correlation_id_header": "X-Id"}, "correlation_id_key: cannot be together with correlation_id_header"},
		{map[string]any{"reply": map[string]any{"queue": "replies.${LURA_AMQP_ABSENT}"}}, "reply.queue: needs ${LURA_AMQP_ABSENT}, which is not set"},
		{map[string]any{"reply": map[string]any{"queue": "amq.mine"}}, "reply.queue: queue names that begin with amq."},
		{map[string]any{"name": "q", "reply": map[string]any{"queue": "q"}}, `reply.queue: "q" is the queue of the requests`},
		{map[string]any{"name": "", "exchange": "", "routing_key": "q", "reply": map[string]any{"queue": "q"}}, `reply.queue: "q" is the queue of the requests`},
		{map[string]any{"correlation_id_header": "X Id"}, `correlation_id_header: "X Id" cannot be set`},
		{map[string]any{"correlation_id_header": "content-length"}, `correlation_id_header: "content-length" cannot be set`},
		{map[string]any{"reply": true}, "reply: must be an object, not a boolean"},
		{map[string]any{"headers": map[string]any{"include": []any{"*", "X Tenant"}}}, `headers.include[1]: "X Tenant" is not a header's name`},
		{map[string]any{"headers": map[string]any{"exclude": []any{"X-Tenant:"}}}, `headers.exclude[0]: "X-Tenant:" is not a header's name`},
		{map[string]any{"headers": map[string]any{"exclude": []any{"*"}}}, `headers.exclude[0]: "*" is not a header's name; write "include": [] for none`},
		{map[string]any{"tls": map[string]any{}}, "tls: host number 1 is amqp://, which is not encrypted"},
	} {
		_, problems := NewConfig(remote("", block(tc.keys)))
		if err := problems.Err(); err == nil || !strings.HasPrefix(err.Error(), path+tc.want) {
			t.Errorf("%v: got %v, want %q", tc.keys, err, tc.want)
		}
	}
}

// Characters may be fewer than bytes, which is what AMQP counts.
func TestNewConfig_StaticPropertiesAreLimitedInBytes(t *testing.T) {
	for _, key := range []string{"app_id", "type", "content_type", "content_encoding"} {
		_, problems := NewConfig(remote("", block(map[string]any{key: strings.Repeat("é", 200)})))
		if err := problems.Err(); err == nil || !strings.HasPrefix(err.Error(), path+key+": 400 bytes, longer than 255") {
			t.Errorf("%s: %v", key, err)
		}
		configOf(t, "", map[string]any{key: strings.Repeat("é", 127)})
	}
}

func TestNewConfig_ReplyQueuesThatAreNoRequestQueues(t *testing.T) {
	for _, keys := range []map[string]any{
		{"name": "exclusive", "reply": map[string]any{"queue": "exclusive"}},
		{"name": "", "exchange": "", "reply": map[string]any{}},
		{"exchange": "e", "routing_key": "replies", "reply": map[string]any{"queue": "replies"}},
	} {
		if _, problems := NewConfig(remote("", block(keys))); problems.Err() != nil {
			t.Errorf("%v: %v", keys, problems)
		}
	}
}

func TestNewConfig_SaysEverythingThatIsWrongAtOnce(t *testing.T) {
	_, problems := NewConfig(&config.Backend{ExtraConfig: config.ExtraConfig{extra.Producer.Long: map[string]any{"name": 1.0}}})
	err := problems.Err()
	for _, want := range []string{"host: required", "name: must be a string", "exchange: required, and missing", "routing_key: required, and missing"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not in %v", want, err)
		}
	}
}

func TestDeclares_BindsWithTheStaticKeyOrWithAll(t *testing.T) {
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
		{"/produce", map[string]any{"routing_key": "Resp0_id"}, []string{"#"}},
		{"/produce", map[string]any{"routing_key": "JWT.sub"}, []string{"#"}},
		{"/produce", map[string]any{"exchange": ""}, nil},
		{"/produce", map[string]any{"name": ""}, nil},
	} {
		cfg := configOf(t, tc.endpoint, tc.keys)
		if got := cfg.Declares().Bindings; !reflect.DeepEqual(got, tc.want) {
			t.Errorf("%s %v: bound with %q, want %q", tc.endpoint, tc.keys, got, tc.want)
		}
	}
}

func TestDeclares_ExclusiveBelongsToTheQueueOnly(t *testing.T) {
	cfg := configOf(t, "", map[string]any{"exclusive": true, "delete": true, "durable": true})
	top := cfg.Declares()
	if !top.Queue.Exclusive || !top.Queue.AutoDelete || !top.Queue.Durable || !top.Exchange.Durable || !top.Exchange.AutoDelete {
		t.Errorf("%+v", top)
	}
}

func TestNotices(t *testing.T) {
	for _, tc := range []struct {
		keys map[string]any
		want string
	}{
		{map[string]any{"durabel": true}, `durabel: unknown key, ignored; did you mean "durable"?`},
		{map[string]any{"immediate": true}, "immediate: "},
		{map[string]any{"confirm": false}, "confirm: false"},
		{map[string]any{"exchange": "", "routing_key": "orders"}, `routing_key: the default exchange takes messages to the queue "orders", and not to "q"`},
		{map[string]any{"exchange": "", "name": "", "mandatory": true}, "mandatory: nothing is declared"},
		{map[string]any{"exp_key": "expires"}, `exp_key: the endpoint has no parameter "expires", so it is not set; did you mean "Expires"?`},
		{map[string]any{"priority_key": "Prio"}, `priority_key: the endpoint has no parameter "Prio", so it is not set`},
		{map[string]any{"routing_key": "route"}, `routing_key: the endpoint has no parameter "route", so the routing key is "route" itself; did you mean "Route"?`},
	} {
		_, problems := NewConfig(remote("/p/{expires}/{route}", block(tc.keys)))
		if len(problems) != 1 || problems.Err() != nil || !strings.HasPrefix(problems.Warnings()[0].String(), path+tc.want) {
			t.Errorf("%v: %q", tc.keys, problems)
		}
	}
	_, quiet := NewConfig(remote("/p/{a}/{route}", block(map[string]any{
		"exp_key": "A", "routing_key": "orders", "msg_id_key": "JWT.sub", "reply_to_key": "Resp0_id", "@comment": "x",
	})))
	if len(quiet) > 0 {
		t.Errorf("a fine block is noticed: %q", quiet)
	}
}
