package agent

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/luraproject/lura/v2/config"

	"github.com/bdf0fecc/lura-amqp/backoff"
	"github.com/bdf0fecc/lura-amqp/internal/broker"
)

// block returns the smallest valid block with the keys added or replaced.
func block(keys map[string]any) map[string]any {
	b := map[string]any{"name": "q", "exchange": "e", "host": "amqp://guest:guest@localhost:5672/"}
	for k, v := range keys {
		b[k] = v
	}
	return b
}

func TestNewConfig_DefaultsOfTheBlockAndOfLura(t *testing.T) {
	cfg, unknown, err := NewConfig(block(nil), &config.AsyncAgent{})
	if err != nil || len(unknown) > 0 {
		t.Fatal(err, unknown)
	}
	want := settings{workers: 1, timeout: 2 * time.Second, interval: time.Second}
	if cfg.PrefetchCount != 10 || cfg.settings != want || cfg.policy.MaxRetries != 0 {
		t.Errorf("%+v", cfg)
	}
}

func TestNewConfig_ReadsTheAgentsSettings(t *testing.T) {
	cfg, _, err := NewConfig(block(map[string]any{
		"host": "amqp://u:p@a:5672/, amqp://u:p@b:5672/", "durable": true, "prefetch_count": 5.0, "prefetch_size": 7.0,
		"auto_ack": true, "nack_discard": true, "no_local": true,
	}), &config.AsyncAgent{
		Connection: config.Connection{MaxRetries: math.MaxInt, BackoffStrategy: "linear", HealthInterval: time.Minute},
		Consumer:   config.Consumer{Topic: "a.*", Workers: 3, Timeout: time.Hour, MaxRate: 0.5},
	})
	if err != nil {
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
	cfg, _, err := NewConfig(block(nil), &config.AsyncAgent{Consumer: config.Consumer{MaxRate: -1}})
	if err != nil || cfg.maxRate != 0 {
		t.Error(cfg.maxRate, err)
	}
}

func TestNewConfig_ErrorsBeginWithTheKeyAndHideThePassword(t *testing.T) {
	for _, tc := range []struct {
		keys  map[string]any
		agent config.AsyncAgent
		want  string
	}{
		{keys: map[string]any{"host": 1.0}, want: "host: must be a string, not a number"},
		{keys: map[string]any{"host": ""}, want: "host: number 1 of 1 must begin with amqp:// or amqps://"},
		{keys: map[string]any{"host": "http://u:hush@h/"}, want: "host: number 1 of 1 must begin with"},
		{keys: map[string]any{"host": "amqp://ok:5672/,amqp://u:hu/sh@h:1/"}, want: "host: number 2 of 2 is not a URI like"},
		{keys: map[string]any{"host": "amqp://u:hu#sh@h:1/"}, want: "host: number 1 of 1 is not a URI like"},
		{keys: map[string]any{"host": "amqp://u:12/hush@h"}, want: "host: number 1 of 1 is not a URI like"},
		{keys: map[string]any{"name": ""}, want: "name: an agent needs a queue"},
		{keys: map[string]any{"prefetch_count": 1e6}, want: "prefetch_count: 1000000 is not between 0 and 65535"},
		{agent: config.AsyncAgent{Connection: config.Connection{BackoffStrategy: "x"}}, want: "connection.backoff_strategy: "},
		{agent: config.AsyncAgent{Consumer: config.Consumer{Topic: strings.Repeat("x", 256)}}, want: "consumer.topic: 256 bytes"},
	} {
		_, _, err := NewConfig(block(tc.keys), &tc.agent)
		if err == nil || !strings.HasPrefix(err.Error(), tc.want) {
			t.Errorf("%v: got %v, want %q", tc.keys, err, tc.want)
		}
		if err != nil && strings.Contains(err.Error(), "hu") {
			t.Errorf("the password shows: %v", err)
		}
	}
}

func TestNotices(t *testing.T) {
	for want, cfg := range map[string]Config{
		"auto_ack: true": {AutoAck: true},
		"prefetch_count: 2 is less than the 4 workers": {Prefetch: broker.Prefetch{PrefetchCount: 2}, settings: settings{workers: 4}},
	} {
		if lines := cfg.notices(); len(lines) != 1 || !strings.HasPrefix(lines[0], want) {
			t.Errorf("%q, want %q", lines, want)
		}
	}
	fine := Config{settings: settings{workers: 4}}
	if lines := fine.notices(); len(lines) > 0 {
		t.Errorf("no limit is noticed: %q", lines)
	}
}
