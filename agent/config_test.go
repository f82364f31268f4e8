package agent

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/luraproject/lura/v2/config"

	"github.com/bdf0fecc/lura-amqp/backoff"
	"github.com/bdf0fecc/lura-amqp/internal/extra"
)

// with puts the smallest valid block, the keys added or replaced, into an agent.
func with(a config.AsyncAgent, keys map[string]any) *config.AsyncAgent {
	block := map[string]any{"name": "q", "exchange": "e", "host": "amqp://guest:guest@localhost:5672/"}
	for k, v := range keys {
		block[k] = v
	}
	a.ExtraConfig = config.ExtraConfig{extra.Agent.Short: block}
	return &a
}

const path = `extra_config["async/amqp"].`

func TestNewConfig_DefaultsOfTheBlockAndOfLura(t *testing.T) {
	cfg, problems := NewConfig(with(config.AsyncAgent{}, nil))
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	want := settings{workers: 1, timeout: 2 * time.Second, interval: time.Second}
	if cfg.PrefetchCount != 10 || cfg.settings != want || cfg.policy.MaxRetries != 0 {
		t.Errorf("%+v", cfg)
	}
}

func TestNewConfig_ReadsTheAgentsSettings(t *testing.T) {
	cfg, problems := NewConfig(with(config.AsyncAgent{
		Connection: config.Connection{MaxRetries: math.MaxInt, BackoffStrategy: "linear", HealthInterval: time.Minute},
		Consumer:   config.Consumer{Topic: "a.*", Workers: 3, Timeout: time.Hour, MaxRate: 0.5},
	}, map[string]any{
		"host": "amqp://u:p@a:5672/, amqp://u:p@b:5672/", "durable": true, "prefetch_count": 5.0, "prefetch_size": 7.0,
		"auto_ack": true, "nack_discard": true, "no_local": true,
	}))
	if err := problems.Err(); err != nil {
		t.Fatal(err)
	}
	want := settings{topic: "a.*", workers: 3, timeout: time.Hour, maxRate: 0.5, interval: time.Minute}
	if cfg.settings != want || cfg.policy.Strategy != backoff.Linear || cfg.policy.MaxRetries != 0 {
		t.Errorf("%+v", cfg)
	}
	if got := cfg.hosts.String(); got != "amqp://u:xxxxx@a:5672/, amqp://u:xxxxx@b:5672/" {
		t.Errorf("hosts %s", got)
	}
	if !cfg.Durable || cfg.PrefetchCount != 5 || cfg.PrefetchSize != 7 || !cfg.AutoAck || !cfg.NackDiscard || !cfg.NoLocal {
		t.Errorf("%+v", cfg)
	}
}

func TestNewConfig_NegativeRateIsUnlimited(t *testing.T) {
	cfg, problems := NewConfig(with(config.AsyncAgent{Consumer: config.Consumer{MaxRate: -1}}, nil))
	if len(problems) > 0 || cfg.maxRate != 0 {
		t.Error(cfg.maxRate, problems)
	}
}

func TestNewConfig_ErrorsBeginWithThePathAndHideThePassword(t *testing.T) {
	for _, tc := range []struct {
		keys  map[string]any
		agent config.AsyncAgent
		want  string
	}{
		{keys: map[string]any{"host": 1.0}, want: path + "host: must be a string, not 1"},
		{keys: map[string]any{"host": ""}, want: path + "host: must begin with amqp:// or amqps://"},
		{keys: map[string]any{"host": "http://u:hush@h/"}, want: path + "host: must begin with"},
		{keys: map[string]any{"host": "amqp://ok:5672/,amqp://u:hu/sh@h:1/"}, want: path + "host: number 2 of 2 is not a URI like"},
		{keys: map[string]any{"host": "amqp://u:hu#sh@h:1/"}, want: path + "host: is not a URI like"},
		{keys: map[string]any{"host": "amqp://u:12/hush@h"}, want: path + "host: is not a URI like"},
		{keys: map[string]any{"name": ""}, want: path + "name: must not be empty"},
		{keys: map[string]any{"retry": map[string]any{}}, want: path + `retry.max_attempts: required, and missing; add it, for example "max_attempts": 5`},
		{keys: map[string]any{"retry": map[string]any{"max_attempts": 0.0}}, want: path + "retry.max_attempts: 0 is less than 1"},
		{keys: map[string]any{"retry": map[string]any{"max_attempts": 2.0, "max_delay": "0s"}}, want: path + `retry.max_delay: "0s" is not a delay`},
		{keys: map[string]any{"retry": map[string]any{"max_attempts": 2.0, "max_delay": "1"}}, want: path + `retry.max_delay: "1" has another form`},
		{keys: map[string]any{"retry": map[string]any{"max_attempts": 2.0}, "name": strings.Repeat("x", 250)}, want: path + "retry.max_attempts: the queue's name is too long"},
		{keys: map[string]any{"retry": map[string]any{"max_attempts": 2.0}, "auto_ack": true}, want: path + "retry: has no effect with auto_ack"},
		{keys: map[string]any{"discard_on": []any{"404"}}, want: path + "discard_on[0]: must be a whole number, not a string"},
		{keys: map[string]any{"queue_type": "stream", "durable": true}, want: path + "nack_discard: a stream takes no message back"},
		{keys: map[string]any{"queue_type": "stream", "durable": true, "retry": map[string]any{"max_attempts": 2.0}}, want: path + "retry.max_attempts: a stream takes no message back"},
		{keys: map[string]any{"prefetch_count": 1e6}, want: path + "prefetch_count: 1000000 is more than 65535"},
		{keys: map[string]any{"host": "amqps://h", "tls": map[string]any{"ca_certs": []any{"/absent.pem"}}}, want: path + "tls.ca_certs[0]: open /absent.pem: no such file"},
		{agent: config.AsyncAgent{Connection: config.Connection{BackoffStrategy: "x"}}, want: "connection.backoff_strategy: "},
		{agent: config.AsyncAgent{Consumer: config.Consumer{Topic: strings.Repeat("x", 256)}}, want: "consumer.topic: 256 bytes"},
	} {
		_, problems := NewConfig(with(tc.agent, tc.keys))
		err := problems.Err()
		if err == nil || !strings.HasPrefix(err.Error(), tc.want) {
			t.Errorf("%v: got %v, want %q", tc.keys, err, tc.want)
		}
		if err != nil && strings.Contains(err.Error(), "hu") {
			t.Errorf("the password shows: %v", err)
		}
	}
}

func TestNotices(t *testing.T) {
	for want, keys := range map[string]map[string]any{
		"auto_ack: true": {"auto_ack": true},
		"nack_discard: has no effect with auto_ack":    {"auto_ack": true, "nack_discard": true},
		"nack_discard: has no effect with retry":       {"retry": map[string]any{"max_attempts": 2.0}, "nack_discard": true},
		"retry_on: has no effect without retry":        {"retry_on": []any{404.0}},
		"retry_on: 404 is in discard_on too":           {"retry": map[string]any{"max_attempts": 2.0}, "retry_on": []any{404.0}, "discard_on": []any{404.0}},
		"prefetch_count: 2 is less than the 4 workers": {"prefetch_count": 2.0},
	} {
		_, problems := NewConfig(with(config.AsyncAgent{Consumer: config.Consumer{Workers: 4}}, keys))
		if last := problems[len(problems)-1]; !last.Warning || !strings.HasPrefix(last.String(), path+want) {
			t.Errorf("%q, want %q", problems, want)
		}
	}
	_, fine := NewConfig(with(config.AsyncAgent{Consumer: config.Consumer{Workers: 4}}, map[string]any{"prefetch_count": 0.0}))
	if len(fine) > 0 {
		t.Errorf("no limit is noticed: %q", fine)
	}
}
