package amqp

import (
	"encoding/json"
	"net/http/httptest"
	"testing"

	"github.com/luraproject/lura/v2/config"
	"github.com/luraproject/lura/v2/encoding"

	"github.com/bdf0fecc/lura-amqp/internal/extra"
	"github.com/bdf0fecc/lura-amqp/internal/logtest"
	"github.com/bdf0fecc/lura-amqp/internal/stats"
)

func TestStats_AreTheSameInEveryForm(t *testing.T) {
	entry := stats.Register(t.Context(), stats.Endpoint, "GET /counted")
	entry.Request(nil)
	entry.Published.Add(3)

	recorder := httptest.NewRecorder()
	StatsHandler().ServeHTTP(recorder, httptest.NewRequest("GET", "/", nil))
	var served Statistics
	if err := json.Unmarshal(recorder.Body.Bytes(), &served); err != nil || recorder.Header().Get("Content-Type") != "application/json" {
		t.Fatalf("%v: %v %s", err, recorder.Header(), recorder.Body)
	}
	for name, got := range map[string]Statistic{"Stats": Stats().Endpoints["GET /counted"], "StatsHandler": served.Endpoints["GET /counted"]} {
		if got.TotalRequests != 1 || got.Published != 3 || got.TotalErrors != 0 || got.Connections == nil {
			t.Errorf("%s: %+v", name, got)
		}
	}

	remote := &config.Backend{Encoding: encoding.JSON, Group: "amqp", ExtraConfig: config.ExtraConfig{extra.Stats.Short: map[string]any{}}}
	response, err := NewBackendFactory(t.Context(), logtest.New(t), nil)(remote)(t.Context(), nil)
	if err != nil || !response.IsComplete {
		t.Fatal(response, err)
	}
	counted := response.Data["amqp"].(map[string]any)["endpoints"].(map[string]any)["GET /counted"].(map[string]any)
	if counted["published"] != 3.0 {
		t.Errorf("%v", counted)
	}
}

func TestStats_WrongBlockIsAnError(t *testing.T) {
	log := logtest.New(t)
	NewBackendFactory(t.Context(), log, nil)(&config.Backend{ExtraConfig: config.ExtraConfig{extra.Stats.Short: true}})
	if len(log.Matching("ERROR", `extra_config["backend/amqp/stats"]: must be an object, not a boolean`)) != 1 {
		t.Errorf("%q", log.Lines())
	}
}
