package extra

import (
	"strings"
	"testing"

	"github.com/luraproject/lura/v2/config"
)

type block struct {
	Name    string `json:"name"`
	Durable bool   `json:"durable"`
	Retries int    `json:"max_retries"`
}

// consumer returns a valid block with the keys added or replaced.
func consumer(keys map[string]any) config.ExtraConfig {
	b := map[string]any{"name": "q", "exchange": "", "routing_key": []any{}}
	for k, v := range keys {
		b[k] = v
	}
	return config.ExtraConfig{Consumer.Long: b}
}

func TestDecode_OverDefaultsWithoutCommentsAndUnknownKeys(t *testing.T) {
	got := block{Retries: 7}
	problems := Consumer.Decode(consumer(map[string]any{"name": "q", "Durable": true, "DURABLE": true, "@comment": 1}), &got)
	if want := (block{Name: "q", Retries: 7}); got != want || problems.Err() != nil || len(problems.Warnings()) != 2 {
		t.Errorf("%+v, %q", got, problems)
	}
}

func TestDecode_LeavesTheStructAloneWhenTheBlockIsWrong(t *testing.T) {
	got := block{Name: "before"}
	problems := Consumer.Decode(consumer(map[string]any{"durable": "yes"}), &got)
	if err := problems.Err(); err == nil || !strings.HasPrefix(err.Error(), "durable: must be a boolean") || got.Name != "before" {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestDecode_NamesTheKeyThatNoMachineHolds(t *testing.T) {
	problems := Consumer.Decode(consumer(map[string]any{"max_retries": 1e30}), &block{})
	if err := problems.Err(); err == nil || !strings.HasPrefix(err.Error(), "max_retries: ") {
		t.Error(err)
	}
}

func TestMissing_FindsAMisspeltBlock(t *testing.T) {
	for name, want := range map[string]string{
		"backend/amqp/consumr": `extra_config["backend/amqp/consumr"]: unknown block; did you mean "backend/amqp/consumer"?`,
		"proxy":                `extra_config: has no AMQP block`,
	} {
		if err := Missing(config.ExtraConfig{name: 1}).Err(); !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestFind_UnderBothNamesAndInNilConfig(t *testing.T) {
	for _, name := range []string{Producer.Short, Producer.Long} {
		if got, found := Producer.Find(config.ExtraConfig{name: "block"}); !found || got != "block" {
			t.Errorf("%s: %v %t", name, got, found)
		}
	}
	if Producer.In(nil) || Producer.In(config.ExtraConfig{Consumer.Short: 1}) {
		t.Error("found a block that is not there")
	}
}

func TestFind_AfterNormalize(t *testing.T) {
	t.Cleanup(func(old map[string]string) func() {
		return func() { config.ExtraConfigAlias = old }
	}(config.ExtraConfigAlias))
	config.ExtraConfigAlias = map[string]string{Agent.Short: Agent.Long}
	ec := config.ExtraConfig{Agent.Short: "block"}
	ec.Normalize()
	if _, renamed := ec[Agent.Long]; !renamed || !Agent.In(ec) {
		t.Errorf("not found after Normalize: %v", ec)
	}
}
