package amqp

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/luraproject/lura/v2/config"
	"github.com/luraproject/lura/v2/proxy"

	"github.com/bdf0fecc/lura-amqp/internal/extra"
	"github.com/bdf0fecc/lura-amqp/internal/logtest"
	"github.com/bdf0fecc/lura-amqp/internal/rabbit"
	"github.com/bdf0fecc/lura-amqp/internal/status"
)

func TestMain(m *testing.M) { rabbit.Main(m) }

func producing(keys map[string]any) map[string]any {
	block := map[string]any{"name": "", "exchange": "", "routing_key": "jobs"}
	for k, v := range keys {
		block[k] = v
	}
	return block
}

func TestNewBackendFactory_HandsOtherBackendsOnUntouched(t *testing.T) {
	var got []*config.Backend
	answer := &proxy.Response{}
	factory := NewBackendFactory(t.Context(), logtest.New(t), func(remote *config.Backend) proxy.Proxy {
		got = append(got, remote)
		return func(context.Context, *proxy.Request) (*proxy.Response, error) { return answer, nil }
	})
	for _, remote := range []*config.Backend{{}, {ExtraConfig: config.ExtraConfig{}}, {ExtraConfig: config.ExtraConfig{"backend/http": 1}},
		{Host: []string{"amqp://"}, ExtraConfig: config.ExtraConfig{"backend/pubsub/subscriber": 1}}} {
		response, err := factory(remote)(t.Context(), nil)
		if err != nil || response != answer || got[len(got)-1] != remote {
			t.Errorf("%+v: %v %v", remote, response, err)
		}
	}
}

func TestNewBackendFactory_WrongBlockAnswers500AndIsLoggedByItsKey(t *testing.T) {
	hosts := []string{"amqp://guest:hush@127.0.0.1:1"}
	two := backendWith(hosts, extra.Producer.Short, producing(nil))
	two.ExtraConfig["backend/lambda"] = 1
	for name, tc := range map[string]struct {
		remote *config.Backend
		want   string
	}{
		"producer, short name": {backendWith(hosts, extra.Producer.Short, map[string]any{"name": 1.0}), `extra_config["backend/amqp/producer"].exchange: required, and missing; add it, for example "exchange": "some-exchange"`},
		"producer, long name":  {backendWith(hosts, extra.Producer.Long, producing(map[string]any{"durable": "yes"})), `extra_config["backend/amqp/producer"].durable: must be a boolean, not a string; for example "durable": true`},
		"consumer":             {backendWith(hosts, extra.Consumer.Short, map[string]any{"name": "q", "exchange": "e", "routing_key": "#"}), `extra_config["backend/amqp/consumer"].routing_key: must be a list, not a string; for example "routing_key": ["#"]`},
		"no object":            {backendWith(hosts, extra.Consumer.Long, true), `extra_config["backend/amqp/consumer"]: must be an object, not a boolean`},
		"no host":              {backendWith(nil, extra.Producer.Short, producing(nil)), "host: required, and missing"},
		"an HTTP host":         {backendWith([]string{"http://u:hush@h"}, extra.Producer.Short, producing(nil)), "host[0]: must begin with amqp://"},
		"no block":             {&config.Backend{Host: hosts}, `extra_config: has no AMQP block, though host begins with amqp; add "backend/amqp/producer" or "backend/amqp/consumer"`},
		"two handlers":         {two, `extra_config: has both "backend/amqp/producer" and "backend/lambda", and only one can answer; give each a backend of its own`},
		"a misspelt block":     {backendWith(hosts, "backend/amqp/produser", nil), `extra_config["backend/amqp/produser"]: unknown block; did you mean "backend/amqp/producer"?`},
		"a password unescaped": {backendWith([]string{"amqp://u:hu/sh@h"}, extra.Producer.Short, producing(nil)), "host[0]: is not a URI like"},
	} {
		t.Run(name, func(t *testing.T) {
			log := logtest.New(t)
			tc.remote.URLPattern, tc.remote.ParentEndpoint, tc.remote.ParentEndpointMethod = "/back", "/front", "POST"
			p := NewBackendFactory(t.Context(), log, nil)(tc.remote)
			_, err := p(t.Context(), &proxy.Request{})
			var answered *status.Error
			if !errors.As(err, &answered) || answered.StatusCode() != http.StatusInternalServerError {
				t.Errorf("answered %v", err)
			}
			if len(log.Matching("ERROR [BACKEND: /back][AMQP] endpoint POST /front: ", tc.want)) != 1 || len(log.Matching("hu")) > 0 {
				t.Errorf("logged %q", log.Lines())
			}
		})
	}
}

func TestNewBackendFactory_UnknownKeysAreWarnings(t *testing.T) {
	log := logtest.New(t)
	NewBackendFactory(t.Context(), log, nil)(backendWith([]string{"amqp://127.0.0.1:1"}, extra.Producer.Short,
		producing(map[string]any{"durabel": true, "@comment": "x"})))
	if len(log.Matching("WARNING", `extra_config["backend/amqp/producer"].durabel: unknown key, ignored; did you mean "durable"?`)) != 1 || len(log.Matching("comment")) > 0 {
		t.Errorf("%q", log.Lines())
	}
}

func TestNewBackendFactory_BothRolesByMethod(t *testing.T) {
	node := rabbit.Shared(t)
	remote := backendWith([]string{node.URL()}, extra.Producer.Short, producing(map[string]any{"name": t.Name(), "routing_key": t.Name()}))
	remote.ExtraConfig[extra.Consumer.Short] = map[string]any{"name": t.Name(), "exchange": "", "routing_key": []any{}}
	p := NewBackendFactory(t.Context(), logtest.New(t), nil)(remote)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	for _, method := range []string{"POST", "put", "PATCH"} {
		response, err := p(ctx, &proxy.Request{Method: method, Body: http.NoBody})
		if err != nil || response.Data["status"] != "published" {
			t.Fatalf("%s: %+v %v", method, response, err)
		}
	}
	for _, r := range []*proxy.Request{{Method: "GET"}, {Method: "DELETE"}, nil} {
		if response, err := p(ctx, r); err != nil || !response.IsComplete || len(response.Data) > 0 {
			t.Errorf("%+v: %+v %v", r, response, err)
		}
	}
}

func backendWith(hosts []string, namespace string, block any) *config.Backend {
	return &config.Backend{Host: hosts, ExtraConfig: config.ExtraConfig{namespace: block}}
}
