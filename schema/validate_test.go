package schema

import (
	"encoding/json"
	"strings"
	"testing"
)

// minimal are the smallest valid blocks.
var minimal = map[string]string{
	Producer: `{"name": "", "exchange": "", "routing_key": "jobs"}`,
	Consumer: `{"name": "q", "exchange": "", "routing_key": []}`,
	Agent:    `{"name": "q", "exchange": "", "host": "amqp://localhost"}`,
	Stats:    `{}`,
}

// with returns the minimal block with keys added or replaced.
func with(t *testing.T, name, keys string) any {
	t.Helper()
	block := map[string]any{}
	for _, text := range []string{minimal[name], keys} {
		if err := json.Unmarshal([]byte(text), &block); err != nil {
			t.Fatal(err)
		}
	}
	return block
}

func TestValidate_SaysWhatIsWrongAndHowItCouldLook(t *testing.T) {
	for _, tc := range []struct{ name, keys, want string }{
		{Producer, `{"durable": "true"}`, `durable: must be a boolean, not a string; for example "durable": true`},
		{Producer, `{"durable": null}`, `durable: must be a boolean, not null; for example "durable": true`},
		{Producer, `{"name": {}}`, `name: must be a string, not an object; for example "name": "queue-1"`},
		{Producer, `{"routing_key": ["#"]}`, `routing_key: must be a string, not a list; for example "routing_key": "Route"`},
		{Producer, `{"max_retries": 1.5}`, `max_retries: must be a whole number, not 1.5; for example "max_retries": 5`},
		{Producer, `{"max_retries": "secret"}`, `max_retries: must be a whole number, not a string; for example "max_retries": 5`},
		{Producer, `{"max_body_size": -1}`, `max_body_size: -1 is less than 0; for example "max_body_size": 1048576`},
		{Consumer, `{"prefetch_count": 65536}`, `prefetch_count: 65536 is more than 65535; for example "prefetch_count": 10`},
		{Consumer, `{"routing_key": ["#", 1]}`, `routing_key[1]: must be a string, not 1; for example "routing_key": ["#"]`},
		{Consumer, `{"name": ""}`, `name: must not be empty; for example "name": "queue-1"`},
		{Consumer, `{"name": "` + strings.Repeat("x", 256) + `"}`, `name: 256 characters, longer than 255; use a shorter one`},
		{Consumer, `{"backoff_strategy": "exponetial"}`, `backoff_strategy: "exponetial" is not one of "linear", "linear-jitter", "exponential", "exponential-jitter", "fallback"; did you mean "exponential"?`},
		{Agent, `{"tls": {"min_version": "TLS14"}}`, `tls.min_version: "TLS14" is not one of "TLS10", "TLS11", "TLS12", "TLS13"; did you mean "TLS10"?`},
		{Agent, `{"tls": {"client_certs": [{"certificate": "a.pem"}]}}`, `tls.client_certs[0].private_key: required, and missing; add it, for example "private_key": "/etc/krakend/gateway.key"`},
		{Agent, `{"durable": 1, "host": 2}`, `durable: must be a boolean, not 1; for example "durable": true; and host: must be a string, not 2; for example "host": "amqp://user:password@rabbitmq:5672/"`},
	} {
		known, problems := Validate(tc.name, with(t, tc.name, tc.keys))
		if err := problems.Err(); err == nil || err.Error() != tc.want {
			t.Errorf("%s %s:\n got %v\nwant %s", tc.name, tc.keys, err, tc.want)
		}
		if known != nil {
			t.Errorf("%s %s: wrong, and %s", tc.name, tc.keys, known)
		}
	}
}

func TestValidate_UnknownKeysAreWarningsAndLeftOut(t *testing.T) {
	known, problems := Validate(Agent, with(t, Agent, `{"durabel": true, "zzz": 1, "@comment": 1, "$c": 1, "_c": 1, "#c": 1, "tls": {"CA_certs": [], "ca_certs": ["a"]}}`))
	var got []string
	for _, p := range problems {
		if !p.Warning || !p.Unknown {
			t.Errorf("%+v", p)
		}
		got = append(got, p.String())
	}
	want := `durabel: unknown key, ignored; did you mean "durable"?
tls.CA_certs: unknown key, ignored; did you mean "ca_certs"?
zzz: unknown key, ignored; remove it, or begin it with @ to make it a comment`
	if strings.Join(got, "\n") != want {
		t.Errorf("%s", strings.Join(got, "\n"))
	}
	if want := `{"#c":1,"$c":1,"@comment":1,"_c":1,"exchange":"","host":"amqp://localhost","name":"q","tls":{"ca_certs":["a"]}}`; string(known) != want {
		t.Errorf("known: %s", known)
	}
}

func TestValidate_WhatIsNoBlock(t *testing.T) {
	for want, block := range map[string]any{
		"must be an object, not null":      nil,
		"must be an object, not a list":    []any{},
		"must be an object, not a boolean": true,
		"must be an object, not 1":         1.0,
		"must be an object, not a string":  "secret",
		"is not JSON: ":                    map[any]any{},
	} {
		_, problems := Validate(Producer, block)
		if err := problems.Err(); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%v: %v", block, err)
		}
	}
}

func TestValidate_ExamplesOfEveryKeyAreValid(t *testing.T) {
	for _, name := range Names {
		for key, property := range compiled()[name].Properties {
			for property.Ref != nil {
				property = property.Ref
			}
			for _, example := range property.Examples {
				block := with(t, name, `{}`).(map[string]any)
				block[key] = example
				if _, problems := Validate(name, block); len(problems) > 0 {
					t.Errorf("%s: %q", name, problems)
				}
			}
			if property.Default != nil {
				if err := property.Validate(*property.Default); err != nil {
					t.Errorf("%s.%s: its default is not valid: %v", name, key, err)
				}
			}
		}
	}
}

func BenchmarkValidate(b *testing.B) {
	block := map[string]any{"name": "queue-1", "exchange": "some-exchange", "routing_key": "Route", "durable": true, "exp_key": "A"}
	for b.Loop() {
		if _, problems := Validate(Producer, block); len(problems) > 0 {
			b.Fatal(problems)
		}
	}
}
